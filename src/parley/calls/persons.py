"""One person in the calls: handing out what is known of them, and erasing it.

A call stays as what happened, without anybody in it. That somebody must not be called stays too, as a bare number:
without it the person would be called again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, and_, cast, delete, false, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.calls.record import ACTIVE
from parley.calls.tables import call_records, carrier_events, suppressions
from parley.privacy import Subject

_C: Final = call_records.c
_NOBODY: Final[dict[str, Any]] = {
    "driver_name": "", "phone_number": "", "load_number": "", "conversation_id": None, "raw_transcript": None,
    "lines": [], "structured_data": None, "warnings": [], "consent": None, "idempotency_key": None,
    "request_digest": None,
}  # fmt: skip
_TEXTS: Final = ("driver_name", "load_number", "raw_transcript", "lines", "structured_data", "consent")


async def conversations_of(connection: AsyncConnection, tenant_id: str, subject: Subject) -> set[str]:
    """The conversations held on the person's calls."""
    query = select(_C.conversation_id).where(_C.tenant_id == tenant_id, _is(subject))
    return {one for one in (await connection.execute(query)).scalars() if one}


async def export_person(
    connection: AsyncConnection, tenant_id: str, subject: Subject, conversation_ids: Collection[str]
) -> dict[str, list[dict[str, Any]]]:
    """The person's calls, others' calls that name them, and whether they are on the do-not-call list."""
    condition = or_(_belongs(subject, conversation_ids), _mentions(subject))
    calls = select(func.to_jsonb(call_records.table_valued())).where(_C.tenant_id == tenant_id, condition)
    query = select(func.to_jsonb(suppressions.table_valued())).where(
        suppressions.c.tenant_id == tenant_id, _is_listed(subject)
    )
    return {
        "calls": list((await connection.execute(calls.order_by(_C.id))).scalars()),
        "suppressions": list((await connection.execute(query)).scalars()),
    }


async def erase_person(
    connection: AsyncConnection, tenant_id: str, subject: Subject, conversation_ids: Collection[str]
) -> dict[str, int]:
    """Empty the person's calls, take mentions out of others', leave of a do-not-call entry the number alone."""
    own = and_(_C.tenant_id == tenant_id, _belongs(subject, conversation_ids))
    carried = list((await connection.execute(select(_C.retell_call_id).where(own))).scalars())
    theirs = carrier_events.c.carrier_call_id.in_([one for one in carried if one])
    reports = carrier_events.c.tenant_id == tenant_id, theirs
    events = (await connection.execute(delete(carrier_events).where(*reports))).rowcount
    changed = (await connection.execute(update(call_records).where(own).values(**_NOBODY))).rowcount
    changed += await _erase_mentions(connection, tenant_id, subject)
    tells = or_(suppressions.c.reason != "", suppressions.c.call_id.is_not(None))
    listed = suppressions.c.tenant_id == tenant_id, _is_listed(subject), tells
    kept = {"reason": "", "call_id": None}
    emptied = (await connection.execute(update(suppressions).where(*listed).values(**kept))).rowcount
    return {"call_records": changed, "carrier_events": events, "suppressions": emptied}


async def forget_before(connection: AsyncConnection, tenant_id: str, cutoff: datetime) -> dict[str, int]:
    """Delete calls that were over before `cutoff`, and what carriers reported before it."""
    old = _C.tenant_id == tenant_id, _C.status.not_in(ACTIVE), func.coalesce(_C.completed_at, _C.created_at) < cutoff
    reports = carrier_events.c.tenant_id == tenant_id, carrier_events.c.received_at < cutoff
    return {
        "call_records": (await connection.execute(delete(call_records).where(*old))).rowcount,
        "carrier_events": (await connection.execute(delete(carrier_events).where(*reports))).rowcount,
    }


async def forget_words_before(connection: AsyncConnection, tenant_id: str, cutoff: datetime) -> int:
    """Take what was said out of the calls that were over before `cutoff`: what was found out stays, its quotes go."""
    old = _C.tenant_id == tenant_id, _C.status.not_in(ACTIVE), func.coalesce(_C.completed_at, _C.created_at) < cutoff
    some = or_(_C.raw_transcript.is_not(None), cast(_C.lines, Text) != "[]", _C.structured_data.has_key("evidence"))
    values: dict[str, Any] = {
        "raw_transcript": None,
        "lines": [],
        "structured_data": _C.structured_data.op("-")(cast("evidence", Text)),
    }
    return (await connection.execute(update(call_records).where(*old, some).values(**values))).rowcount


def _is(subject: Subject) -> ColumnElement[bool]:
    return _C.phone_number == subject.value if subject.kind == "phone" else false()


def _is_listed(subject: Subject) -> ColumnElement[bool]:
    return suppressions.c.phone_number == subject.value if subject.kind == "phone" else false()


def _belongs(subject: Subject, conversation_ids: Collection[str]) -> ColumnElement[bool]:
    return or_(_is(subject), _C.conversation_id.in_(conversation_ids))


def _mentions(subject: Subject) -> ColumnElement[bool]:
    """Roughly: what is found is read whole where it matters."""
    if subject.kind == "user_id":
        return false()
    words = func.concat_ws("\n", *(cast(_C[name], Text) for name in _TEXTS))
    if subject.kind == "phone":
        return func.regexp_replace(words, r"\D", "", "g").contains(subject.digits, autoescape=True)
    return func.lower(words).contains(subject.value, autoescape=True)


async def _erase_mentions(connection: AsyncConnection, tenant_id: str, subject: Subject) -> int:
    query = select(call_records).where(_C.tenant_id == tenant_id, _mentions(subject))
    changed = 0
    for row in (await connection.execute(query)).mappings().all():
        values = {name: subject.erased_from(row[name]) for name in _TEXTS}
        if any(values[name] != row[name] for name in _TEXTS):
            this = _C.tenant_id == tenant_id, _C.id == row["id"]
            await connection.execute(update(call_records).where(*this).values(**values))
            changed += 1
    return changed
