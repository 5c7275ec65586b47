"""News between processes over PostgreSQL's NOTIFY: told on the caller's transaction, heard only if that commits.

An event carries ids, never words: channels are not held by row-level security, and a payload has at most 8,000 bytes.
Who listens reads the rows through the ordinary door. Delivery is at most once: what must not be lost is a job.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit import log
from parley.kit.db import APP_ROLE, driver_url, fetch

CHANNEL = "parley_events"
MISSED = "missed"
_MOST_WAITING = 1000
_RETRY_SECONDS = 1.0

_log = log.get("events")
_NOTIFY = "SELECT pg_notify(%s, %s)"


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is dotted, such as incident.raised; `data` holds ids and small facts."""

    tenant_id: str
    name: str
    data: Mapping[str, Any]


async def publish(connection: AsyncConnection, event: Event) -> None:
    """Tell whoever listens, when the caller's transaction commits."""
    await fetch(connection, _NOTIFY, (CHANNEL, payload(event)))


def payload(event: Event) -> str:
    """What `pg_notify` on `CHANNEL` is given, for a statement that tells of an event itself."""
    return orjson.dumps({"tenant_id": event.tenant_id, "name": event.name, "data": dict(event.data)}).decode()


class Subscription:
    """Events for one reader, in order. A reader too slow loses the oldest and is told by an event named `MISSED`."""

    def __init__(self, tenant_id: str | None) -> None:
        self.tenant_id = tenant_id
        self.about: set[tuple[str, str]] = set()
        """The ids it is limited to; everything where there are none."""
        self._waiting: deque[Event] = deque()
        self._missed = False
        self._news = asyncio.Event()

    def give(self, event: Event) -> None:
        if self.tenant_id is not None and event.tenant_id != self.tenant_id:
            return
        if self.about and self.about.isdisjoint(_said_of(event)):
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.popleft()
            self._missed = True
        self._waiting.append(event)
        self._news.set()

    def miss(self) -> None:
        """Say that something may have been lost: the reader looks at the rows again."""
        self._missed = True
        self._news.set()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._missed and not self._waiting:
            self._news.clear()
            await self._news.wait()
        if self._missed:
            self._missed = False
            return Event(self.tenant_id or "", MISSED, {})
        return self._waiting.popleft()


def _said_of(event: Event) -> list[tuple[str, str]]:
    """The ids in its data, as a subscription names them."""
    return [(name, value) for name, value in event.data.items() if isinstance(value, str)]


class Listener:
    """One connection that listens for a whole process, and hands every event to its subscriptions.

    Those to single things are found by what an event names: with hundreds of them nobody is asked in vain.
    """

    def __init__(self, url: str) -> None:
        self._conninfo = driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._subscriptions: set[Subscription] = set()
        self._to_all: set[Subscription] = set()
        self._to_one: dict[tuple[str, str], set[Subscription]] = {}
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start; returns when the first LISTEN stands. Raises `psycopg.OperationalError`."""
        connection = await self._connect()
        self._task = asyncio.create_task(self._run(connection), name="events")

    async def aclose(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @asynccontextmanager
    async def subscribe(
        self, tenant_id: str | None = None, about: Mapping[str, str] | None = None
    ) -> AsyncIterator[Subscription]:
        """Events of one tenant (None: of all) told from here on; with `about`, only those whose data name one of these
        ids."""
        subscription = Subscription(tenant_id)
        self._subscriptions.add(subscription)
        if about:
            self.widen(subscription, about)
        else:
            self._to_all.add(subscription)
        try:
            yield subscription
        finally:
            self._forget(subscription)

    def widen(self, subscription: Subscription, about: Mapping[str, str]) -> None:
        """Have a subscription to single things hear of these too."""
        subscription.about.update(about.items())
        for thing in about.items():
            self._to_one.setdefault(thing, set()).add(subscription)

    def _forget(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)
        self._to_all.discard(subscription)
        for thing in subscription.about:
            self._to_one[thing].discard(subscription)
            if not self._to_one[thing]:
                del self._to_one[thing]

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        connection = await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True, options=f"-c role={APP_ROLE}", application_name="parley events"
        )
        await connection.execute(f"LISTEN {CHANNEL}")
        return connection

    async def _run(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            try:
                async with connection:
                    await self._hear(connection)
            except psycopg.OperationalError as error:
                _log.warning("events.connection_lost", error=str(error))
            connection = await self._reconnect()
            for subscription in self._subscriptions:
                subscription.miss()

    async def _reconnect(self) -> psycopg.AsyncConnection[Any]:
        while True:
            await asyncio.sleep(_RETRY_SECONDS)
            try:
                return await self._connect()
            except psycopg.OperationalError as error:
                _log.warning("events.not_connected", error=str(error))

    async def _hear(self, connection: psycopg.AsyncConnection[Any]) -> None:
        async for notice in connection.notifies():
            event = Event(**orjson.loads(notice.payload))
            concerned = self._to_all.union(*(self._to_one.get(thing, ()) for thing in _said_of(event)))
            for subscription in concerned:
                subscription.give(event)
