"""Numbers as they are said, with their sign."""

from __future__ import annotations

import pytest

from parley.understanding import find_numbers


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        ("minus ten degrees", "en", [-10]),
        ("It's -10.5 in the trailer, -4 outside", "en", [-10.5, -4]),
        ("\u221218 \u00b0C", "en", [-18]),
        ("ten degrees below zero", "en", [-10, 0]),
        ("minus achtzehn Grad", "de", [-18]),
        ("18 Grad unter null", "de", [-18]),
        ("5-10 pallets", "en", [5, 10]),
        ("door 4 - 12 pallets", "en", [4, 12]),
        ("load 7891-4", "en", [7891, 4]),
        ("two below", "en", [2]),
    ],
)
def test_a_number_has_its_sign(text: str, language: str, values: list[float]) -> None:
    found = [one.value for one in find_numbers(text, language)]
    assert found[: len(values)] == values
