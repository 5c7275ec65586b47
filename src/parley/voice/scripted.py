"""Doubles of a session's two sides, for tests of whatever is joined to it. Their time is anyio's, virtual on a virtual
clock."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from anyio import Event, current_time, sleep, sleep_forever, sleep_until

from parley.inference.speech import FRAME_MS
from parley.voice import events
from parley.voice.frames import SILENCE
from parley.voice.pacing import Playout
from parley.voice.ports import (
    CallerTurn,
    HungUp,
    Incoming,
    Outcome,
    ReplyEvent,
    Say,
    ToolEnded,
    ToolStarted,
)

_SAME = 1e-6  # seconds between moments that are one
_Told = TypeVar("_Told", bound=events.Event)


@dataclass(frozen=True, slots=True)
class Told:
    """An event and when the line was told it, in seconds since the line's first frame."""

    at: float
    event: events.Event


class Metronome:
    """Wakes many lines in step, where each would arm and cancel a timer of its own fifty times a second. `run` it
    beside them."""

    def __init__(self) -> None:
        self._tick = Event()

    async def run(self) -> None:
        """For ever."""
        began, number = current_time(), 0
        while True:
            number += 1
            await sleep_until(began + number * FRAME_MS / 1000)
            tick, self._tick = self._tick, Event()
            tick.set()

    async def until(self, moment: float) -> None:
        """Until the first tick at `moment` or later."""
        while current_time() + _SAME < moment:
            await self._tick.wait()


class ScriptedLine:
    """A caller by script: frames in real time, controls in between, silence after it until `lasts_s`.

    `speed` 1.0 plays what it is told in real time, 0.5 is a consumer that falls behind, 0.0 one that is gone. `burst`
    frames arrive at once, as networks deliver them. `told` has all events; `played()` is the audio that was really
    heard. Many lines side by side share a `metronome`.
    """

    def __init__(
        self,
        script: Iterable[Incoming] = (),
        *,
        lasts_s: float = 60.0,
        speed: float = 1.0,
        burst: int = 1,
        metronome: Metronome | None = None,
    ) -> None:
        self._until = sleep_until if metronome is None else metronome.until
        self._script = deque(script)
        self._lasts_s = lasts_s
        self._speed = speed
        self._burst = burst
        self._frames = 0
        self._begun: float | None = None
        self._playout = Playout()
        self._sound: list[_Sound] = []
        self.told: list[Told] = []

    def say(self, *items: Incoming) -> None:
        """Append to the script, while it runs."""
        self._script.extend(items)

    async def receive(self) -> Incoming:
        if self._begun is None:
            self._begun = current_time()
        if self._script and not isinstance(self._script[0], bytes):
            return self._script.popleft()
        self._frames += 1
        if self._frames % self._burst == 0:
            await self._until(self._begun + self._frames * FRAME_MS / 1000)
        if self._frames * FRAME_MS >= self._lasts_s * 1000:
            return HungUp()
        item = self._script.popleft() if self._script else SILENCE
        return item if isinstance(item, bytes) else SILENCE

    def tell(self, event: events.Event) -> None:
        now = current_time()
        self.told.append(Told(now - (now if self._begun is None else self._begun), event))
        match event:
            case events.Audio(pcm, rate) if pcm:
                length = len(pcm) / 2 / rate / (self._speed or 1e-9)
                begins = now + self._playout.unplayed_ms(now) / 1000
                self._sound.append(_Sound(event.reply, begins, begins + length, pcm))
                self._playout.add(length * 1000, now)
            case events.Clear():
                self._playout.clear(now)
                self._sound = [sound.until(now) for sound in self._sound if sound.begins < now]

    @property
    def unplayed_ms(self) -> float:
        now = current_time()
        return self._playout.unplayed_ms(now) * self._speed if self._speed else self._playout.unplayed_ms(now)

    def played(self, reply: int | None = None) -> bytes:
        """The samples that have been heard by now, of one reply or of all."""
        now = current_time()
        return b"".join(
            sound.until(now).pcm for sound in self._sound if sound.begins < now and reply in {None, sound.reply}
        )

    def all(self, kind: type[_Told]) -> list[_Told]:
        """The events of one kind, in order."""
        return [told.event for told in self.told if isinstance(told.event, kind)]


@dataclass(frozen=True, slots=True)
class _Sound:
    """Samples that are played between two moments."""

    reply: int
    begins: float
    ends: float
    pcm: bytes

    def until(self, now: float) -> _Sound:
        if self.ends <= now:
            return self
        samples = int(len(self.pcm) // 2 * (now - self.begins) / (self.ends - self.begins))
        return _Sound(self.reply, self.begins, now, self.pcm[: 2 * samples])


@dataclass(frozen=True, slots=True)
class Think:
    """Nothing is written for `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Forever:
    """Nothing is written ever again."""


@dataclass(frozen=True, slots=True)
class Work:
    """A tool runs for `seconds`."""

    name: str
    seconds: float


Step = str | ReplyEvent | Think | Forever | Work | Exception


class ScriptedResponder:
    """Answers turn by turn from scripts; the last one again when they run out. A text is a script of one `Say`.

    `turns`, `outcomes`, `committed` and `discarded` record what it was told; `worked` and `done` the tools that began
    and ended; `overlapped` counts replies that began before the one before was closed and settled.
    """

    def __init__(self, *scripts: str | Sequence[Step], settling_s: float = 0.0) -> None:
        self._scripts = [(script,) if isinstance(script, str) else tuple(script) for script in scripts]
        self._settling_s = settling_s
        self._open = 0
        self.turns: list[CallerTurn] = []
        self.outcomes: list[Outcome] = []
        self.committed: list[int] = []
        self.discarded: list[int] = []
        self.worked: list[str] = []
        self.done: list[str] = []
        self.overlapped = 0

    async def reply(self, turn: CallerTurn) -> AsyncGenerator[ReplyEvent, None]:
        script = self._scripts[min(len(self.turns), len(self._scripts) - 1)] if self._scripts else ()
        self.turns.append(turn)
        self.overlapped += self._open > 0
        self._open += 1
        try:
            for step in script:
                async with aclosing(self._play(step)) as played:
                    async for event in played:
                        yield event
        finally:
            self._open -= 1

    async def _play(self, step: Step) -> AsyncGenerator[ReplyEvent, None]:
        match step:
            case str():
                yield Say(step)
            case Think(seconds):
                await sleep(seconds)
            case Forever():
                await sleep_forever()
            case Exception():
                raise step
            case Work(name, seconds):
                yield ToolStarted(name)
                self.worked.append(name)
                await sleep(seconds)
                self.done.append(name)
                yield ToolEnded(name, {}, {}, ok=True)
            case _:
                yield step

    def commit(self, turn: CallerTurn) -> None:
        self.committed.append(turn.id)

    def discard(self, turn: CallerTurn) -> None:
        self.discarded.append(turn.id)

    async def settled(self, outcome: Outcome) -> None:
        self._open += 1
        await sleep(self._settling_s)
        self._open -= 1
        self.outcomes.append(outcome)
