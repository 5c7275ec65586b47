"""Who hears and speaks for an agent: its choice, the tenant's keys, ours, this machine's own last."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr

from parley.app.hosted_speech import HostedSpeech, own_access, speech_keys
from parley.app.models import provider_keys
from parley.app.settings import Settings
from parley.app.speech import findings
from parley.inference.fallback_speech import FallbackTranscriber
from parley.inference.scripted_speech import EnergyVad, ScriptedSpeaker, ScriptedTranscriber, Tape
from parley.inference.speech import Transcriber
from parley.providers.catalog import resolve
from parley.providers.speech_catalog import (
    SpeechAccess,
    SpeechKeys,
    default_speakers,
    resolve_speaker,
    resolve_transcriber,
)
from parley.tenants import Businesses

TAPE = Tape()
EAR, MOUTH = ScriptedTranscriber(TAPE), ScriptedSpeaker(TAPE)


class Credentials:
    def __init__(self, **own: dict[str, str]) -> None:
        self.own = own

    async def credentials(self, tenant_id: str) -> dict[str, dict[str, str]]:
        return self.own if tenant_id == "rich" else {}


def hosted(own: dict[str, dict[str, str]] | None = None, **settings: Any) -> HostedSpeech:
    made = Settings.model_construct(**settings)
    businesses = cast("Businesses", Credentials(**own)) if own else None
    return HostedSpeech(made, EAR, (MOUTH,), EnergyVad, businesses)


def names(transcriber: Transcriber) -> list[str]:
    return [one.name for one in transcriber.transcribers] if isinstance(transcriber, FallbackTranscriber) else ["-"]


async def test_without_a_key_everything_is_local() -> None:
    transcriber, speakers = await hosted().for_agent("t", None, "elevenlabs/any")
    assert transcriber is EAR
    assert speakers == (MOUTH,)


async def test_a_vendor_with_a_key_comes_first_and_the_local_one_last() -> None:
    speech = hosted(deepgram_api_key=SecretStr("k"))
    transcriber, _ = await speech.for_agent("t", None, None)
    assert names(transcriber) == ["deepgram/flux", "scripted/transcriber"]
    assert (await speech.for_agent("other", None, None))[0] is transcriber  # kept warm


async def test_an_agent_chooses_and_local_keeps_vendors_out() -> None:
    speech = hosted(deepgram_api_key=SecretStr("k"), stt_model="deepgram/nova-2")
    assert names((await speech.for_agent("t", None, None))[0])[:2] == ["deepgram/nova-2", "deepgram/flux"]
    assert names((await speech.for_agent("t", "deepgram/nova-3", None))[0])[0] == "deepgram/nova-3"
    chosen = {"model": "nobody/x", "fallback": ["deepgram"]}
    assert names((await speech.for_agent("t", chosen, None))[0])[0] == "deepgram/flux"
    assert (await speech.for_agent("t", "local", None))[0] is EAR


async def test_a_tenants_own_key_is_its_own() -> None:
    speech = hosted({"deepgram": {"api_key": "theirs"}})
    assert names((await speech.for_agent("rich", None, None))[0])[0] == "deepgram/flux"
    assert (await speech.for_agent("poor", None, None))[0] is EAR
    await speech.aclose()


def test_the_doctor_names_what_is_configured(tmp_path: Path) -> None:
    settings = Settings.model_construct(
        data_dir=tmp_path, deepgram_api_key=SecretStr("secret-key"), stt_model="elsewhere/ear"
    )
    told = "\n".join(f"{part} {well} {text}" for part, well, text in findings(settings, tmp_path))
    assert "transcriber True deepgram/flux: configured" in told
    assert "transcriber False elsewhere/ear: STT_MODEL: the vendor 'elsewhere'" in told
    assert "secret-key" not in told


async def test_a_hosted_speaker_comes_before_the_local_ones() -> None:
    speech = hosted(elevenlabs_api_key=SecretStr("k"))
    _, speakers = await speech.for_agent("t", None, None)
    assert [one.name for one in speakers] == ["elevenlabs/eleven_flash_v2_5", "scripted/speaker"]
    _, speakers = await speech.for_agent("t", None, "elevenlabs/eleven_multilingual_v2")
    assert speakers[0].name == "elevenlabs/eleven_multilingual_v2"
    await speech.aclose()


async def test_one_key_may_hear_and_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    speech = hosted(openai_api_key=SecretStr("k"), groq_api_key=SecretStr("k"))
    transcriber, speakers = await speech.for_agent("t", None, None)
    assert names(transcriber)[:2] == ["groq/whisper-large-v3-turbo", "openai/gpt-transcribe"]
    assert [one.name for one in speakers][-2:] == ["groq/canopylabs/orpheus-v1-english", "scripted/speaker"]
    await speech.aclose()
    own = hosted(openai_api_key=SecretStr("k"), openai_base_url="http://gpu:8000/v1")
    assert (await own.for_agent("t", None, None))[0] is EAR  # may well know no sound
    assert names((await own.for_agent("t", "openai/whisper-1", None))[0])[0] == "openai/whisper-1"
    monkeypatch.setattr("parley.providers.speech_catalog.is_gone", lambda *_: True)
    assert default_speakers(speech_keys(Settings.model_construct(openai_api_key=SecretStr("k")))) == []


async def test_a_service_account_may_be_the_tenants_own() -> None:
    speech = hosted({"google": {"service_account_json": '{"type": "service_account"}'}})
    assert names((await speech.for_agent("rich", None, None))[0])[0] == "google/latest_long"
    await speech.aclose()


async def test_aws_speaks_with_the_tenants_own_key() -> None:
    own = {"access_key_id": "id", "secret_access_key": "s", "region": "eu-central-1"}
    _, speakers = await hosted({"aws": own}).for_agent("rich", None, None)
    assert speakers[0].name == "aws/polly-neural"


GPU = "http://gpu:9000"


@pytest.mark.parametrize(
    ("vendor", "base_url", "asked_at"),
    [
        ("groq", GPU, f"{GPU}/openai/v1"),
        ("groq", f"{GPU}/v1", f"{GPU}/v1"),
        ("groq", None, "https://api.groq.com/openai/v1"),
        ("openai", f"{GPU}/v1", f"{GPU}/v1"),
        ("openai", None, "https://api.openai.com/v1"),
    ],
)
async def test_one_address_is_that_of_the_model_the_ears_and_the_voice(
    vendor: str, base_url: str | None, asked_at: str
) -> None:
    given: dict[str, Any] = {f"{vendor}_api_key": SecretStr("k"), f"{vendor}_base_url": base_url}
    settings = Settings.model_construct(**given)
    keys = speech_keys(settings)
    chat: Any = resolve(vendor, provider_keys(settings))
    ear: Any = resolve_transcriber(vendor, keys)
    mouth: Any = resolve_speaker(vendor, keys)
    assert str(chat._client.base_url).rstrip("/") == asked_at
    assert ear._where == mouth._where == (vendor, asked_at, "k")


async def test_groq_hears_and_speaks_where_it_was_put() -> None:
    speech = hosted(groq_api_key=SecretStr("k"), groq_base_url=GPU)
    transcriber, speakers = await speech.for_agent("t", None, None)
    assert names(transcriber)[0] == "groq/whisper-large-v3-turbo"
    assert speakers[0].name == "groq/canopylabs/orpheus-v1-english"
    await speech.aclose()


async def test_a_tenants_key_goes_to_the_vendors_own_address() -> None:
    """The installation's address may be a server of its own."""
    ours = SpeechAccess("ours", region="eu", base_url="http://gpu:9000")
    assert own_access({"api_key": "theirs"}, ours) == SpeechAccess("theirs", region="eu")
    own = {"access_key_id": "id", "secret_access_key": "s", "region": "us-west-2"}
    assert own_access(own, ours) == SpeechAccess("id", "s", "us-west-2")


async def test_a_socket_may_be_configured_as_a_web_address() -> None:
    keys = SpeechKeys({"deepgram": SpeechAccess("k", base_url="https://dg.example.com/")})
    ear: Any = resolve_transcriber("deepgram", keys)
    assert ear._base_url == "wss://dg.example.com"
