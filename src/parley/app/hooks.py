"""Webhooks of the simulated line: through the application's own door, like Retell's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from parley.inference.retell_call import SIGNATURE_HEADER
from parley.kit.errors import Unavailable


class Hooks:
    """Posts to the application in this process. `state` is what its lifespan yields: a server would pass it on."""

    def __init__(self, app: ASGIApp, state: Mapping[str, Any]) -> None:
        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": dict(state)}, receive, send)

        transport = httpx.ASGITransport(app=served, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://localhost")

    async def deliver(self, raw: bytes, signature: str) -> None:
        """Post one webhook. Raises `Unavailable` where it was not taken in."""
        headers = {"content-type": "application/json", SIGNATURE_HEADER: signature}
        answer = await self._client.post("/webhooks/retell", content=raw, headers=headers)
        if not answer.is_success:
            raise Unavailable(f"The webhook was answered with {answer.status_code}.")
