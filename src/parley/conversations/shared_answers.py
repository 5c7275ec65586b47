"""Remembered answers among processes: kept in PostgreSQL, told by NOTIFY, loaded when a tenant is first asked for.

A turn waits for none of it: `Recall` is the first level, and what it learns is written behind it. A crash loses at most
answers that would have been remembered; a rejection is durable before it is acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy.exc import DBAPIError

from parley.conversations import answer_store
from parley.conversations.events import Source
from parley.conversations.recall import Entry, Question, Recall, Remembered
from parley.kit import log
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import InvalidInput, NotFound
from parley.kit.events import MISSED, Event, Listener, publish
from parley.kit.ids import new_id
from parley.tenants import Principal, record_audit

REMEMBERED = "answer.remembered"
REJECTED = "answer.rejected"
CLEARED = "answers.cleared"
_MOST_WAITING = 1000
_MOST_LOADED = 2000
_LOST = (DBAPIError, OSError, TimeoutError)

_log = log.get("recall")


class SharedAnswers:
    """Joins one process's `Recall` to those of the others."""

    def __init__(self, db: Database, listener: Listener, recall: Recall, clock: Clock) -> None:
        self._db = db
        self._listener = listener
        self._recall = recall
        self._clock = clock
        self._me = new_id()
        self._waiting: asyncio.Queue[Entry] = asyncio.Queue(_MOST_WAITING)
        self._tasks: list[asyncio.Task[None]] = []
        recall.others = self

    async def open(self) -> None:
        """Begin to write, to load and to listen."""
        listening = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._work(), name="recall.work"),
            asyncio.create_task(self._listen(listening), name="recall.listen"),
        ]
        await listening.wait()

    async def aclose(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def tell(self, entry: Entry) -> None:
        """Let the others have a new answer. One too many is let go: it is only a cache."""
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait(entry)

    async def load(self, tenant_id: str) -> bool:
        """Bring a tenant's answers and rejections into memory; False where the database does not answer."""
        now = self._clock.now()
        try:
            async with self._db.begin(tenant_id, durable=False) as connection:
                await answer_store.forget_answers(connection, tenant_id, before=now)
                rejected = await answer_store.get_rejected(connection, tenant_id)
                rows = await answer_store.get_answers(connection, tenant_id, after=now, most=_MOST_LOADED)
        except _LOST as error:
            _log.warning("recall.not_loaded", error=type(error).__name__)
            return False
        self._recall.reject(rejected)
        for row in reversed(rows):
            self._recall.admit(_entry(row))
        return True

    async def reject(self, who: Principal, tenant_id: str, message_id: str) -> int:
        """The answer of this message was wrong: never again. Returns how many remembered answers were forgotten.

        Raises `NotFound` for an unknown message, `InvalidInput` for one that answers nothing.
        """
        async with self._db.begin(tenant_id) as connection:
            exchange = await answer_store.get_exchange(connection, tenant_id, message_id)
            if exchange is None:
                raise NotFound("message")
            agent_id, asked, reply, language = exchange
            if agent_id is None or not asked or not reply:
                raise InvalidInput("message_id must be an agent's answer whose words were kept.")
            claim = Question(tenant_id, agent_id, 0, "", language or "en", 0, asked).claim(reply)
            await answer_store.reject(connection, tenant_id, agent_id, [claim], f"{who.kind}:{who.id}")
            await record_audit(connection, who, tenant_id, "answer.rejected", message_id)
            await publish(connection, Event(tenant_id, REJECTED, {"by": self._me}))
        return self._recall.reject([claim])

    async def clear(self, tenant_id: str, agent_id: str | None = None) -> None:
        """Forget a tenant's answers, or one agent's, in every process."""
        async with self._db.begin(tenant_id) as connection:
            await answer_store.forget_answers(connection, tenant_id, agent_id=agent_id)
            await publish(connection, Event(tenant_id, CLEARED, {"by": self._me, "agent_id": agent_id}))
        self._recall.clear(tenant_id, agent_id)

    async def _work(self) -> None:
        while True:
            entry = await self._waiting.get()
            try:
                await self._write(entry)
            except _LOST as error:  # also an agent that is gone by now
                _log.warning("recall.not_shared", error=type(error).__name__)

    async def _write(self, entry: Entry) -> None:
        row = _row(entry)
        async with self._db.begin(entry.tenant_id, durable=False) as connection:
            await answer_store.add_answer(connection, row)
            await publish(connection, Event(entry.tenant_id, REMEMBERED, {"by": self._me, "id": row["id"]}))

    async def _listen(self, listening: asyncio.Event) -> None:
        async with self._listener.subscribe() as news:
            listening.set()
            async for event in news:
                try:
                    await self._hear(event)
                except _LOST as error:
                    _log.warning("recall.not_heard", error=type(error).__name__)
                    self._recall.restart()

    async def _hear(self, event: Event) -> None:
        if event.name == MISSED:
            self._recall.restart()
            return
        if event.name not in {REMEMBERED, REJECTED, CLEARED} or event.data["by"] == self._me:
            return
        tenant_id = event.tenant_id
        if event.name == CLEARED:
            self._recall.clear(tenant_id, event.data["agent_id"])
            return
        if not self._recall.is_prepared(tenant_id):
            return  # it is read whole when somebody asks
        if event.name == REJECTED:
            async with self._db.begin(tenant_id, durable=False) as connection:
                self._recall.reject(await answer_store.get_rejected(connection, tenant_id))
            return
        async with self._db.begin(tenant_id, durable=False) as connection:
            rows = await answer_store.get_answers(
                connection, tenant_id, after=self._clock.now(), most=1, answer_id=event.data["id"]
            )
        for row in rows:
            self._recall.admit(_entry(row))


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "id": new_id(),
        "tenant_id": entry.tenant_id,
        "agent_id": entry.agent_id,
        "exact_key": entry.key,
        "gist_key": entry.gist_key,
        "claim": entry.claim,
        "reply": entry.answer.reply,
        "intent": entry.answer.intent,
        "sources": orjson.dumps([asdict(source) for source in entry.answer.sources]).decode(),
        "expires_at": datetime.fromtimestamp(entry.answer.expires, UTC),
    }


def _entry(row: dict[str, Any]) -> Entry:
    sources = tuple(Source(**source) for source in row["sources"])
    answer = Remembered(row["reply"], row["intent"], sources, row["expires_at"].timestamp())
    gist_key = None if row["gist_key"] is None else bytes(row["gist_key"])
    return Entry(row["tenant_id"], row["agent_id"], bytes(row["exact_key"]), gist_key, bytes(row["claim"]), answer)
