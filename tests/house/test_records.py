"""Tables and rows of values, asked as one asks a table."""

from __future__ import annotations

import pytest

from parley.house.responder import compose
from parley.house.tables import read_table
from parley.inference.facts import Facts, Passage

HOMES = (
    "Ref: K-1 | Type: Flat | Area: Harbour | Bedrooms: 2 | Rent: £1,350 | Pets: no\n"
    "Ref: K-2 | Type: Studio | Area: Old Town | Bedrooms: 0 | Rent: £790 | Pets: no\n"
    "Ref: K-3 | Type: House | Area: Elm Grove | Bedrooms: 4 | Rent: £2,150 | Pets: yes"
)
RAEDER = "| Modell | Tag | Woche |\n|---|---|---|\n| Stadtrad | 14 € | 65 € |\n| Lastenrad | 45 € | 220 € |"


def say(message: str, content: str = HOMES, language: str = "en") -> str:
    return compose(Facts(message, language, passages=(Passage("d", "Homes", "listing", content, 0.5),))).text


@pytest.mark.parametrize(
    ("message", "expected", "never"),
    [
        ("Do you have anything under £1,000?", "Studio K-2 (£790)", "K-3"),
        ("I'm looking for something with four bedrooms", "House K-3", "K-1"),
        ("Which homes allow pets?", "House K-3", "K-2"),
        ("Which home has the highest rent?", "House K-3 (£2,150)", "K-1"),
        ("What is the cheapest home?", "Studio K-2 (£790)", "K-1"),
        ("How many bedrooms does K-1 have?", "Flat K-1 has 2 bedrooms.", "4"),
        ("Do you have anything under £500?", "colleague", "K-"),
    ],
)
def test_rows_are_found_by_their_values(message: str, expected: str, never: str) -> None:
    reply = say(message)
    assert expected in reply or (expected == "colleague" and "information" in reply)
    assert never not in reply


def test_a_column_is_chosen_by_its_name() -> None:
    assert say("Was kostet das Lastenrad pro Woche?", RAEDER, "de") == "Lastenrad: Woche 220 €."


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (
            ["| Service | Animal |", "| Jab | Dog |", "| Jab | Cat |", "| Chip | Any |"],
            ["Jab (Dog)", "Jab (Cat)", "Chip"],
        ),
        (["Ref: K-1 | Type: Flat", "Ref: K-2 | Type: Flat"], ["Flat K-1", "Flat K-2"]),
        (["Ref: A-2 | Address: 27 Heron Court"], ["A-2, 27 Heron Court"]),
    ],
)
def test_a_record_is_called_what_tells_it_apart(rows: list[str], names: list[str]) -> None:
    assert [record.name for record in read_table(rows)[1]] == names
