"""Bringing the database to the newest schema: roles, tables, policies, the job queue."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from parley.kit.db import driver_url, metadata

__all__ = ["is_current", "metadata", "migrate"]

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7265002  # two processes that start at once migrate one after the other


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def migrate(url: str) -> str:
    """Upgrade to the newest revision and return its name. Safe to run again and from several processes."""
    engine = create_engine(driver_url(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.commit()
            try:
                command.upgrade(_config(connection), "head")
                connection.commit()
            finally:
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
                connection.commit()
        return _head()
    finally:
        engine.dispose()


def _head() -> str:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head() or ""


def is_current(url: str) -> bool:
    """Whether the schema is the newest this version knows."""
    engine = create_engine(driver_url(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() == _head()
    finally:
        engine.dispose()
