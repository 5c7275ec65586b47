"""What every hosted transcriber owes the product, whatever its wire. A vendor's test module subclasses
`TranscriberContract` and returns an `EarWire` from the fixture `wire`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

import pytest

from parley.inference.errors import (
    ProviderBusy,
    ProviderError,
    ProviderKeyRejected,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.inference.scripted_speech import Tape
from parley.inference.speech import Final, Flushed, Heard, Hearing, Partial, Transcriber, TurnHint
from parley.providers._socket import Patience

CALM = Patience(connect_s=20, answer_s=0.1, stall_s=20, idle_s=0.1)  # a busy machine is no stalled vendor
QUICK = Patience(connect_s=0.5, answer_s=0.1, stall_s=0.4, idle_s=0.1)
SILENCE = bytes(640)
# What is asserted, and so tight on a busy machine too: far below `CALM.stall_s`, which brings anything to an end.
ANSWERED_S = 3.0  # the caller hears the silence until a pause is answered
BROKEN_S = 3.0  # the next transcriber takes over when a break is told
LEFT_S = 1.0  # nobody who hangs up is held by the vendor


class EarWire(Protocol):
    """One vendor's wire: a running server that understands `tape`, and the adapter on it."""

    tape: Tape
    patience: Patience  # `CALM` until a test wants to see it end
    continuous: bool
    partials: bool

    def connect(self, *, api_key: str = "") -> Transcriber: ...
    def rate_limit(self, seconds: int) -> None: ...
    def fail(self, status: int) -> None: ...
    def stall(self) -> None: ...
    def cut(self) -> None: ...
    def close_slowly(self) -> None: ...
    def hints_seen(self) -> Sequence[str]: ...


class Listener:
    """A hearing and everything it reports."""

    def __init__(self, hearing: Hearing) -> None:
        self.hearing = hearing
        self.events: list[Heard] = []
        self.error: ProviderError | None = None
        self._task = asyncio.create_task(self._listen())
        self._news = asyncio.Event()

    async def _listen(self) -> None:
        try:
            async for event in self.hearing.events():
                self.events.append(event)
                self._news.set()
        except ProviderError as error:
            self.error = error
        self._news.set()

    async def flushed(self, mark: int, limit_s: float = ANSWERED_S) -> None:
        """Wait until the mark is answered."""
        async with asyncio.timeout(limit_s):
            while Flushed(mark) not in self.events and self.error is None:
                self._news.clear()
                await self._news.wait()

    async def broken(self) -> ProviderError:
        async with asyncio.timeout(BROKEN_S):
            while self.error is None:
                self._news.clear()
                await self._news.wait()
        return self.error

    async def leave(self) -> None:
        async with asyncio.timeout(LEFT_S):
            await self.hearing.aclose()
            await self._task

    @property
    def text(self) -> str:
        """What was said, each segment once."""
        finals = {event.segment: event.text for event in self.events if isinstance(event, Final)}
        return " ".join(text for _, text in sorted(finals.items()) if text)

    @property
    def hints(self) -> list[str]:
        return [event.kind for event in self.events if isinstance(event, TurnHint)]


async def listen(transcriber: Transcriber, **options: tuple[str, ...]) -> Listener:
    return Listener(await transcriber.open(language="en", hints=options.get("hints", ())))


async def say(wire: EarWire, hearing: Hearing, text: str, *, then_ms: int = 200) -> None:
    """Feed words as the line would, in small bursts, with the silence behind them where it is wanted."""
    frames = wire.tape.frames(text, word_ms=100, gap_ms=20)
    if wire.continuous:
        frames = [SILENCE] * 5 + frames + [SILENCE] * (then_ms // 20)
    for number, frame in enumerate(frames):
        hearing.feed(frame)
        if number % 10 == 9:
            await asyncio.sleep(0)


async def pause(wire: EarWire, listener: Listener, mark: int, limit_s: float = ANSWERED_S) -> None:
    """The caller pauses, and the line goes on."""
    listener.hearing.finish(mark)
    if wire.continuous:
        for _ in range(30):
            listener.hearing.feed(SILENCE)
    await listener.flushed(mark, limit_s)


class TranscriberContract:
    """Each method is one clause."""

    async def test_words_come_back_in_order_and_every_pause_is_answered(self, wire: EarWire) -> None:
        listener = await listen(wire.connect())
        await say(wire, listener.hearing, "a table for four")
        await pause(wire, listener, 1)
        await say(wire, listener.hearing, "tomorrow at eight")
        await pause(wire, listener, 2)
        assert listener.text == "a table for four tomorrow at eight"
        assert [event for event in listener.events if isinstance(event, Flushed)] == [Flushed(1), Flushed(2)]
        assert any(isinstance(event, Partial) for event in listener.events) == wire.partials
        await listener.leave()
        assert listener.error is None

    async def test_a_pause_without_words_is_answered_too(self, wire: EarWire) -> None:
        listener = await listen(wire.connect())
        await pause(wire, listener, 1)
        assert listener.error is None
        assert listener.text == ""
        await listener.leave()

    async def test_words_to_expect_reach_the_vendor(self, wire: EarWire) -> None:
        listener = await listen(wire.connect(), hints=("Trattoria Lucia", "Sofia"))
        await say(wire, listener.hearing, "hello")
        await pause(wire, listener, 1)
        assert {"Trattoria Lucia", "Sofia"} <= set(wire.hints_seen())
        await listener.leave()

    async def test_a_rate_limit_names_the_wait(self, wire: EarWire) -> None:
        wire.rate_limit(7)
        error = await self._failure(wire, wire.connect())
        assert isinstance(error, ProviderBusy)
        assert error.retry_after == 7

    @pytest.mark.parametrize("status", [500, 502, 503])
    async def test_a_failure_of_the_vendor_is_one_of_the_moment(self, wire: EarWire, status: int) -> None:
        wire.fail(status)
        error = await self._failure(wire, wire.connect())
        assert isinstance(error, ProviderUnavailable)
        assert error.retryable

    async def test_a_bad_key_is_told_apart(self, wire: EarWire) -> None:
        error = await self._failure(wire, wire.connect(api_key="wrong"))
        assert isinstance(error, ProviderKeyRejected)
        assert not error.retryable
        assert "wrong" not in error.detail

    async def test_a_vendor_that_falls_silent_is_given_up(self, wire: EarWire) -> None:
        wire.patience = QUICK
        wire.stall()
        begun = time.monotonic()
        assert isinstance(await self._failure(wire, wire.connect()), ProviderStalled)
        assert time.monotonic() - begun < 2

    async def test_a_connection_that_breaks_is_an_error(self, wire: EarWire) -> None:
        wire.cut()
        error = await self._failure(wire, wire.connect())
        assert isinstance(error, ProviderUnavailable)
        assert error.retryable

    async def test_nobody_waits_for_a_slow_goodbye(self, wire: EarWire) -> None:
        wire.close_slowly()
        listener = await listen(wire.connect())
        await say(wire, listener.hearing, "good bye")
        await pause(wire, listener, 1)
        begun = time.monotonic()
        await listener.leave()
        assert time.monotonic() - begun < 0.5
        assert (listener.text, listener.error) == ("good bye", None)

    async def test_closing_twice_is_once(self, wire: EarWire) -> None:
        listener = await listen(wire.connect())
        await listener.leave()
        await listener.hearing.aclose()
        assert listener.error is None

    async def _failure(self, wire: EarWire, transcriber: Transcriber) -> ProviderError:
        try:
            listener = await listen(transcriber)
        except ProviderError as error:
            return error
        await say(wire, listener.hearing, "a table for four")
        listener.hearing.finish(1)
        broken = await listener.broken()
        await listener.leave()
        return broken
