"""What a session tells its line, in order. The line turns these into its protocol; `Audio` and `Clear` are its sound.

All are handed over by `Line.tell`, which returns at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["listening", "thinking", "speaking"]
Reason = Literal["hung_up", "goodbye", "silence", "too_long", "no_transcriber", "failed"]


@dataclass(frozen=True, slots=True)
class Ready:
    """The session listens."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The caller is heard to speak, which need not be more than a cough. `at_ms` of audio received."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """`at_ms` is where the last voiced frame ended."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class TranscriptPartial:
    """All unanswered words so far; replaces the one before."""

    text: str


@dataclass(frozen=True, slots=True)
class TranscriptFinal:
    """The words of a turn. Exactly one per turn; `turn` counts from 1. `kind`: how it reached us."""

    text: str
    turn: int
    kind: Literal["speech", "text", "digits"] = "speech"


@dataclass(frozen=True, slots=True)
class AgentState:
    """ "speaking" begins with the first audio handed over and ends when it was heard."""

    state: State


@dataclass(frozen=True, slots=True)
class ReplyDelta:
    """A piece of the reply's text as it was written; what was heard of it is told by `Heard`."""

    text: str
    reply: int


@dataclass(frozen=True, slots=True)
class Audio:
    """PCM16 mono to be played after what was handed over before. The piece with `last` ends a reply and may be empty.
    `reply` counts from 1, `seq` from 0 within it."""

    pcm: bytes
    sample_rate: int
    reply: int
    seq: int
    last: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Comes back, or is reached by the line's own reckoning, when all audio before it was played."""

    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Drop everything not yet played, at once."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A reply's end: what the caller has heard of it. `complete` False: cut by an interruption or the end."""

    text: str
    reply: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Action:
    """A tool ran."""

    name: str
    arguments: Mapping[str, Any]
    result: Mapping[str, Any]
    ok: bool


@dataclass(frozen=True, slots=True)
class Metrics:
    """Milliseconds of one turn, None where a step did not take place.

    From the end of the caller's speech, in audio received: `decision_ms` until the turn was taken, `transcript_ms`
    until all its words were there. From the decision, by the clock: `first_text_ms`, `first_audio_ms` (handed to the
    line). `heard_ms` is how much of the reply was played, `spoken_ms` how much was handed over.
    """

    turn: int
    decision_ms: float | None = None
    transcript_ms: float | None = None
    first_text_ms: float | None = None
    first_audio_ms: float | None = None
    heard_ms: float = 0.0
    spoken_ms: float = 0.0
    interrupted: bool = False
    speculative: bool = False
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Error:
    """Something failed and the session goes on, unless `Ended` follows. `code` is stable and dotted."""

    code: str
    detail: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event."""

    reason: Reason
    duration_ms: int


Event = (
    Ready
    | SpeechStarted
    | SpeechStopped
    | TranscriptPartial
    | TranscriptFinal
    | AgentState
    | ReplyDelta
    | Audio
    | Mark
    | Clear
    | Heard
    | Action
    | Metrics
    | Error
    | Ended
)
