"""Dates with day and month."""

from __future__ import annotations

from datetime import datetime

import pytest

from parley.understanding.slots import read_slots

NOW = datetime(2026, 11, 18, 8, 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("March 8th", "2027-03-08"),
        ("8th of March", "2027-03-08"),
        ("the eighth of march 2028", "2028-03-08"),
        ("march the third", "2027-03-03"),
        ("november twenty first", "2026-11-21"),
        ("21 November", "2026-11-21"),
        ("12/24", "2026-12-24"),
        ("12/24/2027", "2027-12-24"),
        ("24/12", "2026-12-24"),
        ("2027-01-05", "2027-01-05"),
        ("May 3rd next year", "2027-05-03"),
    ],
)
def test_english(text: str, expected: str) -> None:
    assert read_slots(text, now=NOW, default_region="US").slots["date"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("am 3. Mai", "2027-05-03"),
        ("am 3.5.", "2027-05-03"),
        ("am 24.12.2026", "2026-12-24"),
        ("den dritten fünften", "2027-05-03"),
        ("am einundzwanzigsten Dezember", "2026-12-21"),
    ],
)
def test_german(text: str, expected: str) -> None:
    assert read_slots(text, now=NOW, language="de", default_region="DE").slots["date"] == expected


@pytest.mark.parametrize("text", ["on 31/11/2026", "am 31.4.", "2027-02-30"])
def test_a_date_the_calendar_does_not_have(text: str) -> None:
    reading = read_slots(text, now=NOW, default_region="DE", language="de")
    assert "date" not in reading.slots
    assert [problem.reason for problem in reading.problems] == ["impossible"]


@pytest.mark.parametrize("text", ["3 may come later", "it costs 3.50", "version 2.1", "1/2 portion"])
def test_no_date(text: str) -> None:
    assert "date" not in read_slots(text, now=NOW).slots
