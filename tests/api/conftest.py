"""The true application on a loopback port of its own, for tools that speak real HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn

from parley.app.http import create_app
from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from parley.tenants import Principal, levels_of
from tests.conftest import PASSWORD, SECRET, _business
from tests.quick_passwords import quick_passwords

__all__ = ["quick_passwords"]

_WHO = Principal("open", "test", "", "admin", levels_of("admin"))


@dataclass(frozen=True)
class Served:
    """A running server, and access tokens per role of one tenant of its own."""

    url: str
    tenant: str
    tokens: dict[str, str]


class _Server:
    """uvicorn on a thread with its own event loop, resources and port."""

    def __init__(self, settings: Settings, database_url: str) -> None:
        self._settings = settings
        self._database_url = database_url
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="server")
        self.served: Served | None = None
        self._server: uvicorn.Server | None = None

    async def _run(self) -> None:
        try:
            async with open_resources(self._settings, self._database_url, SECRET) as here:
                await self._serve(here)
        finally:
            self._ready.set()

    async def _serve(self, here: Resources) -> None:
        class Opened:
            async def __aenter__(self) -> Resources:
                return here

            async def __aexit__(self, *_: object) -> None:
                return None

        app = create_app(Opened(), ["http://localhost:3000"])
        self._server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="on"))
        serving = asyncio.create_task(self._server.serve())
        tenant = await here.businesses.create(_WHO, {"name": "Served"})
        tokens = {}
        for role in ("admin", "owner"):
            email = f"{role}-{tenant.id}@example.com"
            await here.businesses.add_user(_WHO, tenant.id, email, PASSWORD, role)
            tokens[role] = (await here.login.sign_in(email, PASSWORD, "127.0.0.1")).access_token
        while not self._server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.served = Served(f"http://127.0.0.1:{port}", tenant.id, tokens)
        self._ready.set()
        await serving

    def start(self) -> Served:
        self._thread.start()
        self._ready.wait(30)
        assert self.served is not None, "the server did not start"
        return self.served

    def stop(self) -> None:
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join(30)


@pytest.fixture(scope="module")
async def client(app: Any, resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """Someone who may do everything, so that only the request can be at fault."""
    async with _business(app, resources, role="admin") as made:
        yield made.owner


@pytest.fixture(scope="module")
def served(settings: Settings, database_url: str) -> Iterator[Served]:
    server = _Server(settings, database_url)
    yield server.start()
    server.stop()
