"""From a `ChatRequest` to the body of `POST /chat/completions`; how servers differ is a row of `Quirks`. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from parley.inference.chat import ChatRequest, Message, ToolSpec

# A prefix cache starts to match at about a thousand tokens; more of the prompt would fold in what changes per turn.
_CACHE_KEY_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class Quirks:
    """How one OpenAI-compatible server differs.

    `max_tokens_field`: the name it accepts for the bound on the reply. `obfuscation`: it pads deltas unless told not
    to. `cache_key`: it routes by `prompt_cache_key`. `x_groq`: usage and mid-stream errors may arrive under `x_groq`.
    `reasoning_tokens`: added to the bound, because hidden reasoning counts against it. `schema_alone`: a JSON schema
    goes neither with a stream nor with tools. `strict_schema`: it can hold the model to a schema word for word.
    `extra`: further body fields.
    """

    max_tokens_field: Literal["max_completion_tokens", "max_tokens"] = "max_tokens"
    obfuscation: bool = False
    cache_key: bool = False
    x_groq: bool = False
    reasoning_tokens: int = 0
    schema_alone: bool = False
    strict_schema: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)


# What to try instead of a value that a model refuses with a 400 naming the field; None leaves the field out.
_RETREATS: dict[str, tuple[Any, ...]] = {
    "reasoning_effort": ("low", None),
    "include_reasoning": (None,),
    "temperature": (None,),
    "stream_options": (None,),
    "prompt_cache_key": (None,),
    "response_format": ({"type": "json_object"}, None),
}
_BOUNDS = ("max_tokens", "max_completion_tokens")


class Concessions:
    """What one model has been found to refuse, learned from its own 400s, so that each costs one request once."""

    def __init__(self) -> None:
        self._instead: dict[str, Any] = {}
        self._tried: dict[str, int] = {}
        self._swapped = False

    def concede(self, field_name: str | None) -> bool:
        """Give in on this field; False where nothing is left to try."""
        if field_name in _BOUNDS and not self._swapped:
            self._swapped = True
            return True
        retreats = _RETREATS.get(field_name or "", ())
        step = self._tried.get(field_name or "", 0)
        if field_name is None or step >= len(retreats):
            return False
        self._tried[field_name] = step + 1
        self._instead[field_name] = retreats[step]
        return True

    def apply(self, body: dict[str, Any]) -> None:
        """Change `body` accordingly."""
        for name, value in self._instead.items():
            if value is None:
                body.pop(name, None)
            elif name in body:
                body[name] = value
        if self._swapped:
            first, second = _BOUNDS if _BOUNDS[0] in body else reversed(_BOUNDS)
            body[second] = body.pop(first)


def request_body(request: ChatRequest, model: str, quirks: Quirks, concessions: Concessions) -> dict[str, Any]:
    """The JSON body."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
        quirks.max_tokens_field: request.max_tokens + quirks.reasoning_tokens,
    }
    body["stream_options"] = {"include_usage": True}
    if quirks.obfuscation:
        body["stream_options"]["include_obfuscation"] = False
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.answer_schema is not None and not (quirks.schema_alone and request.tools):
        strict = quirks.strict_schema and _is_strict(request.answer_schema)
        shape = {"name": "answer", "strict": strict, "schema": dict(request.answer_schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": shape}
    if quirks.cache_key:
        body["prompt_cache_key"] = _cache_key(request)
    body.update(quirks.extra)
    concessions.apply(body)
    if quirks.schema_alone and "response_format" in body:
        body["stream"] = False
        body.pop("stream_options", None)
    return body


def _is_strict(schema: object, *, root: bool = True) -> bool:
    """Whether a schema has the form that strict mode wants: each object closed, all its properties required, and no
    choice at the root. Asking for strictness without it is a 400."""
    if isinstance(schema, list):
        return all(_is_strict(part, root=False) for part in schema)
    if not isinstance(schema, dict):
        return True
    if root and (schema.get("type") != "object" or "anyOf" in schema):
        return False
    properties = schema.get("properties", {})
    is_object = "properties" in schema or schema.get("type") == "object"
    if is_object and (
        schema.get("additionalProperties") is not False or set(schema.get("required", ())) != {*properties}
    ):
        return False
    inner = (*properties.values(), *(value for name, value in schema.items() if name != "properties"))
    return all(_is_strict(part, root=False) for part in inner)


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.content}
    line: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        line["content"] = message.content or None
        line["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(dict(call.arguments), ensure_ascii=False)},
            }
            for call in message.tool_calls
        ]
    return line


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
    }


def _cache_key(request: ChatRequest) -> str:
    """Requests with the same stable prefix get the same key; the key itself says nothing about its content."""
    digest = hashlib.blake2b(digest_size=12)
    if request.messages:
        digest.update(request.messages[0].content[:_CACHE_KEY_CHARS].encode())
    for tool in request.tools:
        digest.update(tool.name.encode())
    return digest.hexdigest()
