"""Telephone numbers: how they are written, where they are, and which agent answers ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.agents import get_agent
from parley.calls import store
from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotFound
from parley.kit.ids import new_id
from parley.tenants import Principal, Tenant, record_audit

_LEAST_NATIONAL = 10_000  # five digits without the country; shorter ones are services
_MOST_ZONES = 8  # a number that could be anywhere tells nothing
_UNKNOWN_ZONE = "Etc/Unknown"
# When a telephone may ring where the law names hours: 47 CFR 64.1200(c)(1), 8 a.m. to 9 p.m. at the called party's.
_HOURS: Final = (time(8), time(21))

Mapped = Callable[[AsyncConnection, str, str], Awaitable[None]]


def e164(text: str, field: str = "phone_number") -> str:
    """The number in E.164. Raises `InvalidInput` naming `field`.

    It has to begin with + and the country; spaces and punctuation are passed over. Only its length is judged, not
    whether it is assigned: numbering plans change faster than software.
    """
    import phonenumbers  # its tables take a tenth of a second to load

    problem = InvalidInput(f"{field} must be a telephone number in E.164 form such as +4930901820.")
    if not text.strip().startswith("+") or any(char.isalpha() for char in text):
        raise problem
    try:
        number = phonenumbers.parse(text.strip(), None)
    except phonenumbers.NumberParseException as error:
        raise problem from error
    if not phonenumbers.is_possible_number(number) or (number.national_number or 0) < _LEAST_NATIONAL:
        raise problem
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def e164_or_empty(text: str | None) -> str:
    """What a carrier gave as the other side's number; empty where it is withheld or none."""
    try:
        return e164(text or "")
    except InvalidInput:
        return ""


def zones_of(number: str, tenant: Tenant) -> tuple[str, ...]:
    """The timezones in which the telephone may be; the tenant's own where the number does not tell."""
    import phonenumbers
    from phonenumbers import timezone

    zones = timezone.time_zones_for_number(phonenumbers.parse(number, None))
    if _UNKNOWN_ZONE in zones or not 0 < len(zones) <= _MOST_ZONES:
        return (tenant.timezone,)
    return tuple(zones)


def outside_hours(number: str, tenant: Tenant, now: datetime) -> str | None:
    """A sentence where it is too early or too late at that telephone, in any zone in which it may be.

    `calling_hours` in the tenant's settings: {"from": "08:00", "to": "21:00", "days": [1, …, 7]} (ISO weekdays).
    """
    first, last, days = _calling_hours(tenant)
    for zone in zones_of(number, tenant):
        there = now.astimezone(ZoneInfo(zone))
        if there.isoweekday() not in days or not first <= there.time() < last:
            return (
                f"It is {there:%H:%M} on a {there:%A} where {number} is ({zone}); "
                f"calling hours are {first:%H:%M} to {last:%H:%M}."
            )
    return None


def _calling_hours(tenant: Tenant) -> tuple[time, time, frozenset[int]]:
    given = tenant.settings.get("calling_hours")
    given = given if isinstance(given, dict) else {}
    days = given.get("days")
    wanted = frozenset(day for day in days if isinstance(day, int)) if isinstance(days, list) else frozenset()
    first, last = _clock(given.get("from"), _HOURS[0]), _clock(given.get("to"), _HOURS[1])
    return first, last, wanted or frozenset(range(1, 8))


def _clock(value: Any, otherwise: time) -> time:
    if value == "24:00":
        return time.max
    try:
        return time.fromisoformat(value) if isinstance(value, str) else otherwise
    except ValueError:
        return otherwise


class PhoneNumbers:
    """Which agent answers which of our numbers. `mapped` is told, on the transaction, of an agent that got one."""

    def __init__(self, db: Database, mapped: Mapped) -> None:
        self._db = db
        self._mapped = mapped

    async def add(self, who: Principal, tenant_id: str, number: str, carrier: str, agent_id: str) -> store.PhoneNumber:
        """Map a number to an agent. A number belongs to one agent of one tenant: `Conflict` where it is taken."""
        wanted = e164(number, "number")
        async with self._db.begin(tenant_id) as connection:
            if await get_agent(connection, tenant_id, agent_id) is None:
                raise NotFound("agent")
            row = {"id": new_id(), "tenant_id": tenant_id, "number": wanted, "carrier": carrier, "agent_id": agent_id}
            made = await store.numbers.add(connection, row)
            if made is None:
                raise Conflict("number is already in use.", code="phone_number.taken")
            await self._mapped(connection, tenant_id, agent_id)
            await record_audit(connection, who, tenant_id, "phone_number.created", made.id)
        return made

    async def page(
        self, tenant_id: str, limit: int, cursor: str | None, **filters: str | None
    ) -> list[store.PhoneNumber]:
        """The newest `limit` + 1 before `cursor`; filters that are None do not filter."""
        async with self._db.begin(tenant_id) as connection:
            return await store.numbers.page(connection, tenant_id, limit, cursor, **filters)

    async def remove(self, who: Principal, tenant_id: str, number_id: str) -> None:
        async with self._db.begin(tenant_id) as connection:
            if not await store.numbers.remove(connection, tenant_id, number_id):
                raise NotFound("phone number")
            await record_audit(connection, who, tenant_id, "phone_number.deleted", number_id)

    async def answering(self, number: str) -> tuple[str, str] | None:
        """(tenant, agent) who answers a number of ours; None for one nobody has."""
        async with self._db.begin_platform("number → agent") as connection:
            return await store.find_line(connection, "number", e164_or_empty(number))
