"""The way into PostgreSQL: two doors, each a short transaction.

`begin(tenant_id)` sets the tenant that row-level security compares with; `begin_platform(reason)` is for what does not
know its tenant yet, and its role sees nothing but look-up functions that return (tenant_id, id). Every connection runs
as `parley_app`, which owns nothing: a superuser and an owner without FORCE would pass by row-level security.

On such a connection SQLAlchemy's statements run, and plain SQL by `fetch`, which is for what every turn does: composing
and compiling a statement takes several times as long as PostgreSQL takes to carry it out.

The driver begins no transactions of its own: BEGIN and the tenant go to PostgreSQL in one message, where the driver
would wait for each.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import psycopg
from psycopg.sql import quote
from sqlalchemy import MetaData, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from parley.kit import guard
from parley.kit.errors import Unavailable

APP_ROLE = "parley_app"
PLATFORM_ROLE = "parley_platform"
SEARCH_ROLE = "parley_search"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_BEGIN = "BEGIN; SET LOCAL parley.tenant ={tenant}"
_BEGIN_ONLY_NOTED = _BEGIN + "; SET LOCAL synchronous_commit = off"
_DURABLE = "SET LOCAL synchronous_commit TO DEFAULT"
_BEGIN_PLATFORM = f"BEGIN; SET LOCAL ROLE {PLATFORM_ROLE}"
_STILL_THERE = text("SELECT 1")

# Planner and index settings every query wants: with ef_search 300 an HNSW scan finds 98 of a hundred nearest even among
# 100,000 chunks of which many are nearly alike. A query that must find enough of one tenant's has it iterate.
_SESSION_OPTIONS = {
    "role": APP_ROLE,
    "timezone": "UTC",
    "hnsw.ef_search": "300",
    "hnsw.iterative_scan": "off",
    "idle_in_transaction_session_timeout": "60000",
    "jit": "off",
}


def driver_url(url: str) -> URL:
    """Any spelling of a PostgreSQL URL (`postgres://`, `postgresql://`, with or without a driver) as ours."""
    parsed = make_url(url)
    if parsed.get_backend_name() not in {"postgres", "postgresql"}:
        raise ValueError("DATABASE_URL must start with postgresql:// or postgres://")
    return parsed.set(drivername="postgresql+psycopg")


class Database:
    """A pool of connections and the two doors."""

    def __init__(self, url: str, *, pool_size: int = 10, overflow: int = 10, wait_seconds: float = 30) -> None:
        self.url = driver_url(url)
        options = " ".join(f"-c {name}={value}" for name, value in _SESSION_OPTIONS.items())
        self._engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=overflow,
            pool_timeout=wait_seconds,
            pool_pre_ping=False,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,  # an error is logged with its statement; what callers said must not come along
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args={"options": options, "application_name": "parley"},
        )

    @asynccontextmanager
    async def begin(self, tenant_id: str, *, durable: bool = True) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one tenant's rows. Commits on leaving, rolls back on an exception.

        `durable` False does not wait for the disk: for a transaction that is acknowledged to nobody before a durable
        one follows, which carries it to the disk (the log is written in order).
        """
        with guard.transaction_open():
            async with self._engine.begin() as connection:
                await _tell(connection, _BEGIN if durable else _BEGIN_ONLY_NOTED, tenant=tenant_id)
                yield connection

    @asynccontextmanager
    async def begin_platform(self, reason: str) -> AsyncIterator[AsyncConnection]:  # noqa: ARG002 - read by a test
        """A transaction that sees no rows, only look-up functions. `reason` is listed by a test of all callers."""
        with guard.transaction_open():
            async with self._engine.begin() as connection:
                await _tell(connection, _BEGIN_PLATFORM)
                yield connection

    async def ping(self) -> bool:
        """Whether a query comes back."""
        try:
            async with self._engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (DBAPIError, OSError, TimeoutError):
            return False
        return True

    async def verify_roles(self) -> None:
        """Refuse to start where row-level security would not hold. Raises `Unavailable` with what to do."""
        async with self._engine.connect() as connection:
            row = (
                await connection.execute(
                    text("SELECT current_user AS name, rolsuper, rolbypassrls FROM pg_roles WHERE rolname=current_user")
                )
            ).one()
        if row.name != APP_ROLE or row.rolsuper or row.rolbypassrls:
            raise Unavailable(f"The database role is {row.name!r}, which is not held by row-level security.")

    async def aclose(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


Values = Sequence[Any] | Mapping[str, Any]


async def fetch(connection: AsyncConnection, statement: str, values: Values = (), *, prepare: bool = True) -> list[Any]:
    """The rows of one plain statement (`%s` or `%(name)s` for values, `%%` for a percent sign), as tuples.

    It runs in the connection's transaction. `prepare` False has it planned anew each time, for these very values: where
    the best plan depends on how much a tenant has. Raises what SQLAlchemy raises.
    """
    raw = _driver_of(connection)
    async with _translated(connection, raw, statement):
        cursor = await raw.execute(statement, values, prepare=prepare)
        return await cursor.fetchall() if cursor.rownumber is not None else []


async def make_durable(connection: AsyncConnection) -> None:
    """Have a transaction that was begun with `durable` False wait for the disk after all."""
    await _tell(connection, _DURABLE)


async def _tell(connection: AsyncConnection, commands: str, **values: str) -> None:
    """Commands in one message, with values as literals: only a single command can have parameters."""
    raw = _driver_of(connection)
    async with _translated(connection, raw, commands):
        literals = {name: quote(value, raw) for name, value in values.items()}
        await raw.execute(commands.format(**literals).encode(), prepare=False)


@asynccontextmanager
async def _translated(
    connection: AsyncConnection, raw: psycopg.AsyncConnection[Any], statement: str
) -> AsyncIterator[None]:
    """The driver's errors as SQLAlchemy's."""
    try:
        yield
    except psycopg.Error as error:
        if raw.closed:
            await connection.execute(_STILL_THERE)  # SQLAlchemy finds that it is not, and drops the pool's others too
        raise DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True) from error


async def raw_connection(connection: AsyncConnection) -> Any:
    """The psycopg connection under `connection`, inside the same transaction."""
    return _driver_of(connection)


def _driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    driver: Any = connection.sync_connection.connection.driver_connection  # type: ignore[union-attr]
    return driver  # type: ignore[no-any-return]
