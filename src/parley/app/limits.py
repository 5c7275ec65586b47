"""What surrounds every request: a size limit that holds while the body arrives, a request id, security headers."""

from __future__ import annotations

import contextlib
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parley.kit.ids import new_id

_MB = 1_000_000
_LIMITS = (
    ("/knowledge/upload", 105 * _MB),
    ("/knowledge/ingest", 60 * _MB),
    ("/agents", 10 * _MB),
    ("/api/conversations/import", 20_000 * _MB),
    ("/api/conversations", 16 * _MB),
)
_DEFAULT_LIMIT = 2 * _MB
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:;"
        b" connect-src 'self' ws: wss:; media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'",
    ),
)


class _TooLarge(Exception):
    """Ends the reading of a body; whoever catches it answers into the void, and this middleware answers instead."""


class Surroundings:
    """ASGI middleware; pure, so that streams pass through untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = next((most for prefix, most in _LIMITS if scope["path"].startswith(prefix)), _DEFAULT_LIMIT)
        request_id = new_id().encode()
        started = False
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _TooLarge
            return message

        async def dressed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), *_HEADERS, (b"x-request-id", request_id)]
            await send(message)

        async def answered(message: Message) -> None:
            if started or seen <= limit:
                await dressed(message)

        if _declared(scope) > limit:
            await _refuse(dressed, limit)
            return
        with contextlib.suppress(_TooLarge):
            await self._app(scope, bounded, answered)
        if seen > limit and not started:
            await _refuse(dressed, limit)


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


async def _refuse(send: Any, limit: int) -> None:
    detail = f"The request body must be at most {limit // _MB} MB."
    body = orjson.dumps({"detail": detail, "type": "TooLarge", "code": "input.too_large"})
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
