"""Whole-database backups with pg_dump and pg_restore of the embedded server's version."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from parley.kit.db import driver_url
from parley.kit.errors import VoiceAgentException
from parley.kit.postgres import binaries


class BackupFailed(VoiceAgentException):
    """pg_dump or pg_restore failed; the sentence is its own."""

    code = "backup.failed"


def write_backup(url: str, file: Path | None, data_dir: Path) -> Path:
    """Dump to `file` (custom format), or to a dated one in the data directory; complete or not there at all."""
    target = file or data_dir.expanduser() / "backups" / f"parley-{datetime.now(UTC):%Y%m%d-%H%M%S}.dump"
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    try:
        _run("pg_dump", url, "--format=custom", f"--file={part}")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def read_backup(url: str, file: Path) -> None:
    """Replace the database's content with the dump's, in one transaction: all of it or nothing."""
    from parley.app.migrate import migrate

    migrate(url)  # roles belong to the cluster, not to the dump: make them first
    _run("pg_restore", url, "--clean", "--if-exists", "--single-transaction", "--exit-on-error", str(file.resolve()))
    migrate(url)


def _run(program: str, url: str, *arguments: str) -> None:
    """The password travels in the environment: a command line is visible to everyone on the machine."""
    parsed = driver_url(url)
    environment = {**os.environ, "PGPASSWORD": parsed.password or ""}
    plain = parsed.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    command = [str(binaries() / program), f"--dbname={plain}", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BackupFailed(f"{program} failed: {done.stderr.strip()[-500:]}")
