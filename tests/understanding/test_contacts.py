"""Telephone numbers and e-mail addresses."""

from __future__ import annotations

from datetime import datetime

import pytest

from parley.understanding.slots import read_slots

NOW = datetime(2026, 11, 18, 8, 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("415-555-0132", "US", "+14155550132"),
        ("(415) 555 0132", "US", "+14155550132"),
        ("+49 171 5551234", "US", "+491715551234"),
        ("0049 171 5551234", "DE", "+491715551234"),
        ("0171/5551234", "DE", "+491715551234"),
        ("four one five double five five oh one three two", "US", "+14155550132"),
        ("eight hundred five five five oh one three two", "US", "+18005550132"),
    ],
)
def test_telephone_numbers(text: str, region: str, expected: str) -> None:
    assert read_slots(f"my number is {text}", now=NOW, default_region=region).slots == {"phone": expected}


def test_a_german_telephone_number_as_it_is_spoken() -> None:
    text = "null eins sieben eins fünf fünf fünf eins zwei drei vier"
    assert read_slots(text, now=NOW, language="de", default_region="DE").slots == {"phone": "+491715551234"}


def test_a_number_that_is_too_short_is_noticed_when_it_was_asked_for() -> None:
    reading = read_slots("555 123", now=NOW, previous="What's your phone number?")
    assert not reading.slots
    assert [(problem.slot, problem.reason) for problem in reading.problems] == [("phone", "impossible")]


@pytest.mark.parametrize(
    "text", ["on 12/24/2026 at 7", "2026-12-24 19:00", "my order is 123456789", "$1,500,000", "94107"]
)
def test_no_telephone_number(text: str) -> None:
    assert "phone" not in read_slots(text, now=NOW).slots


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to Anna.Berg@example.org, please", "anna.berg@example.org"),
        ("john dot smith at gmail dot com", "john.smith@gmail.com"),
        ("my email is j smith 42 at outlook dot com", "jsmith42@outlook.com"),
        ("it's mary underscore jones at company dot co dot uk thanks", "mary_jones@company.co.uk"),
    ],
)
def test_addresses(text: str, expected: str) -> None:
    assert read_slots(text, now=NOW).slots["email"] == expected


def test_german_addresses() -> None:
    text = "max punkt muster ät t minus online punkt de"
    assert read_slots(text, now=NOW, language="de").slots["email"] == "max.muster@t-online.de"


@pytest.mark.parametrize(
    "text",
    ["meet me at 7", "I was at home dot", "@", "a@b", "look at this", "I want at least four rooms. Can you look"],
)
def test_no_address(text: str) -> None:
    assert "email" not in read_slots(text, now=NOW).slots
