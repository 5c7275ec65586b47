"""The floor's vocabulary: what it is told (news) and what it decides (moves)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["speech", "text", "digits"]
Prompt = Literal["still_there", "apology", "silence", "too_long", "no_transcriber"]


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Voice is heard."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """No voice for a while; `silent_ms` since the last of it."""

    silent_ms: int


@dataclass(frozen=True, slots=True)
class Words:
    """The caller's unanswered words have changed."""

    text: str


@dataclass(frozen=True, slots=True)
class Settled:
    """All words up to the last `Flush` have been reported."""


@dataclass(frozen=True, slots=True)
class Hint:
    """The transcriber's own belief about the turn."""

    kind: Literal["likely_end", "resumed", "ended"]


@dataclass(frozen=True, slots=True)
class Wrote:
    """A written line."""

    text: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """A telephone key."""

    digit: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The caller's button: the agent is to be quiet."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The reply has got further: text or sound has arrived."""


@dataclass(frozen=True, slots=True)
class Sounding:
    """Audio of the reply was handed to the line, which has `ms` to play now."""

    ms: float


@dataclass(frozen=True, slots=True)
class ToolBegan:
    """A tool runs."""


@dataclass(frozen=True, slots=True)
class ToolDone:
    """It has ended, well or badly."""


@dataclass(frozen=True, slots=True)
class Parting:
    """The reply under way is a goodbye."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The reply was heard to its end, or was empty. `said` is its text."""

    said: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The reply under way cannot go on. `lost`: trying it again would say or do something twice."""

    lost: bool = False


@dataclass(frozen=True, slots=True)
class Deafened:
    """Nobody transcribes any more."""


@dataclass(frozen=True, slots=True)
class Tick:
    """`Floor.deadline` has come."""


News = (
    SpeechBegan
    | SpeechEnded
    | Words
    | Settled
    | Hint
    | Wrote
    | Pressed
    | Stop
    | Progress
    | Sounding
    | ToolBegan
    | ToolDone
    | Parting
    | Finished
    | Failed
    | Deafened
    | Tick
)


@dataclass(frozen=True, slots=True)
class Flush:
    """Ask the transcriber for all words so far."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The caller's turn is over: reply. The words now belong to the turn."""

    text: str
    kind: Kind = "speech"
    unanswered: str = ""


@dataclass(frozen=True, slots=True)
class Speculate:
    """The caller's turn is probably over: prepare a reply, play nothing."""

    text: str
    unanswered: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """It was over: the prepared reply is the reply. The words now belong to the turn."""

    text: str


@dataclass(frozen=True, slots=True)
class Discard:
    """It was not: the prepared reply never was."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Perhaps an interruption: be silent at once, keep the reply."""


@dataclass(frozen=True, slots=True)
class Resume:
    """It was none: go on from the word where the reply stopped."""


@dataclass(frozen=True, slots=True)
class Yield:
    """The caller takes the floor: cancel the reply, clear the line."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """The words said meanwhile were not meant for the agent: forget them."""


@dataclass(frozen=True, slots=True)
class Fill:
    """The answer takes its time: let the caller know, while it goes on being made."""


@dataclass(frozen=True, slots=True)
class Recover:
    """Nothing comes: try the reply again, for the `attempt`-th time."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Speak:
    """Say one of the session's own sentences; the reply under way, if any, is over."""

    prompt: Prompt


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Even the apology did not come: the reply is over."""


@dataclass(frozen=True, slots=True)
class End:
    """Close the line."""

    reason: Literal["goodbye", "silence", "too_long", "no_transcriber", "failed"]


Move = (
    Flush
    | Answer
    | Speculate
    | Commit
    | Discard
    | Pause
    | Resume
    | Yield
    | Ignore
    | Fill
    | Recover
    | Speak
    | GiveUp
    | End
)
