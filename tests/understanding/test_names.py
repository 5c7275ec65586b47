"""The caller's name."""

from __future__ import annotations

from datetime import datetime

import pytest

from parley.understanding.slots import read_slots

NOW = datetime(2026, 11, 18, 8, 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my name is peter parker", "Peter Parker"),
        ("This is Anna Lee speaking", "Anna Lee"),
        ("it's for the Millers at six", "Miller"),
        ("name's O'Brien", "O'Brien"),
        ("my name's Mary-Jane Watson", "Mary-Jane Watson"),
        ("the last name is Smyth, S-M-Y-T-H", "Smyth"),
        ("a table for two under johnson", "Johnson"),
        ("John Smith here, I need a table", "John Smith"),
        ("my name is May", "May"),
    ],
)
def test_after_a_cue(text: str, expected: str) -> None:
    assert read_slots(text, now=NOW).slots["name"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ich heiße Max Mustermann", "Max Mustermann"),
        ("auf den Namen Schmidt um acht", "Schmidt"),
        ("mein name ist anna von der heide", "Anna von der Heide"),
        ("Hier spricht Frau Becker", "Becker"),
        ("Schulze am Apparat", "Schulze"),
        ("für Herrn Weber bitte", "Weber"),
    ],
)
def test_after_a_german_cue(text: str, expected: str) -> None:
    assert read_slots(text, now=NOW, language="de").slots["name"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("maria garcia", "Maria Garcia"),
        ("sure, it's Tom", "Tom"),
        ("S M I T H", "Smith"),
        ("Smith, thanks", "Smith"),
        ("no", None),
        ("tomorrow", None),
        ("why do you ask", None),
    ],
)
def test_the_answer_to_the_question(text: str, expected: str | None) -> None:
    assert read_slots(text, now=NOW, previous="May I have your name?").slots.get("name") == expected


@pytest.mark.parametrize(
    "text",
    [
        "it is L3R7",
        "it's K 7 F 4",
        "I am at the Grand Hotel, +1 202 555 0143",
        "Next Friday, New York, 202 555 0143",
        "Tisch am Fenster, Schöne Terrasse, 0171 5550123",
        "this is great",
        "I'm hungry",
        "I'm late",
        "it's for a birthday",
        "what's the name of the place",
        "call me back",
    ],
)
def test_no_name(text: str) -> None:
    assert "name" not in read_slots(text, now=NOW).slots


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on Friday at 7 pm, Carl Winter, +49 30 901820", "Carl Winter"),
        ("For 2, Saturday, 8pm. Eva Rose, eva.rose@example.com", "Eva Rose"),
        ("+49 30 901820, Carl Winter", "Carl Winter"),
        ("Freitag 19 Uhr. Jens van der Berg. 0171 5550123", "Jens van der Berg"),
    ],
)
@pytest.mark.parametrize("previous", ["", "May I have your name and phone number?"])
def test_between_marks_beside_a_contact(text: str, expected: str, previous: str) -> None:
    assert read_slots(text, now=NOW, previous=previous).slots["name"] == expected


@pytest.mark.parametrize(
    ("text", "previous"),
    [
        ("no, I meant 8", "May I have your name and phone number?"),
        ("no wait, 3 nights", "May I have your name and phone number?"),
        ("nein, ich meinte 8", "Wie ist Ihr Name?"),
    ],
)
def test_a_correction_is_no_name(text: str, previous: str) -> None:
    assert "name" not in read_slots(text, now=NOW, previous=previous).slots
