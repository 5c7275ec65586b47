"""The verbs on reservations, and on the settings that say what can be booked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.frontdesk import store
from parley.frontdesk.availability import Ask, Availability, Desk, Kind
from parley.frontdesk.contacts import normal_phone, same_person
from parley.frontdesk.placing import Wish, answer, new_reference, normal, normal_party, normal_property, place
from parley.frontdesk.references import normal_reference
from parley.frontdesk.settings import FrontDeskSettings
from parley.frontdesk.store import Reservation
from parley.frontdesk.told import told
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotFound
from parley.kit.ids import new_id
from parley.outbox import announce
from parley.tenants import Principal, Tenant, get_tenant, record_audit, region_of

_R = store.reservations
_COLUMN = _R.table.c
_ALIVE = ("requested", "held", "confirmed")
_PLACED_BY = frozenset({"date", "time", "party_size", "nights", "property_id", "kind"})
_FEED_PAST = timedelta(days=30)
_MOST_IN_FEED = 5000


class Reservations:
    """Reservations of all tenants, and the settings that say what can be booked."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    # Settings

    async def settings(self, tenant_id: str) -> FrontDeskSettings:
        """The tenant's settings; all defaults where nothing is set."""
        async with self._db.begin(tenant_id) as connection:
            return await _settings(connection, tenant_id)

    async def put_settings(
        self, who: Principal | None, tenant_id: str, settings: FrontDeskSettings
    ) -> FrontDeskSettings:
        """Put these settings in place of the present ones. Reservations made before stay as they are."""
        async with self._db.begin(tenant_id) as connection:
            values = settings.model_dump(mode="json", exclude_defaults=True)
            await store.put_settings(connection, tenant_id, values)
            await _audit(connection, who, tenant_id, "frontdesk.settings_changed", "")
        return settings

    # Looking

    async def availability(
        self,
        tenant_id: str,
        day: date,
        party_size: int = 1,
        at: time | None = None,
        *,
        kind: Kind = "table",
        property_id: str | None = None,
        nights: int | None = None,
    ) -> Availability:
        """What is free on a day, whether a time of it is, and the nearest alternatives where it is not.

        Raises `InvalidInput` for a party below 1 or a time that does not exist.
        """
        ask = Ask(day, normal_party(party_size), at, kind, normal_property(property_id), nights)
        async with self._db.begin(tenant_id) as connection:
            desk, _ = await self._desk(connection, tenant_id)
            return await answer(connection, tenant_id, desk, ask)

    async def get(self, tenant_id: str, wanted: str) -> Reservation:
        """By id or reference, or `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            return await _find(connection, tenant_id, wanted)

    async def look_up(
        self, tenant_id: str, wanted: str, *, phone: str | None = None, name: str | None = None
    ) -> Reservation:
        """By id or reference. `phone`, `name`: see `change`."""
        async with self._db.begin(tenant_id) as connection:
            return await self._callers(connection, tenant_id, wanted, phone, name)

    async def find(self, tenant_id: str, *, phone: str, name: str | None = None) -> list[Reservation]:
        """A caller's coming reservations, soonest first, by telephone number (and name, where given)."""
        async with self._db.begin(tenant_id) as connection:
            _, tenant = await self._desk(connection, tenant_id)
            conditions = (
                _COLUMN.phone == normal_phone(phone, region_of(tenant)),
                _COLUMN.status.in_(_ALIVE),
                _COLUMN.ends_at > self._clock.now(),
            )
            found = await _R.sorted_by(connection, tenant_id, _COLUMN.starts_at, 20, *conditions)
        return [one for one in found if name is None or same_person(name, one.name)]

    async def page(self, tenant_id: str, limit: int, cursor: str | None, **filters: Any) -> list[Reservation]:
        """The newest `limit` + 1 before `cursor`; filters by column, those that are None do not filter."""
        wanted = {name: value for name, value in filters.items() if value is not None}
        async with self._db.begin(tenant_id) as connection:
            if "phone" in wanted:
                _, tenant = await self._desk(connection, tenant_id)
                try:
                    wanted["phone"] = normal_phone(wanted["phone"], region_of(tenant))
                except InvalidInput:
                    return []
            if "reference" in wanted:
                wanted["reference"] = normal_reference(wanted["reference"])
            conditions = [_COLUMN[name] == value for name, value in wanted.items()]
            return await _R.page(connection, tenant_id, limit, cursor, *conditions)

    async def feed(self, tenant_id: str) -> tuple[Tenant, list[Reservation]]:
        """What a calendar shows: from a month back, soonest first, cancelled ones too."""
        since = self._clock.now() - _FEED_PAST
        shown = ("requested", "confirmed", "cancelled", "completed", "no_show")
        async with self._db.begin(tenant_id) as connection:
            _, tenant = await self._desk(connection, tenant_id)
            conditions = (_COLUMN.starts_at > since, _COLUMN.status.in_(shown))
            found = await _R.sorted_by(connection, tenant_id, _COLUMN.starts_at, _MOST_IN_FEED, *conditions)
        return tenant, found

    async def calendar_of(self, tenant_id: str, wanted: str) -> tuple[Tenant, Reservation]:
        """One reservation, and whose it is."""
        async with self._db.begin(tenant_id) as connection:
            _, tenant = await self._desk(connection, tenant_id)
            return tenant, await _find(connection, tenant_id, wanted)

    # Writing

    async def hold(
        self, tenant_id: str, wish: Wish, *, idempotency_key: str | None = None, who: Principal | None = None
    ) -> Reservation:
        """Keep a place for the settings' hold time. Nothing set: a request. Raises `NotBookable`."""
        return await self._add(tenant_id, wish, "held", idempotency_key, who)

    async def book(
        self,
        tenant_id: str,
        wish: Wish,
        *,
        hold: str | None = None,
        idempotency_key: str | None = None,
        who: Principal | None = None,
    ) -> Reservation:
        """Book, turning `hold` (an id or reference) into the booking where one is named.

        The same `idempotency_key` gives the same reservation, once made. Nothing set: status is requested. Raises
        `NotBookable` (with alternatives) and `InvalidInput`.
        """
        if hold is None:
            return await self._add(tenant_id, wish, "confirmed", idempotency_key, who)
        asked = {field.name: getattr(wish, field.name) for field in fields(Wish)}
        return await self.confirm(tenant_id, hold, who=who, **{name: value for name, value in asked.items() if value})

    async def confirm(
        self, tenant_id: str, wanted: str, *, who: Principal | None = None, **details: Any
    ) -> Reservation:
        """Turn a hold into a booking, filling in name, phone and the like. One that is confirmed stays as it is.

        An expired hold is booked where there is still room; a request stays a request, for a person to confirm.
        """
        async with self._db.begin(tenant_id) as connection:
            await store.check_conversation(connection, tenant_id, details.get("conversation_id"))
            before = await _find(connection, tenant_id, wanted, lock=True)
            if before.status in ("confirmed", "requested"):
                return before
            return await self._rewrite(connection, before, {**details, "status": "confirmed"}, who)

    async def change(
        self,
        tenant_id: str,
        wanted: str,
        changes: Mapping[str, Any],
        *,
        phone: str | None = None,
        name: str | None = None,
        who: Principal | None = None,
    ) -> Reservation:
        """Change fields of a `Wish`, or `status`. What cannot be moved stays where it was: `NotBookable` is raised.

        `phone` or `name` is the caller's: one of those given must be the reservation's, else it reads `NotFound`.
        """
        async with self._db.begin(tenant_id) as connection:
            await store.check_conversation(connection, tenant_id, changes.get("conversation_id"))
            before = await self._callers(connection, tenant_id, wanted, phone, name)
            return await self._rewrite(connection, before, changes, who)

    async def cancel(
        self,
        tenant_id: str,
        wanted: str,
        *,
        phone: str | None = None,
        name: str | None = None,
        who: Principal | None = None,
    ) -> Reservation:
        """Cancel by id or reference. Cancelling again is fine. `phone`, `name`: see `change`."""
        async with self._db.begin(tenant_id) as connection:
            before = await self._callers(connection, tenant_id, wanted, phone, name)
            if before.status == "cancelled":
                return before
            return await self._rewrite(connection, before, {"status": "cancelled"}, who)

    async def put_back(self, tenant_id: str, wanted: str, was: Mapping[str, Any] | None) -> Reservation:
        """Undo what was done to a reservation: as it `was` (date, time, party_size, status), or cancelled where it was
        not there. Raises `NotBookable` where its place was given to somebody else meanwhile, `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            now = await _find(connection, tenant_id, wanted, lock=True)
            if was is None:
                return (
                    now
                    if now.status == "cancelled"
                    else await self._rewrite(connection, now, {"status": "cancelled"}, None)
                )
            # Nobody keeps a cancelled place: like a request, it is placed anew.
            before = replace(now, status="requested") if now.status == "cancelled" else now
            back = await self._rewrite(connection, before, was, None)
            if now.status == "cancelled":
                back = await _R.change(connection, tenant_id, now.id, {"cancelled_at": None}) or back
            return back

    async def delete(self, who: Principal, tenant_id: str, wanted: str) -> None:
        """Remove the row. A guest who does not come is a cancellation, not this."""
        async with self._db.begin(tenant_id) as connection:
            if not await _R.remove(connection, tenant_id, wanted):
                raise NotFound("reservation")
            await _audit(connection, who, tenant_id, "reservation.deleted", wanted)

    # Steps

    async def _desk(self, connection: AsyncConnection, tenant_id: str) -> tuple[Desk, Tenant]:
        tenant = await get_tenant(connection, tenant_id)
        if tenant is None:
            raise NotFound("tenant")
        settings = await _settings(connection, tenant_id)
        return Desk(settings, ZoneInfo(tenant.timezone), self._clock.now()), tenant

    async def _callers(
        self, connection: AsyncConnection, tenant_id: str, wanted: str, phone: str | None, name: str | None
    ) -> Reservation:
        """The reservation, if the caller's number or name is the one it was made with."""
        found = await _find(connection, tenant_id, wanted, lock=True)
        if not phone and not name:
            return found
        _, tenant = await self._desk(connection, tenant_id)
        if phone and found.phone and _same_phone(phone, found.phone, tenant):
            return found
        if name and same_person(name, found.name):
            return found
        raise NotFound("reservation")

    async def _add(
        self, tenant_id: str, wish: Wish, status: str, idempotency_key: str | None, who: Principal | None
    ) -> Reservation:
        async with self._db.begin(tenant_id) as connection:
            await store.check_conversation(connection, tenant_id, wish.conversation_id)
            if idempotency_key is not None:
                await store.lock(connection, f"{tenant_id}:key:{idempotency_key}")
                known = await _R.first(connection, tenant_id, _COLUMN.idempotency_key == idempotency_key)
                if known is not None:
                    return known
            desk, tenant = await self._desk(connection, tenant_id)
            placed = await place(connection, tenant_id, desk, normal(wish, tenant), status)
            reference = await new_reference(connection, tenant_id)
            row = {**placed, "id": new_id(), "tenant_id": tenant_id, "reference": reference}
            made = await _R.add(connection, {**row, "idempotency_key": idempotency_key})
            await _audit(connection, who, tenant_id, "reservation.created", made.id)
            if status != "held":
                await announce(connection, tenant_id, "reservation.created", told(made))
        return made

    async def _rewrite(
        self, connection: AsyncConnection, before: Reservation, changes: Mapping[str, Any], who: Principal | None
    ) -> Reservation:
        if before.status == "cancelled":
            raise Conflict("The reservation is cancelled; book a new one.", code="reservation.cancelled")
        status = changes.get("status", before.status)
        desk, tenant = await self._desk(connection, before.tenant_id)
        asked = {name: value for name, value in changes.items() if name != "status"}
        wish = normal(replace(_wish(before), **asked), tenant)
        values = {name: getattr(wish, name) for name in asked} | {"status": status}
        moved = any(getattr(wish, name) != getattr(before, name) for name in _PLACED_BY)
        if status in _ALIVE and (moved or (status == "confirmed" and before.status != "confirmed")):
            decided = "status" in changes
            values = await place(connection, before.tenant_id, desk, wish, status, but=before.id, decided=decided)
        elif status == "cancelled":
            values |= {"cancelled_at": desk.now}
        values |= {"revision": before.revision + 1}
        changed = await _R.change(connection, before.tenant_id, before.id, values)
        if changed is None:
            raise NotFound("reservation")
        await _audit(connection, who, before.tenant_id, f"reservation.{_verb(status, before)}", before.id)
        await announce(connection, before.tenant_id, f"reservation.{_event(status, before)}", told(changed))
        return changed


def _event(status: str, before: Reservation) -> str:
    """A hold is nobody's reservation yet: it is created when it is confirmed."""
    if before.status == "held" and status == "confirmed":
        return "created"
    return "cancelled" if status == "cancelled" else "changed"


def _verb(status: str, before: Reservation) -> str:
    return status if status != before.status else "changed"


async def _audit(connection: AsyncConnection, who: Principal | None, tenant_id: str, action: str, target: str) -> None:
    """Written for people; what an agent does is in its conversation's trace."""
    if who is not None:
        await record_audit(connection, who, tenant_id, action, target)


async def _settings(connection: AsyncConnection, tenant_id: str) -> FrontDeskSettings:
    stored = await store.get_settings(connection, tenant_id)
    return FrontDeskSettings.model_validate(stored or {})


async def _find(connection: AsyncConnection, tenant_id: str, wanted: str, *, lock: bool = False) -> Reservation:
    same = _COLUMN.id == wanted if len(wanted) == 36 else _COLUMN.reference == normal_reference(wanted)
    found = await _R.first(connection, tenant_id, same, lock=lock)
    if found is None:
        raise NotFound("reservation")
    return found


def _wish(of: Reservation) -> Wish:
    return Wish(**{field.name: getattr(of, field.name) for field in fields(Wish)})


def _same_phone(said: str, known: str, tenant: Tenant) -> bool:
    try:
        return normal_phone(said, region_of(tenant)) == known
    except InvalidInput:
        return False
