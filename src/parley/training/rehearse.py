"""Sessions: a trainee talks with the scenario's customer until the talk is over, and is judged.

A line is stored first and answered afterwards, line by line: what was stored and not answered when a process died is
answered when somebody looks again, and never twice. The customer's mind is rebuilt from the lines themselves (it is
deterministic by seed), so any process can go on with any session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from weakref import WeakValueDictionary

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations import HostedModels, RehearsedTalks, Spoken
from parley.inference.ports import Embedder
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotFound
from parley.kit.events import Event, publish
from parley.kit.ids import new_id
from parley.kit.jobs import Job
from parley.tenants import Businesses, Principal
from parley.training import store
from parley.training.assess import assess_talk
from parley.training.coach import next_hint
from parley.training.customer import Cast, Customer, enter
from parley.training.library import Scenarios
from parley.training.meaning import Meanings
from parley.training.scenario import Scenario
from parley.training.score import Score
from parley.training.store import Session

COMPLETED = "session.completed"
MOST_CHARACTERS = 4000
_MOST_LINES = 500
_MOST_RECEIPTS = 200
_IDLE_HOURS = 24
_TENANTS = 200
_EVERY_HOUR = "41 * * * *"

Ending = Literal["satisfied", "impatient", "finished", "time", "left"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a line brought: the session as it stands and the `lines` added to it, the trainee's own first; none where it
    had been said before. `settled`: nothing is left to be done, else `answer` has to be asked for."""

    line_id: str
    session: Session
    lines: Sequence[Spoken]
    settled: bool


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
        self._meanings = Meanings(embedder.embed)
        self._businesses = businesses
        self._clock = clock
        self._cast = Cast()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def background(self) -> Sequence[Job]:
        """The job that ends what was left lying, to be registered with the queue."""
        return [Job("training.sweep", self.sweep_all, attempts=3, wait=60, cron=_EVERY_HOUR)]

    async def begin(
        self, who: Principal, tenant_id: str, scenario_id: str, user_id: str, *, coaching: bool
    ) -> tuple[Session, Sequence[Spoken]]:
        """A new session on a scenario, and its first line: the customer's first words. Raises `NotFound`."""
        filed = (await self._scenarios.get(tenant_id, scenario_id)).filed
        session_id, now = new_id(), self._clock.now()
        await self._talks.warm()
        async with self._db.begin(tenant_id) as connection:
            scenario = await self._scenarios.version(connection, tenant_id, filed.id, filed.version)
            talk = await self._talks.begin(
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
                "data": {
                    "coaching": coaching and scenario.coaching,
                    "language": scenario.language,
                    "hints": [],
                    "receipts": {},
                },
                "created_at": now,
                "deadline_at": now + timedelta(minutes=limit) if limit else None,
            }
            session = await store.add_session(connection, values)
            customer, lines = await enter(scenario, session_id), []
            if customer.opening:
                lines = await self._talks.add(connection, talk, ("agent", customer.opening))
            customer.read(lines)
        self._cast.keep(session_id, customer)
        return session, lines

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

    async def say(self, tenant_id: str, session_id: str, words: str, client_id: str | None = None) -> Exchange:
        """Store a line of the trainee's, and the customer's reply with it where that takes no model.

        The same `client_id` again says nothing and gives the first line's id. Raises `InvalidInput`, `Conflict` for a
        session that is over.
        """
        if not words.strip():
            raise InvalidInput("content must not be empty.")
        if len(words) > MOST_CHARACTERS:
            raise InvalidInput(f"content must be at most {MOST_CHARACTERS:,} characters long.")
        await self._talks.warm()
        by_rules = await self._models.hosted(tenant_id, None) is None
        said, customer = None, None
        async with self._db.begin(tenant_id) as connection:
            session = await self._locked(connection, tenant_id, session_id)
            receipts = session.data.get("receipts", {})
            if client_id is not None and client_id in receipts:
                return Exchange(str(receipts[client_id]), session, (), settled=False)
            late = session.deadline_at is not None and self._clock.now() >= session.deadline_at
            if session.status == "active" and not late:
                said, customer = await self._exchange(connection, session, words, client_id, by_rules=by_rules)
        if customer is not None:
            self._cast.keep(session_id, customer)
        if said is not None:
            return said
        if late and session.status == "active":
            await self.complete(tenant_id, session_id, ending="time")
        raise Conflict("The session is over; begin a new one.", code="session.over")

    async def answer(self, tenant_id: str, session_id: str) -> None:
        """Let the customer reply to every line that has no reply yet, and end the session where it has left."""
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
        score = await assess_talk(scenario, talk, passages, self._meanings, model)
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

    async def _exchange(
        self, connection: AsyncConnection, session: Session, words: str, client_id: str | None, *, by_rules: bool
    ) -> tuple[Exchange, Customer | None]:
        """A line, and the reply to it unless others wait for theirs or a model has to be asked; who replied."""
        if session.asked >= _MOST_LINES:
            raise Conflict(f"A session has at most {_MOST_LINES} lines.", code="session.too_long")
        talk = await self._talks.open(connection, session.tenant_id, session.id)
        heard = talk.heard(words)
        customer = None
        if by_rules and session.asked == session.answered:
            scenario = await self._played(connection, session)
            customer = await self._customer(connection, scenario, session, talk.place)
            customer.said.append(heard)
            reply = await customer.reply(session.answered, None)
            lines = await self._talks.add(connection, talk, ("user", heard), ("agent", reply))
            customer.place = lines[-1].ordinal
            data = _coached(scenario, session.data, customer.said)
            now = replace(session, asked=session.asked + 1, answered=session.answered + 1, data=data)
        else:
            lines = await self._talks.add(connection, talk, ("user", heard))
            now = replace(session, asked=session.asked + 1)
        if client_id is not None:
            receipts = {**now.data.get("receipts", {}), client_id[:64]: lines[0].id}
            now = replace(now, data={**now.data, "receipts": dict(list(receipts.items())[-_MOST_RECEIPTS:])})
        await store.keep_talk(connection, now, self._clock.now())
        settled = customer is not None and not customer.has_left
        return Exchange(lines[0].id, now, lines, settled), customer

    async def _answer_one(self, tenant_id: str, session_id: str) -> bool:
        """Reply to the oldest line without a reply; False where there is none."""
        async with self._db.begin(tenant_id) as connection:
            session = await store.get_session(connection, tenant_id, session_id)
            if session is None or session.status != "active":
                return False
            left = self._cast.left(session_id, session.answered)
            if left is None:
                if session.answered == session.asked:
                    return False
                scenario = await self._played(connection, session)
                customer = await self._customer(connection, scenario, session)
        if left is not None:
            await self.complete(tenant_id, session_id, ending=left.ending)
            return False
        reply = await customer.reply(session.answered, await self._models.hosted(tenant_id, None))
        async with self._db.begin(tenant_id) as connection:
            now = await self._locked(connection, tenant_id, session_id)
            if now.answered != session.answered or now.status != "active":
                return now.status == "active"
            talk = await self._talks.open(connection, tenant_id, session_id)
            await self._talks.add(connection, talk, ("agent", reply))
            data = _coached(scenario, now.data, customer.said[: customer.heard])
            now = replace(now, answered=customer.heard, data=data)
            await store.keep_talk(connection, now, self._clock.now())
        self._cast.keep(session_id, customer)
        return customer.has_left or now.asked > now.answered  # whoever stores another line from here on asks for more

    async def _customer(
        self, connection: AsyncConnection, scenario: Scenario, session: Session, place: int | None = None
    ) -> Customer:
        """The session's customer, who knows every line up to `place` (None: to the end)."""
        customer = await self._cast.take(scenario, session.id, session.answered)
        if place is None or customer.place < place:
            customer.read(await self._talks.lines(connection, session.tenant_id, session.id, customer.place))
        return customer

    async def _close(self, session: Session, status: str, ending: Ending, score: Score | None) -> Session:
        now: datetime = self._clock.now()
        tenant_id = session.tenant_id
        async with self._db.begin(tenant_id) as connection:
            current = await self._locked(connection, tenant_id, session.id)
            if current.status != "active":
                return current
            closed = replace(
                current,
                status=status,
                completed_at=now,
                score=score.shown() if score else None,
                data={**current.data, "ending": ending},
            )
            await store.close_session(connection, closed)
            passed = score.passed if score else None
            await self._talks.end(connection, tenant_id, session.id, now=now, passed=passed)
            await publish(connection, Event(tenant_id, COMPLETED, {"conversation_id": session.id}))
        self._cast.forget(session.id)
        return closed


def _coached(scenario: Scenario, data: Mapping[str, Any], said: Sequence[str]) -> Mapping[str, Any]:
    """A session's data with the hint that is due, if coaching is wanted."""
    if not data.get("coaching"):
        return data
    hints = data.get("hints", [])
    item = next_hint(scenario, said, [hint["item"] for hint in hints])
    if item is None:
        return data
    return {**data, "hints": [*hints, {"item": item.id, "content": item.hint, "after": len(said)}]}


def _owner(who: Principal) -> str:
    return f"{who.kind}:{who.id}"


def _may_see(who: Principal, session: Session) -> bool:
    return "read" in who.levels or session.owner == _owner(who)
