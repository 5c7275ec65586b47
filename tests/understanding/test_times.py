"""Clock times: what is recognised and which half of the day it means."""

from __future__ import annotations

from datetime import datetime

import pytest

from parley.understanding.scan import scan_text
from parley.understanding.slots import read_slots
from parley.understanding.times import Clock, read_clock, resolve_clock

NOW = datetime(2026, 11, 18, 8, 0)  # noqa: DTZ001


def read(text: str, language: str = "en", previous: str = "") -> object:
    return read_slots(text, now=NOW, language=language, previous=previous).slots.get("time")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("half past seven", "19:30"),
        ("half eight in the evening", "20:30"),
        ("quarter past 12 in the afternoon", "12:15"),
        ("a quarter to 1 in the afternoon", "12:45"),
        ("twenty minutes past six", "18:20"),
        ("ten to eight", "19:50"),
        ("seven oh five", "19:05"),
        ("nineteen thirty", "19:30"),
        ("7ish", "19:00"),
        ("six-ish", "18:00"),
        ("evening 5:30", "17:30"),
        ("morning 11", "11:00"),
        ("8 in the night", "20:00"),
        ("12 noon", "12:00"),
        ("at midnight", "00:00"),
        ("12 am", "00:00"),
        ("12 pm", "12:00"),
        ("7 p.m.", "19:00"),
        ("seven p m", "19:00"),
        ('5 o"clock in the evening', "17:00"),
        ("1930 hrs", "19:30"),
        ("at 0730", "07:30"),
        ("09:15", "09:15"),
        ("from 6 to 8 pm", "18:00"),
    ],
)
def test_english(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("um halb acht", "19:30"),
        ("halb acht morgens", "07:30"),
        ("dreiviertel acht", "19:45"),
        ("viertel acht", "19:15"),
        ("viertel vor acht", "19:45"),
        ("fünf nach halb sieben", "18:35"),
        ("zwanzig vor neun", "20:40"),
        ("19 Uhr 30", "19:30"),
        ("neunzehn Uhr dreißig", "19:30"),
        ("19.30 Uhr", "19:30"),
        ("um eins", "13:00"),
        ("abends um acht", "20:00"),
        ("nachts um eins", "01:00"),
        ("gegen Mittag", "12:00"),
        ("von 18 bis 20 Uhr", "18:00"),
    ],
)
def test_german(text: str, expected: str) -> None:
    assert read(text, "de") == expected


@pytest.mark.parametrize("text", ["7:75", "25 o'clock", "at 13 am", "26 Uhr", "17:30 am"])
def test_an_impossible_time_is_noticed(text: str) -> None:
    reading = read_slots(text, now=NOW)
    assert "time" not in reading.slots
    assert [(problem.slot, problem.reason) for problem in reading.problems] == [("time", "impossible")]


@pytest.mark.parametrize(
    ("previous", "expected"),
    [
        ("What time would you like your table?", "09:00"),
        ("When would you like to see the apartment? What time?", "09:00"),
        ("I have you down for 8 pm. What time instead?", "21:00"),
        ("What time should we serve breakfast?", "09:00"),
        ("What time for dinner?", "21:00"),
    ],
)
def test_the_agents_line_tells_morning_from_evening(previous: str, expected: str) -> None:
    answer = read("nine", previous=previous)
    assert answer == ("21:00" if previous.startswith("What time would you like your table") else expected)


@pytest.mark.parametrize(
    "text",
    [
        "give me 5 minutes",
        "I'm 35 years old",
        "at 71 Saint Peter Street",
        "at 24 Main Street",
        "two people",
        "room 7",
        "one moment",
    ],
)
def test_other_numbers_are_no_times(text: str) -> None:
    assert read(text) is None


def test_a_time_that_already_passed_today_means_the_evening() -> None:
    clock = Clock(10, 0, "", True, "at", 0, 1)
    assert resolve_clock(clock, "", None, "table", earliest=11 * 60) == "22:00"
    assert resolve_clock(clock, "", None, "table") == "10:00"


def test_a_lone_number_is_not_surely_a_time() -> None:
    clock = read_clock(scan_text("seven", "en", NOW, "US"), 0)
    assert clock is not None
    assert not clock.sure
