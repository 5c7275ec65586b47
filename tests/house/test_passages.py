"""Passages in the forms businesses write them in."""

from __future__ import annotations

import pytest

from parley.house.passages import Unit, read, with_legend
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
    found = units("| Room | Price |\n|---|---|\n| Double | £129 |")
    assert [(unit.heading, unit.label, unit.text) for unit in found] == [
        ("Double", "Room", "Double"),
        ("Double", "Price", "£129"),
    ]


def test_rows_of_days_stay_hours() -> None:
    assert units("| Day | Hours |\n|---|---|\n| Monday | 9–17 |")[0].text == "Monday: 9–17"


@pytest.mark.parametrize("content", ["Q: Do you deliver?\nA: Yes, within 5 km.", "Do you deliver? Yes, within 5 km."])
def test_an_answer_knows_its_question(content: str) -> None:
    (unit,) = units(content)
    assert (unit.text, unit.label) == ("Yes, within 5 km.", "Do you deliver?")


def test_a_detail_knows_its_record() -> None:
    detail = units("Property 7: Villa in Bath, $900. Balcony and lift.")[-1]
    assert detail.text == "Balcony and lift."
    assert {"villa", "bath"} <= detail.head


def test_a_line_that_names_its_values_is_a_record() -> None:
    content = "Listing: A-2 | Address: 27 Heron Court | Bedrooms: 3\nListing: A-4 | Address: 5 Elm Way | Bedrooms: 2"
    assert [(unit.heading, unit.label, unit.text) for unit in units(content) if unit.label == "Bedrooms"] == [
        ("A-2, 27 Heron Court", "Bedrooms", "3"),
        ("A-4, 5 Elm Way", "Bedrooms", "2"),
    ]


def test_a_legend_reads_the_marks() -> None:
    read_units = with_legend(units("(vg) is vegan.\n\n- Minestrone (vg) 9.50\n- Steak 20.00"), "en")
    assert [unit.text for unit in read_units if "vegan" in unit.own] == ["Minestrone (vg) 9.50"]


def test_wrapped_lines_are_one_sentence() -> None:
    (unit,) = units("The garden is open every day from nine in the morning, and it\ncloses when the sun goes down.")
    assert unit.text.endswith("and it closes when the sun goes down.")


def test_a_heading_repeated_in_the_passage_counts_once() -> None:
    (unit,) = read(Passage("d", "T", "menu", "# Menu\n\n## Mains\n- Pie 9.50", 0.5, "Menu › Mains"), "en")
    assert unit.section == ("Menu", "Mains")
