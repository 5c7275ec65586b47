"""Turns of one conversation happen one after the other, in this process and across processes.

In this process: a lock per conversation, first come, first served, with a bounded queue. Across processes: the
conversation's row names the process that holds its turn, and a process proves that it lives by an advisory lock on a
connection of its own, so a killed process lets go at once.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from parley.kit.db import APP_ROLE, driver_url
from parley.kit.errors import TooMany, Unavailable

_NAMESPACE = 7265003
_MOST_WAITING = 64


class TurnHolder:
    """This process as a holder of turns; `number` is what rows name it by."""

    def __init__(self, url: str) -> None:
        self._conninfo = driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self.number = secrets.randbelow(2**31 - 1) + 1
        self._connection: psycopg.AsyncConnection | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """Take the lock that says this process lives."""
        await self.aclose()
        try:
            connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, options=f"-c role={APP_ROLE}", application_name="parley-turns"
            )
            await connection.execute("SELECT pg_advisory_lock(%s, %s)", (_NAMESPACE, self.number))
        except psycopg.OperationalError as error:
            raise Unavailable("The database cannot be reached; try again.", retry_after=1) from error
        asyncio.get_running_loop().add_reader(connection.fileno(), self._look)
        self._connection = connection

    async def ensure(self) -> None:
        """Take it again where the connection was lost since. Raises `Unavailable` while the database is away."""
        if self._connection is not None:
            return
        async with self._opening:  # a second session of ours would wait for the first one's lock
            if self._connection is None:
                await self.open()

    async def aclose(self) -> None:
        """Let go. Idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.closed:
            asyncio.get_running_loop().remove_reader(connection.fileno())
            await connection.close()

    def _look(self) -> None:
        """The idle connection has something to say: mostly that it ends, and the lock with it."""
        connection = self._connection
        if connection is None:
            return
        socket = connection.fileno()
        try:
            connection.pgconn.consume_input()
        except psycopg.OperationalError:
            asyncio.get_running_loop().remove_reader(socket)
            connection.pgconn.finish()
            self._connection = None


class LocalOrder:
    """One lock per conversation, kept only while somebody needs it."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, conversation_id: str) -> AsyncIterator[None]:
        """Wait for this conversation's turn. Raises `TooMany` when the queue before it is full."""
        lock, users = self._locks.get(conversation_id, (asyncio.Lock(), 0))
        if users > _MOST_WAITING:
            raise TooMany("conversation_id has too many messages waiting for an answer.", retry_after=1)
        self._locks[conversation_id] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[conversation_id]
            if users == 1:
                del self._locks[conversation_id]
            else:
                self._locks[conversation_id] = (lock, users - 1)
