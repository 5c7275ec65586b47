"""Who is on a line of Retell's, what is remembered of them between two connections, and what a line works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from parley.channels.retell_frames import STAY, Ending, Transcript
from parley.conversations import Lines, Responder, Transcripts
from parley.kit.events import Listener


@dataclass(frozen=True, slots=True)
class Party:
    """Whose call a connection carries. `greeting` "": the caller speaks first. `transfer_number`: where a caller who
    wants a person is transferred to, E.164; None where nobody can be reached. `hears_noise`: the agent's flow itself
    says what is asked again where nothing could be understood."""

    tenant_id: str
    agent_id: str
    call_id: str
    conversation_id: str
    language: str = "en"
    greeting: str = ""
    transfer_number: str | None = None
    hears_noise: bool = False
    user_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Ledger(Protocol):
    """Where a call's progress is noted: the room of calls."""

    async def talks(self, party: Party) -> None:
        """The conversation has begun."""
        ...

    async def heard(self, party: Party, transcript: Transcript) -> None:
        """The carrier's transcript so far."""
        ...

    async def is_over(self, party: Party) -> bool:
        """Whether the call was cancelled or has ended for us, so that the line is to be hung up."""
        ...


@dataclass(slots=True)
class Reply:
    """An answer under way or given. `place`: how many runs of speech the transcript had when it was asked for (None:
    through another process). `text` is all that was sent, of which the first `filler` characters are no answer.

    `busy`: at something that must not be done by halves, a line on its way to the record or a tool.
    """

    response_id: int
    words: str
    place: int | None
    question_id: str | None = None
    line_id: str | None = None
    text: str = ""
    filler: int = 0
    busy: bool = True
    dropped: bool = False
    failed: bool = False
    complete: bool = False
    ending: Ending = STAY


@dataclass(slots=True)
class Memory:
    """What outlives a connection: Retell dials again after a break, with the same call.

    `was_heard`: the transcript has shown words of anyone. `shows_agent`: and of the agent; what it does not show of an
    answer was not spoken.
    """

    past: Reply | None = None
    was_heard: bool = False
    shows_agent: bool = False
    silences: int = 0
    noises: int = 0
    interrupts: int = 0


@dataclass(frozen=True, slots=True)
class TalkParts:
    """What a connection works with."""

    responder: Responder
    lines: Lines
    transcripts: Transcripts
    listener: Listener
    ledger: Ledger
