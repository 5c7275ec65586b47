"""Leads: who is interested, how to reach them, how promising it is. One person is one lead."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.frontdesk import store
from parley.frontdesk.contacts import normal_email, normal_phone
from parley.frontdesk.score import score
from parley.frontdesk.store import Lead
from parley.frontdesk.told import told
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotFound
from parley.kit.ids import new_id
from parley.outbox import announce
from parley.tenants import Principal, get_tenant, record_audit, region_of

_L = store.leads
_COLUMN = _L.table.c
_MOST_HISTORY = 100
_MOST_NOTES = 10_000
_EXPORT_PAGE = 500
_MERGED = ("name", "phone", "email", "intent", "property_id", "budget", "currency", "conversation_id")


@dataclass(frozen=True, slots=True)
class NewLead:
    """What was said. At least one of name, phone and email is needed."""

    name: str = ""
    phone: str | None = None
    email: str | None = None
    intent: str = ""
    property_id: str | None = None
    budget: Decimal | None = None
    currency: str | None = None
    notes: str = ""
    conversation_id: str | None = None


class Leads:
    """Leads of all tenants."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def capture(self, tenant_id: str, said: NewLead, *, who: Principal | None = None) -> tuple[Lead, bool]:
        """Write a lead down, and True; or add to the one of the same person, and False.

        The same person is: the same telephone number, the same e-mail address, or the same conversation without a
        word against it. Raises `InvalidInput` naming the field.
        """
        async with self._db.begin(tenant_id) as connection:
            await store.check_conversation(connection, tenant_id, said.conversation_id)
            values = await _normal(connection, tenant_id, {f.name: getattr(said, f.name) for f in fields(NewLead)})
            if not (values["name"] or values["phone"] or values["email"]):
                raise InvalidInput("name, phone or email is needed for a lead.")
            await store.lock(connection, f"{tenant_id}:leads")  # two calls of one person write one after the other
            same = await _same_person(connection, tenant_id, values)
            if same:
                return await self._merge(connection, same, values), False
            points, reasons = score(values)
            row = {"id": new_id(), "tenant_id": tenant_id, **values, "score": points, "reasons": reasons}
            made = await _L.add(connection, row)
            await announce(connection, tenant_id, "lead.created", told(made))
            if who is not None:
                await record_audit(connection, who, tenant_id, "lead.created", made.id)
        return made, True

    async def correct(self, tenant_id: str, lead_id: str, said: NewLead | None, *, is_new: bool) -> None:
        """Take back what was noted last, and note instead what was `said`; None: nothing was.

        `is_new`: the lead was not there before, so that nothing is left of it. Raises `NotFound`, `InvalidInput`.
        """
        async with self._db.begin(tenant_id) as connection:
            await store.lock(connection, f"{tenant_id}:leads")
            lead = await _get(connection, tenant_id, lead_id)
            if said is None and is_new:
                await _L.remove(connection, tenant_id, lead_id)
                return
            given: dict[str, Any] = {} if is_new else _before(lead)
            if said is not None:
                values = await _normal(connection, tenant_id, {f.name: getattr(said, f.name) for f in fields(NewLead)})
                notes = "" if is_new else str(given.get("notes", lead.notes))
                told = {name: values[name] for name in _MERGED if values[name] or is_new}
                parts = dict.fromkeys(note for note in (notes, values["notes"]) if note)
                given |= {**told, "notes": "\n".join(parts)[:_MOST_NOTES]}
            await _write(connection, lead, given, _entry(self._clock.now(), lead, given, corrected=True))

    async def get(self, tenant_id: str, lead_id: str) -> Lead:
        """The lead, or `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            return await _get(connection, tenant_id, lead_id)

    async def page(
        self, tenant_id: str, limit: int, cursor: str | None, min_score: int | None = None, **filters: Any
    ) -> list[Lead]:
        """The newest `limit` + 1 before `cursor`; filters that are None do not filter."""
        async with self._db.begin(tenant_id) as connection:
            wanted = {name: value for name, value in filters.items() if value is not None}
            try:
                wanted = await _normal(connection, tenant_id, wanted)
            except InvalidInput:
                return []
            conditions = [_COLUMN[name] == value for name, value in wanted.items()]
            if min_score is not None:
                conditions.append(_COLUMN.score >= min_score)
            return await _L.page(connection, tenant_id, limit, cursor, *conditions)

    async def change(self, who: Principal, tenant_id: str, lead_id: str, values: Mapping[str, Any]) -> Lead:
        """Set fields or `status`; the score follows. Raises `Conflict` where phone or email is another lead's."""
        async with self._db.begin(tenant_id) as connection:
            await store.check_conversation(connection, tenant_id, values.get("conversation_id"))
            await store.lock(connection, f"{tenant_id}:leads")
            before = await _get(connection, tenant_id, lead_id)
            given = await _normal(connection, tenant_id, values)
            for name in ("phone", "email"):
                if given.get(name) is not None:
                    other = await _L.first(connection, tenant_id, _COLUMN[name] == given[name], _COLUMN.id != lead_id)
                    if other is not None:
                        raise Conflict(f"{name} belongs to another lead.", code="lead.duplicate")
            entry = _entry(self._clock.now(), before, given, actor=f"{who.kind}:{who.id}")
            changed = await _write(connection, before, given, entry)
            await record_audit(connection, who, tenant_id, "lead.changed", lead_id, fields=sorted(values))
        return changed

    async def delete(self, who: Principal, tenant_id: str, lead_id: str) -> None:
        async with self._db.begin(tenant_id) as connection:
            if not await _L.remove(connection, tenant_id, lead_id):
                raise NotFound("lead")
            await record_audit(connection, who, tenant_id, "lead.deleted", lead_id)

    async def everyone(self, tenant_id: str) -> AsyncIterator[Lead]:
        """Every lead, newest first; a short transaction for each few hundred."""
        cursor: str | None = None
        while True:
            async with self._db.begin(tenant_id) as connection:
                part = await _L.page(connection, tenant_id, _EXPORT_PAGE, cursor)
            for lead in part[:_EXPORT_PAGE]:
                yield lead
            if len(part) <= _EXPORT_PAGE:
                return
            cursor = part[_EXPORT_PAGE - 1].id

    async def _merge(self, connection: AsyncConnection, same: Sequence[Lead], values: Mapping[str, Any]) -> Lead:
        """Into the oldest, what the others knew first, then what is said now."""
        kept, *others = same
        given: dict[str, Any] = {}
        notes = [kept.notes]
        for lead in others:
            given |= {name: getattr(lead, name) for name in _MERGED if not getattr(kept, name) and getattr(lead, name)}
            notes.append(lead.notes)
            await _L.remove(connection, lead.tenant_id, lead.id)
        given |= {name: values[name] for name in _MERGED if values[name]}
        notes.append(values["notes"])
        given["notes"] = "\n".join(dict.fromkeys(note for note in notes if note))[:_MOST_NOTES]
        given["contacts"] = sum(lead.contacts for lead in same) + _is_another(kept, values)
        if kept.status == "lost":
            given["status"] = "new"
        entry = _entry(self._clock.now(), kept, given, conversation_id=values["conversation_id"])
        entry |= {"merged": [lead.id for lead in others]} if others else {}
        earlier = [*kept.history, *(line for lead in others for line in lead.history)]
        return await _write(connection, kept, given, entry, earlier)


def _is_another(kept: Lead, values: Mapping[str, Any]) -> bool:
    """Whether this is a further contact, rather than one more detail of the same conversation."""
    return values["conversation_id"] is None or values["conversation_id"] != kept.conversation_id


async def _write(
    connection: AsyncConnection,
    before: Lead,
    given: Mapping[str, Any],
    entry: Mapping[str, Any],
    earlier: Sequence[Mapping[str, Any]] | None = None,
) -> Lead:
    facts = {field.name: given.get(field.name, getattr(before, field.name)) for field in fields(Lead)}
    points, reasons = score(facts)
    history = [*(before.history if earlier is None else earlier), entry][-_MOST_HISTORY:]
    values = {**given, "score": points, "reasons": reasons, "history": history}
    changed = await _L.change(connection, before.tenant_id, before.id, values)
    if changed is None:
        raise NotFound("lead")
    await announce(connection, before.tenant_id, "lead.changed", told(changed))
    return changed


def _entry(now: datetime, before: Lead, given: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """One line of a lead's history: what was changed, from what, to what."""
    changed = {
        name: [_plain(getattr(before, name)), _plain(value)]
        for name, value in given.items()
        if name != "contacts" and getattr(before, name) != value
    }
    return {"at": now.isoformat(), "changed": changed, **more}


def _before(lead: Lead) -> dict[str, Any]:
    """The fields that the last entry of its history changed, as they were before."""
    if not lead.history:
        return {}
    entry = lead.history[-1]
    was: dict[str, Any] = {name: values[0] for name, values in entry["changed"].items()}
    if "conversation_id" in was or entry.get("conversation_id") is None:  # it was a further contact
        was["contacts"] = max(1, lead.contacts - 1)
    if isinstance(was.get("budget"), str):
        was["budget"] = Decimal(was["budget"])
    return was


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


async def _get(connection: AsyncConnection, tenant_id: str, lead_id: str) -> Lead:
    found = await _L.get(connection, tenant_id, lead_id, lock=True)
    if found is None:
        raise NotFound("lead")
    return found


async def _same_person(connection: AsyncConnection, tenant_id: str, values: Mapping[str, Any]) -> list[Lead]:
    """Oldest first."""
    names = [name for name in ("phone", "email", "conversation_id") if values[name]]
    if not names:
        return []
    conditions = or_(*(_COLUMN[name] == values[name] for name in names))
    found = await _L.sorted_by(connection, tenant_id, _COLUMN.id, 20, conditions)
    return [lead for lead in found if _is_same(lead, values)]


def _is_same(lead: Lead, values: Mapping[str, Any]) -> bool:
    if any(values[name] and values[name] == getattr(lead, name) for name in ("phone", "email")):
        return True
    against = (values[name] and getattr(lead, name) for name in ("phone", "email", "name"))
    return not any(against) or (lead.name == values["name"] and not (values["phone"] and lead.phone))


async def _normal(connection: AsyncConnection, tenant_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they are stored."""
    normal = dict(values)
    if normal.get("phone"):
        tenant = await get_tenant(connection, tenant_id)
        if tenant is None:
            raise NotFound("tenant")
        normal["phone"] = normal_phone(normal["phone"], region_of(tenant))
    if normal.get("email"):
        normal["email"] = normal_email(normal["email"])
    if normal.get("name"):
        normal["name"] = " ".join(normal["name"].split())
    for name in ("property_id", "currency"):
        if normal.get(name):
            normal[name] = normal[name].strip().upper()
    return {name: None if name in ("phone", "email") and value == "" else value for name, value in normal.items()}
