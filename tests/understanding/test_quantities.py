"""Counted things: heads, nights, rooms, money."""

from __future__ import annotations

from datetime import datetime

import pytest

from parley.understanding.slots import read_slots

NOW = datetime(2026, 11, 18, 8, 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a table for the four of us", 4),
        ("me and my wife", 2),
        ("my husband, our two kids and me", 4),
        ("two adults and a kid", 3),
        ("3 adults 2 children", 5),
        ("4 people including 2 children", 4),
        ("party of six", 6),
        ("table for twelve at twelve", 12),
        ("me plus two", 3),
        ("my parents and I", 3),
        ("just me", 1),
        ("both of us", 2),
        ("we are six", 6),
        ("a group of four people at 11 am", 4),
        ("four-person table", 4),
        ("room for two at 18:45", 2),
        ("four including me for lunch, so a table for four", 4),
    ],
)
def test_heads_in_english(text: str, expected: int) -> None:
    assert read_slots(text, now=NOW).slots["party_size"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wir sind zu viert", 4),
        ("zu zweit", 2),
        ("ein Tisch für sechs", 6),
        ("meine Frau, unsere drei Kinder und ich", 5),
        ("zwei Erwachsene und ein Kind", 3),
        ("für uns vier", 4),
        ("wir beide", 2),
        ("ein Vierertisch", 4),
        ("eine Person", 1),
        ("fünf und zwanzig Leute", 25),
    ],
)
def test_heads_in_german(text: str, expected: int) -> None:
    assert read_slots(text, now=NOW, language="de").slots["party_size"] == expected


@pytest.mark.parametrize(
    "text",
    [
        "two of us are vegan",
        "I have 3 children",
        "my kids are 4 and 7",
        "2 dogs",
        "4 stars",
        "I need that one",
        "a friend told me",
    ],
)
def test_no_party(text: str) -> None:
    assert "party_size" not in read_slots(text, now=NOW).slots


@pytest.mark.parametrize(("text", "reason"), [("0 people", "impossible"), ("5,000 people", "implausible")])
def test_a_party_that_cannot_be(text: str, reason: str) -> None:
    reading = read_slots(text, now=NOW)
    assert not reading.slots
    assert [(problem.slot, problem.reason) for problem in reading.problems] == [("party_size", reason)]


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("two rooms for three nights in your hotel", {"rooms": 2, "nights": 3}),
        ("a two bedroom flat with 1 bath under $2,000", {"bedrooms": 2, "bathrooms": 1, "budget": 2000}),
        ("an apartment with 4 rooms", {"bedrooms": 4}),
        ("a 3 star hotel", {"stars": 3}),
        ("no more than 1800 per month", {"budget": 1800}),
        ("$12.50", {"budget": 12.5}),
    ],
)
def test_other_counts(text: str, slots: dict[str, int]) -> None:
    assert dict(read_slots(text, now=NOW).slots) == slots
