from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from parley.inference.errors import ProviderKeyRejected, ProviderRefused
from parley.inference.scripted_speech import Tape
from parley.inference.speech import Final, Partial, Transcriber
from parley.providers.deepgram import Deepgram
from tests.wire.deepgram_server import DeepgramServer
from tests.wire.sockets import Trouble
from tests.wire.transcriber_contract import CALM, QUICK, SILENCE, TranscriberContract, listen, say

KEY = "dg-test"
# What is asserted, and so tight on a busy machine too.
ALIVE_S = 2.0  # for two signs of life, `CALM.idle_s` apart; at the usual four seconds they are late
GOODBYE_S = 2.0  # the vendor bills until it is told


class DeepgramWire:
    continuous = partials = True

    def __init__(self, server: DeepgramServer, model: str) -> None:
        self.server = server
        self.model = model
        self.tape = server.tape
        self.patience = CALM

    def connect(self, *, api_key: str = KEY) -> Transcriber:
        return Deepgram(self.model, api_key=api_key, base_url=self.server.url, patience=self.patience)

    def rate_limit(self, seconds: int) -> None:
        self.server.troubles.append(Trouble(429, {"Retry-After": str(seconds)}))

    def fail(self, status: int) -> None:
        self.server.troubles.append(Trouble(status))

    def stall(self) -> None:
        self.server.troubles.append(Trouble(stall=4))

    def cut(self) -> None:
        self.server.troubles.append(Trouble(cut=4))

    def close_slowly(self) -> None:
        self.server.troubles.append(Trouble(slow_close=True))

    def hints_seen(self) -> Sequence[str]:
        return self.server.visits[-1].asked("keyterm")


@pytest.fixture
async def server() -> AsyncIterator[DeepgramServer]:
    server = DeepgramServer(Tape(), api_key=KEY)
    async with server.open():
        yield server


class TestNova(TranscriberContract):
    @pytest.fixture
    def wire(self, server: DeepgramServer) -> DeepgramWire:
        return DeepgramWire(server, "nova-3")


class TestFlux(TranscriberContract):
    @pytest.fixture
    def wire(self, server: DeepgramServer) -> DeepgramWire:
        return DeepgramWire(server, "flux")


async def test_flux_says_how_the_turn_stands(server: DeepgramServer) -> None:
    wire = DeepgramWire(server, "flux")
    listener = await listen(wire.connect())
    await say(wire, listener.hearing, "a table", then_ms=300)
    await say(wire, listener.hearing, "for four", then_ms=600)
    listener.hearing.finish(1)
    await say(wire, listener.hearing, "", then_ms=300)
    await listener.flushed(1)
    assert listener.hints == ["likely_end", "resumed", "likely_end", "ended"]
    assert listener.text == "a table for four"
    ended = next(event for event in listener.events if isinstance(event, Final))
    assert [word.text for word in ended.words] == ["a", "table", "for", "four"]
    assert ended.words[0].start_ms == pytest.approx(100, abs=21)
    await listener.leave()
    sizes = server.visits[0].sizes
    assert max(sizes) == 4 * 640
    assert sizes.count(4 * 640) > len(sizes) * 0.7  # but for the rest before a pause


async def test_flux_reports_an_open_turn_at_a_pause_and_what_follows(server: DeepgramServer) -> None:
    wire = DeepgramWire(server, "flux-general-en")
    listener = await listen(wire.connect())
    await say(wire, listener.hearing, "a table", then_ms=100)
    listener.hearing.finish(1)
    for _ in range(8):
        listener.hearing.feed(SILENCE)
    await listener.flushed(1)
    assert listener.text == "a table"
    await say(wire, listener.hearing, "for four", then_ms=600)
    listener.hearing.finish(2)
    await say(wire, listener.hearing, "", then_ms=300)
    await listener.flushed(2)
    finals = [event for event in listener.events if isinstance(event, Final)]
    assert finals[-1].text == "a table for four"
    assert {final.segment for final in finals} == {0}
    await listener.leave()


@pytest.mark.parametrize(
    ("model", "language", "asked"),
    [("flux", "de", ("flux-general-multi", ["de"])), ("flux", "en", ("flux-general-en", []))],
)
async def test_flux_is_chosen_by_the_calls_language(
    server: DeepgramServer, model: str, language: str, asked: tuple[str, list[str]]
) -> None:
    hearing = await Deepgram(model, api_key=KEY, base_url=server.url).open(language=language)
    await hearing.aclose()
    visit = server.visits[0]
    assert (visit.asked("model")[0], visit.asked("language_hint")) == asked


async def test_nova_keeps_the_line_alive_without_sound_and_says_goodbye(server: DeepgramServer) -> None:
    wire = DeepgramWire(server, "nova-3")
    listener = await listen(wire.connect())
    async with asyncio.timeout(ALIVE_S):
        while server.visits[0].kinds().count("KeepAlive") < 2:  # noqa: ASYNC110 - a peer of another room tells nothing
            await asyncio.sleep(0.02)
    await listener.leave()
    async with asyncio.timeout(GOODBYE_S):
        while not server.visits[0].is_over:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert server.visits[0].kinds()[-1] == "CloseStream"
    assert not server.visits[0].sound


async def test_nova_puts_windows_together(server: DeepgramServer) -> None:
    wire = DeepgramWire(server, "nova-3")
    listener = await listen(wire.connect())
    await say(wire, listener.hearing, "a table", then_ms=400)
    await say(wire, listener.hearing, "for four", then_ms=100)
    listener.hearing.finish(1)
    await listener.flushed(1)
    finals = [event for event in listener.events if isinstance(event, Final)]
    assert [(final.segment, final.text) for final in finals] == [(0, "a table"), (1, "for four")]
    assert {event.segment for event in listener.events if isinstance(event, Partial)} == {0, 1}
    await listener.leave()


async def test_a_refusal_carries_the_vendors_reason(server: DeepgramServer) -> None:
    with pytest.raises(ProviderRefused, match="unknown model"):
        await Deepgram("flux-general-xx", api_key=KEY, base_url=server.url).open(language="en")
    server.troubles.append(Trouble(close=(2, 1008, "DATA-0000")))
    listener = await listen(Deepgram("nova-3", api_key=KEY, base_url=server.url, patience=QUICK))
    await say(DeepgramWire(server, "nova-3"), listener.hearing, "a table for four")
    error = await listener.broken()
    assert isinstance(error, ProviderRefused)
    assert "DATA-0000" in error.detail
    await listener.leave()


def test_without_a_key_there_is_no_deepgram() -> None:
    with pytest.raises(ProviderKeyRejected):
        Deepgram(api_key=" ")


async def test_the_vendors_own_sdk_is_content_with_the_server(server: DeepgramServer) -> None:
    from deepgram import AsyncDeepgramClient
    from deepgram.environment import DeepgramClientEnvironment

    there = DeepgramClientEnvironment(base=server.url, production=server.url, agent=server.url, agent_rest=server.url)
    client = AsyncDeepgramClient(api_key=KEY, environment=there)
    frames = [*server.tape.frames("a table", 100), *[SILENCE] * 40]
    sound: dict[str, Any] = {"encoding": "linear16", "sample_rate": "16000"}
    async with client.listen.v1.connect(model="nova-3", interim_results="true", **sound) as nova:
        for frame in frames:
            await nova.send_media(frame)
        await nova.send_close_stream()
        heard = [message async for message in nova]
    texts = [one.channel.alternatives[0].transcript for one in heard if one.type == "Results" and one.speech_final]
    assert texts == ["a table"]
    assert heard[-1].type == "Metadata"
    async with client.listen.v2.connect(model="flux-general-en", **sound) as flux:
        for frame in frames:
            await flux.send_media(frame)
        turn = [message async for message in _until_end(flux)]
    assert turn[0].type == "Connected"
    assert (turn[-1].event, turn[-1].transcript, turn[-1].trigger) == ("EndOfTurn", "a table", "model")


async def _until_end(socket: Any) -> AsyncIterator[Any]:
    async for message in socket:
        yield message
        if getattr(message, "event", "") == "EndOfTurn":
            return
