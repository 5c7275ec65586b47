"""A vendor's HTTP endpoint on 127.0.0.1 for sound: uploads in, chunked answers out, and the trouble it can make.

It runs on the test's loop. Subclass it with `answer`.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came. `form` holds a multipart body's fields, files as bytes."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    port: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> list[tuple[str, str, bytes]]:
        """Name, file name and content of each part."""
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        whole = BytesParser(policy=HTTP).parsebytes(head + self.body)
        found = []
        for part in whole.iter_parts():
            name = str(part.get_param("name", header="content-disposition"))
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            found.append((name, part.get_filename() or "", content))
        return found

    def fields(self, name: str) -> list[str]:
        return [content.decode() for each, _, content in self.form if each == name]


class Hold:
    """In a body: nothing more comes until the server's `release`."""


class Break:
    """In a body: the connection is reset."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`chunks` are sent one after another; a plain `body` has a length."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    chunks: Sequence[bytes | Hold | Break] = ()


class HttpServer:
    """`troubles` are played before `answer` is asked; a trouble's `Hold` or `Break` among its chunks replaces what
    `answer` says from there on."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.troubles: deque[Reply] = deque()
        self.disconnects = 0
        self.url = ""
        self.release = asyncio.Event()
        self.linger_s = 0.0  # from the last byte of a body to its end
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, asked: Asked) -> Reply:
        raise NotImplementedError

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while (asked := await _read(reader, writer)) is not None:
                self.asked.append(asked)
                refusal = self.answer(asked)
                trouble = self.troubles.popleft() if self.troubles and refusal.status < 400 else None
                if not await self._send(trouble or refusal, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            self.disconnects += 1
        except asyncio.CancelledError:
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _send(self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        phrase = HTTPStatus(reply.status).phrase if reply.status in set(HTTPStatus) else "Unknown"
        headers = {"content-type": "application/json", **reply.headers}
        if reply.body is not None:
            headers["content-length"] = str(len(reply.body))
        else:
            headers["transfer-encoding"] = "chunked"
        lines = [f"HTTP/1.1 {reply.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        writer.write("\r\n".join(lines).encode())
        if reply.body is not None:
            writer.write(reply.body)
            await writer.drain()
            await asyncio.sleep(self.linger_s)
            return not self.linger_s
        for chunk in reply.chunks:
            if isinstance(chunk, Break):
                await writer.drain()
                writer.transport.abort()
                return False
            if isinstance(chunk, Hold):
                await writer.drain()
                if not await self._held(reader):
                    return False
                continue
            if chunk:
                writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if self.linger_s:
            await writer.drain()
            await asyncio.sleep(self.linger_s)
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _held(self, reader: asyncio.StreamReader) -> bool:
        """Wait for the release; False when the client has left."""
        left, released = asyncio.ensure_future(reader.read(1)), asyncio.ensure_future(self.release.wait())
        try:
            await asyncio.wait({left, released}, return_when=asyncio.FIRST_COMPLETED)
            if released.done():
                return True
            self.disconnects += 1
            return False
        finally:
            for each in (left, released):
                each.cancel()
                with suppress(asyncio.CancelledError, ConnectionError):
                    await each


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    start, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = start.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    path, _, query = target.partition("?")
    return Asked(method, path, query, headers, body, writer.get_extra_info("peername")[1])
