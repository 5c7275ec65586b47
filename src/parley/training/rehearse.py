"""Sessions: a trainee talks with the scenario's customer until the talk is over, and is judged.

A line is stored first and answered afterwards, line by line: what was stored and not answered when a process died is
answered when somebody looks again, and never twice. The customer's mind is rebuilt from the lines themselves (it is
deterministic by seed), so any process can go on with any session.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from weakref import WeakValueDictionary
from zlib import crc32

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations import HostedModels, RehearsedTalks, Spoken
from parley.inference.ports import Embedder
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotFound
from parley.kit.events import Event, publish
from parley.kit.ids import new_id
from parley.kit.jobs import Job
from parley.personas import Caller
from parley.tenants import Businesses, Principal
from parley.training import store
from parley.training.assess import assess_talk
from parley.training.coach import next_hint
from parley.training.library import Scenarios
from parley.training.scenario import Scenario
from parley.training.score import Score
from parley.training.store import Session

COMPLETED = "session.completed"
MOST_CHARACTERS = 4000
_MOST_LINES = 500
_MOST_RECEIPTS = 200
_MOST_CAST = 2000
_IDLE_HOURS = 24
_TENANTS = 200
_EVERY_HOUR = "41 * * * *"
_SILENCE = "…"

Ending = Literal["satisfied", "impatient", "finished", "time", "left"]


@dataclass(slots=True)
class _Actor:
    """A customer in one session: the trainee's lines up to `place`, and how many of them it has heard."""

    caller: Caller
    said: list[str] = field(default_factory=list)
    place: int = 0
    heard: int = 0

    def read(self, lines: Sequence[Spoken]) -> None:
        """Take note of lines after `place`."""
        self.said += [line.content for line in lines if line.role == "user"]
        self.place = max([self.place, *(line.ordinal for line in lines)])


class Rehearsals:
    """Practice sessions of all tenants."""

    def __init__(
        self,
        db: Database,
        scenarios: Scenarios,
        talks: RehearsedTalks,
        models: HostedModels,
        embedder: Embedder,
        businesses: Businesses,
        clock: Clock,
    ) -> None:
        self._db = db
        self._scenarios = scenarios
        self._talks = talks
        self._models = models
        self._embedder = embedder
        self._businesses = businesses
        self._clock = clock
        self._cast: OrderedDict[str, _Actor] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def background(self) -> Sequence[Job]:
        """The job that ends what was left lying, to be registered with the queue."""
        return [Job("training.sweep", self.sweep_all, attempts=3, wait=60, cron=_EVERY_HOUR)]

    async def begin(self, who: Principal, tenant_id: str, scenario_id: str, user_id: str, *, coaching: bool) -> Session:
        """A new session on a scenario; the customer's first words are its first line. Raises `NotFound`."""
        filed = (await self._scenarios.get(tenant_id, scenario_id)).filed
        session_id, now = new_id(), self._clock.now()
        await self._talks.warm()
        async with self._db.begin(tenant_id) as connection:
            scenario = await self._scenarios.version(connection, tenant_id, filed.id, filed.version)
            await self._talks.begin(
                connection,
                tenant_id,
                session_id,
                name=scenario.title,
                user_id=user_id,
                language=scenario.language,
                privacy=scenario.privacy,
            )
            limit = scenario.time_limit_minutes
            values = {
                "id": session_id,
                "tenant_id": tenant_id,
                "scenario_id": filed.id,
                "scenario_version": filed.version,
                "user_id": user_id,
                "owner": _owner(who),
                "data": {"coaching": coaching and scenario.coaching, "hints": [], "receipts": {}},
                "created_at": now,
                "last_active_at": now,
                "deadline_at": now + timedelta(minutes=limit) if limit else None,
            }
            session = await store.add_session(connection, values)
            first = await _caller(scenario, session_id).opening()
            if first is not None and first.text:
                await self._talks.say(connection, tenant_id, session_id, "agent", first.text)
        return session

    async def get(self, who: Principal, tenant_id: str, session_id: str) -> Session:
        """Raises `NotFound`, also for a trainee who asks for another's."""
        async with self._db.begin(tenant_id) as connection:
            session = await store.get_session(connection, tenant_id, session_id)
        if session is None or not _may_see(who, session):
            raise NotFound("session")
        return session

    async def look(self, tenant_id: str, session_id: str, after: int = 0) -> tuple[Session, Sequence[Spoken]] | None:
        """The session and what was said after a place, for one who was let in before; None once it is gone."""
        async with self._db.begin(tenant_id) as connection:
            # The session first: what ends it was said before.
            session = await store.get_session(connection, tenant_id, session_id)
            if session is None:
                return None
            return session, await self._talks.lines(connection, tenant_id, session_id, after)

    async def page(
        self, who: Principal, tenant_id: str, limit: int, cursor: str | None, filters: Mapping[str, str]
    ) -> list[Session]:
        """Newest first; a trainee's own only."""
        own = {} if "read" in who.levels else {"owner": _owner(who)}
        async with self._db.begin(tenant_id) as connection:
            return await store.page_sessions(connection, tenant_id, limit, cursor, {**filters, **own})

    async def lines(self, tenant_id: str, session_id: str, after: int = 0) -> Sequence[Spoken]:
        """What was said after a place, oldest first."""
        async with self._db.begin(tenant_id) as connection:
            return await self._talks.lines(connection, tenant_id, session_id, after)

    async def say(self, tenant_id: str, session_id: str, words: str, client_id: str | None = None) -> str:
        """Store a line of the trainee's and return its id. The same `client_id` again gives the first line's id.

        Raises `InvalidInput`, `Conflict` for a session that is over.
        """
        if not words.strip():
            raise InvalidInput("content must not be empty.")
        if len(words) > MOST_CHARACTERS:
            raise InvalidInput(f"content must be at most {MOST_CHARACTERS:,} characters long.")
        await self._talks.warm()
        async with self._db.begin(tenant_id) as connection:
            session = await self._locked(connection, tenant_id, session_id)
            receipts = dict(session.data.get("receipts", {}))
            if client_id is not None and client_id in receipts:
                return str(receipts[client_id])
            late = session.deadline_at is not None and self._clock.now() >= session.deadline_at
            if session.status == "active" and not late:
                if session.asked >= _MOST_LINES:
                    raise Conflict(f"A session has at most {_MOST_LINES} lines.", code="session.too_long")
                line = await self._talks.say(connection, tenant_id, session_id, "user", words)
                values: dict[str, Any] = {"asked": session.asked + 1, "last_active_at": self._clock.now()}
                if client_id is not None:
                    kept = dict(list({**receipts, client_id[:64]: line}.items())[-_MOST_RECEIPTS:])
                    values["data"] = {**session.data, "receipts": kept}
                await store.change_session(connection, tenant_id, session_id, values)
                return line
        if late and session.status == "active":
            await self.complete(tenant_id, session_id, ending="time")
        raise Conflict("The session is over; begin a new one.", code="session.over")

    async def answer(self, tenant_id: str, session_id: str) -> None:
        """Let the customer reply to every line that has no reply yet; the last words may end the session."""
        async with self._turns.setdefault(session_id, asyncio.Lock()):
            while await self._answer_one(tenant_id, session_id):
                pass

    async def complete(self, tenant_id: str, session_id: str, *, ending: Ending = "finished") -> Session:
        """End a session and judge it. Completing again gives what was found the first time."""
        async with self._db.begin(tenant_id) as connection:
            session = await store.get_session(connection, tenant_id, session_id)
            if session is None:
                raise NotFound("session")
            if session.status != "active":
                return session
            scenario = await self._played(connection, session)
            lines = await self._talks.lines(connection, tenant_id, session_id)
            passages = await self._scenarios.passages(connection, tenant_id, session.scenario_id)
        model = await self._models.hosted(tenant_id, None)
        talk = [(line.id, line.role, line.content) for line in lines]
        score = await assess_talk(scenario, talk, passages, self._embedder.embed, model)
        return await self._close(session, "completed", ending, score)

    async def abandon(self, tenant_id: str, session_id: str) -> Session:
        """Leave a session unjudged."""
        async with self._db.begin(tenant_id) as connection:
            session = await store.get_session(connection, tenant_id, session_id)
        if session is None:
            raise NotFound("session")
        return session if session.status != "active" else await self._close(session, "abandoned", "left", None)

    async def sweep(self, tenant_id: str) -> int:
        """End what nobody has touched for a day; returns how many sessions."""
        now = self._clock.now()
        async with self._db.begin(tenant_id) as connection:
            idle = await store.idle_sessions(connection, tenant_id, now - timedelta(hours=_IDLE_HOURS), 500)
        for session_id in idle:
            await self.abandon(tenant_id, session_id)
        return len(idle)

    async def sweep_all(self, timestamp: int = 0) -> None:  # noqa: ARG002 - the queue's: when it was due
        """Every tenant, one after the other."""
        cursor: str | None = None
        while True:
            tenants = await self._businesses.page(_TENANTS, cursor)
            for tenant in tenants[:_TENANTS]:
                await self.sweep(tenant.id)
            if len(tenants) <= _TENANTS:
                return
            cursor = tenants[_TENANTS - 1].id

    # Steps

    async def _played(self, connection: AsyncConnection, session: Session) -> Scenario:
        number = session.scenario_version
        return await self._scenarios.version(connection, session.tenant_id, session.scenario_id, number)

    async def _locked(self, connection: AsyncConnection, tenant_id: str, session_id: str) -> Session:
        session = await store.get_session(connection, tenant_id, session_id, lock=True)
        if session is None:
            raise NotFound("session")
        return session

    async def _answer_one(self, tenant_id: str, session_id: str) -> bool:
        """Reply to the oldest line without a reply; False where there is none."""
        async with self._db.begin(tenant_id) as connection:
            session = await store.get_session(connection, tenant_id, session_id)
            if session is None or session.status != "active" or session.answered >= session.asked:
                return False
            scenario = await self._played(connection, session)
            actor = self._cast.get(session_id)
            if actor is None or actor.heard > session.answered:
                actor = _Actor(_caller(scenario, session_id))
                await actor.caller.opening()
            actor.read(await self._talks.lines(connection, tenant_id, session_id, actor.place))
        await self._prepare(actor, session)
        said = actor.said
        reply = await actor.caller.reply(said[session.answered])
        actor.heard = session.answered + 1
        text = reply.text or _SILENCE
        async with self._db.begin(tenant_id) as connection:
            now = await self._locked(connection, tenant_id, session_id)
            if now.answered != session.answered or now.status != "active":
                return now.status == "active"
            await self._talks.say(connection, tenant_id, session_id, "agent", text)
            data = self._coached(scenario, now, said[: session.answered + 1])
            values = {"answered": now.answered + 1, "last_active_at": self._clock.now(), "data": data}
            await store.change_session(connection, tenant_id, session_id, values)
        if reply.hang_up:
            ending: Ending = "satisfied" if actor.caller.satisfied else "impatient"
            await self.complete(tenant_id, session_id, ending=ending)
            return False
        return now.asked > now.answered + 1  # whoever stores another line from here on asks for its answer

    @staticmethod
    def _coached(scenario: Scenario, session: Session, said: Sequence[str]) -> dict[str, Any]:
        """The session's data with the hint that is due, if coaching is wanted."""
        data = dict(session.data)
        if data.get("coaching"):
            given = [hint["item"] for hint in data.get("hints", [])]
            if (item := next_hint(scenario, said, given)) is not None and item.hint:
                data["hints"] = [*data.get("hints", []), {"item": item.id, "content": item.hint, "after": len(said)}]
        return data

    async def _prepare(self, actor: _Actor, session: Session) -> None:
        """Let the customer hear every line that was answered, by rules alone: what it said then is said."""
        actor.caller.speak_with(None)
        for line in actor.said[actor.heard : session.answered]:
            await actor.caller.reply(line)
        actor.heard = session.answered
        actor.caller.speak_with(await self._models.hosted(session.tenant_id, None))
        self._cast[session.id] = actor
        self._cast.move_to_end(session.id)
        while len(self._cast) > _MOST_CAST:
            self._cast.popitem(last=False)

    async def _close(self, session: Session, status: str, ending: Ending, score: Score | None) -> Session:
        now: datetime = self._clock.now()
        tenant_id = session.tenant_id
        async with self._db.begin(tenant_id) as connection:
            current = await self._locked(connection, tenant_id, session.id)
            if current.status != "active":
                return current
            values = {
                "status": status,
                "completed_at": now,
                "score": score.shown() if score else None,
                "data": {**current.data, "ending": ending},
            }
            closed = await store.change_session(connection, tenant_id, session.id, values)
            passed = score.passed if score else None
            await self._talks.end(connection, tenant_id, session.id, now=now, passed=passed)
            await publish(connection, Event(tenant_id, COMPLETED, {"conversation_id": session.id}))
        self._cast.pop(session.id, None)
        return closed


def _caller(scenario: Scenario, session_id: str) -> Caller:
    return Caller(scenario.cast(), seed=crc32(session_id.encode()), language=scenario.language)


def _owner(who: Principal) -> str:
    return f"{who.kind}:{who.id}"


def _may_see(who: Principal, session: Session) -> bool:
    return "read" in who.levels or session.owner == _owner(who)
