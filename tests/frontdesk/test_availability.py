"""What is free, over made-up weeks: never over capacity, never outside the hours, always what can then be booked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.frontdesk.availability import Ask, Desk, alternatives, look
from parley.frontdesk.hours import instant, open_day
from parley.frontdesk.seating import Taken, pick_tables
from parley.frontdesk.settings import DiningTable, FrontDeskSettings, span_minutes
from parley.kit.errors import InvalidInput

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = date(2026, 11, 20)
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def desk(now: datetime = NOW, **settings: Any) -> Desk:
    given = {"opening_hours": {day: ["17:00-23:00"] for day in WEEK}, "seats": 10, **settings}
    return Desk(FrontDeskSettings.model_validate(given), BERLIN, now)


@st.composite
def desks(draw: st.DrawFn) -> Desk:
    """Any business: tables or seats, any grid, hours that may pass midnight."""
    opening = draw(st.integers(8, 22))
    length = draw(st.integers(2, 12))
    closing = (opening + length) % 24
    tables = draw(st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=1, max_size=6))
    capacity: dict[str, Any] = {"tables": [], "seats": draw(st.integers(1, 30))}
    if draw(st.booleans()):
        named = [{"name": str(n), "seats": seats, "combinable": both} for n, (seats, both) in enumerate(tables)]
        capacity = {"tables": named, "seats": None}
    return desk(
        opening_hours={day: [f"{opening:02}:00-{closing:02}:00"] for day in WEEK},
        slot_minutes=draw(st.sampled_from([15, 30, 60])),
        stay_minutes=draw(st.integers(1, 12)) * 15,
        buffer_minutes=draw(st.sampled_from([0, 10, 30])),
        last_booking_minutes=draw(st.sampled_from([0, 30, 60, 120])),
        horizon_days=730,
        **capacity,
    )


DAYS = st.sampled_from([FRIDAY, FRIDAY + timedelta(days=1), SPRING, AUTUMN])
PARTIES = st.lists(st.tuples(st.integers(1, 10), st.integers(0, 200)), max_size=25)


def fill(at: Desk, day: date, parties: list[tuple[int, int]]) -> list[Taken]:
    """Book one party after the other at one of the times that are said to be free."""
    taken: list[Taken] = []
    for party, choice in parties:
        answer = look(at, Ask(day, party), taken)
        if not answer.times:
            continue
        ask = Ask(day, party, answer.times[choice % len(answer.times)])
        assert ask.time is not None
        starts_at = instant(day, ask.time, at.zone)
        tables = at.place(ask, starts_at, taken)
        assert tables is not None, "a time that is offered can be booked"
        start = int(starts_at.timestamp())
        end = start + int(at.stay("table").total_seconds())
        taken.append(Taken(start, end, party, tuple(tables)))
    return taken


@given(desks(), DAYS, PARTIES)
def test_no_table_is_given_twice_and_no_seat_either(at: Desk, day: date, parties: list[tuple[int, int]]) -> None:
    taken = fill(at, day, parties)
    buffer = at.settings.buffer_minutes * 60
    seats = {table.name: table.seats for table in at.settings.tables}
    for one in taken:
        if at.settings.seats is None:
            assert sum(seats[name] for name in one.tables) >= one.party_size
        there = [other for other in taken if other.start <= one.start < other.end + buffer]
        assert len([name for other in there for name in other.tables]) == len(
            {name for other in there for name in other.tables}
        )
        assert sum(other.party_size for other in there) <= (at.settings.seats or sum(seats.values()))


@given(desks(), DAYS, PARTIES, st.integers(1, 10))
def test_a_time_is_free_exactly_when_it_is_said_to_be(
    at: Desk, day: date, parties: list[tuple[int, int]], party: int
) -> None:
    taken = fill(at, day, parties)
    answer = look(at, Ask(day, party), taken)
    for start in open_day(at.settings, day).starts(at.settings, at.zone):
        alone = look(at, Ask(day, party, start.time), taken)
        assert alone.available == (start.time in answer.times)
        assert alone.available == (alone.status == "available")
    if not answer.available:
        assert answer.times == ()


@given(desks(), DAYS)
def test_every_start_lies_within_the_hours(at: Desk, day: date) -> None:
    spans = [span_minutes(spans[0]) for spans in (at.settings.opening_hours or {}).values()]
    first, last = spans[0]
    latest = max(first, last - at.settings.last_booking_minutes)
    for start in open_day(at.settings, day).starts(at.settings, at.zone):
        minute = start.time.hour * 60 + start.time.minute
        assert first <= minute <= latest or first <= minute + 1440 <= latest
        assert start.starts_at.astimezone(BERLIN).time() == start.time
        assert (minute - first) % at.settings.slot_minutes == 0 or (
            minute + 1440 - first
        ) % at.settings.slot_minutes == 0


@given(desks(), PARTIES, st.integers(1, 4), st.times(time(12), time(23)))
def test_alternatives_are_free_and_not_what_was_asked(
    at: Desk, parties: list[tuple[int, int]], party: int, wanted: time
) -> None:
    taken = fill(at, FRIDAY, parties)
    ask = Ask(FRIDAY, party, wanted.replace(second=0, microsecond=0))
    found = alternatives(at, ask, taken)
    assert len(found) <= 3
    for start in found:
        assert (start.date, start.time) != (ask.date, ask.time)
        assert look(at, replace(ask, date=start.date, time=start.time), taken).available


@given(st.lists(st.tuples(st.integers(1, 8), st.booleans()), max_size=7), st.integers(1, 20))
def test_the_tables_given_are_as_good_as_any(shapes: list[tuple[int, bool]], party: int) -> None:
    tables = [DiningTable(name=str(n), seats=seats, combinable=both) for n, (seats, both) in enumerate(shapes)]
    given_tables = pick_tables(tables, party)
    single = [table.seats for table in tables if table.seats >= party]
    sets = [
        [table for n, table in enumerate(tables) if mask >> n & 1 and table.combinable]
        for mask in range(1 << len(tables))
    ]
    together = [sum(table.seats for table in some) for some in sets if sum(table.seats for table in some) >= party]
    by_name = {table.name: table for table in tables}
    if given_tables is None:
        assert not single
        assert not together
    else:
        chosen = sum(by_name[name].seats for name in given_tables)
        assert chosen == (min(single) if single else min(together))
        assert len(given_tables) == 1 or all(by_name[name].combinable for name in given_tables)


def test_the_night_the_clocks_go_forward_lacks_an_hour() -> None:
    at = desk(opening_hours={"saturday": ["22:00-05:00"]}, slot_minutes=30, last_booking_minutes=0, horizon_days=400)
    times = look(at, Ask(SPRING, 2), []).times
    assert [f"{one:%H:%M}" for one in times] == [
        "00:00",
        "00:30",
        "01:00",
        "01:30",
        "03:00",
        "03:30",
        "04:00",
        "04:30",
        "05:00",
    ]
    with pytest.raises(InvalidInput, match="02:30 does not exist"):
        look(at, Ask(SPRING, 2, time(2, 30)), [])


def test_the_night_the_clocks_go_back_a_stay_lasts_as_long() -> None:
    """A party that comes at 02:30 summer time for an hour has left at 02:30 winter time."""
    at = desk(
        opening_hours={"saturday": ["22:00-05:00"]}, tables=[{"name": "1", "seats": 2}], seats=None,
        slot_minutes=30, stay_minutes=60, last_booking_minutes=0, horizon_days=400,
    )  # fmt: skip
    start = int(instant(AUTUMN, time(2, 30), BERLIN).timestamp())
    taken = [Taken(start, start + 3600, 2, ("1",))]
    times = [f"{one:%H:%M}" for one in look(at, Ask(AUTUMN, 2), taken).times]
    assert "02:00" not in times
    assert "02:30" not in times
    assert "03:00" in times


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (Ask(FRIDAY, 4), "available"),
        (Ask(FRIDAY, 4, time(19)), "available"),
        (Ask(FRIDAY - timedelta(days=1), 4), "past"),
        (Ask(FRIDAY, 4, time(9)), "past"),
        (Ask(FRIDAY, 11), "too_large"),
        (Ask(FRIDAY, 4, time(16)), "closed"),
        (Ask(FRIDAY, 4, time(22, 15)), "closed"),
        (Ask(FRIDAY, 4, time(19, 5)), "off_grid"),
        (Ask(date(2026, 12, 24), 4), "closed"),
        (Ask(date(2026, 12, 26), 4), "closed"),
        (Ask(date(2026, 12, 31), 4, time(13)), "available"),
        (Ask(date(2027, 1, 1), 4, time(0, 30)), "available"),
        (Ask(date(2028, 1, 1), 4), "too_far"),
        (Ask(date.min, 4, time(0)), "past"),
        (Ask(date.max, 4, time(23, 59)), "too_far"),
        (Ask(FRIDAY, 4, kind="room"), "unknown"),
        (Ask(FRIDAY, 1, time(19), "viewing"), "unknown"),
        (Ask(FRIDAY, 1, time(19), "viewing", "A-1"), "available"),
    ],
)
def test_each_answer_has_its_reason(ask: Ask, status: str) -> None:
    exceptions = [
        {"date": "2026-12-24", "until": "2026-12-26", "closed": True},
        {"date": "2026-12-31", "hours": ["12:00-02:00"]},
    ]
    answer = look(desk(exceptions=exceptions), ask, [])
    assert answer.status == status


@pytest.mark.parametrize(
    ("day", "status"),
    [
        ("2026-12-27", "available"), ("2026-12-28", "closed"), ("2027-01-06", "closed"), ("2027-01-07", "available"),
        ("2027-12-28", "closed"), ("2028-01-06", "closed"), ("2027-12-31", "available"),
    ],
)  # fmt: skip
def test_exceptions_of_every_year_pass_new_year_and_give_way_to_a_dated_one(day: str, status: str) -> None:
    exceptions = [
        {"date": "2020-12-28", "until": "2021-01-06", "every_year": True, "closed": True},
        {"date": "2027-12-31", "hours": ["18:00-22:00"]},
    ]
    at = desk(exceptions=exceptions, horizon_days=730)
    assert look(at, Ask(date.fromisoformat(day), 2), []).status == status


def test_an_evening_that_is_over_is_past_and_a_full_one_full() -> None:
    late = desk(now=datetime(2026, 11, 20, 22, 30, tzinfo=UTC))
    assert look(late, Ask(FRIDAY, 2), []).status == "past"
    start = int(instant(FRIDAY, time(12), BERLIN).timestamp())
    full = look(desk(), Ask(FRIDAY, 2), [Taken(start, start + 86400, 10)])
    assert (full.status, full.times) == ("full", ())


def test_bookings_keep_the_lead_time() -> None:
    answer = look(desk(now=NOW + timedelta(hours=8), lead_minutes=90), Ask(FRIDAY, 2), [])
    assert answer.times[0] == time(19, 30)
    assert look(desk(lead_minutes=60 * 24), Ask(FRIDAY, 2, time(19)), []).status == "past"


def test_seats_are_counted_at_the_busiest_moment_not_in_sum() -> None:
    """Two parties of six one after the other leave four of ten seats, not none."""
    start = int(instant(FRIDAY, time(18), BERLIN).timestamp())
    taken = [Taken(start, start + 3600, 6), Taken(start + 3600, start + 7200, 6)]
    at = desk(stay_minutes=120)
    assert look(at, Ask(FRIDAY, 4, time(18)), taken).available
    assert not look(at, Ask(FRIDAY, 5, time(18)), taken).available


def test_parties_booked_before_there_were_tables_get_theirs_first() -> None:
    at = desk(tables=[{"name": "small", "seats": 2}, {"name": "large", "seats": 4}], seats=None)
    start = int(instant(FRIDAY, time(19), BERLIN).timestamp())
    taken = [Taken(start, start + 7200, 3)]
    assert at.place(Ask(FRIDAY, 2, time(19)), instant(FRIDAY, time(19), BERLIN), taken) == ["small"]
    assert at.place(Ask(FRIDAY, 3, time(19)), instant(FRIDAY, time(19), BERLIN), taken) is None
