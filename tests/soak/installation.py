"""A true installation for tests and benchmarks that kill things: a PostgreSQL, and server processes over it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from parley.app.migrate import migrate
from parley.kit.clock import SystemClock
from parley.kit.db import Database
from parley.kit.postgres import embedded
from parley.kit.secrets import Keyring
from parley.tenants import Businesses, Login, Principal, levels_of

SECRET = "a secret for installations that are killed"
_WHO = Principal("open", "test", "", "admin", levels_of("admin"))
_STARTED_WITHIN = 60.0


@dataclass(frozen=True)
class Tenant:
    """A business and a key that may do everything in it."""

    id: str
    key: str


class Postgres:
    """The embedded server; killed, it is started again by the installation it belongs to."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        self._cluster = folder / "postgres"

    def kill(self) -> None:
        """`kill -9` of the postmaster; returns when the whole server is gone."""
        postmaster = psutil.Process(int((self._cluster / "postmaster.pid").read_text().split("\n")[0]))
        family = [postmaster, *postmaster.children(recursive=True)]
        postmaster.kill()
        psutil.wait_procs(family, timeout=20)


@contextmanager
def installed() -> Iterator[Postgres]:
    """A migrated database in a folder of its own, stopped and removed afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="parley-", ignore_cleanup_errors=True) as folder,
        embedded(Path(folder)) as url,
    ):
        migrate(url)
        yield Postgres(Path(folder).resolve(), url)


def found_tenant(url: str, name: str = "Harbour House") -> Tenant:
    """A tenant and a key, through the front door of their room."""

    async def make() -> Tenant:
        db = Database(url, pool_size=1)
        keyring, clock = Keyring(SECRET), SystemClock()
        try:
            businesses = Businesses(db, keyring, Login(db, keyring, clock))
            tenant = await businesses.create(_WHO, {"name": name, "timezone": "UTC"})
            _, key = await businesses.add_api_key(_WHO, tenant.id, "all", ["train", "chat", "read", "write"], None)
            return Tenant(tenant.id, key)
        finally:
            await db.aclose()

    return asyncio.run(make())


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(url: str, folder: Path) -> dict[str, str]:
    """What a process of the installation is told: no vendor is set."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    own = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "DATA_DIR": str(folder), "LOG_LEVEL": "WARNING"}
    return {**kept, **own}


class ServerProcess:
    """`uvicorn parley.asgi:app` in a process of its own. `environment` is added to a clean one: no vendor is set.

    `core`: the processor it is held on. `base_url` stays the same when it is started again. `app`: another application
    to serve, as uvicorn names it.
    """

    def __init__(
        self, url: str, folder: Path, environment: Mapping[str, str] | None = None, app: str = "parley.asgi:app"
    ) -> None:
        self._url, self._folder, self._app = url, folder, app
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"server-{self.port}.log"

    def start(self, core: int | None = None) -> None:
        """Start, and wait until it serves."""
        environment = clean_environment(self._url, self._folder) | dict(self._environment)
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning"]
        command = [sys.executable, "-m", "uvicorn", self._app, *options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own server
                command, cwd=self._folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        if core is not None:
            os.sched_setaffinity(self._process.pid, {core})
        self.wait_until_ready()

    def wait_until_ready(self, within: float = _STARTED_WITHIN) -> None:
        """Wait for /ready to say yes. Raises `TimeoutError` with the end of the log."""
        deadline = time.monotonic() + within
        with httpx.Client(base_url=self.base_url, timeout=5) as client:
            while time.monotonic() < deadline:
                with suppress(httpx.TransportError):
                    if client.get("/ready").status_code == httpx.codes.OK:
                        return
                if self._process is not None and self._process.poll() is not None:
                    break
                time.sleep(0.02)
        raise TimeoutError(f"the server did not start:\n{self.log.read_text()[-3000:]}")

    @property
    def usage(self) -> psutil.Process:
        """The running process, for its processor time and memory."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def kill(self) -> None:
        """`kill -9`."""
        _end(self._process, signal.SIGKILL)
        self._process = None

    def stop(self) -> None:
        """Let it end its requests and go. Idempotent."""
        _end(self._process, signal.SIGTERM)
        self._process = None


class WorkerProcess:
    """`parley worker` in a process of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self._environment = clean_environment(url, folder)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-c", "from parley.app.cli import main; main()", "worker"]
        with (self._folder / "worker.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own worker
                command, cwd=self._folder, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def usage(self) -> psutil.Process:
        """The running process, for its processor time and memory."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def kill(self) -> None:
        """`kill -9`."""
        _end(self._process, signal.SIGKILL)
        self._process = None

    def stop(self) -> None:
        """Let it finish its jobs and go. Idempotent."""
        _end(self._process, signal.SIGTERM)
        self._process = None


def _end(process: subprocess.Popen[bytes] | None, with_signal: signal.Signals) -> None:
    if process is None:
        return
    process.send_signal(with_signal)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


@contextmanager
def working(url: str) -> Iterator[WorkerProcess]:
    """A worker, stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="parley-worker-") as folder:
        worker = WorkerProcess(url, Path(folder))
        worker.start()
        try:
            yield worker
        finally:
            worker.stop()


@contextmanager
def serving(
    url: str, processes: int = 1, environment: Mapping[str, str] | None = None, app: str = "parley.asgi:app"
) -> Iterator[Sequence[ServerProcess]]:
    """Server processes on one database, stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="parley-server-") as folder:
        servers = [ServerProcess(url, Path(folder), environment, app) for _ in range(processes)]
        try:
            for server in servers:
                server.start()
            yield servers
        finally:
            for server in servers:
                server.stop()
