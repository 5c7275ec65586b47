"""Speech in and out: what a transcriber, a speaker and a voice activity detector look like to the voice engine.

Audio is PCM16 little-endian mono. What is heard comes in frames of 20 ms at 16 kHz (640 bytes); what is spoken has the
speaker's own rate. Times are milliseconds. One object of each port serves many sessions at once; what belongs to one
session is the `Hearing` or the detector that it hands out.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

FRAME_MS = 20
HEARD_RATE = 16_000
FRAME_BYTES = HEARD_RATE * FRAME_MS // 1000 * 2


@dataclass(frozen=True, slots=True)
class Word:
    """A word and when it is said. Heard: since the hearing began. Spoken: since the first sample of its text."""

    text: str
    start_ms: float
    end_ms: float
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Partial:
    """The words of `segment` as understood so far; replaces the partial before it."""

    text: str
    segment: int = 0


@dataclass(frozen=True, slots=True)
class Final:
    """The words of `segment` for good; a later `Final` of the same segment replaces them. "" means no words.

    Segments are numbered upwards by the transcriber; one stretch of speech may be several segments, whose texts follow
    each other.
    """

    text: str
    segment: int = 0
    confidence: float = 1.0
    language: str = ""
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Flushed:
    """Everything fed before `finish(mark)` has been reported. Follows each `finish` exactly once."""

    mark: int


@dataclass(frozen=True, slots=True)
class TurnHint:
    """What a transcriber that models turns itself believes: the caller probably finished, goes on, or has finished."""

    kind: Literal["likely_end", "resumed", "ended"]


Heard = Partial | Final | Flushed | TurnHint


@dataclass(frozen=True, slots=True)
class TranscriberCapabilities:
    """`continuous`: wants every frame, silence included (its own endpointing, or billed by the open socket anyway);
    else it is fed speech only, with a short lead-in. `partials`: reports words while the caller speaks. `hints`: sends
    `TurnHint`. `languages`: ISO 639-1 codes, empty for any."""

    languages: frozenset[str] = frozenset()
    partials: bool = True
    continuous: bool = False
    hints: bool = False


@runtime_checkable
class Hearing(Protocol):
    """One session's ear. `feed` and `finish` return at once: they belong to the frame path and must not block, decode
    or await. An implementation that falls behind reports `ProviderStalled` from `events`, it never grows unbounded.

    One that decodes on this machine may have `behind`, the frames that it was fed and has not read yet: a recording
    that is sent at once is then read to it no faster than it can follow."""

    def feed(self, frame: bytes) -> None:
        """Take one frame of `FRAME_BYTES`."""
        ...

    def finish(self, mark: int) -> None:
        """The caller paused: report what is still open, then `Flushed(mark)`. More frames may follow."""
        ...

    def events(self) -> AsyncGenerator[Heard, None]:
        """What was understood, in order, until `aclose`. Iterated once. Raises `ProviderError`."""
        ...

    async def aclose(self) -> None:
        """Ends `events` and releases connections. Idempotent, never raises."""
        ...


@runtime_checkable
class Transcriber(Protocol):
    """Turns speech into words. `name` is the catalog name, "vendor/model"."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> TranscriberCapabilities: ...

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> Hearing:
        """A hearing of one session's own. `hints` are words to expect (names, dishes, places). Raises `ProviderError`;
        `ProviderRefused` for a language that it does not know."""
        ...


@dataclass(frozen=True, slots=True)
class Voice:
    """How to speak. `name` "" is the speaker's own choice for the language; `speed` 1.0 is its normal one."""

    name: str = ""
    language: str = "en"
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Speech:
    """A piece of spoken audio. `words` are those that begin in it, in order; empty where the speaker times none."""

    pcm: bytes
    sample_rate: int = HEARD_RATE
    words: tuple[Word, ...] = ()

    @property
    def duration_ms(self) -> float:
        return len(self.pcm) / 2 / self.sample_rate * 1000


@dataclass(frozen=True, slots=True)
class SpeakerCapabilities:
    """`word_times`: every word comes with its times. `languages`: ISO 639-1 codes, empty for any."""

    languages: frozenset[str] = frozenset()
    word_times: bool = False


@runtime_checkable
class Speaker(Protocol):
    """Turns text into speech. `name` is the catalog name, "vendor/voice family"."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> SpeakerCapabilities: ...

    def speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        """Speak one phrase, in pieces of any length as they become ready, the first as early as possible; pieces of one
        phrase have one sample rate. Raises `ProviderError`. Closing the generator cancels the rest at the vendor."""
        ...


@runtime_checkable
class Vad(Protocol):
    """One session's voice activity detector. Called once per frame, in the frame path: no await, no thread."""

    def __call__(self, frame: bytes) -> float:
        """The probability, 0..1, that somebody speaks. A detector with longer windows repeats its last value until the
        next window is full; silence to begin with."""
        ...


@runtime_checkable
class VadFactory(Protocol):
    """Makes a detector per session; shares the weights."""

    def __call__(self) -> Vad: ...
