"""A WebSocket vendor on 127.0.0.1, and the trouble it can make: what every vendor's own server is built on.

It runs on the test's loop. What clients send as sound is a tape (`inference.scripted_speech.Tape`), so that a server
understands exactly what was said, and a test finds every word that was lost or doubled.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from parley.inference.scripted_speech import Tape


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong with one connection. `status` refuses it; the others begin after so many messages of the client:
    `stall` says nothing more, `cut` breaks the connection, `close` closes it with a code. `slow_close`: its closing
    handshake takes a second."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    stall: int | None = None
    cut: int | None = None
    close: tuple[int, int, str] | None = None
    slow_close: bool = False


@dataclass
class Visit:
    """One connection as it came: what it asked for and said."""

    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    texts: list[dict[str, Any]] = field(default_factory=list)
    sound: bytearray = field(default_factory=bytearray)
    sizes: list[int] = field(default_factory=list)
    is_over: bool = False
    cut_when: Callable[[Visit], bool] = lambda _: False  # looked at with every message

    def asked(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name]

    def kinds(self) -> list[str]:
        return [str(text.get("type")) for text in self.texts]


class Stalled(Exception):
    """The server goes silent."""


class SocketServer:
    """Subclass it with `refuse` (a reason to refuse the upgrade) and `converse` (a connection, to its end)."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self.troubles: deque[Trouble] = deque()
        self.open_sockets: set[ServerConnection] = set()
        self.url = ""

    def refuse(self, visit: Visit) -> Trouble | None:
        raise NotImplementedError

    async def converse(self, socket: ServerConnection, visit: Visit, listen: Callable[[], AsyncIterator[Any]]) -> None:
        raise NotImplementedError

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(
                serve(self._talk, "127.0.0.1", 0, process_request=self._process, compression=None, close_timeout=0.1)
            )
            self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield

    def _process(self, connection: ServerConnection, request: Request) -> Response | None:
        parts = urlsplit(request.path)
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        visit = Visit(parts.path, parse_qsl(parts.query, keep_blank_values=True), headers)
        self.visits.append(visit)
        trouble = self.refuse(visit) or (self.troubles.popleft() if self.troubles else Trouble())
        connection.trouble, connection.visit = trouble, visit  # type: ignore[attr-defined]
        if not trouble.status:
            return None
        response = connection.respond(HTTPStatus(trouble.status), trouble.body)
        for name, value in trouble.headers.items():
            response.headers[name] = value
        return response

    async def _talk(self, socket: ServerConnection) -> None:
        trouble: Trouble = socket.trouble  # type: ignore[attr-defined]
        visit: Visit = socket.visit  # type: ignore[attr-defined]

        async def listen() -> AsyncIterator[Any]:
            count = 0
            async for message in socket:
                count += 1
                if isinstance(message, bytes):
                    visit.sound += message
                    visit.sizes.append(len(message))
                else:
                    visit.texts.append(json.loads(message))
                if trouble.stall is not None and count >= trouble.stall:
                    continue
                if visit.cut_when(visit) or (trouble.cut is not None and count >= trouble.cut):
                    socket.transport.abort()
                    return
                if trouble.close is not None and count >= trouble.close[0]:
                    await socket.close(trouble.close[1], trouble.close[2])
                    return
                yield message if isinstance(message, bytes) else visit.texts[-1]

        self.open_sockets.add(socket)
        with suppress(ConnectionClosed):
            await self.converse(socket, visit, listen)
        self.open_sockets.discard(socket)
        if trouble.slow_close:
            await asyncio.sleep(1)
        visit.is_over = True


@dataclass
class TapeReader:
    """Reads the words off a tape as it comes in. `words` are (text, start, end) in seconds of it."""

    tape: Tape
    rate: int = 16_000
    words: list[tuple[str, float, float]] = field(default_factory=list)
    seconds: float = 0.0
    _last: str | None = None

    @property
    def quiet_s(self) -> float:
        return self.seconds - self.words[-1][2] if self.words else self.seconds

    def take(self, pcm: bytes) -> None:
        step = self.rate // 100  # ten milliseconds
        samples = memoryview(pcm).cast("h")
        for place in range(0, len(samples), step):
            word = self.tape.word(samples[place])
            lasts = min(step, len(samples) - place) / self.rate
            if word is not None:
                if word == self._last and self.words:
                    text, start, _ = self.words[-1]
                    self.words[-1] = (text, start, self.seconds + lasts)
                else:
                    self.words.append((word, self.seconds, self.seconds + lasts))
            self._last = word
            self.seconds += lasts
