"""What an agent may write about who hears and speaks for it, when it is saved."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from parley.app.hosted_speech import speech_keys
from parley.app.settings import Settings
from parley.app.speech_choice import SpeechCheck, read_wish
from parley.kit.errors import InvalidInput
from tests.conftest import Business

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("field", "choice", "told"),
    [
        ("stt", "elsewhere/ear", "stt: the vendor 'elsewhere' is none of: deepgram, google, groq, openai, local."),
        ("stt", "deepgram/nova-9", "stt: deepgram has no model 'nova-9'; its usual one is flux."),
        ("stt", {"provider": "deepgram", "model": "whisper-large"}, "stt: deepgram has no model 'whisper-large'"),
        ("stt", {"model": "groq", "fallback": ["nobody"]}, "stt: the vendor 'nobody'"),
        ("stt", "groq/distil-whisper-large-v3-en", "use whisper-large-v3-turbo"),
        ("stt", "elevenlabs/scribe_v2", "stt: the vendor 'elevenlabs' is none of"),
        ("stt", {"provider": "deepgram", "voice": "x"}, "stt.voice is not known; it takes provider, model, fallback."),
        ("stt", {"model": 5}, "stt.model must be text"),
        ("tts", "deepgram/aura-2", "tts: the vendor 'deepgram' is none of"),
        ("tts", "groq/playai-tts", "playai-tts was retired on 2025-12-31, use canopylabs/orpheus-v1-english."),
        ("tts", "elevenlabs/eleven_flash_v9", "tts: elevenlabs has no model"),
        ("tts", {"provider": "aws", "model": "polly-opera"}, "tts: aws has no model"),
        ("tts", {"provider": "google", "voice": "Nobody"}, "tts.voice: google has no voice 'Nobody'; it has Kore,"),
        ("tts", {"provider": "groq", "voice": "alloy"}, "tts.voice: groq has no voice 'alloy'; it has hannah,"),
        ("tts", {"provider": "aws", "voices": ["Amy"]}, "tts.voices is not known"),
        ("tts", {"provider": "aws", "fallback": "openai"}, "tts.fallback must be a list"),
    ],
)
async def test_what_can_never_hear_or_speak_is_refused(business: Business, field: str, choice: Any, told: str) -> None:
    made = await business.owner.post("/agents", json={"name": "Desk", field: choice})
    assert made.status_code == 422, made.text
    assert told in made.json()["detail"]
    assert made.json()["detail"].startswith(field)
    agent = (await business.owner.post("/agents", json={"name": "Desk"})).json()["id"]
    for change in (business.owner.patch, business.owner.put):
        changed = await change(f"/agents/{agent}", json={"name": "Desk", field: choice})
        assert changed.status_code == 422, changed.text


@pytest.mark.parametrize(
    "choice",
    [
        {"stt": "deepgram"},
        {"stt": "deepgram/nova-3-medical"},
        {"stt": {"provider": "deepgram", "model": "flux-general-multi", "fallback": ["google/chirp_2", "local"]}},
        {"stt": {"provider": "openai", "model": "openai/whisper-1"}},
        {"stt": "local"},
        {"tts": "google/gemini-2.5-flash-tts"},
        {"tts": {"provider": "google", "voice": "en-US-Neural2-A"}},
        {"tts": {"provider": "elevenlabs", "model": "eleven_multilingual_v2", "voice": "21m00Tcm4TlvDq8ikWAM"}},
        {"tts": {"provider": "elevenlabs", "voice": "rachel"}},
        {"tts": {"provider": "groq", "model": "canopylabs/orpheus-v1-english", "voice": "diana"}},
        {"tts": {"provider": "aws", "model": "polly-generative", "voice": "Danielle"}},
        {"tts": "openai/gpt-4o-mini-tts-2025-12-15", "voice": "no such voice"},
        {"tts": {"voice": "whoever"}},
    ],
)
async def test_what_may_be_had_is_kept(business: Business, choice: dict[str, Any]) -> None:
    """Without a key for it: one may be added later."""
    made = await business.owner.post("/agents", json={"name": "Desk", **choice})
    assert made.status_code == 201, made.text
    assert {name: made.json()[name] for name in choice} == choice


def test_a_server_of_ones_own_has_models_and_voices_of_its_own() -> None:
    keys = speech_keys(Settings.model_construct(groq_api_key=SecretStr("k"), groq_base_url="http://gpu:9000"))
    SpeechCheck(keys).of_agent("groq/parakeet", {"provider": "groq", "model": "kokoro", "voice": "af_sky"})
    with pytest.raises(InvalidInput):
        SpeechCheck(speech_keys(Settings.model_construct())).of_agent("groq/parakeet", None)


@pytest.mark.parametrize(
    ("choice", "names", "voice"),
    [
        ({"provider": "groq", "model": "canopylabs/orpheus-v1-english"}, ("groq/canopylabs/orpheus-v1-english",), ""),
        ({"model": "aws/polly-neural", "voice": " Amy "}, ("aws/polly-neural",), "Amy"),
        ({"provider": "aws"}, ("aws",), ""),
        ({"fallback": ["aws", " "]}, ("aws",), ""),
        (None, (), ""),
    ],
)
def test_provider_and_model_are_one_name(choice: Any, names: tuple[str, ...], voice: str) -> None:
    wish = read_wish(choice, "tts", speaks=True)
    assert (wish.names, wish.voice) == (names, voice)
