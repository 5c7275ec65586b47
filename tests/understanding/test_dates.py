"""Calendar dates in both languages, from a Wednesday."""

from __future__ import annotations

from datetime import datetime

import pytest

from parley.understanding.slots import read_slots

NOW = datetime(2026, 11, 18, 8, 0)  # noqa: DTZ001


def read(text: str, language: str = "en") -> object:
    return read_slots(text, now=NOW, language=language, default_region="US" if language == "en" else "DE").slots.get(
        "date"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today please", "2026-11-18"),
        ("tonight", "2026-11-18"),
        ("tomorrow", "2026-11-19"),
        ("the day after tomorrow", "2026-11-20"),
        ("in three days", "2026-11-21"),
        ("in a week", "2026-11-25"),
        ("two weeks from Saturday", "2026-12-05"),
        ("a week from today", "2026-11-25"),
        ("the 4th day of the month is past, the 30th of this month", "2026-11-30"),
        ("on the 5th of next month", "2026-12-05"),
        ("on the first", "2026-12-01"),
        ("New Year's Eve", "2026-12-31"),
        ("this evening", "2026-11-18"),
    ],
)
def test_english(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("heute", "2026-11-18"),
        ("morgen Abend", "2026-11-19"),
        ("übermorgen", "2026-11-20"),
        ("in vierzehn Tagen", "2026-12-02"),
        ("heute in einer Woche", "2026-11-25"),
        ("am elften", "2026-12-11"),
        ("am 3. nächsten Monats", "2026-12-03"),
        ("am 2. Weihnachtstag", "2026-12-26"),
        ("Heiligabend", "2026-12-24"),
    ],
)
def test_german(text: str, expected: str) -> None:
    assert read(text, "de") == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("yesterday", "past"),
        ("on the 3rd of this month", "past"),
        ("March 3rd 2020", "past"),
        ("the 31st of February", "impossible"),
        ("on February 29th", "impossible"),
        ("the 45th of March", "impossible"),
        ("this weekend", "ambiguous"),
        ("sometime next week", "ambiguous"),
    ],
)
def test_what_is_no_day_is_noticed(text: str, reason: str) -> None:
    reading = read_slots(text, now=NOW)
    assert "date" not in reading.slots
    assert [(problem.slot, problem.reason) for problem in reading.problems] == [("date", reason)]


@pytest.mark.parametrize(
    "text",
    [
        "thanks, that's all for today",
        "how are you today",
        "that's it for today",
        "the first one",
        "on the second floor",
        "5th Avenue",
        "we march on",
        "it may rain",
        "open 24/7",
        "one second",
        "are you open on Sundays",
    ],
)
def test_no_date_is_meant(text: str) -> None:
    reading = read_slots(text, now=NOW)
    assert "date" not in reading.slots
    assert not reading.problems


def test_german_morgen_as_a_greeting_or_time_of_day() -> None:
    assert read("guten Morgen", "de") is None
    assert read("heute Morgen um neun", "de") == "2026-11-18"
