"""Finding a place for a wish, on the transaction that writes it down.

Nothing is booked twice: whoever writes takes the days the stay touches for itself, by an advisory lock per tenant and
UTC day, held until the short transaction ends. Two stays that conflict share an instant, so they share a day. An
exclusion constraint could say "one party per table", but neither count seats nor choose among combinations of tables.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.frontdesk import store
from parley.frontdesk.availability import (
    SEARCH_DAYS,
    Ask,
    Availability,
    Desk,
    Kind,
    NotBookable,
    alternatives,
    look,
    refuse,
)
from parley.frontdesk.contacts import normal_email, normal_phone
from parley.frontdesk.hours import instant
from parley.frontdesk.references import candidates
from parley.frontdesk.settings import LARGEST_PARTY
from parley.kit.errors import Conflict, InvalidInput
from parley.tenants import Tenant, region_of

_MOST_NIGHTS = 365
_LONGEST_REFERENCE = 8  # pairs; at four pairs there are thirteen million


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to book. A table or a viewing needs `time`, a room needs `nights`."""

    date: date
    time: time | None = None
    party_size: int = 1
    name: str = ""
    phone: str | None = None
    email: str | None = None
    kind: Kind = "table"
    nights: int | None = None
    property_id: str | None = None
    notes: str = ""
    conversation_id: str | None = None


async def answer(
    connection: AsyncConnection, tenant_id: str, desk: Desk, ask: Ask, *, but: str | None = None
) -> Availability:
    """Looks at the day first, and at the week after it only where that does not do. `but` is left out of account."""
    if refuse(desk, ask):
        return look(desk, ask, ())
    rooms = ask.kind == "room"
    taken = await store.get_taken(connection, tenant_id, *_window(desk, ask, 1), desk.now, but=but, rooms=rooms)
    found = look(desk, ask, taken)
    if rooms:
        return found
    if found.status not in ("full", "closed", "past", "off_grid") or not desk.can_tell(ask):
        return found
    later = await store.get_taken(connection, tenant_id, *_window(desk, ask, SEARCH_DAYS + 1), desk.now, but=but)
    return replace(found, alternatives=alternatives(desk, ask, later))


def _window(desk: Desk, ask: Ask, days: int) -> tuple[datetime, datetime]:
    """The moments between which a reservation can stand in the way of a start on one of `days` dates."""
    if ask.kind == "room":
        return ask.stay(desk.zone)
    midnight = datetime.combine(ask.date, time(), desk.zone).astimezone(UTC)
    around = desk.stay(ask.kind) + timedelta(minutes=desk.settings.buffer_minutes)
    return midnight - around, midnight + timedelta(days=days, hours=2) + around


async def place(
    connection: AsyncConnection,
    tenant_id: str,
    desk: Desk,
    wish: Wish,
    status: str,
    *,
    but: str | None = None,
    decided: bool = False,
) -> dict[str, Any]:
    """The row of a wish that has room, holding the lock of its days until the transaction ends.

    `but`: the reservation that is moved. `decided`: somebody says so, where the settings cannot. Raises `NotBookable`.
    """
    ask = Ask(wish.date, wish.party_size, wish.time, wish.kind, wish.property_id, wish.nights)
    if refuse(desk, ask):
        raise NotBookable(look(desk, ask, ()))
    starts_at, ends_at = _stay(desk, wish)
    row = {field.name: getattr(wish, field.name) for field in fields(Wish)}
    row |= {"starts_at": starts_at, "ends_at": ends_at, "tables": [], "hold_expires_at": None}
    buffer = timedelta(minutes=desk.settings.buffer_minutes)
    if desk.can_tell(ask):
        days = [f"{tenant_id}:{day}" for day in _utc_days(starts_at, ends_at + buffer)]
        await store.lock(connection, *([f"{tenant_id}:rooms"] if ask.kind == "room" else days))
        await store.expire_holds(connection, tenant_id, desk.now)
    since, until, rooms = starts_at - buffer, ends_at + buffer, ask.kind == "room"
    taken = await store.get_taken(connection, tenant_id, since, until, desk.now, but=but, rooms=rooms)
    found = look(desk, ask, taken)
    if found.status == "unknown":
        return row | {"status": status if decided else "requested"}
    tables = desk.place(ask, starts_at, taken) if found.available else None
    if tables is None:
        raise NotBookable(await answer(connection, tenant_id, desk, ask, but=but))
    if status == "held":
        row |= {"hold_expires_at": desk.now + timedelta(minutes=desk.settings.hold_minutes)}
    return row | {"status": status, "tables": [] if status == "requested" else tables}


def _utc_days(start: datetime, end: datetime) -> list[date]:
    first = start.astimezone(UTC).date()
    return [first + timedelta(days=n) for n in range((end.astimezone(UTC).date() - first).days + 1)]


def _stay(desk: Desk, wish: Wish) -> tuple[datetime, datetime]:
    """From arrival to leaving, in UTC."""
    if wish.kind == "room":
        return Ask(wish.date, nights=wish.nights).stay(desk.zone)
    if wish.time is None:
        raise InvalidInput("time is needed to book.")
    starts_at = instant(wish.date, wish.time, desk.zone)
    return starts_at, starts_at + desk.stay(wish.kind)


async def new_reference(connection: AsyncConnection, tenant_id: str) -> str:
    """The shortest that is free: the more of a tenant's are taken, the longer they become."""
    for pairs in range(2, _LONGEST_REFERENCE + 1):
        tries = candidates(pairs)
        known = await store.known_references(connection, tenant_id, tries)
        if free := [reference for reference in tries if reference not in known]:
            return free[0]
    raise Conflict("No reference is free; try again.")


def normal(wish: Wish, tenant: Tenant) -> Wish:
    """The wish as it is stored. Raises `InvalidInput` naming the field."""
    normal_party(wish.party_size)
    if wish.party_size > LARGEST_PARTY:
        raise InvalidInput(f"party_size must be at most {LARGEST_PARTY}.", code="reservation.too_large")
    if wish.kind == "room" and not 1 <= (wish.nights or 0) <= _MOST_NIGHTS:
        raise InvalidInput(f"nights must be 1 to {_MOST_NIGHTS} to book a room.")
    return replace(
        wish,
        time=None if wish.time is None else wish.time.replace(second=0, microsecond=0, tzinfo=None),
        name=" ".join(wish.name.split()),
        phone=normal_phone(wish.phone, region_of(tenant)) if wish.phone else None,
        email=normal_email(wish.email) if wish.email else None,
        property_id=None if wish.kind == "table" else normal_property(wish.property_id),
    )


def normal_party(size: int) -> int:
    if size < 1:
        raise InvalidInput("party_size must be at least 1.")
    return size


def normal_property(property_id: str | None) -> str | None:
    return property_id.strip().upper() or None if property_id else None
