"""A true installation for tests and benchmarks that kill things: a PostgreSQL, and server processes over it."""

from __future__ import annotations

import asyncio
import os
import signal
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
from tests.serving import free_port

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


def clean_environment(url: str, folder: Path) -> dict[str, str]:
    """What a process of the installation is told: no vendor is set."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    own = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "DATA_DIR": str(folder), "LOG_LEVEL": "WARNING"}
    return {**kept, **own}


class _Process:
    """A process of ours that can be killed and started again."""

    def __init__(self, folder: Path, log: str, environment: Mapping[str, str]) -> None:
        self._folder, self._environment = folder, environment
        self.log = folder / log
        self._process: subprocess.Popen[bytes] | None = None

    def _begin(self, command: Sequence[str]) -> int:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own server or worker
                command, cwd=self._folder, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        return self._process.pid

    @property
    def usage(self) -> psutil.Process:
        """The running process, for its processor time and memory."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def kill(self) -> None:
        """`kill -9`."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Let it end its requests and jobs and go. Idempotent."""
        self._end(signal.SIGTERM)

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(with_signal)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._process = None


class ServerProcess(_Process):
    """`uvicorn parley.asgi:app` in a process of its own. `environment` is added to a clean one: no vendor is set.

    `core`: the processor it is held on. `base_url` stays the same when it is started again. `app`: another application
    to serve, as uvicorn names it.
    """

    def __init__(
        self, url: str, folder: Path, environment: Mapping[str, str] | None = None, app: str = "parley.asgi:app"
    ) -> None:
        self.port = free_port()
        super().__init__(folder, f"server-{self.port}.log", clean_environment(url, folder) | dict(environment or {}))
        self._app = app
        self.base_url = f"http://127.0.0.1:{self.port}"

    def start(self, core: int | None = None) -> None:
        """Start, and wait until it serves."""
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning"]
        pid = self._begin([sys.executable, "-m", "uvicorn", self._app, *options])
        if core is not None:
            os.sched_setaffinity(pid, {core})
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


class WorkerProcess(_Process):
    """`parley worker` in a process of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(folder, "worker.log", clean_environment(url, folder))

    def start(self) -> None:
        """Start; it works off jobs a moment later."""
        self._begin([sys.executable, "-c", "from parley.app.cli import main; main()", "worker"])


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
