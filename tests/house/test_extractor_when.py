"""Days, times and stretches of any field: which numbers are a time, and which side of today a day lies on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.house.asking import answered, read_talk

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ("Between 9 and 11.", "09:00", "11:00"),
        ("Between nine and eleven my husband is home.", "09:00", "11:00"),
        ("Between 2 and 4 on weekdays.", "14:00", "16:00"),
        ("Between nine and eleven works best.", "09:00", "11:00"),
        ("Between 10 and 12 Tuesday.", "10:00", "12:00"),
        ("Zwischen 8 und 10 Uhr am Montag.", "08:00", "10:00"),
        ("Zwischen 9 und 11 Montag früh.", "09:00", "11:00"),
        ("We'll be between 8 and 10 people.", None, None),
        ("Between 20 and 30 guests.", None, None),
        ("We pay between 8 and 12 dollars.", None, None),
        ("It takes from 2 to 3 hours.", None, None),
        ("It weighs between 5 and 9 kilos.", None, None),
        ("Zwischen 8 und 10 Personen.", None, None),
    ],
)
async def test_what_is_counted_is_no_time(said: str, start: str | None, end: str | None) -> None:
    found = await answered("When can we come?", said, start_time="time", end_time="time")
    assert (found["start_time"], found["end_time"]) == (start, end)


async def test_a_tour_is_no_end() -> None:
    talk = (
        "Agent: When would you like the tour?\nUser: Next Tuesday.\nAgent: And when do you move in?\n"
        "User: On the first of January."
    )
    found = await read_talk(talk, tour_date="date", move_in_date="date")
    assert (found["tour_date"], found["move_in_date"]) == ("2026-11-24", "2027-01-01")


@pytest.mark.parametrize(
    ("field", "description", "said", "day"),
    [
        ("birthday_party_date", "Date of the birthday party", "On the 12th of December.", "2026-12-12"),
        ("birthday", "", "May 3rd, 1988.", "1988-05-03"),
        ("delivery_date", "When the order should be delivered", "December 12th please.", "2026-12-12"),
        ("lieferdatum", "Wann die Ware geliefert werden soll", "Am 12. Dezember.", "2026-12-12"),
        ("delivered_on", "When it was delivered", "On Monday.", "2026-11-16"),
        ("date_of_birth", "", "3/5/28", "1928-03-05"),
    ],
)
async def test_a_day_lies_behind_or_ahead(field: str, description: str, said: str, day: str) -> None:
    wanted: dict[str, Any] = {field: {"type": "string", "format": "date", "description": description}}
    assert (await answered("When is that?", said, **wanted))[field] == day


@pytest.mark.parametrize(("region", "day"), [("US", "2027-03-05"), ("GB", "2027-05-03")])
async def test_the_country_says_whether_the_month_comes_first(region: str, day: str) -> None:
    assert (await answered("Which date suits you?", "3/5/2027 please.", region, visit_date="date"))["visit_date"] == day


async def test_dollars_are_not_thousands_of_them() -> None:
    talk = (
        "Agent: What's the price?\nUser: The house is 450 thousand.\nAgent: And the HOA fee?\n"
        "User: The HOA fee is 300 dollars a month."
    )
    found = await read_talk(talk, house_price="number", hoa_fee="number")
    assert (found["house_price"], found["hoa_fee"]) == (450_000, 300)
