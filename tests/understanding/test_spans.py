"""Stretches and distances."""

from __future__ import annotations

from datetime import datetime

import pytest

from parley.understanding.slots import read_slots

NOW = datetime(2026, 11, 18, 10, 20)  # noqa: DTZ001
STAY = {"date": "2026-12-20", "end_date": "2026-12-25", "nights": 5}


@pytest.mark.parametrize(
    "text",
    [
        "from the 20th to the 25th of December",
        "december 20 to 25",
        "dec 20-25",
        "20 to 25 december",
        "12/20 until 12/25",
        "check in on December 20th and check out on December 25th",
    ],
)
def test_a_stay(text: str) -> None:
    assert dict(read_slots(text, now=NOW).slots) == STAY


@pytest.mark.parametrize("text", ["vom 20. bis zum 25. Dezember", "20.-25.12.", "Anreise am 20.12., Abreise am 25.12."])
def test_a_stay_in_german(text: str) -> None:
    assert dict(read_slots(text, now=NOW, language="de", default_region="DE").slots) == STAY


def test_a_stay_that_ends_before_it_begins() -> None:
    reading = read_slots("from December 20th to December 10th", now=NOW)
    assert "date" not in reading.slots
    assert reading.problems


@pytest.mark.parametrize(
    ("text", "previous", "expected"),
    [
        ("an hour later", "You are booked at 6 pm.", "19:00"),
        ("half an hour earlier please", "You are booked at 6 pm.", "17:30"),
        ("in an hour", "", "11:20"),
        ("in 20 minutes", "", "10:40"),
        ("an hour later", "Hello!", None),
        ("I waited an hour", "", None),
    ],
)
def test_distances(text: str, previous: str, expected: str | None) -> None:
    assert read_slots(text, now=NOW, previous=previous).slots.get("time") == expected


@pytest.mark.parametrize(
    ("text", "slot"),
    [("between six and seven", "time"), ("4 or 5 people", "party_size"), ("2-3 nights", "nights"), ("5 to 7", "time")],
)
def test_what_is_left_open(text: str, slot: str) -> None:
    reading = read_slots(text, now=NOW, previous="What time?")
    assert slot not in reading.slots
    assert [problem.slot for problem in reading.problems] == [slot]
