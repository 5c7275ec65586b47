"""Migrations: once, twice, or from several processes at once; and the tables in code are the tables in the database."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import create_engine, inspect

from parley.app.migrate import is_current, migrate
from parley.kit.db import driver_url, metadata
from parley.kit.postgres import _ensure_database


@pytest.fixture
def empty(database_url: str) -> Iterator[str]:
    """A new database on this worker's server."""
    _ensure_database(database_url, "parley_empty")
    yield database_url.replace("/parley?", "/parley_empty?")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE parley_empty WITH (FORCE)")


def test_several_processes_that_start_at_once_migrate_once(empty: str) -> None:
    assert not is_current(empty)
    reached: list[str] = []
    threads = [threading.Thread(target=lambda: reached.append(migrate(empty))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reached) == 4
    assert len(set(reached)) == 1
    assert is_current(empty)
    assert migrate(empty) == reached[0]
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM pg_policies WHERE policyname = 'own_tenant'").fetchone()


def test_the_tables_in_code_are_those_in_the_database(database_url: str) -> None:
    """Same columns in every table that a room declares, and the same ones required."""
    engine = create_engine(driver_url(database_url))
    database = inspect(engine)
    assert len(metadata.tables) >= 12
    for table in metadata.tables.values():
        real = {column["name"]: column["nullable"] for column in database.get_columns(table.name)}
        declared = {column.name: bool(column.nullable) for column in table.columns}
        assert declared == real, table.name
    engine.dispose()


def test_people_find_the_views_the_seeds_named(database_url: str) -> None:
    engine = create_engine(driver_url(database_url))
    views = inspect(engine)
    logs = {column["name"] for column in views.get_columns("conversation_logs")}
    assert logs >= {
        "id", "experiment_id", "session_id", "agent_config", "agent_name", "transcript", "duration", "turn_count",
        "user_satisfaction", "task_completed", "metadata", "created_at",
    }  # fmt: skip
    agents = {column["name"] for column in views.get_columns("agent_configurations")}
    assert agents >= {"id", "name", "scenario_type", "prompts", "voice_settings", "conversation_flow", "is_active"}
    engine.dispose()
