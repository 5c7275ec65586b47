"""What is said to a chat model, and what it says back.

A `ChatRequest` carries the messages a hosted model reads and the typed `Facts` they were written from. Hosted adapters
ignore the facts; the house responder reads nothing else, so prompt text is never parsed back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from parley.inference.facts import Facts
from parley.inference.usage import Usage

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool the model may call. `parameters` is a JSON schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A complete call; as an event it is yielded once its arguments have fully arrived and are valid JSON."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the conversation as the model sees it. `tool_call_id` is set on role tool only."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request for one reply. `max_tokens` bounds the reply; `temperature` None means the vendor's default.

    `answer_schema`: the reply shall be one JSON object that fits this JSON schema. A model that cannot promise it
    answers as well as it can: who asks must check what comes.
    """

    messages: tuple[Message, ...]
    facts: Facts
    tools: tuple[ToolSpec, ...] = ()
    temperature: float | None = None
    max_tokens: int = 500
    answer_schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the reply's text, in order, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every stream that did not raise. `model` is the catalog name that really answered."""

    reason: FinishReason = "stop"
    usage: Usage = field(default_factory=Usage)
    model: str = ""


ChatEvent = TextDelta | ToolCall | Finished
