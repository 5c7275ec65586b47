"""What a turn says while it happens. `channels.wire` is the only place that turns these into JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Cached = Literal["exact", "semantic"] | Literal[False]


@dataclass(frozen=True, slots=True)
class Opened:
    """The caller's message is stored; the turn belongs to this conversation."""

    conversation_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Delta:
    """Released text: it passed the gate and will not be taken back. `remembered`: the same words went to others."""

    text: str
    remembered: bool = False


@dataclass(frozen=True, slots=True)
class Acting:
    """A tool is about to run; its `Action` follows. Until then whoever listens must not turn away.

    `lasting`: what it does goes to somebody else and cannot be taken back; who is not sure yet that the caller has
    finished lets it wait, by not asking for the next event, and may turn away meanwhile.
    """

    name: str
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """A tool ran. `result` is what it confirmed, or why it did not."""

    name: str
    arguments: Mapping[str, Any]
    result: Mapping[str, Any]
    ok: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A document the answer was taken from."""

    document_id: str
    title: str
    source: str
    score: float


@dataclass(frozen=True, slots=True)
class Done:
    """The turn is settled: everything in here is on disk. Durations in milliseconds.

    `held`: a person has taken the conversation over, so the agent said nothing. `ends`: the flow has come to its end.
    """

    conversation_id: str
    message_id: str
    reply: str
    intent: str
    language: str
    slots: Mapping[str, Any]
    sources: tuple[Source, ...] = ()
    cached: Cached = False
    escalate: bool = False
    emergency: bool = False
    actions: tuple[Action, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    held: bool = False
    ends: bool = False


Event = Opened | Delta | Acting | Action | Done
