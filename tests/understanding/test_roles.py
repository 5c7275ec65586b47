"""What a lone number means beside the agent's line."""

from __future__ import annotations

from datetime import datetime

import pytest

from parley.understanding.slots import read_slots

NOW = datetime(2026, 11, 18, 8, 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "previous", "slots"),
    [
        ("four", "How many people?", {"party_size": 4}),
        ("four", "What time?", {"time": "16:00"}),
        ("seven thirty", "What time?", {"time": "19:30"}),
        ("just one", "How many rooms do you need?", {"rooms": 1}),
        ("three", "How many nights will you stay?", {"nights": 3}),
        ("2000", "What is your budget?", {"budget": 2000}),
        ("for 7", "What time should I reserve?", {"time": "19:00"}),
        ("for a table for 7", "What time should I reserve?", {"party_size": 7}),
        ("make it eight", "Your table is at 7 pm.", {"time": "20:00"}),
        ("make it eight", "A table for seven people, right?", {"party_size": 8}),
        ("7 tonight", "What time?", {"time": "19:00", "date": "2026-11-18"}),
        ("that one", "How many people?", {}),
        ("find me another one", "", {}),
        ("4", "", {}),
    ],
)
def test_english(text: str, previous: str, slots: dict[str, object]) -> None:
    assert dict(read_slots(text, now=NOW, previous=previous).slots) == slots


@pytest.mark.parametrize(
    ("text", "previous", "slots"),
    [
        ("zwei", "Für wie viele Personen?", {"party_size": 2}),
        ("zwei", "Um wie viel Uhr?", {"time": "14:00"}),
        ("lieber acht", "Ihr Tisch ist um 19 Uhr.", {"time": "20:00"}),
        ("auf neun bitte", "Ihr Tisch ist um 20 Uhr.", {"time": "21:00"}),
    ],
)
def test_german(text: str, previous: str, slots: dict[str, object]) -> None:
    assert dict(read_slots(text, now=NOW, previous=previous, language="de").slots) == slots
