"""Rows of this room. Every query is scoped by tenant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, Table, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.calls import tables
from parley.calls.record import ACTIVE, CallRecord, Status

Record = TypeVar("Record")
Line = Literal["call", "agent", "token", "number"]


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """Which agent answers a number, and who carries it."""

    id: str
    tenant_id: str
    number: str
    carrier: str
    agent_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Suppression:
    """A number that is not called. source: manual, or call (the person said so on one)."""

    id: str
    tenant_id: str
    phone_number: str
    source: str
    reason: str
    call_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CarrierAgent:
    """An agent of ours as a carrier has it. `agent_version` is the version of ours that was published there last."""

    id: str
    tenant_id: str
    agent_id: str
    carrier: str
    token_hash: str
    carrier_agent_id: str | None
    carrier_version: int | None
    agent_version: int | None
    fingerprint: str | None
    error: str | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class CarrierEvent:
    """What a carrier reported, until it is applied; then only that it was."""

    id: str
    tenant_id: str
    carrier: str
    carrier_call_id: str
    event: str
    payload: dict[str, Any] | None
    received_at: datetime
    applied_at: datetime | None


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """A call of the simulated line. `holder` is the process that carries it; `seconds` its own clock; `memory`: what
    another process needs to go on with it (`SimulatedTalk.memory`); `reported_at`: when its last webhook was sent."""

    id: str
    tenant_id: str
    call_id: str
    agent_id: str
    holder: int
    simulate: dict[str, Any]
    status: Literal["registered", "ongoing", "ended"]
    reason: str | None
    seconds: float
    memory: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    reported_at: datetime | None


class Rows(Generic[Record]):
    """The rows of one table as records of one kind."""

    def __init__(self, table: Table, kind: type[Record]) -> None:
        self.table = table
        self._kind = kind
        self._columns = tuple(table.c[field.name] for field in fields(kind))  # type: ignore[arg-type]

    async def add(self, connection: AsyncConnection, values: Mapping[str, Any]) -> Record | None:
        """Insert; None where a unique key is taken."""
        query = upsert(self.table).values(**values).on_conflict_do_nothing().returning(*self._columns)
        return self._one((await connection.execute(query)).mappings().one_or_none())

    async def get(
        self, connection: AsyncConnection, tenant_id: str, wanted: str, *, lock: bool = False
    ) -> Record | None:
        query = select(*self._columns).where(self.table.c.tenant_id == tenant_id, self.table.c.id == wanted)
        row = await connection.execute(query.with_for_update() if lock else query)
        return self._one(row.mappings().one_or_none())

    async def by(self, connection: AsyncConnection, tenant_id: str, **values: Any) -> Record | None:
        """The one that has these values."""
        query = select(*self._columns).where(self.table.c.tenant_id == tenant_id, *self._having(values)).limit(1)
        return self._one((await connection.execute(query)).mappings().one_or_none())

    async def page(
        self, connection: AsyncConnection, tenant_id: str, limit: int, cursor: str | None, **values: Any
    ) -> list[Record]:
        """The newest `limit` + 1 before `cursor`; values that are None do not filter."""
        wanted = {name: value for name, value in values.items() if value is not None}
        query = select(*self._columns).where(self.table.c.tenant_id == tenant_id, *self._having(wanted))
        if cursor:
            query = query.where(self.table.c.id < cursor)
        rows = await connection.execute(query.order_by(self.table.c.id.desc()).limit(limit + 1))
        return [self._kind(**row) for row in rows.mappings()]

    async def change(
        self, connection: AsyncConnection, tenant_id: str, wanted: str, values: Mapping[str, Any]
    ) -> Record | None:
        query = update(self.table).where(self.table.c.tenant_id == tenant_id, self.table.c.id == wanted)
        row = await connection.execute(query.values(**values).returning(*self._columns))
        return self._one(row.mappings().one_or_none())

    async def remove(self, connection: AsyncConnection, tenant_id: str, wanted: str) -> bool:
        query = delete(self.table).where(self.table.c.tenant_id == tenant_id, self.table.c.id == wanted)
        return (await connection.execute(query)).rowcount > 0

    def _having(self, values: Mapping[str, Any]) -> Sequence[ColumnElement[bool]]:
        return [self.table.c[name] == value for name, value in values.items()]

    def _one(self, row: Any) -> Record | None:
        return None if row is None else self._kind(**row)


calls = Rows(tables.call_records, CallRecord)
numbers = Rows(tables.phone_numbers, PhoneNumber)
suppressions = Rows(tables.suppressions, Suppression)
carrier_agents = Rows(tables.carrier_agents, CarrierAgent)
events = Rows(tables.carrier_events, CarrierEvent)
simulated = Rows(tables.simulated_calls, SimulatedCall)

_CALLS = tables.call_records
_C = _CALLS.c


async def lock_calls(connection: AsyncConnection, tenant_id: str) -> None:
    """Let one transaction at a time of a tenant begin calls: the limit is exact, and a key means one call."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"{tenant_id}:calls"}
    )


async def count_active(connection: AsyncConnection, tenant_id: str, carrier: str) -> int:
    query = select(func.count()).where(_C.tenant_id == tenant_id, _C.carrier == carrier, _C.status.in_(ACTIVE))
    return int((await connection.execute(query)).scalar_one())


async def advance(
    connection: AsyncConnection, call: CallRecord, among: Sequence[Status], values: Mapping[str, Any]
) -> CallRecord | None:
    """Change a call that is in one of these statuses (compare and set); None where it is not (any more)."""
    query = update(_CALLS).where(_C.tenant_id == call.tenant_id, _C.id == call.id, _C.status.in_(among))
    return await _changed(connection, query, values)


async def take_check(connection: AsyncConnection, call: CallRecord, until: datetime) -> CallRecord | None:
    """Take it on to look at a call that is due; None where another worker was faster."""
    query = update(_CALLS).where(_C.tenant_id == call.tenant_id, _C.id == call.id, _C.check_at == call.check_at)
    return await _changed(connection, query, {"check_at": until})


async def waiting_events(connection: AsyncConnection, tenant_id: str, carrier_call_id: str) -> list[str]:
    """The reports of a call that are not applied, oldest first."""
    table = tables.carrier_events.c
    query = select(table.id).where(
        table.tenant_id == tenant_id, table.carrier_call_id == carrier_call_id, table.applied_at.is_(None)
    )
    return list((await connection.execute(query.order_by(table.id))).scalars())


async def has_facts(connection: AsyncConnection, tenant_id: str, agent_id: str) -> bool:
    """Whether facts were ever read of one of the agent's calls."""
    known = _C.tenant_id == tenant_id, _C.agent_config_id == agent_id, _C.extracted_from.is_not(None)
    return (await connection.execute(select(_C.id).where(*known).limit(1))).first() is not None


async def read_otherwise(
    connection: AsyncConnection, tenant_id: str, agent_id: str, mark: str, most: int
) -> list[CallRecord]:
    """The agent's newest calls whose facts were read by another schema than that of `mark`."""
    query = select(*(_C[field.name] for field in fields(CallRecord))).where(
        _C.tenant_id == tenant_id, _C.agent_config_id == agent_id, _C.extracted_from != mark
    )
    rows = await connection.execute(query.order_by(_C.id.desc()).limit(most))
    return [CallRecord(**row) for row in rows.mappings()]


async def _changed(connection: AsyncConnection, query: Any, values: Mapping[str, Any]) -> CallRecord | None:
    columns = [_C[field.name] for field in fields(CallRecord)]
    row = (await connection.execute(query.values(**values, updated_at=func.now()).returning(*columns))).mappings()
    found = row.one_or_none()
    return None if found is None else CallRecord(**found)


async def find_line(connection: AsyncConnection, kind: Line, wanted: str) -> tuple[str, str] | None:
    """Through the platform's door: (tenant, id of the call) of a carrier's call id, (tenant, id of the agent) of a
    carrier's agent, of a line's secret (hashed) or of a number."""
    row = (
        await connection.execute(
            text("SELECT tenant_id, id FROM find_line(:kind, :wanted)"), {"kind": kind, "wanted": wanted}
        )
    ).one_or_none()
    return None if row is None else (row.tenant_id, row.id)


async def find_owner(connection: AsyncConnection, call_id: str, kind: str = "call_records") -> str | None:
    """Through the platform's door: the tenant of a call of ours, or of one of the simulated line."""
    query = text("SELECT tenant_id FROM find_owner(:kind, :wanted)")
    owner: str | None = (await connection.execute(query, {"kind": kind, "wanted": call_id})).scalar_one_or_none()
    return owner


async def find_calls_due(connection: AsyncConnection, moment: datetime, most: int) -> list[tuple[str, str]]:
    """Through the platform's door: (tenant, call) of the calls to be asked about by now."""
    rows = await connection.execute(
        text("SELECT tenant_id, id FROM find_calls_due(:moment, :most)"), {"moment": moment, "most": most}
    )
    return [(row.tenant_id, row.id) for row in rows]


async def find_simulated_lost(connection: AsyncConnection) -> list[tuple[str, str]]:
    """Through the platform's door: (tenant, simulated call) of those under way whose process is gone."""
    rows = await connection.execute(text("SELECT tenant_id, id FROM find_simulated_lost()"))
    return [(row.tenant_id, row.id) for row in rows]


async def claim_simulated(
    connection: AsyncConnection, tenant_id: str, wanted: str, holder: int
) -> SimulatedCall | None:
    """Take over a call whose process is gone, or one's own; None where another was faster, or the call is over."""
    table = tables.simulated_calls
    query = update(table).where(table.c.tenant_id == tenant_id, table.c.id == wanted, table.c.reported_at.is_(None))
    query = query.where(or_(table.c.holder == holder, ~func.holder_lives(table.c.holder))).values(holder=holder)
    columns = [table.c[field.name] for field in fields(SimulatedCall)]
    row = (await connection.execute(query.returning(*columns))).mappings().one_or_none()
    return None if row is None else SimulatedCall(**row)
