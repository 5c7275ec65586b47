"""Passages in the forms businesses write them in."""

from __future__ import annotations

import pytest

from parley.house.passages import Unit, read
from parley.inference.facts import Passage


def units(content: str, language: str = "en") -> tuple[Unit, ...]:
    return read(Passage("d", "Title", "other", content, 0.5), language)


def test_items_stand_under_their_heading() -> None:
    assert [(unit.heading, unit.text) for unit in units("## Mains\n- Pie – 9\n\nDesserts:\n- Ice 3")] == [
        ("Mains", "Pie – 9"),
        ("Desserts", "Ice 3"),
    ]


def test_a_running_menu_is_taken_apart() -> None:
    found = units("Starters: Soup 5, Salad (mixed, large) 8.50. Mains: Lasagne $14, Steak frites $22")
    assert [(unit.heading, unit.text) for unit in found] == [
        ("Starters", "Soup 5"),
        ("Starters", "Salad (mixed, large) 8.50"),
        ("Mains", "Lasagne $14"),
        ("Mains", "Steak frites $22"),
    ]


def test_table_rows_carry_their_headers() -> None:
    assert units("| Room | Price |\n|---|---|\n| Double | £129 |")[0].text == "Double: Price £129"


@pytest.mark.parametrize("content", ["Q: Do you deliver?\nA: Yes, within 5 km.", "Do you deliver? Yes, within 5 km."])
def test_an_answer_knows_its_question(content: str) -> None:
    (unit,) = units(content)
    assert (unit.text, unit.label) == ("Yes, within 5 km.", "Do you deliver?")


def test_a_detail_knows_its_record() -> None:
    detail = units("Property 7: Villa in Bath, $900. Balcony and lift.")[-1]
    assert detail.text == "Balcony and lift."
    assert {"villa", "bath"} <= detail.head
