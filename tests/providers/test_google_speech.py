from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack

import grpc  # type: ignore[import-untyped]
import pytest
from typing_extensions import override

from parley.inference.errors import ProviderBusy, ProviderKeyRejected
from parley.inference.scripted_speech import Tape
from parley.inference.speech import Speech, Voice
from parley.providers.google_speech import GoogleSpeech, endpoint, parts
from parley.providers.speech_catalog import SpeechAccess, SpeechKeys, resolve_speaker
from tests.wire.google_speech_server import GoogleSpeechServer
from tests.wire.speaker_contract import CALM, TEXT, SpeakerContract, fail, said, speak

PLAIN = "en-US-Neural2-A"
LEFT_S = 2.0  # tight on a busy machine too: how soon the vendor stops speaking is what is asserted
_CODES = {500: grpc.StatusCode.INTERNAL, 503: grpc.StatusCode.UNAVAILABLE}


class GoogleWire:
    word_times = False

    def __init__(self, server: GoogleSpeechServer, opened: AsyncExitStack, *, streams: bool = True) -> None:
        self.server = server
        self.tape = server.tape
        self.patience = CALM
        self.opened = opened
        self.streams = streams

    def connect(self, *, api_key: str = "account", model: str = "chirp3-hd") -> GoogleSpeech:
        if api_key == "wrong":
            self.server.troubles.append(grpc.StatusCode.UNAUTHENTICATED)
        kind = GoogleSpeech if self.streams else _InOnePiece
        mouth = kind(model, api_key=api_key, base_url=self.server.target, patience=self.patience)
        self.opened.push_async_callback(mouth.aclose)
        return mouth

    def rate_limit(self) -> float | None:
        self.server.retry_s = 7
        self.server.troubles.append(grpc.StatusCode.RESOURCE_EXHAUSTED)
        return 7

    def fail(self, status: int) -> None:
        self.server.troubles.append(_CODES[status])

    def stall(self, *, after: int) -> None:
        self.server.faults.append(("stall", after))

    def cut(self, *, after: int) -> None:
        self.server.faults.append(("cut", after))

    def hold(self) -> None:
        self.server.faults.append(("hold", 1))

    def close_slowly(self) -> None:
        self.server.linger_s = 0.2

    def release(self) -> None:
        self.server.release.set()

    def voices_asked(self) -> list[str]:
        return self.server.voices


class _InOnePiece(GoogleSpeech):
    """A speaker whose agents chose a voice that does not stream."""

    @override
    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        async for piece in super().speak(text, voice if voice.name or voice.language != "en" else Voice(PLAIN)):
            yield piece


@pytest.fixture
async def opened() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def server(opened: AsyncExitStack) -> GoogleSpeechServer:
    server = GoogleSpeechServer(Tape())
    await opened.enter_async_context(server.open())
    return server


class TestStreaming(SpeakerContract):
    @pytest.fixture
    def wire(self, server: GoogleSpeechServer, opened: AsyncExitStack) -> GoogleWire:
        return GoogleWire(server, opened)


class TestInOnePiece(SpeakerContract):
    @pytest.fixture
    def wire(self, server: GoogleSpeechServer, opened: AsyncExitStack) -> GoogleWire:
        return GoogleWire(server, opened, streams=False)


@pytest.fixture
def wire(server: GoogleSpeechServer, opened: AsyncExitStack) -> GoogleWire:
    return GoogleWire(server, opened)


@pytest.mark.parametrize(
    ("voice", "spoken_by"),
    [
        (Voice(), "en-US-Chirp3-HD-Kore"),
        (Voice("charon"), "en-US-Chirp3-HD-Charon"),
        (Voice("en-GB-Chirp3-HD-Charon"), "en-GB-Chirp3-HD-Charon"),
        (Voice("en-GB-Chirp3-HD-Charon", "de"), "de-DE-Chirp3-HD-Charon"),
        (Voice("Matthew", "de"), "de-DE-Chirp3-HD-Charon"),
        (Voice("Joanna", "fr"), "fr-FR-Chirp3-HD-Kore"),
        (Voice(PLAIN), PLAIN),
        (Voice(PLAIN, "de"), "de-DE-Chirp3-HD-Kore"),
        (Voice("de-DE-Wavenet-C", "de"), "de-DE-Wavenet-C"),
    ],
)
async def test_the_voice_that_is_asked_for_speaks(wire: GoogleWire, voice: Voice, spoken_by: str) -> None:
    assert said(wire, await speak(wire.connect(), TEXT, voice)) == TEXT.split()
    assert wire.server.voices == [spoken_by]


async def test_a_voice_that_google_does_not_know_is_asked_for_once(wire: GoogleWire) -> None:
    mouth = wire.connect()
    for _ in range(2):
        assert said(wire, await speak(mouth, "Good evening.", Voice("en-GB-Neural2-Q"))) == ["Good", "evening."]
    assert wire.server.voices == ["en-GB-Neural2-Q", "en-GB-Chirp3-HD-Kore", "en-GB-Chirp3-HD-Kore"]


async def test_gemini_has_the_same_voices(wire: GoogleWire) -> None:
    mouth = wire.connect(model="gemini-2.5-flash-tts")
    await speak(mouth, "Guten Abend.", Voice("de-DE-Chirp3-HD-Puck", "de"))
    [(config, _)] = wire.server.streams
    assert (config.voice.model_name, config.voice.name, config.voice.language_code) == (
        "gemini-2.5-flash-tts",
        "Puck",
        "de-DE",
    )


async def test_the_speed_is_asked_for_within_bounds(wire: GoogleWire) -> None:
    await speak(wire.connect(), "Good evening.", Voice("", "en", 3.0))
    await speak(wire.connect(), "Good evening.", Voice(PLAIN, "en", 0.1))
    await speak(wire.connect(), "Good evening.")
    rates = [config.streaming_audio_config.speaking_rate for config, _ in wire.server.streams]
    assert rates == [2.0, 0.0]
    assert wire.server.wholes[0].audio_config.speaking_rate == 0.25


async def test_a_long_text_is_sent_in_parts(wire: GoogleWire) -> None:
    words = [f"wörd{number}" for number in range(1500)]
    pieces = await speak(wire.connect(), " ".join(words))
    assert said(wire, pieces) == words
    [(_, texts)] = wire.server.streams
    assert len(texts) == 3
    pieces = await speak(wire.connect(), " ".join(words), Voice(PLAIN))
    assert said(wire, pieces) == words, "the heads of the files are no sound"
    assert len(wire.server.wholes) == 3


def test_a_word_without_end_is_cut_between_characters() -> None:
    cut = list(parts("so " + "ü" * 6000))
    assert "".join(cut) == "so" + "ü" * 6000
    assert max(len(part.encode()) for part in cut) <= 5000
    assert list(parts("  ")) == []


async def test_a_refusal_is_told_whenever_it_comes(wire: GoogleWire) -> None:
    """A refusal that meets the text on its way is a refusal, not a broken connection."""
    mouth = wire.connect()
    wire.server.way_s = 0.0
    for _ in range(20):
        wire.server.troubles.clear()
        for _ in range(2):
            wire.rate_limit()
        _, error = await fail(mouth)
        assert isinstance(error, ProviderBusy), error


async def test_leaving_early_ends_the_stream_at_the_vendor(wire: GoogleWire) -> None:
    wire.hold()
    pieces = wire.connect().speak(TEXT, Voice())
    await anext(pieces)
    await pieces.aclose()
    async with asyncio.timeout(LEFT_S):
        while not wire.server.left:  # noqa: ASYNC110 - the far end tells it no other way
            await asyncio.sleep(0.01)


def test_the_region_is_that_of_the_account() -> None:
    hosts = [endpoint(location) for location in ("global", "", "eu", "us-central1", "europe-west4", "asia-southeast1")]
    assert hosts == [
        "texttospeech.googleapis.com",
        "texttospeech.googleapis.com",
        "eu-texttospeech.googleapis.com",
        "us-texttospeech.googleapis.com",
        "eu-texttospeech.googleapis.com",
        "asia-southeast1-texttospeech.googleapis.com",
    ]


async def test_without_a_key_file_there_is_no_google() -> None:
    with pytest.raises(ProviderKeyRejected):
        GoogleSpeech(api_key=" ")
    _, error = await fail(GoogleSpeech(api_key="/no/such/file.json"))
    assert isinstance(error, ProviderKeyRejected)
    assert "GOOGLE_APPLICATION_CREDENTIALS" in error.detail


def test_it_is_a_row_of_the_catalog() -> None:
    account = json.dumps({"type": "service_account"})
    keys = SpeechKeys({"google": SpeechAccess(account, region="eu")})
    assert resolve_speaker("google", keys).name == "google/chirp3-hd"
    assert resolve_speaker("google/gemini-2.5-pro-tts", keys).name == "google/gemini-2.5-pro-tts"
