from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import pytest

from parley.inference.scripted_speech import Tape
from parley.inference.speech import Voice
from parley.providers._breaths import breaths
from parley.providers.openai_speech import OpenAISpeech
from parley.providers.openai_transcription import UploadTranscriber
from tests.wire.http_server import Reply
from tests.wire.openai_audio_server import OpenAIAudioServer, refusal
from tests.wire.speaker_contract import CALM, SpeakerContract, said, speak
from tests.wire.transcriber_contract import TranscriberContract, listen, pause, say

KEY = "sk-test-1234"
MODELS = {
    "openai": ("gpt-transcribe", "gpt-4o-mini-tts"),
    "groq": ("whisper-large-v3-turbo", "canopylabs/orpheus-v1-english"),
}


class _Wire:
    continuous = partials = word_times = False

    def __init__(self, server: OpenAIAudioServer, opened: AsyncExitStack) -> None:
        self.server = server
        self.tape = server.tape
        self.patience = CALM
        self.opened = opened
        self.streams = server.flavour == "openai"

    def fail(self, status: int) -> None:
        self.server.troubles.append(refusal(status, "The server had an error."))

    def close_slowly(self) -> None:
        self.server.linger_s = 0.2

    def release(self) -> None:
        self.server.release.set()


class EarWire(_Wire):
    def connect(self, *, api_key: str = KEY, model: str = "") -> UploadTranscriber:
        vendor = self.server.flavour
        model = model or MODELS[vendor][0]
        ear = UploadTranscriber(vendor, model, base_url=self.server.base_url, api_key=api_key, patience=self.patience)
        self.opened.push_async_callback(ear.aclose)
        return ear

    def rate_limit(self, seconds: int) -> None:
        limited = refusal(429, "Rate limit reached.", "rate_limit_exceeded")
        self.server.troubles.append(Reply(429, {"Retry-After": str(seconds)}, limited.body))

    def stall(self) -> None:
        self.server.faults.append(("stall", 0))

    def cut(self) -> None:
        self.server.faults.append(("cut", 0))

    def hints_seen(self) -> Sequence[str]:
        asked = self.server.asked[-1]
        prompt = "".join(asked.fields("prompt"))
        return asked.fields("keywords[]") or prompt.split(", ")


class MouthWire(_Wire):
    def connect(self, *, api_key: str = KEY) -> OpenAISpeech:
        vendor = self.server.flavour
        mouth = OpenAISpeech(
            vendor, MODELS[vendor][1], base_url=self.server.base_url, api_key=api_key, patience=self.patience
        )
        self.opened.push_async_callback(mouth.aclose)
        return mouth

    def rate_limit(self) -> float | None:
        limited = refusal(429, "Rate limit reached.", "rate_limit_exceeded")
        self.server.troubles.append(Reply(429, {"Retry-After": "2"}, limited.body))
        return 2

    def stall(self, *, after: int) -> None:
        self.server.faults.append(("stall", 0 if not self.streams else after))

    def cut(self, *, after: int) -> None:
        self.server.faults.append(("cut", 0 if not self.streams else after))

    def hold(self) -> None:
        self.server.faults.append(("hold", 1))

    def voices_asked(self) -> list[str]:
        return [asked.json["voice"] for asked in self.server.asked]


@pytest.fixture
async def opened() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture(params=["openai", "groq"])
async def server(request: pytest.FixtureRequest, opened: AsyncExitStack) -> OpenAIAudioServer:
    server = OpenAIAudioServer(Tape(), flavour=request.param, api_key=KEY)
    await opened.enter_async_context(server.open())
    return server


class TestEar(TranscriberContract):
    @pytest.fixture
    def wire(self, server: OpenAIAudioServer, opened: AsyncExitStack) -> EarWire:
        return EarWire(server, opened)


class TestMouth(SpeakerContract):
    @pytest.fixture
    def wire(self, server: OpenAIAudioServer, opened: AsyncExitStack) -> MouthWire:
        return MouthWire(server, opened)


@pytest.mark.parametrize("server", ["groq"], indirect=True)
async def test_what_whisper_makes_up_for_silence_is_left_out(server: OpenAIAudioServer, opened: AsyncExitStack) -> None:
    wire = EarWire(server, opened)
    listener = await listen(wire.connect())
    server.noise = "Thank you."
    for _ in range(20):
        listener.hearing.feed(bytes(640))
    await pause(wire, listener, 1)
    assert listener.text == ""
    await say(wire, listener.hearing, "a table")
    await pause(wire, listener, 2)
    assert listener.text == "a table"
    await listener.leave()


@pytest.mark.parametrize("server", ["openai"], indirect=True)
async def test_a_click_is_not_sent_and_a_monologue_is_sent_in_parts(
    server: OpenAIAudioServer, opened: AsyncExitStack
) -> None:
    wire = EarWire(server, opened)
    listener = await listen(wire.connect(model="whisper-1"))
    listener.hearing.feed(bytes(640))
    await pause(wire, listener, 1)
    assert not server.asked
    await say(wire, listener.hearing, " ".join(f"word{number}" for number in range(280)))
    await pause(wire, listener, 2)
    assert len(server.asked) == 2
    assert set(listener.text.split()) == {f"word{number}" for number in range(280)}
    await listener.leave()


@pytest.mark.parametrize("server", ["groq"], indirect=True)
async def test_a_long_phrase_is_spoken_breath_by_breath(server: OpenAIAudioServer, opened: AsyncExitStack) -> None:
    text = "We have lasagna, gnocchi and risotto today. " * 12 + "What would you like [loud] then?"
    wire = MouthWire(server, opened)
    pieces = await speak(wire.connect(), text, Voice("nova"))
    assert said(wire, pieces) == text.replace("[", "").replace("]", "").split()
    assert all(len(asked.json["input"]) <= 200 for asked in server.asked)
    assert all(asked.json["input"].endswith((".", "?")) for asked in server.asked)
    assert set(wire.voices_asked()) == {"hannah"}


def test_breaths_are_drawn_where_one_would() -> None:
    assert breaths("One two. Three four, five six.", 22) == ("One two.", "Three four, five six.")
    assert breaths("Three four, five six seven.", 16) == ("Three four,", "five six seven.")
    assert breaths("abcdefghij", 4) == ("abcd", "efgh", "ij")
    assert breaths("  ", 4) == ()
    assert " ".join(breaths("a b c d e f g", 3)) == "a b c d e f g"
