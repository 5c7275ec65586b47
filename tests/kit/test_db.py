"""The two doors, jobs on the caller's transaction, and slow calls kept out of transactions."""

from __future__ import annotations

import asyncio

import numpy as np
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from parley.app.resources import Resources
from parley.kit import db as kit_db
from parley.kit import guard
from parley.kit.db import APP_ROLE, Database, driver_url, fetch
from parley.kit.errors import Unavailable
from parley.kit.guard import CalledInsideTransaction
from parley.kit.ids import new_id
from tests.conftest import Business

pytestmark = pytest.mark.anyio


def fail(_: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:p@h:5/d",
        "postgresql://u:p@h:5/d",
        "postgresql+psycopg://u:p@h:5/d",
        "postgresql+asyncpg://u:p@h:5/d",
    ],
)
def test_every_spelling_of_an_address_is_understood(url: str) -> None:
    read = driver_url(url)
    assert read.render_as_string(hide_password=False) == "postgresql+psycopg://u:p@h:5/d"
    assert "u:p@" not in str(read)


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite:///x", "h/d"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(Exception, match=r"postgres|URL"):
        driver_url(url)


async def test_a_transaction_commits_or_rolls_back(resources: Resources, business: Business) -> None:
    rename = text("UPDATE tenants SET name = :name")
    with pytest.raises(ZeroDivisionError):
        async with resources.db.begin(business.id) as connection:
            fail(await connection.execute(rename, {"name": "Lost"}))
    async with resources.db.begin(business.id) as connection:
        assert (await connection.execute(text("SELECT name FROM tenants"))).scalar_one() == "A business"
        await connection.execute(rename, {"name": "Kept"})
    async with resources.db.begin(business.id, durable=False) as connection:
        assert (await connection.execute(text("SELECT name FROM tenants"))).scalar_one() == "Kept"
        assert (await connection.execute(text("SHOW synchronous_commit"))).scalar_one() == "off"
    async with resources.db.begin(business.id) as connection:
        assert (await connection.execute(text("SHOW synchronous_commit"))).scalar_one() == "on"


async def test_a_plain_statement_runs_in_the_transaction_and_fails_like_any_other(
    resources: Resources, business: Business
) -> None:
    async with resources.db.begin(business.id) as connection:
        await connection.execute(text("UPDATE tenants SET settings = '{\"a\": [1]}'"))
        rows = await fetch(connection, "SELECT id, settings FROM tenants WHERE id = %(id)s", {"id": business.id})
        assert rows == [(business.id, {"a": [1]})]
        assert await fetch(connection, "UPDATE tenants SET industry = 'inn' WHERE name LIKE %s", ("A%",)) == []
    again = "INSERT INTO tenants (id, name) SELECT id, name FROM tenants"
    with pytest.raises(IntegrityError):
        async with resources.db.begin(business.id) as connection:
            await fetch(connection, again)
    async with resources.db.begin(business.id) as connection:
        assert await fetch(connection, "SELECT industry FROM tenants") == [("inn",)]


async def test_a_lost_server_is_noticed_by_a_plain_statement(database_url: str) -> None:
    """Every pooled connection is found out at once: the next transaction gets a new one."""
    db = Database(database_url, pool_size=2)
    async with db.begin("one") as first, db.begin("two") as second:
        backends = [(await fetch(one, "SELECT pg_backend_pid()"))[0][0] for one in (first, second)]
    with psycopg.connect(driver_url(database_url).set(drivername="postgresql").render_as_string(False)) as admin:
        for backend in backends:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))
    with pytest.raises(OperationalError):
        async with db.begin("one"):
            pass
    async with db.begin("one") as connection:
        assert (await fetch(connection, "SELECT current_setting('parley.tenant')")) == [("one",)]
    await db.aclose()


async def test_a_role_that_is_above_row_level_security_is_refused(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The login user of the embedded server is a superuser: without the role, nothing would hold tenants apart."""
    monkeypatch.setitem(kit_db._SESSION_OPTIONS, "role", "none")
    db = Database(database_url, pool_size=1)
    with pytest.raises(Unavailable, match="row-level security"):
        await db.verify_roles()
    await db.aclose()


async def test_an_unreachable_database_is_said_to_be_so() -> None:
    db = Database("postgresql://nobody@127.0.0.1:1/nothing", pool_size=1)
    assert await db.ping() is False
    await db.aclose()


async def test_connections_are_held_by_role_and_given_back(resources: Resources, business: Business) -> None:
    """More transactions at once than the pool has connections: all get their turn."""

    async def one() -> str:
        async with resources.db.begin(business.id) as connection:
            return str((await connection.execute(text("SELECT current_user"))).scalar_one())

    assert set(await asyncio.gather(*(one() for _ in range(60)))) == {APP_ROLE}
    assert resources.db._engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_a_cancelled_transaction_leaves_nothing_behind(resources: Resources, business: Business) -> None:
    async def slow() -> None:
        async with resources.db.begin(business.id) as connection:
            await connection.execute(text("UPDATE tenants SET name = 'Half'"))
            await connection.execute(text("SELECT pg_sleep(30)"))

    task = asyncio.create_task(slow())
    while not resources.db._engine.pool.checkedout():  # type: ignore[attr-defined]  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with resources.db.begin(business.id) as connection:
        assert (await connection.execute(text("SELECT name FROM tenants"))).scalar_one() == "A business"


async def test_slow_calls_inside_a_transaction_are_a_defect(resources: Resources, business: Business) -> None:
    """A row lock must never wait for a vendor: embedding and asking a model raise at once."""
    async with resources.db.begin(business.id):
        with pytest.raises(CalledInsideTransaction):
            guard.require_no_transaction("a model call")
    async with resources.db.begin_platform("a test of the guard"):
        with pytest.raises(CalledInsideTransaction):
            guard.require_no_transaction("a model call")
    guard.require_no_transaction("a model call")


async def test_the_guard_is_per_task(resources: Resources, business: Business) -> None:
    """Another task's transaction is no reason; one that is begun inside a transaction inherits it."""
    began, may_end = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with resources.db.begin(business.id):
            began.set()
            await may_end.wait()

    holder = asyncio.create_task(hold())
    await began.wait()
    guard.require_no_transaction("a model call")
    may_end.set()
    await holder


async def test_dimension_of_the_embedder_fits_the_column(resources: Resources, business: Business) -> None:
    vectors = await resources.embedder.embed(["one"])
    assert vectors.shape == (1, 384)
    assert vectors.dtype == np.float32
    with pytest.raises(DBAPIError):
        async with resources.db.begin(business.id) as connection:
            await connection.execute(text("SELECT cast('[1,2]' AS halfvec(384))"))


def test_ids_sort_by_time() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000


@pytest.mark.parametrize("tenant_id", ["it's", "\\'; DROP TABLE tenants; --", "a\nb", "ß%s{tenant}"])
async def test_a_tenant_id_is_a_value_whatever_is_in_it(resources: Resources, tenant_id: str) -> None:
    async with resources.db.begin(tenant_id) as connection:
        rows = await fetch(connection, "SELECT current_setting('parley.tenant'), count(*) FROM tenants")
    assert rows == [(tenant_id, 0)]


async def test_a_tenant_id_that_postgresql_cannot_hold_is_an_error_like_any_other(resources: Resources) -> None:
    with pytest.raises(DBAPIError):
        async with resources.db.begin("a\0b"):
            pass
