from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from parley.inference.errors import ProviderKeyRejected
from parley.inference.ports import ChatModel
from parley.inference.scripted import ScriptedChat
from parley.kit.errors import InvalidInput
from parley.providers import retired
from parley.providers.catalog import CHAT, Access, ProviderKeys, default_chain, resolve
from parley.providers.openai_chat import OpenAIChat

KEYS = ProviderKeys(
    {
        "openai": Access("sk-x"),
        "groq": Access("gsk-x"),
        "anthropic": Access("sk-ant-x"),
        "ollama": Access(model="qwen3"),
    }
)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("groq/openai/gpt-oss-120b", "groq/openai/gpt-oss-120b"),
        ("groq", "groq/openai/gpt-oss-20b"),
        ("openai/gpt-6-luna", "openai/gpt-6-luna"),
        (" openai ", "openai/gpt-5.4-mini"),
        ("anthropic", "anthropic/claude-haiku-5-5"),
        ("anthropic/claude-opus-5-5", "anthropic/claude-opus-5-5"),
        ("ollama", "ollama/qwen3"),
        ("vllm/Qwen/Qwen3-8B", "vllm/Qwen/Qwen3-8B"),
        ("llamacpp", "llamacpp/default"),
    ],
)
def test_a_name_is_vendor_then_model(written: str, name: str) -> None:
    chat = resolve(written, KEYS)
    assert isinstance(chat, ChatModel)
    assert chat.name == name


@pytest.mark.parametrize("written", ["openia/gpt-5.4-mini", "gpt-4o", "", "/x"])
def test_an_unknown_vendor_names_the_field_and_the_known_ones(written: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve(written, KEYS, extra={"house": lambda _: ScriptedChat()})
    assert caught.value.detail.startswith("llm: ")
    assert "groq, house, llamacpp" in caught.value.detail


def test_a_server_without_a_default_model_wants_one() -> None:
    with pytest.raises(InvalidInput, match=r"^llm: .*vllm/<"):
        resolve("vllm", KEYS)


def test_a_vendor_without_its_key_says_so() -> None:
    with pytest.raises(ProviderKeyRejected, match="No API key is configured for groq"):
        resolve("groq", ProviderKeys())


def test_rooms_above_bring_their_own_vendors() -> None:
    house = ScriptedChat(name="house/responder")
    assert resolve("house/responder", KEYS, extra={"house": lambda model: house}) is house


def test_the_chain_holds_what_is_configured() -> None:
    assert default_chain(ProviderKeys()) == []
    keys = ProviderKeys(
        {
            "openai": Access("sk-x"),
            "groq": Access("gsk-x"),
            "anthropic": Access("sk-ant-x"),
            "vllm": Access(base_url="http://gpu:8000/v1"),
            "ollama": Access(base_url="http://gpu:11434/v1", model="qwen3"),
        }
    )
    hosted = ["groq/openai/gpt-oss-20b", "anthropic/claude-haiku-5-5", "openai/gpt-5.4-mini"]
    assert default_chain(keys) == [*hosted, "ollama/qwen3"]


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("", "https://api.groq.com/openai/v1/"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/openai/v1/"),
        ("http://127.0.0.1:9000/", "http://127.0.0.1:9000/openai/v1/"),
        ("http://proxy/groq/v1", "http://proxy/groq/v1/"),
    ],
)
def test_groq_s_address_may_be_the_host_alone(written: str, asked: str) -> None:
    chat = resolve("groq", ProviderKeys({"groq": Access("gsk-x", written)}))
    assert isinstance(chat, OpenAIChat)
    assert str(chat._client.base_url) == asked


def test_keys_are_not_printed() -> None:
    assert "sk-x" not in repr(KEYS)


@pytest.mark.parametrize("vendor", sorted(CHAT))
def test_no_default_model_has_a_shutdown_date(vendor: str) -> None:
    assert retired.hint(CHAT[vendor].model) is None


def test_importing_the_catalog_does_not_import_the_sdk() -> None:
    code = "import sys, parley.providers.catalog; sys.exit(bool({'openai', 'anthropic', 'httpx2'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


class TestRetired:
    TODAY = date(2026, 11, 20)

    @pytest.mark.parametrize(
        ("model", "sentence"),
        [
            ("llama-3.1-8b-instant", "was retired on 2026-08-16, use groq/openai/gpt-oss-20b."),
            ("groq/llama-3.1-8b-instant", "was retired on 2026-08-16, use groq/openai/gpt-oss-20b."),
            ("playai-tts", "was retired on 2025-12-31, use canopylabs/orpheus-v1-english."),
            ("gpt-4", "was retired on 2026-10-23, use openai/gpt-5.4-mini."),
            ("gpt-4-0613", "was retired on 2026-10-23, use openai/gpt-5.4-mini."),
            ("openai/gpt-4o-2024-11-20", "will be retired on 2027-01-14, use openai/gpt-5.4-mini."),
            ("GPT-4o", "will be retired on 2027-01-14, use openai/gpt-5.4-mini."),
            ("groq/groq/compound", "was retired on 2026-09-21."),
            ("claude-sonnet-4-5", "will be retired on 2026-11-30, use anthropic/claude-sonnet-5-5."),
            ("claude-3-5-haiku-20241022", "was retired on 2026-02-19, use anthropic/claude-haiku-5-5."),
            ("anthropic/claude-3-7-sonnet-latest", "was retired on 2026-02-19, use anthropic/claude-sonnet-5-5."),
            ("claude-opus-4-20250514", "was retired on 2026-06-15, use anthropic/claude-opus-5-5."),
            ("claude-sonnet-4-20250514", "was retired on 2026-06-15, use anthropic/claude-sonnet-5-5."),
        ],
    )
    def test_a_hint_names_day_and_replacement(self, model: str, sentence: str) -> None:
        hint = retired.hint(model, self.TODAY)
        assert hint is not None
        assert hint.endswith(sentence)

    @pytest.mark.parametrize(
        "model",
        [
            "claude-opus-4-8",
            "claude-sonnet-4-6",
            "gpt-5.4-mini",
            "openai/gpt-oss-20b",
            "gpt-4.5",
            "gpt-realtime-2.1",
            "",
            "/",
        ],
    )
    def test_living_models_have_none(self, model: str) -> None:
        assert retired.hint(model, self.TODAY) is None

    def test_gone_is_about_the_day_and_the_vendor(self) -> None:
        assert retired.is_gone("openai", "gpt-4", self.TODAY)
        assert not retired.is_gone("openai", "gpt-4o", self.TODAY)
        assert retired.is_gone("openai", "gpt-4o", date(2027, 1, 14))
        assert not retired.is_gone("vllm", "gpt-4", self.TODAY)

    def test_no_replacement_is_itself_retired(self) -> None:
        replacements = {row.replacement for row in retired.RETIRED.values() if row.replacement}
        assert [name for name in replacements if retired.hint(name, self.TODAY)] == []
