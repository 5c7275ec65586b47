"""What a sentence takes back."""

from __future__ import annotations

from datetime import datetime

import pytest

from parley.understanding.slots import read_slots

NOW = datetime(2026, 11, 18, 8, 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("not Friday, Saturday", {"date": "2026-11-21"}),
        ("I can't do Friday, how about Sunday", {"date": "2026-11-22"}),
        ("Friday doesn't work, Saturday does", {"date": "2026-11-21"}),
        ("move it from Friday to Saturday", {"date": "2026-11-21"}),
        ("at six, no wait, at half six", {"time": "18:30"}),
        ("instead of seven let's say half past eight", {"time": "20:30"}),
        ("five people, not 6", {"party_size": 5}),
        ("a table at 7 because the show starts at 9", {"time": "19:00"}),
        ("why don't we say Friday", {"date": "2026-11-20"}),
    ],
)
def test_english(text: str, slots: dict[str, object]) -> None:
    assert dict(read_slots(text, now=NOW).slots) == slots


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("nicht Freitag, sondern Samstag", {"date": "2026-11-21"}),
        ("Freitag kann ich nicht, geht Sonntag?", {"date": "2026-11-22"}),
        ("statt um sieben lieber um halb neun", {"time": "20:30"}),
        ("um sieben, Quatsch, um acht", {"time": "20:00"}),
    ],
)
def test_german(text: str, slots: dict[str, object]) -> None:
    assert dict(read_slots(text, now=NOW, language="de").slots) == slots


@pytest.mark.parametrize(
    ("text", "slot"), [("Friday or Saturday", "date"), ("at 7 or at 8", "time"), ("7:30 or 8", "time")]
)
def test_a_choice_is_left_open(text: str, slot: str) -> None:
    reading = read_slots(text, now=NOW)
    assert slot not in reading.slots
    assert [(problem.slot, problem.reason) for problem in reading.problems] == [(slot, "ambiguous")]
