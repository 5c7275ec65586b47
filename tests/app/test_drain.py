"""A process told to stop lets live sockets end and takes on no new ones; shown on uvicorn with real signals."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import websockets

from parley.app.drain import TRY_AGAIN_LATER

pytestmark = pytest.mark.anyio

# A server of its own process: signals belong to processes.
_SERVER = """
import sys
from contextlib import asynccontextmanager
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from parley.app.drain import Door, Drain

drain = Drain(float(sys.argv[1]))

async def echo(socket):
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)

async def well(request):
    return PlainTextResponse("ok")

@asynccontextmanager
async def lifespan(app):
    with drain.before_sigterm():
        yield

routes = [WebSocketRoute("/talk", echo), Route("/ready", well), Route("/other", well)]
app = Starlette(routes=routes, lifespan=lifespan, middleware=[Middleware(Door, drain=drain)])
config = uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=1)

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)

Server(config).run()
"""


@asynccontextmanager
async def _serving(longest: float) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SERVER, str(longest), stdout=asyncio.subprocess.PIPE, env={**os.environ}
    )
    assert server.stdout is not None
    port = int(await asyncio.wait_for(server.stdout.readline(), 20))
    try:
        yield server, f"127.0.0.1:{port}"
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()


async def test_a_live_socket_ends_by_itself_and_then_the_process_stops() -> None:
    async with _serving(60) as (server, address), httpx.AsyncClient(base_url=f"http://{address}") as http:
        async with websockets.connect(f"ws://{address}/talk") as live:
            await live.send("before")
            assert await live.recv() == "before"
            assert (await http.get("/ready")).status_code == 200
            server.send_signal(signal.SIGTERM)
            await asyncio.wait_for(_until_not_ready(http), 10)
            assert (await http.get("/other")).status_code == 200, "requests go on"
            async with websockets.connect(f"ws://{address}/talk") as late:
                with pytest.raises(websockets.ConnectionClosed):
                    await late.recv()
                assert late.close_code == TRY_AGAIN_LATER
            await live.send("after")
            assert await live.recv() == "after"
            assert server.returncode is None
        await asyncio.wait_for(server.wait(), 10)


async def test_the_longest_wait_ends_it() -> None:
    async with _serving(0) as (server, address), websockets.connect(f"ws://{address}/talk") as live:
        await live.send("one")
        await live.recv()
        server.send_signal(signal.SIGTERM)
        await asyncio.wait_for(server.wait(), 10)


async def test_a_second_signal_stops_it_at_once() -> None:
    async with (
        _serving(60) as (server, address),
        httpx.AsyncClient(base_url=f"http://{address}") as http,
        websockets.connect(f"ws://{address}/talk") as live,
    ):
        await live.send("one")
        await live.recv()
        server.send_signal(signal.SIGTERM)
        await asyncio.wait_for(_until_not_ready(http), 10)
        server.send_signal(signal.SIGTERM)
        await asyncio.wait_for(server.wait(), 10)


async def _until_not_ready(http: httpx.AsyncClient) -> None:
    while (await http.get("/ready")).status_code != 503:
        pass
