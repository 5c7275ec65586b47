"""A local server that speaks OpenAI's wire exactly: real sockets, HTTP/1.1 with chunked server-sent events.

It runs in its own thread on its own loop, so that tests and benchmarks can drive it from any loop. Each request to
`/chat/completions` plays the next queued `Behaviour` (else `default`; `openai_replies` builds them) and is recorded.
Requests are checked against the published schema; a wrong one gets the 400 the vendor would send. `/models` and
`/embeddings` (float and base64) answer too.

    with OpenAIServer() as server:
        server.queue(cut_after("Well, we"))
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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from tests.wire.openai_replies import (
    Behaviour,
    Cut,
    Raw,
    Step,
    Wait,
    bad_key,
    event_bytes,
    failure,
    streamed,
    unknown_model,
)
from tests.wire.openai_schema import rejection


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it arrived. `port` identifies the client's connection; `at` is `time.monotonic()`."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    port: int
    at: float


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
        """Close everything. Idempotent; the server cannot be started again."""
        if self._thread.is_alive():
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
        data = step.data if isinstance(step, Raw) else event_bytes(step)
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
