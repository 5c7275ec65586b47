"""What every hosted speaker owes the product, whatever its wire. A vendor's test module subclasses `SpeakerContract`
and returns a `MouthWire` from the fixture `wire`."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
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
from parley.inference.speech import Speaker, Speech, Voice
from parley.providers._socket import Patience

CALM = Patience(connect_s=20, answer_s=0.1, stall_s=20, idle_s=0.1)  # a busy machine is no stalled vendor
QUICK = Patience(connect_s=0.5, answer_s=0.1, stall_s=0.4, idle_s=0.1)
TEXT = "We have a table for four at eight tonight."
WORD_MS = 100
FIRST_S = 2.0  # tight on a busy machine too: how soon the caller hears something is what is asserted


class MouthWire(Protocol):
    """One vendor's wire: a running server that speaks words onto `tape`, `WORD_MS` each, and the adapter on it."""

    tape: Tape
    patience: Patience  # `CALM` until a test wants to see it end
    word_times: bool
    streams: bool  # sound comes before the phrase is done

    def connect(self, *, api_key: str = "") -> Speaker: ...
    def rate_limit(self) -> float | None: ...  # the wait that the vendor names
    def fail(self, status: int) -> None: ...
    def stall(self, *, after: int) -> None: ...  # so many pieces
    def cut(self, *, after: int) -> None: ...
    def close_slowly(self) -> None: ...  # a while after the last sound, shorter than the patience
    def hold(self) -> None: ...  # after the first piece, until `release`
    def release(self) -> None: ...
    def voices_asked(self) -> list[str]: ...


async def speak(speaker: Speaker, text: str = TEXT, voice: Voice | None = None) -> list[Speech]:
    async with aclosing(speaker.speak(text, voice or Voice())) as pieces:
        return [piece async for piece in pieces]


async def fail(speaker: Speaker) -> tuple[list[Speech], ProviderError]:
    """What came before the error, and the error."""
    found: list[Speech] = []
    try:
        async with aclosing(speaker.speak(TEXT, Voice())) as pieces:
            async for piece in pieces:
                found.append(piece)  # noqa: PERF401 - what came before the error counts
    except ProviderError as error:
        return found, error
    pytest.fail(f"no error after {len(found)} pieces")


def said(wire: MouthWire, pieces: list[Speech]) -> list[str]:
    return [word for word, _ in wire.tape.read(b"".join(piece.pcm for piece in pieces))]


class SpeakerContract:
    """Each method is one clause."""

    async def test_the_words_are_spoken_once_and_in_order(self, wire: MouthWire) -> None:
        pieces = await speak(wire.connect())
        assert said(wire, pieces) == TEXT.split()
        [rate] = {piece.sample_rate for piece in pieces}
        assert sum(piece.duration_ms for piece in pieces) == pytest.approx(len(TEXT.split()) * WORD_MS, abs=5)
        assert 8_000 <= rate <= 48_000
        assert all(len(piece.pcm) % 2 == 0 for piece in pieces)

    async def test_words_come_with_their_times(self, wire: MouthWire) -> None:
        speaker = wire.connect()
        words = [word for piece in await speak(speaker) for word in piece.words]
        assert speaker.capabilities.word_times == wire.word_times
        if not wire.word_times:
            assert not words
            return
        assert [word.text for word in words] == TEXT.split()
        for number, word in enumerate(words):
            assert word.start_ms == pytest.approx(number * WORD_MS, abs=WORD_MS * 0.3)
            assert word.start_ms < word.end_ms <= (number + 1) * WORD_MS + 1

    async def test_sound_comes_before_the_phrase_is_done(self, wire: MouthWire) -> None:
        if not wire.streams:
            pytest.skip("the vendor sends a phrase when it is done")
        wire.hold()
        async with aclosing(wire.connect().speak(TEXT, Voice())) as pieces:
            async with asyncio.timeout(FIRST_S):
                first = await anext(pieces)
            assert first.pcm
            wire.release()
            rest = [piece async for piece in pieces]
        assert said(wire, [first, *rest]) == TEXT.split()

    async def test_two_phrases_at_once_do_not_mix(self, wire: MouthWire) -> None:
        speaker = wire.connect()
        texts = [TEXT, "Please hold the line a moment.", "Good bye."]
        spoken = await asyncio.gather(*(speak(speaker, text) for text in texts))
        assert [said(wire, pieces) for pieces in spoken] == [text.split() for text in texts]

    async def test_a_rate_limit_names_the_wait(self, wire: MouthWire) -> None:
        wait = wire.rate_limit()
        _, error = await fail(wire.connect())
        assert isinstance(error, ProviderBusy)
        assert error.retry_after == wait

    @pytest.mark.parametrize("status", [500, 503])
    async def test_a_failure_of_the_vendor_is_one_of_the_moment(self, wire: MouthWire, status: int) -> None:
        wire.fail(status)
        _, error = await fail(wire.connect())
        assert isinstance(error, ProviderUnavailable)
        assert error.retryable

    async def test_a_bad_key_is_told_apart(self, wire: MouthWire) -> None:
        _, error = await fail(wire.connect(api_key="wrong"))
        assert isinstance(error, ProviderKeyRejected)
        assert "wrong" not in error.detail

    @pytest.mark.parametrize("after", [0, 1])
    async def test_a_vendor_that_falls_silent_is_given_up(self, wire: MouthWire, after: int) -> None:
        wire.patience = QUICK
        wire.stall(after=after)
        begun = time.monotonic()
        found, error = await fail(wire.connect())
        assert isinstance(error, ProviderStalled)
        assert bool(found) == (bool(after) and wire.streams)
        assert time.monotonic() - begun < 3

    async def test_a_break_in_the_middle_keeps_what_was_spoken(self, wire: MouthWire) -> None:
        wire.cut(after=1)
        found, error = await fail(wire.connect())
        assert isinstance(error, ProviderUnavailable)
        assert error.retryable
        if wire.streams:
            assert said(wire, found) == TEXT.split()[: len(said(wire, found))]
            assert found

    async def test_a_slow_goodbye_costs_no_word(self, wire: MouthWire) -> None:
        wire.close_slowly()
        speaker = wire.connect()
        begun = time.monotonic()
        assert said(wire, await speak(speaker)) == TEXT.split()
        assert said(wire, await speak(speaker, "Good bye.")) == ["Good", "bye."]
        assert time.monotonic() - begun < 2

    async def test_leaving_early_takes_no_time(self, wire: MouthWire) -> None:
        if not wire.streams:
            pytest.skip("the vendor sends a phrase when it is done")
        wire.hold()
        pieces = wire.connect().speak(TEXT, Voice())
        await anext(pieces)
        begun = time.monotonic()
        await pieces.aclose()
        assert time.monotonic() - begun < 0.3

    @pytest.mark.parametrize("name", ["en-US-Neural2-A", "no such voice 🙂", "x" * 20, "Joanna", ""])
    @pytest.mark.parametrize("language", ["en", "de"])
    async def test_any_voice_is_spoken_by_the_nearest(self, wire: MouthWire, name: str, language: str) -> None:
        speaker = wire.connect()
        if speaker.capabilities.languages and language not in speaker.capabilities.languages:
            pytest.skip("the vendor does not know the language")
        assert said(wire, await speak(speaker, "Good evening.", Voice(name, language))) == ["Good", "evening."]
        assert wire.voices_asked()
