"""Cities and listing numbers."""

from __future__ import annotations

from datetime import datetime

import pytest

from parley.understanding.slots import read_slots

NOW = datetime(2026, 11, 18, 8, 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "previous", "expected"),
    [
        ("I want one in Palo Alto", "", "Palo Alto"),
        ("san jose", "Which city are you looking in?", "San Jose"),
        ("Berkeley please", "What area?", "Berkeley"),
        ("the flat in Rosenweg 5", "", None),
        ("in the morning", "", None),
        ("in March", "", None),
    ],
)
def test_city(text: str, previous: str, expected: str | None) -> None:
    assert read_slots(text, now=NOW, previous=previous).slots.get("city") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("listing A-102", "A-102"), ("property 4711", "4711"), ("I saw B-77 online", "B-77"), ("a table at 7", None)],
)
def test_property(text: str, expected: str | None) -> None:
    assert read_slots(text, now=NOW).slots.get("property_id") == expected
