"""Which `/chat/completions` bodies a vendor refuses, from the published request schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_ROLES = {"system", "developer", "user", "assistant", "tool"}
_NOT_ON_GROQ = ("logprobs", "top_logprobs", "logit_bias", "prompt_cache_key")
_REASONING_FAMILIES = ("gpt-5", "gpt-6", "o1", "o3", "o4")


@dataclass(frozen=True, slots=True)
class Rejection:
    """A 400: the field it is about, the vendor's code and a sentence."""

    param: str
    message: str
    code: str | None = None


def rejection(body: Any, flavour: str) -> Rejection | None:
    """The first thing wrong with this body, or None."""
    return next(_problems(body, flavour), None)


def _problems(body: Any, flavour: str) -> Iterator[Rejection]:
    if not isinstance(body, Mapping) or not isinstance(body.get("model"), str):
        yield Rejection("model", "you must provide a model parameter", "missing_required_parameter")
        return
    if not body.get("messages"):
        yield Rejection("messages", "[] is too short - 'messages'")
        return
    yield from _message_problems(body["messages"], flavour)
    for tool in body.get("tools", ()):
        if tool.get("type") != "function" or "name" not in tool.get("function", {}):
            yield Rejection("tools[0].function", "Missing required parameter: 'tools[0].function'")
    if flavour == "openai":
        yield from _openai_problems(body)
    if flavour == "groq":
        yield from _groq_problems(body)


def _message_problems(messages: list[Mapping[str, Any]], flavour: str) -> Iterator[Rejection]:
    open_calls: set[str] = set()
    for index, message in enumerate(messages):
        where, role = f"messages[{index}]", message.get("role")
        if role not in _ROLES:
            yield Rejection(f"{where}.role", f"Invalid value: {role!r}")
        if role != "tool" and open_calls:
            yield Rejection(where, "tool_calls must be followed by tool messages for each tool_call_id")
        if role == "tool" and message.get("tool_call_id") not in open_calls:
            yield Rejection(where, "messages with role 'tool' must answer a preceding tool call")
        if role == "assistant":
            calls = message.get("tool_calls", ())
            open_calls = {call["id"] for call in calls}
            if any(not isinstance(call["function"]["arguments"], str) for call in calls):
                yield Rejection(f"{where}.tool_calls", "arguments must be a string")
        open_calls.discard(message.get("tool_call_id", ""))
        if message.get("content") is None and not message.get("tool_calls"):
            yield Rejection(f"{where}.content", "Invalid type: expected a string, got null")
        if flavour == "groq" and "name" in message:
            yield Rejection(f"{where}.name", "property 'name' is unsupported")


def _openai_problems(body: Mapping[str, Any]) -> Iterator[Rejection]:
    if "max_tokens" in body and body["model"].startswith(_REASONING_FAMILIES):
        message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        yield Rejection("max_tokens", message, "unsupported_parameter")
    if "include_reasoning" in body:
        yield Rejection("include_reasoning", "Unknown parameter: 'include_reasoning'.", "unknown_parameter")

    shape = body.get("response_format", {}).get("json_schema", {})
    if shape.get("strict") and not _strict(shape.get("schema", {})):
        message = "Invalid schema for response_format: 'required' must name every key, 'additionalProperties' be false."
        yield Rejection("response_format", message)


def _strict(schema: Mapping[str, Any]) -> bool:
    """Whether every object in a schema is closed and requires all that it has."""
    properties = schema.get("properties", {})
    closed = schema.get("additionalProperties") is False and set(schema.get("required", ())) == set(properties)
    return (closed or schema.get("type") != "object") and all(_strict(one) for one in properties.values())


def _groq_problems(body: Mapping[str, Any]) -> Iterator[Rejection]:
    for name in _NOT_ON_GROQ:
        if name in body:
            yield Rejection(name, f"property '{name}' is unsupported")
    if body.get("n", 1) != 1:
        yield Rejection("n", "'n' : number must be at most 1")
    if "include_reasoning" in body and "reasoning_format" in body:
        yield Rejection("reasoning_format", "include_reasoning and reasoning_format are mutually exclusive")
    if "json_schema" in str(body.get("response_format")) and (body.get("stream") or body.get("tools")):
        yield Rejection("response_format", "json_schema cannot be combined with stream or tools")
