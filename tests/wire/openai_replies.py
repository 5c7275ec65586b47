"""What a server that speaks OpenAI's wire may answer, from a perfect reply to every kind of trouble."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

USAGE = {
    "prompt_tokens": 42,
    "completion_tokens": 7,
    "total_tokens": 49,
    "prompt_tokens_details": {"cached_tokens": 32, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0},
}


@dataclass(frozen=True, slots=True)
class Wait:
    """Send nothing for `seconds`; `inf` until the client goes or the server stops."""

    seconds: float = float("inf")


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the TCP connection without the terminating chunk."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes written into the stream as they are."""

    data: bytes


Step = Mapping[str, Any] | Wait | Cut | Raw
"""A mapping is one `data:` event."""

DONE = Raw(b"data: [DONE]\n\n")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one request gets: `before` the status line, then either a JSON `body` or a stream of `steps`."""

    steps: tuple[Step, ...] = ()
    status: int = 200
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    before: Wait | Cut | None = None


def event_bytes(payload: Mapping[str, Any]) -> bytes:
    """One `data:` event as it goes over the line."""
    return b"data: %b\n\n" % json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


def chunk(delta: Mapping[str, Any] | None, finish: str | None = None, **extra: Any) -> dict[str, Any]:
    """One `chat.completion.chunk`; `delta` None is a chunk without choices."""
    choices = [] if delta is None else [{"index": 0, "delta": dict(delta), "logprobs": None, "finish_reason": finish}]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": "gpt-5.4-mini",
        "service_tier": "default",
        "system_fingerprint": "fp_1",
        "choices": choices,
        **extra,
    }


def text_chunks(words: Iterable[str], *, obfuscated: bool = False) -> list[Step]:
    """The role chunk and one chunk per word."""
    padding = {"obfuscation": "x7Qp"} if obfuscated else {}
    steps: list[Step] = [chunk({"role": "assistant", "content": "", "refusal": None}, usage=None)]
    steps += [chunk({"content": word}, usage=None, **padding) for word in words]
    return steps


def words_of(text: str) -> list[str]:
    """Text cut as models cut it: words with the space before them."""
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)]


def streamed(text: str, *, finish: str = "stop", usage: Mapping[str, Any] | None = None) -> Behaviour:
    """A complete reply as OpenAI streams it, with obfuscation, a usage chunk and [DONE]."""
    end: list[Step] = [chunk({}, finish, usage=None), chunk(None, usage=dict(usage or USAGE)), DONE]
    return Behaviour((*text_chunks(words_of(text), obfuscated=True), *end))


def groq_streamed(text: str, *, reasoning: str = "", error: str = "") -> Behaviour:
    """A complete reply as Groq streams it (`x_groq` in the first and last chunk), or one broken by `error`."""
    steps: list[Step] = [chunk({"role": "assistant", "content": ""}, x_groq={"id": "req_1"})]
    steps += [chunk({"reasoning": word, "channel": "analysis"}) for word in words_of(reasoning) if reasoning]
    steps += [chunk({"content": word}) for word in words_of(text)]
    if error:
        return Behaviour((*steps, chunk({}, None, x_groq={"id": "req_1", "error": error}), DONE))
    usage = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15, "queue_time": 0.01, "total_time": 0.004}
    return Behaviour((*steps, chunk({}, "stop", x_groq={"id": "req_1", "seed": 7, "usage": usage}), DONE))


def tool_called(
    *calls: tuple[str, str, str], before: str = "", pieces: int = 3, finish: str = "tool_calls"
) -> Behaviour:
    """Calls as (id, name, arguments); fragments of parallel calls interleave and only the first carries id and name."""
    steps = text_chunks(words_of(before)) if before else [chunk({"role": "assistant", "content": None})]
    for index, (call_id, name, _) in enumerate(calls):
        function = {"name": name, "arguments": ""}
        steps.append(_fragment({"index": index, "id": call_id, "type": "function", "function": function}))
    for piece in range(pieces):
        for index, (_, _, arguments) in enumerate(calls):
            size = -(-len(arguments) // pieces)
            part = arguments[piece * size : (piece + 1) * size]
            steps.append(_fragment({"index": index, "function": {"arguments": part}}))
    return Behaviour((*steps, chunk({}, finish), chunk(None, usage=USAGE), DONE))


def _fragment(fragment: Mapping[str, Any]) -> dict[str, Any]:
    return chunk({"tool_calls": [fragment]})


def whole(text: str, *, finish: str = "stop", **extra: Any) -> Behaviour:
    """A complete reply in one piece, as a request without `stream` gets it."""
    message = {"role": "assistant", "content": text, "reasoning": "Let me see."}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1767225600,
        "model": "openai/gpt-oss-20b",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": USAGE,
        "x_groq": {"id": "req_1"},
        **extra,
    }
    return Behaviour(body=body)


def refused(text: str) -> Behaviour:
    """A reply in `delta.refusal`."""
    head: list[Step] = [chunk({"role": "assistant", "content": None, "refusal": ""})]
    words: list[Step] = [chunk({"refusal": word}) for word in words_of(text)]
    return Behaviour((*head, *words, chunk({}, "stop"), chunk(None, usage=USAGE), DONE))


def failure(
    status: int,
    *,
    code: str | None = None,
    kind: str = "invalid_request_error",
    message: str = "Something is wrong.",
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Behaviour:
    """An error answer with the vendor's body."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return Behaviour(status=status, body=body, headers=headers or {})


def rate_limited(headers: Mapping[str, str] | None = None) -> Behaviour:
    """429 with whatever `Retry-After` is in `headers`."""
    message = "Rate limit reached. Please try again in 2.3s."
    return failure(429, code="rate_limit_exceeded", kind="tokens", message=message, headers=headers)


def bad_key() -> Behaviour:
    """401 as OpenAI words it, with a part of the key in the message."""
    message = "Incorrect API key provided: sk-test_****1234."
    return failure(401, code="invalid_api_key", message=message)


def unknown_model(model: str) -> Behaviour:
    """404 model_not_found."""
    message = f"The model `{model}` does not exist or you do not have access to it."
    return failure(404, code="model_not_found", message=message)


def stall_before_headers() -> Behaviour:
    """The request is read and never answered."""
    return Behaviour(before=Wait())


def stall_after(text: str) -> Behaviour:
    """The text, then silence with the connection open."""
    return Behaviour((*text_chunks(words_of(text)), Wait()))


def comments_after(text: str, *, every_s: float = 0.02, times: int = 50) -> Behaviour:
    """The text, then only keep-alive comments: bytes that are no event."""
    beats = [step for _ in range(times) for step in (Wait(every_s), Raw(b": keep-alive\n\n"))]
    return Behaviour((*(text_chunks(words_of(text)) if text else ()), *beats, Wait()))


def cut_after(text: str) -> Behaviour:
    """The text, then the connection is gone."""
    return Behaviour((*text_chunks(words_of(text)), Cut()))


def ended_after(text: str) -> Behaviour:
    """The text, then a proper end of the HTTP body without finish reason and without [DONE]."""
    return Behaviour(tuple(text_chunks(words_of(text))))


def error_in_stream(text: str, *, kind: str = "server_error", code: str | None = None) -> Behaviour:
    """HTTP 200, some text, then an error as a `data:` line."""
    error = {"message": "The server had an error.", "type": kind, "param": None, "code": code}
    return Behaviour((*text_chunks(words_of(text)), {"error": error}))


def slow_close(text: str, *, after_done: bool = True) -> Behaviour:
    """A complete reply whose HTTP body does not end; without `after_done` even usage and [DONE] stay out."""
    steps = streamed(text).steps
    return Behaviour((*(steps if after_done else steps[:-2]), Wait()))
