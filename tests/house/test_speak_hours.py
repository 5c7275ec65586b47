"""Hours said the way people say them."""

from __future__ import annotations

import pytest

from parley.house.responder import compose
from parley.inference.facts import Facts, Passage

ENGLISH = "Opening times\nTuesday to Friday: 7:30 am - 5 pm\nSaturday: 8 am - 6 pm\nMonday: closed"
GERMAN = "Sprechzeiten\nMontag: 8-12 und 14-18 Uhr\nFreitag: 8-14 Uhr\nAm Wochenende ist die Praxis geschlossen."
PROSE = "We are open Monday to Friday from 8:30 to 18:30. We close for lunch between 13:00 and 14:00 on weekdays."


@pytest.mark.parametrize(
    ("language", "content", "message", "expected"),
    [
        ("en", ENGLISH, "What time do you open on Saturday?", "On Saturday we're open from 8 am to 6 pm."),
        ("en", ENGLISH, "sunday or saturday closing time", "8 am to 6 pm"),
        ("en", ENGLISH, "Are you open on Mondays?", "No, we're closed on Monday."),
        ("en", ENGLISH, "are you open at 6 in the evening on thursday", "No, on Thursday we're open"),
        ("en", PROSE, "Are you open at 1:30 pm on a Tuesday?", "No. We close for lunch"),
        ("en", PROSE, "Are you open at 10 on a Tuesday?", "Yes, on Tuesday"),
        (
            "de",
            GERMAN,
            "Sind Sie am Montag um 17 Uhr da?",
            "Ja, am Montag haben wir von 8 bis 12 und von 14 bis 18 Uhr",
        ),
        ("de", GERMAN, "Habt ihr freitags um 15 Uhr noch offen?", "Nein, am Freitag"),
        ("de", GERMAN, "seid ihr am samstag offen", "Nein, am Samstag haben wir geschlossen."),
    ],
)
def test_hours(language: str, content: str, message: str, expected: str) -> None:
    passages = (Passage("d", "About", "faq", content, 0.5),)
    assert expected in compose(Facts(message, language, passages=passages, today="2026-11-20")).text


def test_a_whole_question_that_begins_with_and_stands_alone() -> None:
    passages = (Passage("d", "About", "faq", f"{ENGLISH}\n\nDogs are welcome.", 0.5),)
    facts = Facts("And when do you close on Saturday?", passages=passages, heard=("Can I bring my dog?",))
    assert compose(facts).text == "On Saturday we're open from 8 am to 6 pm."
