"""A backup brings everything back, or nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from parley.app.backups import BackupFailed, read_backup, write_backup
from parley.app.migrate import is_current, migrate
from parley.kit.postgres import _ensure_database


@pytest.fixture
def database(database_url: str) -> Iterator[str]:
    _ensure_database(database_url, "parley_backup")
    url = database_url.replace("/parley?", "/parley_backup?")
    migrate(url)
    yield url
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE parley_backup WITH (FORCE)")


def names(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM tenants ORDER BY name")]


def add(url: str, name: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO tenants (id, name) VALUES (%s, %s)", (name, name))
        connection.execute(
            "INSERT INTO agents (id, tenant_id, name, type, definition) VALUES (%s, %s, 'A', 'custom', '{}')",
            (f"agent of {name}", name),
        )


def test_there_and_back(database: str, tmp_path: Path) -> None:
    """Rows, policies and rights return; what came after the backup is gone."""
    add(database, "kept")
    file = write_backup(database, tmp_path / "deep" / "one.dump", tmp_path)
    assert list(file.parent.iterdir()) == [file], "no half file is left"
    add(database, "after")
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM tenants WHERE id = 'kept'")
    read_backup(database, file)
    assert names(database) == ["kept"]
    assert is_current(database)
    with psycopg.connect(database) as connection:
        connection.execute("SET ROLE parley_app")
        assert connection.execute("SELECT count(*) FROM agents").fetchone() == (0,), "still held apart"
        connection.execute("SELECT set_config('parley.tenant', 'kept', false)")
        assert connection.execute("SELECT count(*) FROM agents").fetchone() == (1,)
        connection.execute("SELECT * FROM match_chunks('{a}', '{1}', '{a}', '{1}', 1)")


def test_a_broken_file_changes_nothing(database: str, tmp_path: Path) -> None:
    add(database, "kept")
    whole = write_backup(database, None, tmp_path)
    assert whole.parent == tmp_path / "backups"
    data = whole.read_bytes()
    for broken in (b"not a backup", data[: len(data) // 2]):
        file = tmp_path / "broken.dump"
        file.write_bytes(broken)
        with pytest.raises(BackupFailed, match="pg_restore"):
            read_backup(database, file)
        assert names(database) == ["kept"]


def test_a_failing_dump_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed) as failed:
        write_backup("postgresql://me:hunter2@127.0.0.1:1/none", tmp_path / "x.dump", tmp_path)
    assert "hunter2" not in failed.value.detail
    assert list(tmp_path.iterdir()) == []
