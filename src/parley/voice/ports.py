"""The two sides of a session: the `Line` to the caller and the `Responder` that knows what to say."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from parley.voice.events import Event


@dataclass(frozen=True, slots=True)
class Digit:
    """A key of the telephone: 0-9, *, # or A-D."""

    digit: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A line that the caller wrote instead of speaking; it is answered at once."""

    text: str


@dataclass(frozen=True, slots=True)
class Interrupt:
    """The caller pressed the button that stops the agent."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """Nothing more will come. The line returns it for ever after."""


Incoming = bytes | Digit | Typed | Interrupt | HungUp


class Line(Protocol):
    """The way to the caller: a browser's WebSocket, a telephone's media stream, a file. The only part that knows the
    wall clock.

    Frames are handed out at the pace at which they are heard, 20 ms of audio per 20 ms of time, a backlog as fast as
    the line likes while the agent is listening. When nothing arrives for 200 ms the line hands out `frames.SILENCE` at
    that pace, because audio received is the session's clock: with no frames no timer runs, and nobody is answered.
    """

    async def receive(self) -> Incoming:
        """The next frame (`FRAME_BYTES` of PCM16 mono at 16 kHz) or control. Called by one task only."""
        ...

    def tell(self, event: Event) -> None:
        """Take an event for the caller. Returns at once whatever the far end does: a line whose far end does not keep
        up bounds its own outbox and hangs up. `Audio` is queued behind the audio before it; `Clear` drops what is
        queued and makes `unplayed_ms` 0. Never raises."""
        ...

    @property
    def unplayed_ms(self) -> float:
        """How much of the audio handed over has not been heard yet, by marks from the far end or by reckoning
        (`pacing.Playout` does both). Asked at most once per frame and piece; never grows except by `tell`."""
        ...


@dataclass(frozen=True, slots=True)
class CallerTurn:
    """What the caller said.

    `text` holds the new words. `unanswered` holds the words of the turns before it that got no audible answer because
    the caller went on speaking ("a table for two" … "and for Friday"): they were handed over already, unless they were
    speculative. `attempt` 1 is the first; 2 asks for the same again after a failure, 3 and later for another vendor:
    nothing of the earlier attempt was heard and no tool ran in it. `speculative`: the caller has probably finished;
    prepare, but act and store only after `commit(id)`; nothing is played before it.
    """

    id: int
    text: str
    kind: Literal["speech", "text", "digits"] = "speech"
    unanswered: str = ""
    attempt: int = 1
    speculative: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """Text of the reply, in order. Released: it may be spoken at once and is never taken back.

    `lasting`: the same words will be said to others, and hold nothing of this caller's; their sound may be kept.
    """

    text: str
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool is about to act. Until its `ToolEnded` the generator is not cancelled, whatever the caller does, so that
    nothing is done twice; afterwards it may be closed."""

    name: str


@dataclass(frozen=True, slots=True)
class ToolEnded:
    """What the tool confirmed, or why it did not."""

    name: str
    arguments: Mapping[str, Any]
    result: Mapping[str, Any]
    ok: bool


@dataclass(frozen=True, slots=True)
class Goodbye:
    """This reply ends the conversation: once it was heard to its end the line closes."""


ReplyEvent = Say | ToolStarted | ToolEnded | Goodbye


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a reply. `heard` is cut at the word where the caller stopped it; `written` is all of it.

    `turn` is None for sentences of the session itself (greeting, apology, prompt, farewell).
    """

    turn: CallerTurn | None
    heard: str
    written: str
    complete: bool


class Responder(Protocol):
    """Who knows what to say. The engine knows no agent, no prompt and no database."""

    def reply(self, turn: CallerTurn) -> AsyncGenerator[ReplyEvent, None]:
        """Answer. Ends after the last event; an empty reply is a reply (a person has taken over, say). Raises
        `ProviderError`. The engine may cancel it at any await or close it at any yield outside of a tool. Replies never
        overlap: the next one begins when this one is closed and its `settled` has returned."""
        ...

    def commit(self, turn: CallerTurn) -> None:
        """The speculative turn is the caller's turn. Returns at once."""
        ...

    def discard(self, turn: CallerTurn) -> None:
        """The speculative turn never was: its reply is being closed. Returns at once."""
        ...

    async def settled(self, outcome: Outcome) -> None:
        """Called once per reply that was not discarded, after it was heard or cut: history keeps `heard`. An attempt
        that failed is a reply of which nothing was heard. After 10 s it is cancelled."""
        ...
