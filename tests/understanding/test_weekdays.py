"""Weekdays, with what stands around them."""

from __future__ import annotations

from datetime import datetime

import pytest

from parley.understanding.slots import read_slots

WEDNESDAY = datetime(2026, 11, 18, 8, 0)  # noqa: DTZ001
FRIDAY = datetime(2019, 3, 1, 8, 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Friday", "2026-11-20"),
        ("this Friday", "2026-11-20"),
        ("next Friday", "2026-11-27"),
        ("Friday next week", "2026-11-27"),
        ("next week on Tuesday", "2026-11-24"),
        ("Sunday this week", "2026-11-22"),
        ("Friday week", "2026-11-27"),
        ("a week on Tuesday", "2026-12-01"),
        ("Tuesday the 24th", "2026-11-24"),
        ("Sat, Nov 21", "2026-11-21"),
        ("Wednesday", "2026-11-25"),
        ("Thursday's fine", "2026-11-19"),
    ],
)
def test_english(text: str, expected: str) -> None:
    assert read_slots(text, now=WEDNESDAY).slots["date"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("this Saturday", "2019-03-02"),
        ("next Friday", "2019-03-08"),
        ("next Tuesday", "2019-03-05"),
        ("Monday next week", "2019-03-04"),
    ],
)
def test_from_a_friday(text: str, expected: str) -> None:
    assert read_slots(text, now=FRIDAY).slots["date"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("am Freitag", "2026-11-20"),
        ("nächsten Samstag", "2026-11-21"),
        ("nächsten Montag", "2026-11-23"),
        ("nächste Woche Freitag", "2026-11-27"),
        ("Freitag nächster Woche", "2026-11-27"),
        ("Samstag in einer Woche", "2026-11-28"),
        ("Freitagabend", "2026-11-20"),
        ("Mittwochabend", "2026-11-25"),
        ("Dienstag, den 24. November", "2026-11-24"),
    ],
)
def test_german(text: str, expected: str) -> None:
    assert read_slots(text, now=WEDNESDAY, language="de").slots["date"] == expected


@pytest.mark.parametrize("text", ["Monday the 24th", "Friday, March 9th 2027"])
def test_a_weekday_that_contradicts_the_date_is_noticed(text: str) -> None:
    reading = read_slots(text, now=WEDNESDAY)
    assert "date" not in reading.slots
    assert reading.problems[0].reason == "impossible"
