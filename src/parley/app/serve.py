"""Starting the parts: the HTTP application from the environment, the development server, the worker."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from parley.app.demo.load import load_demo
from parley.app.drain import Drain
from parley.app.http import create_app
from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings, SettingsError, load_settings
from parley.app.sockets import CallSockets
from parley.app.warmup import Warmup
from parley.kit import log

REQUESTS_END_WITHIN = 10  # seconds, once the drain is over
_NEXT = 1.0  # seconds that who starts it has for a first question, before what others may need is made
SOCKETS: dict[str, Any] = {
    "ws": CallSockets,
    "ws_per_message_deflate": False,  # sound does not shrink, and a zlib context per call costs more than the call
}
"""How uvicorn serves WebSockets."""

_log = log.get("app")


def app_from_environment() -> FastAPI:
    """What `parley serve` runs: credentials always required. Raises `SettingsError`."""
    settings = load_settings()
    log.configure(settings.log_level)
    if settings.database_url is None:
        raise SettingsError("DATABASE_URL is not set. `parley dev` brings a database of its own.")
    url = settings.database_url.get_secret_value()
    secret = settings.require_secret_key()

    @asynccontextmanager
    async def resources() -> AsyncIterator[Resources]:
        async with open_resources(settings, url, secret) as here:
            # A masked conversation needs the recognisers from its first line on; making them takes a second.
            warming = asyncio.create_task(here.vaults.warm(), name="privacy.warm")
            freeze_start_up()
            yield here
            await warming

    return create_app(resources(), settings.allowed_origins, Drain(settings.drain_seconds))


def dev_secret(settings: Settings) -> str:
    """SECRET_KEY, or one made once and kept in the data directory."""
    if settings.secret_key is not None:
        return settings.require_secret_key()
    path = settings.data_dir.expanduser() / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="utf-8").strip()


async def run_dev(
    settings: Settings,
    url: str,
    *,
    listening: socket.socket,
    any_host: bool,
    warmup: Warmup,
    progress: Callable[[str], None],
    ready: Callable[[Resources], None],
) -> None:
    """API and worker in one process, demo data in an empty installation, until interrupted.

    The worker shares the API's event loop: its slow parts (parsing, embedding) run in threads.
    """

    @asynccontextmanager
    async def resources() -> AsyncIterator[Resources]:
        secret = dev_secret(settings)
        async with open_resources(settings, url, secret, open_mode=True, any_host=any_host, begun=warmup) as here:
            await load_demo(here, progress)
            asyncio.get_running_loop().call_later(_NEXT, warmup.go_on)
            worker = asyncio.create_task(here.jobs.work())
            ready(here)
            freeze_start_up()
            try:
                yield here
            finally:
                worker.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await worker

    app = create_app(resources(), settings.allowed_origins)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False, **SOCKETS))
    await server.serve(sockets=[listening])
    if not server.started:
        raise SettingsError("Parley did not start: the lines above say why.")


def run_server(host: str, port: int, workers: int, proxies: str | None) -> None:
    """`parley serve`: any number of processes on one address.

    `proxies`: whose X-Forwarded-For and -Proto are believed, addresses with commas between them, "*" for anyone's.
    """
    uvicorn.run(
        "parley.asgi:app",
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
        server_header=False,
        **SOCKETS,
        proxy_headers=proxies is not None,
        forwarded_allow_ips=proxies,
        timeout_graceful_shutdown=REQUESTS_END_WITHIN,
    )


async def run_worker(settings: Settings, url: str, secret: str, concurrency: int) -> None:
    """Run jobs until cancelled."""
    async with open_resources(settings, url, secret) as here:
        _log.info("worker.started", concurrency=concurrency)
        await here.jobs.work(concurrency=concurrency)


def freeze_start_up() -> None:
    """Keep the garbage collector from walking what lives as long as the process; its pauses are a caller's silence.

    `parley dev` starts without it: nearly all that is made then stays.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
    gc.enable()
