"""The true application behind a bad network: webhooks come twice, late and in the wrong order.

What is told of a call's beginning and of its analysis may arrive long after its end; the end itself is taken in before
it is acknowledged, and comes again later. Retell retries what is not acknowledged; so does the simulated line.
"""

from __future__ import annotations

import asyncio
import random

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parley.app.serve import app_from_environment

_LATEST = 4.0  # seconds
_chance = random.Random(7)


class Rough:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/webhooks/retell":
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        for _ in range(_chance.choice((0, 1, 1, 2))):
            self._later(scope, body)
        if b'"call_ended"' in body[:40] or _chance.random() < 0.5:
            await asyncio.sleep(_chance.random() * 0.2)
            await self._app(scope, _again(body), send)
            return
        self._later(scope, body)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b"{}"})

    def _later(self, scope: Scope, body: bytes) -> None:
        task = asyncio.create_task(self._deliver(scope, body))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _deliver(self, scope: Scope, body: bytes) -> None:
        await asyncio.sleep(_chance.random() * _LATEST)
        await self._app(scope, _again(body), _ignored)


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _again(body: bytes) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        await asyncio.Event().wait()
        raise AssertionError

    return receive


async def _ignored(_: Message) -> None:
    return None


app = app_from_environment()
app.add_middleware(Rough)
