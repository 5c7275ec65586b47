"""From a `ChatRequest` to the body of `POST /v1/messages`, API version 2026-10-21. Pure.

What the vendor insists on and the product's messages do not: the first line is the caller's; a system message in the
middle stands behind a user's line and before an assistant's; all results of a step are one user message, results
first; each tool call has its result; no text is empty; the last line is not the assistant's. Sampling fields are a 400.
Sources: Anthropic API docs, "Messages", "Mid-conversation system messages", "Prompt caching", "Thinking".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parley.inference.chat import ChatRequest, Message, ToolSpec

Blocks = list[dict[str, Any]]

_BREAKPOINT = {"type": "ephemeral"}
_OPENING = "[The conversation begins.]"
_GO_ON = "[Go on.]"
_NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9_-]")
_SCHEMA = "schema:"


@dataclass(frozen=True, slots=True)
class Thinking:
    """How one model is kept from thinking before it speaks: `mode` is sent as `thinking.type` ("" for nothing),
    `effort` as `output_config.effort`. `tokens` are added to the bound, because thinking counts against it."""

    mode: str = ""
    effort: str = ""
    tokens: int = 0


_ALWAYS = Thinking(effort="low", tokens=1024)
# The first prefix that fits; what is not listed thinks only when told to.
_FAMILIES: tuple[tuple[str, Thinking], ...] = (
    ("claude-haiku-5", Thinking("disabled")),
    ("claude-sonnet-5-5", Thinking("between_tools", tokens=256)),
    ("claude-sonnet-5", Thinking("disabled")),
    ("claude-opus-5-5", _ALWAYS),
    ("claude-opus-5", Thinking("disabled")),
    ("claude-fable", _ALWAYS),
    ("claude-mythos", _ALWAYS),
)


class Concessions:
    """What one model has been found to refuse, learned from its own 400s, so that each costs one request once.

    The vendor names no field beside its sentence, but the sentence begins with or quotes the field's path.
    """

    _WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
        ("thinking", re.compile(r"^thinking\b|\bthinking\.type\b")),
        ("effort", re.compile(r"\beffort\b")),
        ("schema", re.compile(r"output_config\.format|(?<!input_)schema\b|\bgrammar\b", re.IGNORECASE)),
        ("system", re.compile(r"messages\.\d+\.role|\brole\b.*\bsystem\b|\bsystem\b.*\brole\b")),
        ("cache_control", re.compile(r"cache_control")),
    )

    def __init__(self, model: str) -> None:
        self._thinking = next((how for prefix, how in _FAMILIES if model.startswith(prefix)), Thinking())
        self._without: set[str] = set()

    @property
    def thinking(self) -> Thinking:
        """What is sent now. A model that cannot be kept from thinking is asked for little of it."""
        how = _ALWAYS if "thinking" in self._without else self._thinking
        return Thinking(how.mode, "", how.tokens) if "effort" in self._without else how

    def allows(self, name: str, request: ChatRequest) -> bool:
        """Whether this may still be sent. A schema that was refused does not speak against another one."""
        return (_digest(request) if name == "schema" else name) not in self._without

    def concede(self, sentence: str, request: ChatRequest) -> bool:
        """Give in on what the sentence is about; False where that is nothing that was sent."""
        sent = {
            "thinking": bool(self.thinking.mode),
            "effort": bool(self.thinking.effort),
            "schema": request.answer_schema is not None,
            "system": any(message.role == "system" for message in request.messages[1:]),
            "cache_control": True,
        }
        for name, words in self._WORDS:
            if sent[name] and self.allows(name, request) and words.search(sentence):
                self._without.add(_digest(request) if name == "schema" else name)
                return True
        return False


def request_body(
    request: ChatRequest, model: str, concessions: Concessions, thoughts: Mapping[str, Blocks]
) -> dict[str, Any]:
    """The JSON body. `thoughts` are the blocks that went before a tool call, by its id: they have to go back."""
    how = concessions.thinking
    first, rest = _split(request.messages)
    body: dict[str, Any] = {"model": model, "max_tokens": request.max_tokens + how.tokens, "stream": True}
    systems = [{"type": "text", "text": first}] if first else []
    if not concessions.allows("system", request):
        systems += [{"type": "text", "text": line.content} for line in rest if line.role == "system"]
        rest = [line for line in rest if line.role != "system"]
    if systems:
        body["system"] = systems
    body["messages"] = _messages(rest, thoughts)
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    elif called := _called(body["messages"]):
        # A talk with calls in it is a 400 without their tools. These may no longer be called.
        body["tools"] = [{"name": name, "input_schema": {"type": "object"}} for name in called]
        body["tool_choice"] = {"type": "none"}
    if how.mode:
        body["thinking"] = {"type": how.mode}
    config: dict[str, Any] = {"effort": how.effort} if how.effort else {}
    if request.answer_schema is not None and concessions.allows("schema", request):
        config["format"] = {"type": "json_schema", "schema": dict(request.answer_schema)}
    if config:
        body["output_config"] = config
    if concessions.allows("cache_control", request):
        _mark(body)
    return body


def _split(messages: Sequence[Message]) -> tuple[str, Sequence[Message]]:
    """The opening system prompt, and what follows it."""
    if messages and messages[0].role == "system":
        return messages[0].content.strip(), messages[1:]
    return "", messages


def _mark(body: dict[str, Any]) -> None:
    """Break points of the prefix cache: behind tools and system prompt, and behind the talk up to the caller's last
    line. What holds for this turn only stands behind both."""
    if "system" in body:
        body["system"][0]["cache_control"] = _BREAKPOINT
    elif "tools" in body:
        body["tools"][-1]["cache_control"] = _BREAKPOINT
    spoken = [line for line in body["messages"] if line["role"] == "user"]
    if spoken:
        spoken[-1]["content"][-1]["cache_control"] = _BREAKPOINT


def _messages(messages: Sequence[Message], thoughts: Mapping[str, Blocks]) -> list[dict[str, Any]]:
    called = {call.id for message in messages for call in message.tool_calls}
    answered = {message.tool_call_id for message in messages if message.role == "tool"} & called
    lines: list[dict[str, Any]] = []
    waiting: list[str] = []  # system texts on their way behind the next user line
    for message in messages:
        if message.role == "system":
            if message.content.strip():
                waiting.append(message.content.strip())
            continue
        role, blocks = _blocks(message, answered, thoughts)
        if not blocks:
            continue
        if role == "assistant":
            if not lines:
                lines.append(_line("user", _OPENING))
            _settle(lines, waiting)
        if lines and lines[-1]["role"] == role:
            lines[-1]["content"] += blocks
        else:
            lines.append({"role": role, "content": blocks})
    if not lines or lines[-1]["role"] == "assistant":
        lines.append(_line("user", _GO_ON if lines else _OPENING))
    _settle(lines, waiting)
    return lines


def _settle(lines: list[dict[str, Any]], waiting: list[str]) -> None:
    """Put the waiting system texts behind the user line that the talk has come to."""
    if waiting and lines[-1]["role"] == "user":
        lines.append(_line("system", "\n\n".join(waiting)))
        waiting.clear()


def _called(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted({block["name"] for line in lines for block in line["content"] if block["type"] == "tool_use"})


def _line(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text}]}


def _blocks(message: Message, answered: set[str | None], thoughts: Mapping[str, Blocks]) -> tuple[str, Blocks]:
    if message.role == "tool":
        if message.tool_call_id not in answered:
            return "user", []
        result = {"type": "tool_result", "tool_use_id": _id(message.tool_call_id or "")}
        return "user", [{**result, "content": message.content or "{}"}]
    text: Blocks = [{"type": "text", "text": message.content}] if message.content.strip() else []
    if message.role == "user":
        return "user", text
    # A call that nothing answered (the caller interrupted) is left out: alone it is a 400.
    calls = [call for call in message.tool_calls if call.id in answered]
    thought = thoughts.get(calls[0].id, []) if calls else []
    uses = [
        {"type": "tool_use", "id": _id(call.id), "name": call.name, "input": dict(call.arguments)} for call in calls
    ]
    return "assistant", [*thought, *text, *uses]


def _id(written: str) -> str:
    """Another vendor's call may have an id that this one does not take."""
    return _NOT_IN_AN_ID.sub("_", written) or "call"


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}


def _digest(request: ChatRequest) -> str:
    written = json.dumps(request.answer_schema, sort_keys=True, default=str)
    return _SCHEMA + hashlib.blake2b(written.encode(), digest_size=12).hexdigest()
