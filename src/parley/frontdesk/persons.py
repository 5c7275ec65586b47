"""One person in the records of the front desk: handing out what is known of them, and erasing it.

A lead is deleted. A reservation and an incident stay as what happened, without anybody in them: a business counts its
seats and has to answer for its emergencies.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, Text, cast, delete, false, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.frontdesk import store
from parley.frontdesk.tables import incidents, leads, reservations
from parley.privacy import Subject

_NOBODY: dict[Table, dict[str, Any]] = {
    reservations: {
        "name": "", "phone": None, "email": None, "notes": "", "conversation_id": None, "idempotency_key": None,
    },
    incidents: {"excerpt": "", "evidence": {}, "location": None, "notes": "", "conversation_id": None},
}  # fmt: skip
_TEXTS = {
    leads: ("notes", "history", "reasons"),
    reservations: ("notes", "name"),
    incidents: ("excerpt", "evidence", "location", "notes"),
}
_RECORDS: dict[Table, store.Rows[Any]] = {
    leads: store.leads,
    reservations: store.reservations,
    incidents: store.incidents,
}


async def conversations_of(connection: AsyncConnection, tenant_id: str, subject: Subject) -> set[str]:
    """The conversations from which records of the person came."""
    found: set[str] = set()
    for table in (leads, reservations):
        query = select(table.c.conversation_id).where(table.c.tenant_id == tenant_id, _is(table, subject))
        found |= {one for one in (await connection.execute(query)).scalars() if one}
    return found


async def export_person(
    connection: AsyncConnection, tenant_id: str, subject: Subject, conversation_ids: Collection[str]
) -> dict[str, list[dict[str, Any]]]:
    """Leads and reservations of the person, incidents of their conversations, and records that mention them."""
    shown = {}
    for table, rows in _RECORDS.items():
        condition = or_(_belongs(table, subject, conversation_ids), _mentions(table, subject))
        records = await rows.sorted_by(connection, tenant_id, table.c.id, 10_000, condition)
        shown[str(table.name)] = [asdict(record) for record in records]
    return shown


async def erase_person(
    connection: AsyncConnection, tenant_id: str, subject: Subject, conversation_ids: Collection[str]
) -> dict[str, int]:
    """Delete leads, empty reservations and incidents of the person, take mentions out of others' notes."""
    own = leads.c.tenant_id == tenant_id, _belongs(leads, subject, conversation_ids)
    counts = {"leads": (await connection.execute(delete(leads).where(*own))).rowcount}
    for table, nobody in _NOBODY.items():
        own = table.c.tenant_id == tenant_id, _belongs(table, subject, conversation_ids)
        counts[str(table.name)] = (
            await connection.execute(update(table).where(*own).values(**nobody, updated_at=func.now()))
        ).rowcount
    for table, columns in _TEXTS.items():
        counts[str(table.name)] += await _erase_mentions(connection, tenant_id, subject, table, columns)
    return counts


async def forget_before(connection: AsyncConnection, tenant_id: str, cutoff: datetime) -> dict[str, int]:
    """Delete records that ended (reservations) or were last touched (leads, incidents) before `cutoff`."""
    moments = {leads: leads.c.updated_at, reservations: reservations.c.ends_at, incidents: incidents.c.updated_at}
    counts = {}
    for table, moment in moments.items():
        old = table.c.tenant_id == tenant_id, moment < cutoff
        counts[str(table.name)] = (await connection.execute(delete(table).where(*old))).rowcount
    return counts


async def forget_words_of(connection: AsyncConnection, tenant_id: str, conversation_ids: Collection[str]) -> int:
    """Take what was said out of the incidents of conversations that are gone."""
    own = incidents.c.tenant_id == tenant_id, incidents.c.conversation_id.in_(conversation_ids)
    return (await connection.execute(update(incidents).where(*own).values(excerpt="", evidence={}))).rowcount


def _is(table: Table, subject: Subject) -> ColumnElement[bool]:
    if subject.kind == "user_id" or table is incidents:
        return false()
    if subject.kind == "email":
        return func.lower(table.c.email) == subject.value
    return table.c.phone == subject.value


def _belongs(table: Table, subject: Subject, conversation_ids: Collection[str]) -> ColumnElement[bool]:
    return or_(_is(table, subject), table.c.conversation_id.in_(conversation_ids))


def _mentions(table: Table, subject: Subject) -> ColumnElement[bool]:
    """Roughly: what is found is read whole where it matters."""
    if subject.kind == "user_id":
        return false()
    words = func.concat_ws("\n", *(cast(table.c[name], Text) for name in _TEXTS[table]))
    if subject.kind == "phone":
        return func.regexp_replace(words, r"\D", "", "g").contains(subject.digits, autoescape=True)
    return func.lower(words).contains(subject.value, autoescape=True)


async def _erase_mentions(
    connection: AsyncConnection, tenant_id: str, subject: Subject, table: Table, columns: Sequence[str]
) -> int:
    query = select(table).where(table.c.tenant_id == tenant_id, _mentions(table, subject))
    changed = 0
    for row in (await connection.execute(query)).mappings().all():
        values = {name: subject.erased_from(row[name]) for name in columns}
        if any(values[name] != row[name] for name in columns):
            own = table.c.tenant_id == tenant_id, table.c.id == row["id"]
            await connection.execute(update(table).where(*own).values(**values, updated_at=func.now()))
            changed += 1
    return changed
