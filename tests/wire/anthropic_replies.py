"""What Anthropic's `/v1/messages` may answer, from a perfect reply to every kind of trouble (API 2026-10-21)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.wire.openai_replies import Behaviour, Cut, Raw, Step, Wait, words_of

USAGE = {
    "input_tokens": 20,
    "cache_creation_input_tokens": 6,
    "cache_read_input_tokens": 16,
    "cache_creation": {"ephemeral_5m_input_tokens": 6, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 1,
    "service_tier": "standard",
}
PING = Raw(b'event: ping\ndata: {"type": "ping"}\n\n')
Block = tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]
"""What a content block starts as, and its deltas."""


def event(payload: Mapping[str, Any]) -> Raw:
    """One server-sent event, named by its type."""
    data = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    return Raw(f"event: {payload['type']}\ndata: {data}\n\n".encode())


def begun(usage: Mapping[str, Any] | None = None, model: str = "claude-haiku-5-5") -> list[Step]:
    """`message_start` and the ping behind it."""
    message: dict[str, Any] = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": dict(usage or USAGE),
    }  # fmt: skip
    return [event({"type": "message_start", "message": message}), PING]


def ended(reason: str = "end_turn", output_tokens: int = 7, **details: Any) -> list[Step]:
    """`message_delta` with the totals, and `message_stop`."""
    delta = {"stop_reason": reason, "stop_sequence": None, **details}
    return [
        event({"type": "message_delta", "delta": delta, "usage": {"output_tokens": output_tokens}}),
        event({"type": "message_stop"}),
    ]


def block(
    index: int, start: Mapping[str, Any], deltas: Sequence[Mapping[str, Any]], *, closed: bool = True
) -> list[Step]:
    """A content block with its deltas."""
    steps: list[Step] = [event({"type": "content_block_start", "index": index, "content_block": dict(start)})]
    steps += [event({"type": "content_block_delta", "index": index, "delta": dict(delta)}) for delta in deltas]
    return [*steps, event({"type": "content_block_stop", "index": index})] if closed else steps


def text_of(text: str) -> Block:
    """A text block in words."""
    words = words_of(text) if text else []
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": word} for word in words]


def use_of(call_id: str, name: str, arguments: str, pieces: int = 3) -> Block:
    """A tool call whose input comes in pieces, the first of them empty as the vendor's is."""
    size = max(1, -(-len(arguments) // pieces))
    parts = ["", *(arguments[at : at + size] for at in range(0, len(arguments), size))]
    start = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
    return start, [{"type": "input_json_delta", "partial_json": part} for part in parts]


def thought_of(text: str, signature: str = "c2lnbmVk") -> Block:
    """A thinking block; without text, as where thinking is not shown."""
    deltas: list[Mapping[str, Any]] = [{"type": "thinking_delta", "thinking": word} for word in words_of(text) if text]
    return {"type": "thinking", "thinking": "", "signature": ""}, [
        *deltas, {"type": "signature_delta", "signature": signature},
    ]  # fmt: skip


def replied(
    *blocks: Block, reason: str = "end_turn", usage: Mapping[str, Any] | None = None, **details: Any
) -> Behaviour:
    """A complete reply of these blocks."""
    steps = begun(usage)
    for index, (start, deltas) in enumerate(blocks):
        steps += block(index, start, deltas)
    return Behaviour((*steps, *ended(reason, **details)))


def streamed(text: str, *, reason: str = "end_turn", usage: Mapping[str, Any] | None = None) -> Behaviour:
    """A complete reply of one text."""
    return replied(text_of(text), reason=reason, usage=usage)


def tool_called(*calls: tuple[str, str, str], before: str = "", reason: str = "tool_use") -> Behaviour:
    """Calls as (id, name, arguments), one block each, perhaps after a text."""
    said = [text_of(before)] if before else []
    return replied(*said, *(use_of(*call) for call in calls), reason=reason)


def failure(
    status: int,
    kind: str,
    message: str = "Something is wrong.",
    headers: Mapping[str, str] | None = None,
    **details: Any,
) -> Behaviour:
    """An error answer with the vendor's body."""
    error = {"type": kind, "message": message, **({"details": details} if details else {})}
    return Behaviour(
        status=status,
        body={"type": "error", "error": error, "request_id": "req_1"},
        headers={"request-id": "req_1", **(headers or {})},
    )


def _open(text: str) -> list[Step]:
    return [*begun(), *block(0, *text_of(text), closed=False)]


def stall_after(text: str) -> Behaviour:
    """The text, then silence with the connection open."""
    return Behaviour((*_open(text), Wait()))


def pings_after(text: str, *, every_s: float = 0.02, times: int = 50) -> Behaviour:
    """The text, then only pings."""
    beats = [step for _ in range(times) for step in (Wait(every_s), PING)]
    return Behaviour((*(_open(text) if text else begun()), *beats, Wait()))


def cut_after(text: str) -> Behaviour:
    """The text, then the connection is gone."""
    return Behaviour((*_open(text), Cut()))


def ended_after(text: str) -> Behaviour:
    """The text, then a proper end of the HTTP body without a stop reason."""
    return Behaviour(tuple(_open(text)))


def error_in_stream(text: str, kind: str = "api_error", message: str = "Internal server error") -> Behaviour:
    """HTTP 200, some text, then an error event and the end."""
    error = event({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"})
    return Behaviour((*(_open(text) if text else begun()), error))


def slow_close(text: str) -> Behaviour:
    """A complete reply whose HTTP body does not end."""
    return Behaviour((*streamed(text).steps, Wait()))
