from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from parley.inference.errors import ProviderKeyRejected
from parley.inference.scripted_speech import Tape
from parley.inference.speech import Voice
from parley.providers.polly import Polly
from tests.wire.polly_server import PollyServer, refusal
from tests.wire.speaker_contract import CALM, SpeakerContract, said, speak

KEY = "AKIATEST"


class PollyWire:
    word_times, streams = False, True

    def __init__(self, server: PollyServer, opened: AsyncExitStack) -> None:
        self.server = server
        self.tape = server.tape
        self.patience = CALM
        self.opened = opened

    def connect(self, *, api_key: str = KEY) -> Polly:
        speaker = Polly(key_id=api_key, secret="s3cret", base_url=self.server.url, patience=self.patience)
        self.opened.push_async_callback(speaker.aclose)
        return speaker

    def rate_limit(self) -> float | None:
        self.server.troubles.append(refusal(400, "ThrottlingException", "Rate exceeded"))
        return None

    def fail(self, status: int) -> None:
        self.server.troubles.append(refusal(status, "ServiceFailureException"))

    def stall(self, *, after: int) -> None:
        self.server.faults.append(("stall", after))

    def cut(self, *, after: int) -> None:
        self.server.faults.append(("cut", after))

    def close_slowly(self) -> None:
        self.server.linger_s = 0.2

    def hold(self) -> None:
        self.server.faults.append(("hold", 1))

    def release(self) -> None:
        self.server.release.set()

    def voices_asked(self) -> list[str]:
        return [asked.json["VoiceId"] for asked in self.server.asked]


@pytest.fixture
async def wire() -> AsyncIterator[PollyWire]:
    server = PollyServer(Tape(), key_id=KEY)
    async with server.open(), AsyncExitStack() as opened:
        yield PollyWire(server, opened)


class TestPolly(SpeakerContract):
    pass


async def test_another_speed_is_asked_for_in_ssml(wire: PollyWire) -> None:
    pieces = await speak(wire.connect(), "Fish & chips", Voice("en-GB-Neural2-A", "en", 1.25))
    assert said(wire, pieces) == ["Fish", "&", "chips"]
    asked = wire.server.asked[0].json
    assert asked["Text"] == '<speak><prosody rate="125%">Fish &amp; chips</prosody></speak>'
    assert (asked["VoiceId"], asked["Engine"]) == ("Amy", "neural")


async def test_a_long_phrase_is_asked_for_in_parts(wire: PollyWire) -> None:
    words = [f"word{number}" for number in range(700)]
    assert said(wire, await speak(wire.connect(), " ".join(words))) == words
    assert len(wire.server.asked) == 2
    assert max(len(asked.json["Text"]) for asked in wire.server.asked) <= 3000


def test_a_key_without_its_secret_is_none() -> None:
    with pytest.raises(ProviderKeyRejected):
        Polly(key_id=KEY, secret="")
