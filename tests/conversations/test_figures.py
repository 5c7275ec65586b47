"""Times, days, numbers and references against what a tool confirmed."""

from __future__ import annotations

import pytest

from parley.conversations.figures import contradicts

BOOKED = {"reference": "K7F4", "date": "2026-11-27", "time": "19:30", "party_size": 4}
EIGHT = {"reference": "K7F4", "date": "2026-11-27", "time": "20:00", "party_size": 4}
ROOM = {"reference": "R2D2", "date": "2026-12-04", "nights": 3, "party_size": 2}


@pytest.mark.parametrize(
    "sentence",
    [
        "Your table is booked.",
        "Your table for four is booked for Friday at 7:30 pm.",
        "Booked for half past seven on November 27th.",
        "It's confirmed for the 27th at 19:30, reference K7F4.",
        "Your reference is K-7-F-4.",
        "I moved it from 7 pm to 7:30 pm.",
        "Ihr Tisch für vier Personen ist am 27.11. um halb acht reserviert.",
        "Ihr Tisch ist am Freitag um 19 Uhr 30 reserviert.",
        "Die Buchungsnummer lautet K7F4.",
        "Your table is held for 15 minutes.",
    ],
)
def test_what_agrees_is_let_be(sentence: str) -> None:
    assert not contradicts(sentence, [BOOKED])


@pytest.mark.parametrize(
    "sentence",
    [
        "Your table is booked for 8.",
        "Your table is booked for 8 pm.",
        "Your table is booked at half past eight.",
        "Your table is booked at quarter past seven.",
        "Your table for six people is booked.",
        "Your table is booked for Saturday.",
        "Your table is booked for November 28th.",
        "Your reservation number is K7F5.",
        "Ihr Tisch ist um 20 Uhr reserviert.",
        "Ihr Tisch ist um halb neun reserviert.",
        "Ihr Tisch ist am Samstag reserviert.",
        "Ihr Tisch ist am 28. November reserviert.",
        "Ihr Tisch für sechs Personen ist reserviert.",
    ],
)
def test_what_differs_is_noticed(sentence: str) -> None:
    assert contradicts(sentence, [BOOKED])


def test_a_bare_number_may_be_the_hour() -> None:
    assert not contradicts("Your table is booked for 8.", [EIGHT])
    assert contradicts("Your table is booked for 9.", [EIGHT])


def test_nights() -> None:
    assert not contradicts("Your room is booked for 3 nights.", [ROOM])
    assert contradicts("Your room is booked for two nights.", [ROOM])


def test_one_of_several_results_is_enough() -> None:
    assert not contradicts("Your table is booked for 8 pm.", [BOOKED, EIGHT])
    assert not contradicts("Your table is booked for 8 pm.", [{}])
    assert not contradicts("Your table is booked for 8 pm.", [])


def test_masked_results_contradict_nothing() -> None:
    assert not contradicts("Booked for Friday at 8, reference <ID_1>.", [{"date": "<DATE_1>", "time": "<TIME_1>"}])
