"""Rows of this room. Every query is scoped by tenant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Table, and_, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.frontdesk import tables
from parley.frontdesk.seating import Taken
from parley.kit.errors import InvalidInput

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Reservation:
    """A table, a room or a viewing. `date` and `time` are the tenant's wall clock.

    status: requested (a person has to say yes), held (until `hold_expires_at`), confirmed, cancelled, expired,
    completed, no_show. `revision` counts the changes a calendar has to know of.
    """

    id: str
    tenant_id: str
    reference: str
    kind: str
    status: str
    name: str
    phone: str | None
    email: str | None
    date: date
    time: time | None
    starts_at: datetime
    ends_at: datetime
    party_size: int
    nights: int | None
    property_id: str | None
    tables: list[str]
    notes: str
    conversation_id: str | None
    hold_expires_at: datetime | None
    revision: int
    created_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Lead:
    """Somebody worth calling back. `score` is 0..100, `reasons` say why; `history` what each later contact changed."""

    id: str
    tenant_id: str
    name: str
    phone: str | None
    email: str | None
    intent: str
    property_id: str | None
    budget: Decimal | None
    currency: str | None
    notes: str
    conversation_id: str | None
    status: str
    score: int
    reasons: list[dict[str, Any]]
    contacts: int
    history: list[dict[str, Any]]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """A home on offer. `rooms` counts as German listings do, `bedrooms` as English ones; either may be unknown."""

    id: str
    tenant_id: str
    property_id: str
    title: str
    kind: str
    city: str
    street: str
    rooms: Decimal | None
    bedrooms: int | None
    bathrooms: Decimal | None
    area_m2: Decimal | None
    price: Decimal | None
    currency: str
    features: list[str]
    available_from: date | None
    status: str
    description: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """Something a person must look at now. `excerpt` is what was said, `evidence` what the rules saw in it."""

    id: str
    tenant_id: str
    kind: str
    severity: str
    status: str
    conversation_id: str | None
    excerpt: str
    evidence: dict[str, Any]
    location: str | None
    notes: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Tool:
    """An HTTP endpoint an agent may call. The values of its headers stay sealed; only their names are shown."""

    id: str
    tenant_id: str
    name: str
    description: str
    parameters: dict[str, Any]
    url: str
    method: str
    header_names: list[str]
    timeout_seconds: float
    is_active: bool
    created_at: datetime
    updated_at: datetime


class Rows(Generic[Record]):
    """The rows of one table as records of one kind."""

    def __init__(self, table: Table, kind: type[Record]) -> None:
        self.table = table
        self._kind = kind
        self._columns = tuple(table.c[field.name] for field in fields(kind))  # type: ignore[arg-type]

    def _own(self, tenant_id: str, wanted: str) -> ColumnElement[bool]:
        return and_(self.table.c.tenant_id == tenant_id, self.table.c.id == wanted)

    async def add(self, connection: AsyncConnection, values: Mapping[str, Any]) -> Record:
        query = insert(self.table).values(**values).returning(*self._columns)
        return self._kind(**(await connection.execute(query)).mappings().one())

    async def add_unless_known(self, connection: AsyncConnection, values: Mapping[str, Any]) -> Record | None:
        """Insert; None where a unique key is taken."""
        query = upsert(self.table).values(**values).on_conflict_do_nothing().returning(*self._columns)
        row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else self._kind(**row)

    async def get(
        self, connection: AsyncConnection, tenant_id: str, wanted: str, *, lock: bool = False
    ) -> Record | None:
        return await self.first(connection, tenant_id, self.table.c.id == wanted, lock=lock)

    async def first(
        self, connection: AsyncConnection, tenant_id: str, *conditions: ColumnElement[bool], lock: bool = False
    ) -> Record | None:
        """The oldest that meets the conditions."""
        query = select(*self._columns).where(self.table.c.tenant_id == tenant_id, *conditions)
        query = query.order_by(self.table.c.id).limit(1)
        row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
        return None if row is None else self._kind(**row)

    async def page(
        self,
        connection: AsyncConnection,
        tenant_id: str,
        limit: int,
        cursor: str | None,
        *conditions: ColumnElement[bool],
    ) -> list[Record]:
        """The newest `limit` + 1 before `cursor`."""
        query = select(*self._columns).where(self.table.c.tenant_id == tenant_id, *conditions)
        if cursor:
            query = query.where(self.table.c.id < cursor)
        rows = await connection.execute(query.order_by(self.table.c.id.desc()).limit(limit + 1))
        return [self._kind(**row) for row in rows.mappings()]

    async def sorted_by(
        self,
        connection: AsyncConnection,
        tenant_id: str,
        order: ColumnElement[Any],
        limit: int,
        *conditions: ColumnElement[bool],
    ) -> list[Record]:
        query = select(*self._columns).where(self.table.c.tenant_id == tenant_id, *conditions)
        rows = await connection.execute(query.order_by(order, self.table.c.id).limit(limit))
        return [self._kind(**row) for row in rows.mappings()]

    async def change(
        self, connection: AsyncConnection, tenant_id: str, wanted: str, values: Mapping[str, Any]
    ) -> Record | None:
        query = update(self.table).where(self._own(tenant_id, wanted)).values(**values, updated_at=func.now())
        row = (await connection.execute(query.returning(*self._columns))).mappings().one_or_none()
        return None if row is None else self._kind(**row)

    async def remove(self, connection: AsyncConnection, tenant_id: str, wanted: str) -> bool:
        return (await connection.execute(delete(self.table).where(self._own(tenant_id, wanted)))).rowcount > 0


reservations = Rows(tables.reservations, Reservation)
leads = Rows(tables.leads, Lead)
listings = Rows(tables.listings, Listing)
incidents = Rows(tables.incidents, Incident)
tools = Rows(tables.tools, Tool)


# Settings


async def get_settings(connection: AsyncConnection, tenant_id: str) -> dict[str, Any] | None:
    own = tables.frontdesk_settings.c.tenant_id == tenant_id
    return (await connection.execute(select(tables.frontdesk_settings.c.settings).where(own))).scalar_one_or_none()


async def put_settings(connection: AsyncConnection, tenant_id: str, settings: Mapping[str, Any]) -> None:
    query = upsert(tables.frontdesk_settings).values(tenant_id=tenant_id, settings=settings)
    changed = {"settings": query.excluded.settings, "updated_at": func.now()}
    await connection.execute(query.on_conflict_do_update(index_elements=["tenant_id"], set_=changed))


# Reservations


_LONGEST_STAY = timedelta(days=1)  # of a table or a viewing, by the settings' own limits
_LONGEST_ROOM = timedelta(days=366)


async def get_taken(
    connection: AsyncConnection,
    tenant_id: str,
    since: datetime,
    until: datetime,
    now: datetime,
    *,
    but: str | None = None,
    rooms: bool = False,
) -> list[Taken]:
    """What takes up room between two moments: confirmed, or held and not yet expired. `but` leaves one out.

    `rooms`: the rooms of a hotel that are let, else everything that is not one.
    """
    r = tables.reservations.c
    query = select(r.starts_at, r.ends_at, r.party_size, r.tables, r.property_id).where(
        r.tenant_id == tenant_id,
        r.status.in_(("held", "confirmed")),
        (r.kind == "room") if rooms else (r.kind != "room"),
        r.starts_at < until,
        r.starts_at > since - (_LONGEST_ROOM if rooms else _LONGEST_STAY),
        r.ends_at > since,
        or_(r.status == "confirmed", r.hold_expires_at > now),
    )
    if but is not None:
        query = query.where(r.id != but)
    rows = await connection.execute(query)
    return [
        Taken(int(start.timestamp()), int(end.timestamp()), party, tuple(names), property_id)
        for start, end, party, names, property_id in rows
    ]


async def expire_holds(connection: AsyncConnection, tenant_id: str, now: datetime) -> None:
    """Say of holds that ran out that they did, but for those that somebody is just confirming."""
    r = tables.reservations
    expired = select(r.c.id).where(r.c.tenant_id == tenant_id, r.c.status == "held", r.c.hold_expires_at <= now)
    ids = expired.with_for_update(skip_locked=True).scalar_subquery()
    own = and_(r.c.tenant_id == tenant_id, r.c.id.in_(ids))
    await connection.execute(update(r).where(own).values(status="expired", updated_at=func.now()))


async def known_references(connection: AsyncConnection, tenant_id: str, wanted: Sequence[str]) -> set[str]:
    r = tables.reservations.c
    query = select(r.reference).where(r.tenant_id == tenant_id, r.reference.in_(wanted))
    return set((await connection.execute(query)).scalars())


_HOLD = text("SELECT 1 FROM conversations WHERE tenant_id = :tenant_id AND id = :id FOR KEY SHARE")


async def hold_conversation(connection: AsyncConnection, tenant_id: str, conversation_id: str | None) -> bool:
    """Whether the conversation a record names stands, which it then does until the transaction ends; True for none.

    To be asked before anything else is locked. What is erased waits for this, and after it nothing finds its way back.
    """
    if conversation_id is None:
        return True
    return (await connection.execute(_HOLD, {"tenant_id": tenant_id, "id": conversation_id})).first() is not None


async def check_conversation(connection: AsyncConnection, tenant_id: str, conversation_id: str | None) -> None:
    """Raise `InvalidInput` where a record names a conversation that is not there (any more)."""
    if not await hold_conversation(connection, tenant_id, conversation_id):
        raise InvalidInput("conversation_id names no conversation.", code="conversation.unknown")


async def lock(connection: AsyncConnection, *keys: str) -> None:
    """Wait until no other transaction holds any of `keys`; held until this one ends. One order for everybody."""
    for key in sorted(set(keys)):
        await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 7265004))"), {"key": key})


# Declared tools


async def get_sealed_headers(connection: AsyncConnection, tenant_id: str, tool_id: str) -> bytes | None:
    t = tables.tools.c
    query = select(t.sealed_headers).where(t.tenant_id == tenant_id, t.id == tool_id)
    return (await connection.execute(query)).scalar_one_or_none()
