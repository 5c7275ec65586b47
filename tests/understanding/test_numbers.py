"""Number words folded into numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.understanding.numbers import dictated_digits, fold_numbers, read_german
from parley.understanding.tokens import tokenize


def fold(text: str, language: str = "en") -> list[tuple[int | None, bool]]:
    return [(token.value, token.ordinal) for token in fold_numbers(tokenize(text), language)]


@pytest.mark.parametrize(
    ("text", "value", "ordinal"),
    [
        ("zero", 0, False),
        ("twenty two", 22, False),
        ("twenty-two", 22, False),
        ("one hundred and five", 105, False),
        ("two thousand twenty seven", 2027, False),
        ("twenty first", 21, True),
        ("thirty-first", 31, True),
        ("5,000", 5000, False),
        ("11th", 11, True),
        ("a", None, False),
        ("two dozen", 24, False),
    ],
)
def test_english(text: str, value: int | None, ordinal: bool) -> None:
    assert fold(text) == [(value, ordinal)]


@pytest.mark.parametrize(
    ("text", "value", "ordinal"),
    [
        ("einundzwanzig", 21, False),
        ("fünf und zwanzig", 25, False),
        ("zwoelf", 12, False),
        ("dreiundzwanzigsten", 23, True),
        ("siebten", 7, True),
        ("fünftausend", 5000, False),
        ("1.500", 1500, False),
    ],
)
def test_german(text: str, value: int, ordinal: bool) -> None:
    assert fold(text, "de") == [(value, ordinal)]


def test_two_numbers_stay_two() -> None:
    assert [value for value, _ in fold("seven thirty")] == [7, 30]
    assert [value for value, _ in fold("two ten thirty")] == [2, 10, 30]


def test_sevenish() -> None:
    assert [token.low for token in fold_numbers(tokenize("sevenish"), "en")] == ["seven", "ish"]


def test_digits_as_they_are_dictated() -> None:
    assert dictated_digits("eight hundred five") == "8005"
    assert dictated_digits("twenty three") == "23"
    assert read_german("vier") == 4
    assert read_german("viel") is None


@given(st.integers(0, 10**12))
def test_any_written_number_survives(number: int) -> None:
    (token,) = fold_numbers(tokenize(str(number)), "en")
    assert token.low == str(number)
    assert token.value == (number if number < 10**9 else None)
