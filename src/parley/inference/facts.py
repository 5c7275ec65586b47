"""What is known about a turn before anyone writes a word: the typed half of a `ChatRequest`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

SlotValue = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the business's knowledge. `score` is 0..1, higher is nearer; `source` is menu, faq, policy, …"""

    document_id: str
    title: str
    source: str
    content: str
    score: float
    heading: str = ""
    chunk_id: str = ""


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What a tool that ran in this turn confirmed. `ok` False: `result` says why, in a sentence under "error"."""

    name: str
    arguments: Mapping[str, Any]
    result: Mapping[str, Any]
    ok: bool


StepKind = Literal["answer", "say", "ask", "call", "handoff", "end"]


@dataclass(frozen=True, slots=True)
class Step:
    """Where the agent's flow stands and what it wants of this turn.

    answer: reply freely from the passages. say: speak `text`. ask: ask for `slots[0]` (worded as `text` where given).
    call: run `tool` with `arguments`. handoff: a person takes over. end: say goodbye.
    """

    kind: StepKind
    node: str = ""
    text: str = ""
    slots: tuple[str, ...] = ()
    tool: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a reply may be built from.

    `message` is the caller's line as the model may see it (masked where the agent masks). `intent` is one of booking,
    faq, pricing, lead_capture, escalation, emergency, greeting, thanks, goodbye, affirm, deny, unknown or a name of the
    tenant's own. `slots` holds what the conversation has established, normalised (date ISO, time HH:MM, …).
    `previous` is the agent's last line, "" in the first turn. `heard` are the caller's earlier lines, oldest first.
    `about` is what the talk has come to be about, such as a listing; it comes before the passages.
    `outcomes` are the tools that ran in this turn, in order.
    """

    message: str
    language: str = "en"
    intent: str = "unknown"
    confidence: float = 0.0
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    passages: tuple[Passage, ...] = ()
    previous: str = ""
    heard: tuple[str, ...] = ()
    step: Step | None = None
    outcomes: tuple[ToolOutcome, ...] = ()
    about: Passage | None = None
    agent_name: str = ""
    agent_type: str = "custom"
    business: str = ""
    industry: str = ""
    today: str = ""
    greeting: str = ""
