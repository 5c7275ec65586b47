"""What the agent's line asks for."""

from __future__ import annotations

import pytest

from parley.understanding.asked import asked_slots


@pytest.mark.parametrize(
    ("previous", "language", "expected"),
    [
        ("What time would you like to come?", "en", {"time"}),
        ("And for how many people?", "en", {"party_size"}),
        ("May I have your name?", "en", {"name"}),
        ("How many bedrooms, and which city?", "en", {"bedrooms", "city"}),
        ("When do you want to check out?", "en", {"end_date", "time"}),
        ("Um wie viel Uhr möchten Sie kommen?", "de", {"time"}),
        ("Für wie viele Personen?", "de", {"party_size"}),
        ("Auf welchen Namen?", "de", {"name"}),
        ("", "en", set()),
        ("Have a nice day!", "en", set()),
    ],
)
def test_asked(previous: str, language: str, expected: set[str]) -> None:
    assert asked_slots(previous, language) == expected


def test_only_the_question_counts() -> None:
    assert asked_slots("Their phone number is 415-555-0132. What time?", "en") == {"time"}
