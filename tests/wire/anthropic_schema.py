"""Which `/v1/messages` requests Anthropic refuses with a 400, as its API version 2026-10-21 documents it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

VERSION = "2026-10-21"
_FIELDS = frozenset(
    {
        "model", "max_tokens", "messages", "system", "stream", "tools", "tool_choice", "stop_sequences", "thinking",
        "output_config", "cache_control", "service_tier", "speed", "metadata", "inference_geo", "container",
        "diagnostics",
    }
)  # fmt: skip
_TOOL_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,128}$")
_ID = re.compile(r"^[a-zA-Z0-9_-]+$")
_ALWAYS_THINKING = ("claude-opus-5-5", "claude-fable", "claude-mythos")
_BLOCKS = {
    "user": {"text", "tool_result", "image", "document"},
    "assistant": {"text", "tool_use", "thinking", "redacted_thinking"},
    "system": {"text"},
}


def rejection(body: Any, headers: Mapping[str, str]) -> str | None:
    """The sentence of the 400, or None."""
    if headers.get("anthropic-version") != VERSION:
        return f"anthropic-version: {headers.get('anthropic-version')!r} is not the version this server speaks"
    return next(_problems(body), None)


def _problems(body: Mapping[str, Any]) -> Iterator[str]:
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            yield f"{name}: Field required"
            return
    for name in ("temperature", "top_p", "top_k"):
        if name in body:
            yield f"{name}: sampling parameters are not supported in this API version"
    for name in body.keys() - _FIELDS:
        yield f"{name}: Extra inputs are not permitted"
    yield from _message_problems(body["messages"])
    yield from _tool_problems(body.get("tools", ()))
    yield from _thinking_problems(body)
    if "'type': 'tool_use'" in str(body["messages"]) and not body.get("tools"):
        yield "Requests which include `tool_use` or `tool_result` blocks must define tools."
    marked = str(body).count("'cache_control': {'type'")
    if marked > 4:
        yield f"A maximum of 4 blocks with cache_control may be provided. Found {marked}."
    for block in body.get("system", ()) if isinstance(body.get("system"), list) else ():
        if not block["text"].strip():
            yield "system: text content blocks must be non-empty"
    schema = body.get("output_config", {}).get("format", {}).get("schema")
    if schema is not None and not _closed(schema):
        yield "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"


def _message_problems(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not messages:
        yield "messages: at least one message is required"
        return
    if messages[0]["role"] == "assistant":
        yield 'messages: first message must use the "user" role'
    if messages[-1]["role"] == "assistant":
        yield "This model does not support assistant message prefill. The conversation must end with a user message."
    open_calls: list[str] = []
    for at, message in enumerate(messages):
        role, blocks = message["role"], _blocks(message)
        if role not in _BLOCKS:
            yield f"messages.{at}.role: Input should be 'user', 'assistant' or 'system'"
            return
        yield from _block_problems(at, role, blocks)
        if role == "system":
            before, after = messages[at - 1 : at], messages[at + 1 : at + 2]
            if not before or before[0]["role"] != "user" or (after and after[0]["role"] != "assistant"):
                yield f"messages.{at}: a system message must follow a user message and stand before an assistant's"
            continue
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        if set(results) - set(open_calls):
            yield f"messages.{at}.content: unexpected `tool_use_id` found in `tool_result` blocks"
        if set(open_calls) - set(results):
            yield f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after"
        kinds = [block["type"] for block in blocks]
        if kinds != sorted(kinds, key=lambda kind: kind != "tool_result") and role == "user":
            yield f"messages.{at}: `tool_result` blocks must come first"
        open_calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
    if open_calls:
        yield "messages: `tool_use` ids were found without `tool_result` blocks"


def _blocks(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _block_problems(at: int, role: str, blocks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not blocks:
        yield f"messages.{at}: content must be non-empty"
    for index, block in enumerate(blocks):
        where = f"messages.{at}.content.{index}"
        if block["type"] not in _BLOCKS[role]:
            yield f"{where}: {block['type']!r} is not allowed for role {role!r}"
        if block["type"] == "text" and not block["text"].strip():
            yield f"{where}: text content blocks must contain non-whitespace text"
        if block["type"] == "tool_use" and not (_ID.match(block["id"]) and isinstance(block["input"], dict)):
            yield f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"


def _tool_problems(tools: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for at, tool in enumerate(tools):
        if not _TOOL_NAME.match(tool.get("name", "")):
            yield f"tools.{at}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        if tool.get("input_schema", {}).get("type") != "object":
            yield f"tools.{at}.custom.input_schema.type: Field required"
        if tool.keys() - {"name", "description", "input_schema", "strict", "cache_control", "type"}:
            yield f"tools.{at}.custom: Extra inputs are not permitted"


def _thinking_problems(body: Mapping[str, Any]) -> Iterator[str]:
    mode, model = body.get("thinking", {}).get("type"), body["model"]
    wrong = (
        (mode == "disabled" and model.startswith((*_ALWAYS_THINKING, "claude-sonnet-5-5")))
        or (mode == "between_tools" and not model.startswith("claude-sonnet-5-5"))
        or mode not in {None, "adaptive", "disabled", "between_tools", "enabled"}
    )
    if wrong:
        yield f'"thinking.type.{mode}" is not supported for this model. Use "thinking.type.adaptive".'


def _closed(schema: Mapping[str, Any]) -> bool:
    is_open = schema.get("type") == "object" and schema.get("additionalProperties") is not False
    return not is_open and all(_closed(one) for one in schema.get("properties", {}).values())
