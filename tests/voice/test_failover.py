"""A vendor breaks in the middle of a call: on virtual time, with every word accounted for."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from anyio import sleep

from parley.inference.breaker import Breaker
from parley.inference.errors import (
    ProviderBusy,
    ProviderError,
    ProviderKeyRejected,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.inference.fallback_speech import FallbackTranscriber, SparedSpeaker
from parley.inference.scripted_speech import EnergyVad, ScriptedSpeaker, ScriptedTranscriber, Tape
from parley.inference.speech import Final, Heard, Hearing, TranscriberCapabilities
from parley.voice import events
from tests.voice.stage import WORD_MS, Call, dial, quiet

BROKE = ProviderUnavailable("gone", vendor="first")
STALLED = ProviderStalled("silent", vendor="first")
LATE = 4  # frames


class Breaking(ScriptedTranscriber):
    """Hears `frames` frames of an opening and then breaks, as often as `faults` says."""

    def __init__(self, tape: Tape, *faults: tuple[int, ProviderError], continuous: bool = False) -> None:
        super().__init__(tape, capabilities=TranscriberCapabilities(continuous=continuous))
        self.left = list(faults)
        self.fed: list[int] = []

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> Hearing:  # type: ignore[explicit-override]
        hearing = await super().open(language=language, hints=hints)
        self.fed.append(0)
        return _Breaking(hearing, self, self.left.pop(0) if self.left else None)


class _Breaking:
    def __init__(self, hearing: Hearing, owner: Breaking, fault: tuple[int, ProviderError] | None) -> None:
        self.hearing, self.owner, self.fault = hearing, owner, fault
        self.late: list[bytes] = []  # nobody reports a word before it is half over

    def feed(self, frame: bytes) -> None:
        self.owner.fed[-1] += 1
        self.late.append(frame)
        if len(self.late) > LATE:
            self.hearing.feed(self.late.pop(0))
        if self.broken:
            self.hearing.finish(-1)  # wakes `events`, which breaks there

    def finish(self, mark: int) -> None:
        for frame in self.late:
            self.hearing.feed(frame)
        self.late.clear()
        if not self.broken:
            self.hearing.finish(mark)

    @property
    def broken(self) -> bool:
        return self.fault is not None and self.owner.fed[-1] >= self.fault[0]

    async def events(self) -> AsyncGenerator[Heard, None]:
        async with aclosing(self.hearing.events()) as reported:
            async for event in reported:
                if self.broken:
                    break
                yield event
        if self.fault is not None:
            await sleep(0.3)
            raise self.fault[1]

    async def aclose(self) -> None:
        await self.hearing.aclose()


def heard(call: Call, *chain: ScriptedTranscriber, breaker: Breaker | None = None) -> list[str]:
    """Dial with this chain; the turns, as they were taken."""
    call.transcriber = FallbackTranscriber(chain, breaker=breaker, vad=EnergyVad)  # type: ignore[assignment]
    dial([call])
    return call.finals


@pytest.mark.parametrize("continuous", [False, True])
@pytest.mark.parametrize("error", [BROKE, STALLED, ProviderBusy("full", vendor="first")])
def test_a_sentence_survives_the_transcriber_it_was_said_to(error: ProviderError, continuous: bool) -> None:
    call = Call(replies=["Noted.", "Fine."], lasts_s=9)
    first, second = Breaking(call.tape, (38, error), (4, error), continuous=continuous), Breaking(call.tape)
    call.script = [*quiet(500), *call.say("alpha bravo charlie delta echo"), *quiet(2500), *call.say("golf hotel")]
    assert heard(call, first, second) == ["alpha bravo charlie delta echo", "golf hotel"]
    assert call.heard == ["Noted.", "Fine."]
    assert first.openings == (2 if error is BROKE else 1)
    assert second.openings == 1
    assert not call.told(events.Error)


def test_wherever_it_breaks_no_word_is_lost_or_doubled() -> None:
    calls = []
    for seed in range(120):
        chance = random.Random(seed)
        call = Call(seed=seed, replies=["Noted.", "Fine."], lasts_s=10)
        continuous, error = chance.random() < 0.5, chance.choice([BROKE, STALLED])
        faults = [(chance.randrange(1, 60), error) for _ in range(chance.randrange(1, 4))]
        first = Breaking(call.tape, *faults, continuous=continuous)
        second = Breaking(call.tape, *faults[1:], continuous=chance.random() < 0.5)
        chain = [first, second, Breaking(call.tape)]
        call.transcriber = FallbackTranscriber(chain, vad=EnergyVad)  # type: ignore[assignment]
        call.script = [*quiet(200), *call.say("alpha bravo charlie delta echo"), *quiet(3500), *call.say("golf hotel")]
        calls.append(call)
    for call in dial(calls):
        assert call.finals == ["alpha bravo charlie delta echo", "golf hotel"], call.seed


def test_words_reported_for_good_are_not_heard_again() -> None:
    """A transcriber with times of its own: what it has frozen is cut from what the next one hears."""

    class Windows(Breaking):
        async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> Hearing:  # type: ignore[explicit-override]
            return _Frozen(await super().open(language=language, hints=hints), self)

    class _Frozen(_Breaking):
        def __init__(self, hearing: Hearing, owner: Breaking) -> None:
            super().__init__(hearing, owner, None)

        async def events(self) -> AsyncGenerator[Heard, None]:  # type: ignore[explicit-override]
            from parley.inference.speech import Partial, Word

            async with aclosing(self.hearing.events()) as reported:
                async for event in reported:
                    if isinstance(event, Partial) and event.text == "alpha bravo charlie":
                        yield Final("alpha bravo", 0, words=(Word("bravo", 280, 2 * WORD_MS + 200),))
                        raise STALLED
                    yield event

    call = Call(replies=["Noted."], lasts_s=6)
    first, second = Windows(call.tape, continuous=True), Breaking(call.tape)
    call.script = [*quiet(200), *call.say("alpha bravo charlie delta")]
    assert heard(call, first, second) == ["alpha bravo charlie delta"]


def test_who_is_known_to_be_down_is_passed_over() -> None:
    breaker = Breaker()
    rejected = ProviderKeyRejected("no", vendor="first")
    call = Call(replies=["Noted."])
    call.script = call.say("alpha bravo")
    named = ScriptedTranscriber(call.tape, faults=[rejected])
    last = Breaking(call.tape)
    named_first = type("First", (ScriptedTranscriber,), {"name": "first/ear"})(call.tape, faults=[rejected, rejected])
    assert heard(call, named_first, last, breaker=breaker) == ["alpha bravo"]
    again = Call(replies=["Noted."], tape=call.tape)
    again.script = call.say("alpha bravo")
    assert heard(again, named_first, last, breaker=breaker) == ["alpha bravo"]
    assert named_first.openings == 1
    assert named.openings == 0


class _Spared(SparedSpeaker):
    word_times = True  # as the stage asks its scripted speakers


def test_a_broken_phrase_is_followed_up_by_the_next_speaker() -> None:
    text = "There are seven tables left, all of them outside by the river."
    call = Call(replies=[text], lasts_s=8)
    first = ScriptedSpeaker(call.tape, word_ms=WORD_MS, fails_after=1)
    first.name = "first/voice"
    first.script.extend([BROKE, BROKE])
    second = ScriptedSpeaker(call.tape, word_ms=WORD_MS)
    spared = _Spared(first, Breaker(after=1))
    call.speakers = [spared, second]  # type: ignore[list-item]
    call.script = call.say("hello")
    dial([call])
    assert call.heard == [text]
    assert call.played(1, text)
    assert first.texts == ["There are seven tables left,", "all of them outside by the river."]
    assert second.texts == ["the river."]
