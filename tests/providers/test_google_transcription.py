from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import grpc  # type: ignore[import-untyped]
import pytest

from parley.inference.errors import ProviderKeyRejected
from parley.inference.scripted_speech import Tape
from parley.inference.speech import Final
from parley.providers.google_transcription import GoogleTranscriber
from tests.patience import PATIENCE
from tests.wire.google_server import GoogleServer
from tests.wire.transcriber_contract import CALM, TranscriberContract, listen, pause, say


class GoogleWire:
    continuous, partials = False, True

    def __init__(self, server: GoogleServer, opened: AsyncExitStack) -> None:
        self.server = server
        self.tape = server.tape
        self.patience = CALM
        self.opened = opened

    def connect(self, *, api_key: str = "account", renew_ms: float = 240_000) -> GoogleTranscriber:
        if api_key == "wrong":
            self.server.troubles.append(grpc.StatusCode.UNAUTHENTICATED)
        ear = GoogleTranscriber(api_key=api_key, base_url=self.server.target, patience=self.patience, renew_ms=renew_ms)
        self.opened.push_async_callback(ear.aclose)
        return ear

    def rate_limit(self, seconds: int) -> None:
        self.server.retry_s = seconds
        self.server.troubles.append(grpc.StatusCode.RESOURCE_EXHAUSTED)

    def fail(self, status: int) -> None:
        codes = {500: grpc.StatusCode.INTERNAL, 502: grpc.StatusCode.UNKNOWN, 503: grpc.StatusCode.UNAVAILABLE}
        self.server.troubles.append(codes[status])

    def stall(self) -> None:
        self.server.troubles.append("stall")

    def cut(self) -> None:
        self.server.troubles.append("cut")

    def close_slowly(self) -> None:
        self.server.linger_s = 1.0

    def hints_seen(self) -> Sequence[str]:
        sets = self.server.configs[-1].adaptation.phrase_sets
        return [phrase.value for each in sets for phrase in each.inline_phrase_set.phrases]


@pytest.fixture
async def wire() -> AsyncIterator[GoogleWire]:
    server = GoogleServer(Tape())
    async with server.open(), AsyncExitStack() as opened:
        yield GoogleWire(server, opened)


class TestGoogle(TranscriberContract):
    pass


MONOLOGUE = " ".join(f"word{number}" for number in range(100))


async def test_a_long_stretch_goes_on_in_a_new_stream_without_losing_a_word(wire: GoogleWire) -> None:
    listener = await listen(wire.connect(renew_ms=3_000))
    for frame in wire.tape.frames(MONOLOGUE, word_ms=100, gap_ms=60):
        listener.hearing.feed(frame)
    await pause(wire, listener, 1, PATIENCE)  # it is sent no faster than Google takes it
    assert listener.text == MONOLOGUE
    assert len(wire.server.ages) >= 4
    assert max(wire.server.ages) < 4
    finals = [event for event in listener.events if isinstance(event, Final)]
    times = [word.start_ms for final in finals for word in final.words]
    assert times == pytest.approx([number * 160 for number in range(100)], abs=25)
    await listener.leave()


async def test_a_stream_that_is_broken_off_at_its_limit_is_followed_up(wire: GoogleWire) -> None:
    wire.server.limit_s = 4.0
    listener = await listen(wire.connect(renew_ms=6_000))
    words = MONOLOGUE.split()
    for place in range(0, 100, 20):
        await say(wire, listener.hearing, " ".join(words[place : place + 20]))
        for _ in range(35):
            listener.hearing.feed(bytes(640))
    await pause(wire, listener, 1, PATIENCE)  # as above
    heard = listener.text.split()
    assert heard == MONOLOGUE.split()
    assert listener.error is None
    await listener.leave()


def test_without_a_key_file_there_is_no_google() -> None:
    with pytest.raises(ProviderKeyRejected):
        GoogleTranscriber(api_key="")


async def test_a_key_file_that_is_none_is_told_apart() -> None:
    with pytest.raises(ProviderKeyRejected, match="GOOGLE_APPLICATION_CREDENTIALS"):
        await GoogleTranscriber(api_key="/no/such/file.json").open(language="en")
