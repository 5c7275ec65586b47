"""Leaving without hanging up: a process told to stop takes on nothing new and lets live conversations end.

The first SIGTERM begins the drain: `/ready` answers 503, new sockets are turned away with close code 1013 (RFC 6455
registry: try again later), ordinary requests and the sockets that are open go on. When the last socket has closed, or
after the longest wait, the server's own handler gets the signal. A second signal goes to it at once. Any server that
takes its signals before the lifespan begins will do: uvicorn with one process or several, gunicorn's workers.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from parley.kit import log

TRY_AGAIN_LATER = 1013

_log = log.get("app")


class Drain:
    """What is live in this process, and whether more may come. `longest`: seconds to wait for the last socket."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._live = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.begun = False

    @contextlib.contextmanager
    def socket(self) -> Iterator[None]:
        """A socket is open as long as this is."""
        self._live += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._live -= 1
            if self._live == 0:
                self._idle.set()

    async def run(self) -> None:
        """Take on nothing more; returns when nothing is live, or the longest wait is over."""
        self.begun = True
        _log.info("server.draining", live=self._live, longest_seconds=self._longest)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), self._longest)
        _log.info("server.drained", live=self._live)

    @contextlib.contextmanager
    def before_sigterm(self) -> Iterator[None]:
        """Drain before the handler that SIGTERM has now. Signals reach the main thread only: elsewhere do nothing."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        then = signal.getsignal(signal.SIGTERM)
        tasks: list[asyncio.Task[None]] = []

        async def drain_and_stop() -> None:
            await self.run()
            signal.signal(signal.SIGTERM, then)
            signal.raise_signal(signal.SIGTERM)

        def begin() -> None:
            tasks.append(asyncio.create_task(drain_and_stop(), name="drain"))

        def handle(_number: int, _frame: FrameType | None) -> None:
            signal.signal(signal.SIGTERM, then)
            loop.call_soon_threadsafe(begin)

        signal.signal(signal.SIGTERM, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, then)
            for task in tasks:
                task.cancel()


class Door:
    """ASGI middleware: counts open sockets, and turns new ones away while the process drains."""

    def __init__(self, app: ASGIApp, drain: Drain) -> None:
        self._app = app
        self._drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            if self._drain.begun:
                await _turn_away(receive, send)
                return
            with self._drain.socket():
                await self._app(scope, receive, send)
        elif self._drain.begun and scope["type"] == "http" and scope["path"] == "/ready":
            await _not_ready(send)
        else:
            await self._app(scope, receive, send)


async def _turn_away(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": TRY_AGAIN_LATER, "reason": "This server is stopping."})


async def _not_ready(send: Send) -> None:
    body = orjson.dumps({"status": "draining"})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
