"""Jobs live and die with the data that needs them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from parley.app.migrate import migrate
from parley.kit.db import Database
from parley.kit.ids import new_id
from parley.kit.jobs import Job, JobQueue
from parley.kit.postgres import _ensure_database

pytestmark = pytest.mark.anyio


def fail(_: object) -> None:
    raise ZeroDivisionError


Ran = list[dict[str, object]]


@pytest.fixture(scope="module")
def queue_url(database_url: str, scratch: Path) -> str:
    """A database of its own: a worker takes every job it finds."""
    name = "parley_jobs"
    _ensure_database(database_url, name)
    url = database_url.replace("/parley?", f"/{name}?") if "/parley?" in database_url else database_url
    assert url != database_url, "the address names the database"
    migrate(url)
    return url


@pytest.fixture
async def db(queue_url: str) -> AsyncIterator[Database]:
    here = Database(queue_url, pool_size=4)
    yield here
    await here.aclose()


@pytest.fixture
async def ran() -> Ran:
    return []


@pytest.fixture
async def queue(queue_url: str, db: Database, ran: Ran) -> AsyncIterator[JobQueue]:
    here = JobQueue(queue_url)

    async def note(**arguments: object) -> None:
        ran.append(arguments)

    async def fail_twice(**arguments: object) -> None:
        ran.append(arguments)
        if len(ran) < 3:
            raise RuntimeError("not yet")

    async def fail(**arguments: object) -> None:
        ran.append(arguments)
        raise RuntimeError("never")

    jobs = [Job("note", note), Job("fail_twice", fail_twice, attempts=3, wait=0), Job("fail", fail, attempts=2, wait=0)]
    here.register(jobs)
    await here.open()
    yield here
    await here.aclose()
    async with db.begin("x") as connection:
        await connection.execute(text("DELETE FROM procrastinate_jobs"))


async def test_a_job_commits_with_the_data(db: Database, queue: JobQueue, ran: Ran) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.begin("x") as connection:
            fail(await queue.enqueue(connection, "note", number=1))
    async with db.begin("x") as connection:
        assert await queue.enqueue(connection, "note", number=2)
    await queue.work(until_empty=True)
    assert ran == [{"number": 2}]


async def test_a_job_that_is_to_wait_once_waits_once(db: Database, queue: JobQueue, ran: Ran) -> None:
    """And the transaction that found a twin goes on."""
    async with db.begin("x") as connection:
        assert await queue.enqueue(connection, "note", once="only", number=1)
        assert await queue.enqueue(connection, "note", once="only", number=2) is None
        assert await queue.enqueue(connection, "note", number=3)
    await queue.work(until_empty=True)
    assert ran == [{"number": 1}, {"number": 3}]


async def test_a_failing_job_is_tried_again_as_often_as_it_says(db: Database, queue: JobQueue, ran: Ran) -> None:
    async with db.begin("x") as connection:
        await queue.enqueue(connection, "fail_twice", number=1)
    await queue.work(until_empty=True)
    assert len(ran) == 3
    ran.clear()
    async with db.begin("x") as connection:
        await queue.enqueue(connection, "fail", number=1)
    await queue.work(until_empty=True)
    assert len(ran) == 2
    async with db.begin("x") as connection:
        status = (await connection.execute(text("SELECT status::text FROM procrastinate_jobs"))).scalars().all()
    assert status == ["failed"]


async def test_jobs_of_one_lock_run_in_order(db: Database, queue: JobQueue, ran: Ran) -> None:
    async with db.begin("x") as connection:
        for number in range(8):
            await queue.enqueue(connection, "note", lock="one at a time", number=number)
    await queue.work(until_empty=True, concurrency=4)
    assert ran == [{"number": number} for number in range(8)]


async def test_a_job_nobody_knows_is_no_crash(db: Database, queue: JobQueue) -> None:
    async with db.begin("x") as connection:
        await queue.enqueue(connection, f"unknown.{new_id()}")
    await queue.work(until_empty=True)
    assert await queue.ping()
