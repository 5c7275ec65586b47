"""Reservations are written once, in the right place, whoever asks at the same time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest

from parley.frontdesk import NotBookable, Reservation, Reservations, Wish
from parley.kit.clock import ManualClock
from parley.kit.errors import Conflict, InvalidInput, NotFound
from tests.conftest import Business

pytestmark = pytest.mark.anyio

SATURDAY = date(2026, 11, 21)
MONDAY = date(2026, 11, 23)
Furnish = Callable[..., Any]


def table(at: str = "19:00", party: int = 2, day: date = SATURDAY, **more: Any) -> Wish:
    return Wish(day, time.fromisoformat(at), party, name=more.pop("name", "Anna Baker"), **more)


async def test_of_a_hundred_attempts_at_the_last_table_one_succeeds(furnish: Furnish, desk: Reservations) -> None:
    tenant = await furnish()
    made = await asyncio.gather(*(desk.book(tenant, table()) for _ in range(100)), return_exceptions=True)
    assert sum(isinstance(one, Reservation) for one in made) == 1
    refused = [one for one in made if not isinstance(one, Reservation)]
    assert {type(one) for one in refused} == {NotBookable}
    assert Counter(one.code for one in refused if isinstance(one, NotBookable)) == {"reservation.full": 99}


async def test_overlapping_attempts_at_different_times_never_share_a_table(
    furnish: Furnish, desk: Reservations
) -> None:
    tenant = await furnish(buffer_minutes=15)
    times = [f"{17 + n // 4}:{n % 4 * 15:02}" for n in range(20)]
    await asyncio.gather(*(desk.book(tenant, table(at)) for at in times * 2), return_exceptions=True)
    booked = sorted(one.starts_at for one in await desk.page(tenant, 100, None))
    assert booked
    gaps = [after - before for before, after in pairwise(booked)]
    assert all(gap >= timedelta(minutes=135) for gap in gaps)


async def test_bookings_on_both_sides_of_midnight_conflict(furnish: Furnish, desk: Reservations) -> None:
    tenant = await furnish(opening_hours={"saturday": ["17:00-04:00"]}, stay_minutes=120)
    sunday = SATURDAY + timedelta(days=1)
    wishes = [table("23:30"), table("00:30", day=sunday), table("23:45"), table("01:00", day=sunday)]
    made = await asyncio.gather(*(desk.book(tenant, wish) for wish in wishes), return_exceptions=True)
    assert sum(isinstance(one, Reservation) for one in made) == 1


async def test_the_same_key_gives_the_same_reservation(furnish: Furnish, desk: Reservations) -> None:
    tenant = await furnish()
    made = await asyncio.gather(*(desk.book(tenant, table(), idempotency_key="turn-1") for _ in range(10)))
    assert len({one.id for one in made}) == 1
    again = await desk.book(tenant, table("21:00"), idempotency_key="turn-1")
    assert again.id == made[0].id


async def test_nothing_set_makes_a_request(business: Business, desk: Reservations) -> None:
    answer = await desk.availability(business.id, SATURDAY, 4, time(19))
    assert answer.status == "unknown"
    made = await desk.book(business.id, table(party=4))
    assert made.status == "requested"
    assert (await desk.confirm(business.id, made.reference)).status == "requested"
    decided = await desk.change(business.id, made.id, {"status": "confirmed"})
    assert decided.status == "confirmed"
    moved = await desk.change(business.id, made.reference, {"time": time(20)})
    assert (moved.status, moved.time) == ("requested", time(20))


async def test_a_hold_keeps_the_place_until_it_expires(
    furnish: Furnish, desk: Reservations, clock: ManualClock
) -> None:
    tenant = await furnish(hold_minutes=10)
    held = await desk.hold(tenant, table())
    assert held.status == "held"
    with pytest.raises(NotBookable):
        await desk.book(tenant, table())
    clock.advance(timedelta(minutes=11))
    other = await desk.book(tenant, table(name="Carl"))
    assert other.status == "confirmed"
    with pytest.raises(NotBookable) as refused:
        await desk.confirm(tenant, held.reference)
    assert refused.value.availability.alternatives
    assert (await desk.get(tenant, held.id)).status == "expired"


async def test_confirming_a_hold_twice_is_one_booking(furnish: Furnish, desk: Reservations) -> None:
    tenant = await furnish()
    held = await desk.hold(tenant, table(name=""))
    first, second = await asyncio.gather(
        desk.confirm(tenant, held.reference, name="Anna"), desk.confirm(tenant, held.reference, name="Anna")
    )
    assert (first.id, first.status, first.name) == (held.id, "confirmed", "Anna")
    assert (second.id, second.status, second.revision) == (held.id, "confirmed", first.revision)
    assert first.hold_expires_at is None
    booked = await desk.book(tenant, table(), hold=held.reference)
    assert booked.id == held.id


async def test_a_reference_is_found_however_it_is_typed(furnish: Furnish, desk: Reservations) -> None:
    tenant = await furnish()
    made = await desk.book(tenant, table())
    assert len(made.reference) == 4
    spoken = f" {made.reference[:2].lower()} - {made.reference[2:].lower()} "
    assert (await desk.get(tenant, spoken)).id == made.id
    cancelled = await desk.cancel(tenant, spoken)
    assert cancelled.status == "cancelled"
    assert (await desk.cancel(tenant, spoken)).id == made.id
    assert (await desk.book(tenant, table())).status == "confirmed"
    with pytest.raises(Conflict):
        await desk.change(tenant, spoken, {"party_size": 3})


async def test_only_the_caller_who_made_it_reaches_a_reservation(furnish: Furnish, desk: Reservations) -> None:
    tenant = await furnish()
    made = await desk.book(tenant, table(phone="030 901820"))
    assert made.phone == "+4930901820"
    with pytest.raises(NotFound):
        await desk.cancel(tenant, made.reference, phone="030 901821", name="Mr. Smith")
    with pytest.raises(NotFound):
        await desk.change(tenant, made.reference, {"party_size": 3}, name="Mrs")
    assert (await desk.change(tenant, made.reference, {"party_size": 3}, name="Mrs. Baker")).party_size == 3
    assert [one.id for one in await desk.find(tenant, phone="+49 30 90 18 20")] == [made.id]
    assert await desk.find(tenant, phone="+49 30 90 18 20", name="Smith") == []
    assert (await desk.cancel(tenant, made.reference, phone="+49 (30) 901820")).status == "cancelled"
    assert await desk.find(tenant, phone="030901820") == []


async def test_a_change_that_finds_no_room_leaves_things_as_they_were(furnish: Furnish, desk: Reservations) -> None:
    tenant = await furnish()
    first, second = await desk.book(tenant, table("17:00")), await desk.book(tenant, table("19:00"))
    with pytest.raises(NotBookable):
        await desk.change(tenant, second.reference, {"time": time(18)})
    assert (await desk.get(tenant, second.id)).time == time(19)
    moved = await desk.change(tenant, second.reference, {"time": time(19, 15), "party_size": 4})
    assert (moved.time, moved.party_size, moved.tables, moved.revision) == (time(19, 15), 4, ["1"], 1)
    with pytest.raises(NotBookable) as refused:
        await desk.change(tenant, first.reference, {"party_size": 5})
    assert refused.value.code == "reservation.too_large"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (table(day=date(2026, 11, 19)), "reservation.past"),
        (table(day=MONDAY), "reservation.closed"),
        (table("12:00"), "reservation.closed"),
        (table("19:07"), "reservation.off_grid"),
        (table(party=5), "reservation.too_large"),
        (table(party=5000), "reservation.too_large"),
        (table(day=date(2028, 1, 1)), "reservation.too_far"),
        (table(day=date.min), "reservation.past"),
        (table("23:59", day=date.max), "reservation.too_far"),
        (Wish(date.max, kind="room", nights=365), "reservation.too_far"),
    ],
)
async def test_what_cannot_be_booked_says_why(furnish: Furnish, desk: Reservations, wish: Wish, code: str) -> None:
    tenant = await furnish()
    with pytest.raises((NotBookable, InvalidInput)) as refused:
        await desk.book(tenant, wish)
    assert refused.value.code == code
    assert refused.value.status == 422


@pytest.mark.parametrize("party", [0, -3])
async def test_a_party_of_nobody_is_refused_by_name(furnish: Furnish, desk: Reservations, party: int) -> None:
    tenant = await furnish()
    for attempt in (desk.book(tenant, table(party=party)), desk.availability(tenant, SATURDAY, party)):
        with pytest.raises(InvalidInput, match="party_size"):
            await attempt


async def test_one_property_is_shown_to_one_party_at_a_time(furnish: Furnish, desk: Reservations) -> None:
    tenant = await furnish(tables=[])
    viewing: dict[str, Any] = {"kind": "viewing", "property_id": "a-102"}
    made = await desk.book(tenant, table(**viewing))
    assert (made.property_id, made.status, made.ends_at - made.starts_at) == (
        "A-102",
        "confirmed",
        timedelta(minutes=30),
    )
    with pytest.raises(NotBookable):
        await desk.book(tenant, table("19:15", **viewing))
    assert (await desk.book(tenant, table("19:30", **viewing))).status == "confirmed"
    assert (await desk.book(tenant, table(kind="viewing", property_id="A-104"))).status == "confirmed"


async def test_a_room_is_a_request_with_nights(furnish: Furnish, desk: Reservations) -> None:
    tenant = await furnish()
    made = await desk.book(tenant, Wish(MONDAY, party_size=2, name="Carl", kind="room", nights=3))
    assert (made.status, made.nights, made.time) == ("requested", 3, None)
    assert made.ends_at - made.starts_at == timedelta(days=3)
    with pytest.raises(InvalidInput, match="nights"):
        await desk.book(tenant, Wish(MONDAY, kind="room"))


async def test_a_table_needs_a_time(furnish: Furnish, desk: Reservations) -> None:
    tenant = await furnish()
    with pytest.raises(InvalidInput, match="time"):
        await desk.book(tenant, Wish(SATURDAY, None, 2))


async def test_a_time_the_clocks_skip_is_refused_and_one_that_comes_twice_is_the_first(
    furnish: Furnish, desk: Reservations
) -> None:
    tenant = await furnish(opening_hours={"saturday": ["20:00-05:00"]}, stay_minutes=60, horizon_days=400)
    with pytest.raises(InvalidInput, match=r"02:30 does not exist on 2027-03-28"):
        await desk.book(tenant, table("02:30", day=date(2027, 3, 28)))
    made = await desk.book(tenant, table("02:30", day=date(2027, 10, 31)))
    assert made.starts_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    later = await desk.book(tenant, table("03:00", day=date(2027, 10, 31)))
    assert later.starts_at == datetime(2027, 10, 31, 2, 0, tzinfo=UTC)


async def test_another_tenants_reservation_reads_like_none(
    furnish: Furnish, desk: Reservations, rival: Business
) -> None:
    made = await desk.book(await furnish(), table())
    for wanted in (made.id, made.reference):
        with pytest.raises(NotFound):
            await desk.get(rival.id, wanted)
        with pytest.raises(NotFound):
            await desk.cancel(rival.id, wanted)
