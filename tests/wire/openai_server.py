"""A local server that speaks OpenAI's wire exactly: real sockets, HTTP/1.1 with chunked server-sent events.

It runs in its own thread on its own loop, so that tests and benchmarks can drive it from any loop. Each request to
`/chat/completions` plays the next queued `Behaviour` (else `default`) and is recorded. Requests are checked against the
published schema; a wrong one gets the 400 the vendor would send.

    with OpenAIServer() as server:
        server.queue(cut_after(2))
        chat = OpenAIChat("openai", "gpt-5.4-mini", base_url=server.base_url, api_key="sk-test")
"""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from tests.wire.openai_schema import rejection

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


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it arrived. `port` identifies the client's connection; `at` is `time.monotonic()`."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    port: int
    at: float


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


class OpenAIServer:
    """The server; entering it listens, leaving it closes every connection.

    `models` limits what is served (404 otherwise), `api_key` what is accepted (401 otherwise); None takes anything.
    `flavour` is "openai", "groq" or "local" and decides which fields are refused.
    """

    def __init__(
        self, *, flavour: str = "openai", models: Sequence[str] | None = None, api_key: str | None = None
    ) -> None:
        self.flavour = flavour
        self.models = models
        self.api_key = api_key
        self.default = streamed("Hello there. How can I help you?")
        self.requests: list[Recorded] = []
        self.disconnects = 0
        self._queue: deque[Behaviour] = deque()
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="openai-server", daemon=True)
        self._port = 0

    @property
    def base_url(self) -> str:
        """What a client configures, version included."""
        prefix = "/openai/v1" if self.flavour == "groq" else "/v1"
        return f"http://127.0.0.1:{self._port}{prefix}"

    def queue(self, *behaviours: Behaviour) -> None:
        """What the next requests get, in order."""
        self._queue.extend(behaviours)

    def wait_until(self, condition: Callable[[OpenAIServer], bool], timeout: float = 2.0) -> bool:
        """Block until the server has seen something, e.g. `lambda s: s.disconnects == 1`."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self), timeout)

    def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Close everything. The server cannot be started again."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        listening = loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512))
        self._port = listening.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            loop.run_forever()
        finally:
            listening.close()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: requests one after another until either side has enough."""
        try:
            while (request := await _read(reader, writer)) is not None:
                self._record(request)
                if not await self._answer(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            self._count_disconnect()
        except asyncio.CancelledError:
            return  # the server stops; asyncio's streams report a cancelled connection as an error
        finally:
            writer.close()

    async def _answer(self, request: Recorded, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Play the behaviour; False when the connection is over."""
        behaviour = self._behaviour(request)
        if behaviour.before is not None and not await self._step(behaviour.before, reader, writer):
            return False
        if behaviour.body is not None:
            writer.write(_plain(behaviour))
            await writer.drain()
            return True
        writer.write(_head(behaviour, "text/event-stream; charset=utf-8", "transfer-encoding: chunked"))
        for step in behaviour.steps:
            if not await self._step(step, reader, writer):
                return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _step(self, step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if isinstance(step, Wait):
            await writer.drain()
            return await self._client_stays(reader, step.seconds)
        if isinstance(step, Cut):
            await writer.drain()
            return False
        data = step.data if isinstance(step, Raw) else _event(step)
        writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        return True

    async def _client_stays(self, reader: asyncio.StreamReader, seconds: float) -> bool:
        """Wait; a client that closes meanwhile is counted. No client sends a second request into a running answer."""
        timeout = None if seconds == float("inf") else seconds
        try:
            await asyncio.wait_for(reader.read(1), timeout)
        except TimeoutError:
            return True
        except ConnectionError:
            pass
        self._count_disconnect()
        return False

    def _behaviour(self, request: Recorded) -> Behaviour:
        if self.api_key is not None and request.headers.get("authorization") != f"Bearer {self.api_key}":
            return bad_key()
        path = request.path.rpartition("/v1")[2]
        if request.method == "GET" and path == "/models":
            rows = [{"id": model, "object": "model", "created": 1, "owned_by": "x"} for model in self.models or ()]
            return Behaviour(body={"object": "list", "data": rows})
        if request.method == "POST" and path == "/embeddings":
            return _embeddings(request.body)
        if request.method != "POST" or path != "/chat/completions":
            return failure(404, message=f"Invalid URL ({request.method} {request.path})")
        if self.models is not None and request.body.get("model") not in self.models:
            return unknown_model(str(request.body.get("model")))
        wrong = rejection(request.body, self.flavour)
        if wrong is not None:
            return failure(400, message=wrong.message, param=wrong.param, code=wrong.code)
        return self._queue.popleft() if self._queue else self.default

    def _record(self, request: Recorded) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def _count_disconnect(self) -> None:
        with self._changed:
            self.disconnects += 1
            self._changed.notify_all()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Recorded | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None  # the client closed an idle connection
    start, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = start.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    content = await reader.readexactly(int(headers.get("content-length", "0")))
    body = json.loads(content) if content else None
    port = writer.get_extra_info("peername")[1]
    return Recorded(method, target, headers, body, port, time.monotonic())


def _event(payload: Mapping[str, Any]) -> bytes:
    return b"data: %b\n\n" % json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


def _head(behaviour: Behaviour, content_type: str, *lines: str) -> bytes:
    status = HTTPStatus(behaviour.status) if behaviour.status in set(HTTPStatus) else None
    standing = {"x-request-id": "req_1", "openai-processing-ms": "3", **behaviour.headers}
    named = [f"{name}: {value}" for name, value in standing.items()]
    top = f"HTTP/1.1 {behaviour.status} {status.phrase if status else 'Unknown'}"
    return "\r\n".join([top, f"content-type: {content_type}", *named, *lines, "", ""]).encode()


def _plain(behaviour: Behaviour) -> bytes:
    content = json.dumps(behaviour.body).encode()
    return _head(behaviour, "application/json", f"content-length: {len(content)}") + content


def _embeddings(body: Mapping[str, Any]) -> Behaviour:
    """Unit vectors that depend on the text alone, as floats or as base64 of little-endian float32."""
    given = body["input"]
    texts = [given] if isinstance(given, str) else list(given)
    size = int(body.get("dimensions") or 8)
    data = []
    for index, text in enumerate(texts):
        raw = [1.0 + (sum(str(text).encode()) * (axis + 3)) % 17 for axis in range(size)]
        norm = sum(value * value for value in raw) ** 0.5
        vector: Any = [value / norm for value in raw]
        if body.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack(f"<{size}f", *vector)).decode()
        data.append({"object": "embedding", "index": index, "embedding": vector})
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    return Behaviour(body={"object": "list", "data": data, "model": body["model"], "usage": usage})
