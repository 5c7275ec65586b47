"""Calls on trio's jumping clock, and what must hold of every one of them."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import trio
from trio.testing import MockClock

from parley.inference.scripted_speech import EnergyVad, Mischief, ScriptedSpeaker, ScriptedTranscriber, Tape
from parley.inference.speech import FRAME_MS, TranscriberCapabilities
from parley.voice import (
    SILENCE,
    FixedPause,
    Incoming,
    KeptSpeech,
    Manners,
    Parts,
    ScriptedLine,
    ScriptedResponder,
    Session,
    Settings,
    events,
    fixed_sentences,
)
from parley.voice.scripted import Metronome, Step

WORD_MS = 80
SCHEDULES = int(os.environ.get("PARLEY_SCHEDULES", "200"))
Kind = TypeVar("Kind", bound=events.Event)
_LEEWAY = 32  # samples
FILLER = fixed_sentences("en").filler
MANNERS = Manners(endpointing=FixedPause(300), still_there_ms=60_000, filler_ms=60_000)


def quiet(ms: float) -> list[bytes]:
    """Silence as frames."""
    return [SILENCE] * int(ms // FRAME_MS)


@dataclass
class Call:
    """One call: its script first, what came of it after `dial`."""

    seed: int = 0
    script: Sequence[Incoming] = ()
    replies: Sequence[str | Sequence[Step]] = ()
    lasts_s: float = 6.0
    manners: Manners = MANNERS
    greeting: str = ""
    speed: float = 1.0
    burst: int = 2
    mischief: Mischief = field(default_factory=Mischief)
    capabilities: TranscriberCapabilities = field(default_factory=TranscriberCapabilities)
    tape: Tape = field(default_factory=Tape)
    settling_s: float = 0.0
    speakers: list[ScriptedSpeaker] = field(default_factory=list)
    transcriber: ScriptedTranscriber | None = None
    kept: KeptSpeech | None = None

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.reason: str | None = None
        self.heard_audio: dict[int, list[str]] = {}
        self.perhaps: dict[int, list[str]] = {}

    def say(self, text: str) -> list[bytes]:
        """What the caller says, as frames."""
        return self.tape.frames(text, WORD_MS)

    async def run(self, metronome: Metronome) -> None:
        self.line = ScriptedLine(
            self.script, lasts_s=self.lasts_s, speed=self.speed, burst=self.burst, metronome=metronome
        )
        self.responder = ScriptedResponder(*self.replies, settling_s=self.settling_s)
        self.speakers = self.speakers or [ScriptedSpeaker(self.tape, word_ms=WORD_MS)]
        self.transcriber = self.transcriber or ScriptedTranscriber(
            self.tape, mischief=self.mischief, capabilities=self.capabilities, chance=self.chance
        )
        parts = Parts(self.line, self.responder, self.transcriber, self.speakers, EnergyVad(), self.kept)
        settings = Settings(greeting=self.greeting, manners=self.manners)
        with trio.fail_after(self.lasts_s + 30):  # a session that outlives its line is frozen
            self.reason = await Session(parts, settings).run()
        for told in self.line.all(events.Heard):
            read = self.tape.read(self.line.played(told.reply))
            # Half of a word makes it heard; at exactly half, a sample more or less decides nothing.
            self.heard_audio[told.reply] = [word for word, length in read if length * 2 > 16 * WORD_MS + _LEEWAY]
            self.perhaps[told.reply] = [word for word, length in read if length * 2 > 16 * WORD_MS - _LEEWAY]

    def played(self, reply: int, text: str) -> bool:
        """Whether exactly the words of `text` were heard of a reply."""
        return text.split() in (self.heard_audio[reply], self.perhaps[reply])

    # What was said --------------------------------------------------------------------------------------------------

    def told(self, kind: type[Kind]) -> list[Kind]:
        return self.line.all(kind)

    def when(self, kind: type, number: int = 0) -> float:
        """Seconds at which the `number`-th event of a kind was told."""
        return [told.at for told in self.line.told if isinstance(told.event, kind)][number]

    @property
    def finals(self) -> list[str]:
        return [final.text for final in self.told(events.TranscriptFinal)]

    @property
    def fillers(self) -> set[int]:
        """The numbers of what was said to fill a wait, which history does not keep."""
        return {delta.reply for delta in self.told(events.ReplyDelta) if delta.text == FILLER}

    @property
    def heard(self) -> list[str]:
        return [told.text for told in self.told(events.Heard)]


def dial(calls: Iterable[Call]) -> list[Call]:
    """Run the calls side by side, each in its own virtual time, and check what must hold of every call."""
    calls = list(calls)

    async def all_of_them() -> None:
        metronome = Metronome()
        async with trio.open_nursery() as ticking:
            ticking.start_soon(metronome.run)
            async with trio.open_nursery() as nursery:
                for call in calls:
                    nursery.start_soon(call.run, metronome)
            ticking.cancel_scope.cancel()

    trio.run(all_of_them, clock=MockClock(autojump_threshold=0))
    for call in calls:
        check(call)
    return calls


def schedules(make: Callable[[random.Random, Call], Call], count: int = SCHEDULES) -> list[Call]:
    """`count` calls with chance of their own: their parameters are drawn by `make`. Seeds are their numbers."""
    return dial(make(random.Random(seed), Call(seed=seed)) for seed in range(count))


def check(call: Call) -> None:
    """What holds of every call, whatever its script."""
    line, where = call.line, f"seed {call.seed}"
    assert call.reason is not None, where
    assert isinstance(line.told[-1].event, events.Ended), where
    # Replies never overlap, and every turn is handed over once.
    assert call.responder.overlapped == 0, where
    first_tries = [
        turn for turn in call.responder.turns if turn.attempt == 1 and turn.id not in call.responder.discarded
    ]
    assert len({turn.id for turn in first_tries}) == len(first_tries), where
    assert len(first_tries) <= len(call.finals), where
    # History equals what was heard.
    for told in line.all(events.Heard):
        words, heard = told.text.split(), call.heard_audio[told.reply]
        if call.speakers[0].word_times:
            assert call.played(told.reply, told.text), (where, told)
        else:  # shared out by length, while every word really took the same time
            assert abs(len(words) - len(heard)) <= 2, (where, told)
            assert words[: len(heard)] == heard[: len(words)], (where, told)
    kept = [told.text for told in line.all(events.Heard) if told.reply not in call.fillers]
    assert sorted(outcome.heard for outcome in call.responder.outcomes) == sorted(kept), where
    # No sound of a reply after its end was told; the sounds of two replies never mix.
    over, current = set(), 0
    for each in line.told:
        match each.event:
            case events.Heard(_, reply):
                over.add(reply)
            case events.Audio(_, _, reply):
                assert reply not in over, (where, reply)
                assert reply >= current or current in call.fillers & over, where
                current = reply
    # No tool was begun twice or left undone.
    assert len(set(call.responder.worked)) == len(call.responder.worked), where
    assert call.responder.worked == call.responder.done, where


def with_manners(**numbers: object) -> Manners:
    """The stage's manners with other numbers."""
    return replace(MANNERS, **numbers)  # type: ignore[arg-type]
