"""An application on a port of its own: sockets of the client and the server are real."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from parley.app.serve import SOCKETS


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def on_a_port(app: Any, port: int | None = None) -> AsyncIterator[int]:
    """Serve an application that is started already; yields the port, one that was free where none is given."""
    port = free_port() if port is None else port
    server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", log_level="error", **SOCKETS))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it no other way
        await asyncio.sleep(0.01)
    yield port
    server.should_exit = True
    await running
