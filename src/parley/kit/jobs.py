"""Background jobs on the same PostgreSQL (procrastinate): a job is inserted on the caller's own connection, so it
commits with the data that needs it or not at all.

Rooms declare `Job(name, run, …)` values; `app` binds them to a `JobQueue`. Arguments are ids and small numbers: the
jobs table is not held by row-level security.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.db import APP_ROLE, driver_url, raw_connection
from parley.kit.ids import new_id

_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of background work. `run` gets the keyword arguments it was enqueued with.

    A failing run is tried again `attempts` - 1 times, after `wait` · 2^n seconds.
    """

    name: str
    run: Callable[..., Awaitable[None]]
    attempts: int = 5
    wait: int = 2
    cron: str | None = None


class Enqueue(Protocol):
    """What rooms see of the queue."""

    async def enqueue(
        self, connection: AsyncConnection, name: str, *, lock: str | None = None, once: str | None = None, **args: Any
    ) -> str | None:
        """Insert a job on the caller's transaction and return its id.

        `lock`: jobs of one lock run one after the other. `once`: at most one such job waits; None when one does.
        """
        ...


_OVERDUE = """
    SELECT coalesce(extract(epoch FROM now() - min(greatest(coalesce(j.scheduled_at, e.at), e.at))), 0) AS seconds
    FROM procrastinate_jobs j
    JOIN LATERAL (SELECT min(at) AS at FROM procrastinate_events WHERE job_id = j.id) e ON true
    WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())"""
_BLANK = procrastinate.App(connector=procrastinate.PsycopgConnector())  # forms jobs; opens no connection of its own


async def enqueue(
    connection: AsyncConnection, name: str, *, lock: str | None = None, once: str | None = None, **args: Any
) -> str | None:
    """See `Enqueue.enqueue`. A savepoint keeps the caller's transaction usable when `once` finds a twin."""
    raw = await raw_connection(connection)
    deferrer = _BLANK.configure_task(name, lock=lock or new_id(), queueing_lock=once, connection=raw)
    try:
        async with connection.begin_nested():
            return str(await deferrer.defer_async(**args))
    except AlreadyEnqueued:
        return None


class JobQueue:
    """Puts jobs on the database and, in a worker, runs them."""

    def __init__(self, url: str) -> None:
        conninfo = driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        connector = procrastinate.PsycopgConnector(
            conninfo=conninfo, kwargs={"options": f"-c role={APP_ROLE}"}, min_size=1, max_size=4
        )
        self.app = procrastinate.App(connector=connector)

    def register(self, jobs: Sequence[Job]) -> None:
        """Make `jobs` runnable by this process."""
        for job in jobs:
            retry = procrastinate.RetryStrategy(max_attempts=job.attempts - 1, exponential_wait=job.wait)
            task = self.app.task(name=job.name, retry=retry, pass_context=False)(job.run)
            if job.cron:
                self.app.periodic(cron=job.cron)(task)

    async def enqueue(
        self, connection: AsyncConnection, name: str, *, lock: str | None = None, once: str | None = None, **args: Any
    ) -> str | None:
        """See `Enqueue.enqueue`."""
        return await enqueue(connection, name, lock=lock, once=once, **args)

    async def ping(self) -> bool:
        """Whether the queue's tables answer."""
        try:
            return bool(await self.app.check_connection_async())
        except ConnectorException:
            return False

    async def lag(self) -> float:
        """Seconds that the longest-waiting job is overdue: above a minute or two, no worker is running."""
        row = await self.app.connector.execute_query_one_async(_OVERDUE)
        return float(row["seconds"])

    async def open(self) -> None:
        """Open the queue's own connections."""
        await self.app.open_async()

    async def aclose(self) -> None:
        """Close them."""
        await self.app.close_async()

    async def work(self, *, concurrency: int = 4, until_empty: bool = False) -> None:
        """Run jobs until cancelled, or until none is due: those of one lock, and those tried again, come one by one."""
        while True:
            await self.app.run_worker_async(
                concurrency=concurrency,
                wait=not until_empty,
                install_signal_handlers=False,
                shutdown_graceful_timeout=20,
                delete_jobs="successful",
            )
            if not until_empty or not await self._is_any_due():
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def _is_any_due(self) -> bool:
        now = datetime.now(UTC)
        waiting = await self.app.job_manager.list_jobs_async(status="todo")
        return any(job.scheduled_at is None or job.scheduled_at <= now for job in waiting)
