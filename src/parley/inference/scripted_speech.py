"""Doubles for speech whose audio says which words it is: every sample of a word holds the word's number.

So a transcript is exactly what was fed and a recording can be read back: what a test finds in them cannot be made up.
All delays are anyio's, hence virtual on a virtual clock.
"""

from __future__ import annotations

import random
from array import array
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from anyio import Event, sleep, sleep_forever

from parley.inference.speech import (
    FRAME_MS,
    HEARD_RATE,
    Final,
    Flushed,
    Heard,
    Hearing,
    Partial,
    SpeakerCapabilities,
    Speech,
    TranscriberCapabilities,
    Voice,
    Word,
)

_LOUDNESS = 1000  # of word number 0
_LOUD = 500
_EVERY = 16  # th sample is looked at by the energy detector


class Tape:
    """Writes words as audio and reads them back."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._numbers: dict[str, int] = {}

    def pcm(self, word: str, ms: float, sample_rate: int = HEARD_RATE) -> bytes:
        """`word`, spoken for `ms`."""
        number = self._numbers.setdefault(word, len(self._words))
        if number == len(self._words):
            self._words.append(word)
        return array("h", [_LOUDNESS + number]).tobytes() * round(sample_rate * ms / 1000)

    def frames(self, text: str, word_ms: int = 240, gap_ms: int = 0) -> list[bytes]:
        """The words of `text` as frames, `gap_ms` of silence between two (which tells equal words apart)."""
        found: list[bytes] = []
        silence = bytes(2 * HEARD_RATE * FRAME_MS // 1000)
        for word in text.split():
            found += [self.pcm(word, FRAME_MS)] * (word_ms // FRAME_MS)
            found += [silence] * (gap_ms // FRAME_MS)
        return found

    @staticmethod
    def noise(ms: int) -> list[bytes]:
        """A cough: as loud as speech, without a word."""
        return [array("h", [-_LOUDNESS]).tobytes() * (HEARD_RATE * FRAME_MS // 1000)] * (ms // FRAME_MS)

    def word(self, sample: int) -> str | None:
        """The word that a sample belongs to; None for silence and noise."""
        number = sample - _LOUDNESS
        return self._words[number] if 0 <= number < len(self._words) else None

    def read(self, pcm: bytes) -> list[tuple[str, int]]:
        """The words of a recording, each with its number of samples, in order; runs of one word are one."""
        runs = ((sample, len(list(run))) for sample, run in groupby(memoryview(pcm).cast("h")))
        return [(word, length) for sample, length in runs if (word := self.word(sample)) is not None]


class EnergyVad:
    """Speech is what is loud."""

    def __call__(self, frame: bytes) -> float:
        samples = memoryview(frame).cast("h")[::_EVERY]
        return 1.0 if max(map(abs, samples), default=0) >= _LOUD else 0.0


class ScriptedVad:
    """Says what it is told to, one probability per frame, then silence."""

    def __init__(self, probabilities: Iterable[float]) -> None:
        self._left = deque(probabilities)

    def __call__(self, frame: bytes) -> float:  # noqa: ARG002 - the port's signature
        return self._left.popleft() if self._left else 0.0


@dataclass(frozen=True, slots=True)
class Mischief:
    """What transcribers do. Probabilities per final, `delay_s` before a final is there.

    twice: the same segment is reported again. anew: reported again as a segment of its own. silent: `finish` is never
    answered.
    """

    delay_s: tuple[float, float] = (0.05, 0.05)
    twice: float = 0.0
    anew: float = 0.0
    silent: float = 0.0


class ScriptedTranscriber:
    """Understands exactly what is on the tape. `faults` are raised by the first openings. `openings`
    counts; `language` and `hints` are those of the last."""

    def __init__(
        self,
        tape: Tape,
        *,
        mischief: Mischief | None = None,
        capabilities: TranscriberCapabilities | None = None,
        faults: Sequence[Exception] = (),
        opening_s: float = 0.0,
        chance: random.Random | None = None,
    ) -> None:
        self._tape = tape
        self._mischief = mischief or Mischief()
        self._capabilities = capabilities or TranscriberCapabilities()
        self._faults = deque(faults)
        self._opening_s = opening_s
        self._chance = chance or random.Random(0)
        self.openings = 0
        self.language = ""
        self.hints: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "scripted/transcriber"

    @property
    def capabilities(self) -> TranscriberCapabilities:
        return self._capabilities

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> Hearing:
        self.openings += 1
        self.language, self.hints = language, hints
        await sleep(self._opening_s)
        if self._faults:
            raise self._faults.popleft()
        return _ScriptedHearing(self._tape, self._mischief, self._capabilities, self._chance)


class _ScriptedHearing:
    def __init__(
        self, tape: Tape, mischief: Mischief, capabilities: TranscriberCapabilities, chance: random.Random
    ) -> None:
        self._tape = tape
        self._mischief = mischief
        self._partials = capabilities.partials
        self._chance = chance
        self._segment = 0
        self._words: list[str] = []
        self._last: str | None = None
        self._reports: deque[tuple[float, Heard]] = deque()
        self._news = Event()
        self._closed = False

    def feed(self, frame: bytes) -> None:
        word = self._tape.word(int.from_bytes(frame[:2], "little", signed=True))
        if word is not None and word != self._last:
            self._words.append(word)
            if self._partials:
                self._report(Partial(" ".join(self._words), self._segment))
        self._last = word

    def finish(self, mark: int) -> None:
        mischief, chance = self._mischief, self._chance
        if chance.random() < mischief.silent:
            return
        if self._words:
            text = " ".join(self._words)
            self._report(Final(text, self._segment), chance.uniform(*mischief.delay_s))
            if chance.random() < mischief.twice:
                self._report(Final(text, self._segment), 0.01)
            again = chance.random() < mischief.anew
            self._segment += 1
            self._report(Flushed(mark))
            if again:
                self._report(Final(text, self._segment), 0.02)
                self._segment += 1
            self._words = []
            self._last = None
        else:
            self._report(Flushed(mark), chance.uniform(*mischief.delay_s))

    async def events(self) -> AsyncGenerator[Heard, None]:
        while not self._closed:
            while self._reports:
                delay, report = self._reports.popleft()
                await sleep(delay)
                yield report
            self._news = Event()
            await self._news.wait()

    async def aclose(self) -> None:
        self._closed = True
        self._news.set()

    def _report(self, event: Heard, delay_s: float = 0.0) -> None:
        self._reports.append((delay_s, event))
        self._news.set()


class Mute:
    """In a speaker's script: it says nothing and ends."""


class Hang:
    """In a speaker's script: it says nothing for ever."""


@dataclass(slots=True)
class ScriptedSpeaker:
    """Speaks words onto the tape, `word_ms` each. One step of `script` per phrase: an exception is raised, after
    `fails_after` pieces; then, and for None, it speaks. `texts` are the phrases asked for."""

    tape: Tape
    word_ms: int = 240
    first_s: float = 0.0
    piece_ms: int = 400
    sample_rate: int = HEARD_RATE
    word_times: bool = True
    script: deque[Exception | Mute | Hang | None] = field(default_factory=deque)
    fails_after: int = 0
    pause_s: Callable[[], float] = lambda: 0.0
    name: str = "scripted/speaker"
    texts: list[str] = field(default_factory=list)
    voices: list[Voice] = field(default_factory=list)

    @property
    def capabilities(self) -> SpeakerCapabilities:
        return SpeakerCapabilities(word_times=self.word_times)

    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        self.texts.append(text)
        self.voices.append(voice)
        step = self.script.popleft() if self.script else None
        if isinstance(step, Mute):
            return
        await sleep(self.first_s)
        for number, piece in enumerate(self._pieces(text)):
            if number == self.fails_after:
                if isinstance(step, Hang):
                    await sleep_forever()
                if isinstance(step, Exception):
                    raise step
            yield piece
            await sleep(self.pause_s())

    def _pieces(self, text: str) -> list[Speech]:
        words = text.split()
        per_piece = max(1, self.piece_ms // self.word_ms)
        found = []
        for start in range(0, len(words), per_piece):
            spoken = words[start : start + per_piece]
            times = tuple(
                Word(word, (start + index) * self.word_ms, (start + index + 1) * self.word_ms)
                for index, word in enumerate(spoken)
            )
            pcm = b"".join(self.tape.pcm(word, self.word_ms, self.sample_rate) for word in spoken)
            found.append(Speech(pcm, self.sample_rate, times if self.word_times else ()))
        return found
