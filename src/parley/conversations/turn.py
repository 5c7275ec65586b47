"""The values a turn is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from parley.agents import Flow, LlmChoice, Version, default_flow
from parley.conversations import store
from parley.conversations.events import Action, Cached, Source
from parley.conversations.unwritten import Talk
from parley.experiments import Arm
from parley.inference.facts import SlotValue
from parley.inference.ports import ChatModel
from parley.inference.usage import Usage
from parley.kit.errors import InvalidInput
from parley.privacy import Masking
from parley.tenants import Tenant

MAX_MESSAGE_CHARACTERS = 10_000


class ModelChoice(Protocol):
    """Which chat model answers: given by the wiring, which knows vendors and keys."""

    async def for_agent(self, tenant_id: str, choice: str | LlmChoice | None) -> ChatModel:
        """The chain of models for an agent's choice; its last link always answers."""
        ...


@dataclass(frozen=True, slots=True)
class Ask:
    """One line of a caller and where it belongs. A left-out conversation begins a new one.

    `prompt_id`: the prompt under experiment that was chosen before the first line, for its voice.
    """

    tenant_id: str
    message: str
    agent_id: str | None = None
    conversation_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    channel: str = "text"
    prompt_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raise `InvalidInput` for a message that cannot be one."""
        if not self.message.strip():
            raise InvalidInput("message must not be empty.")
        if len(self.message) > MAX_MESSAGE_CHARACTERS:
            raise InvalidInput(f"message must be at most {MAX_MESSAGE_CHARACTERS:,} characters long.")


@dataclass(frozen=True, slots=True)
class Turn:
    """What is on record when a turn begins: the caller's line is stored, the turn is taken.

    `said` are the caller's own words, for understanding alone; `message`, the earlier lines and the slots are as a
    model and a disk may have them, masked where the agent masks.
    """

    tenant: Tenant
    version: Version
    conversation: store.Conversation
    earlier: tuple[store.Message, ...]
    question_id: str
    message: str
    said: str
    masking: Masking
    talk: Talk | None = None
    arm: Arm | None = None

    @property
    def previous(self) -> str:
        """The agent's last line."""
        return next((line.content for line in reversed(self.earlier) if line.role != "user"), "")

    @property
    def heard(self) -> tuple[str, ...]:
        """The caller's earlier lines, oldest first."""
        return tuple(line.content for line in self.earlier if line.role == "user")

    @property
    def slots(self) -> dict[str, SlotValue]:
        """What the conversation had established before this turn."""
        return dict(self.conversation.state.get("slots", {}))

    @property
    def done(self) -> frozenset[str]:
        """The tools that confirmed something earlier in this conversation."""
        return frozenset(self.conversation.state.get("done", ()))

    @property
    def language(self) -> str:
        """The language to expect."""
        return self.version.definition.language or self.conversation.language or self.tenant.language

    def flow(self) -> Flow:
        """The agent's own flow; where that adds nothing to its scenario's, the type's, begun as the scenario begins."""
        own, scenario = self.version.definition.flow, self.version.scenario_type
        if own is None or (own.bare and scenario):
            return default_flow(self.version.type, scenario)
        return own


@dataclass(slots=True)
class Answer:
    """What the turn has said and done so far. `put_right`: the gate said something in place of the model's words."""

    intent: str = "unknown"
    language: str = "en"
    slots: dict[str, SlotValue] = field(default_factory=dict)
    reply: str = ""
    sources: tuple[Source, ...] = ()
    cached: Cached = False
    escalate: bool = False
    emergency: bool = False
    actions: list[Action] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    node: str | None = None
    alarm: dict[str, Any] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    ends: bool = False
    cut_short: bool = False
    put_right: bool = False
