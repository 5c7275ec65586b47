"""Tokens and their places."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parley.understanding.tokens import MAX_CHARACTERS, tokenize


def test_words_numbers_and_marks() -> None:
    assert [token.low for token in tokenize("At 7:30 p.m., I’m John’s")] == [
        "at",
        "7",
        ":",
        "30",
        "pm",
        ",",
        "i'm",
        "john's",
    ]


def test_the_possessive_of_a_day_is_the_day() -> None:
    assert next(iter(tokenize("Friday's fine"))).low == "friday"
    assert "today's" in [token.low for token in tokenize("today's")]


@given(st.text(max_size=300))
def test_tokens_lie_in_order_inside_the_text(text: str) -> None:
    end = 0
    for token in tokenize(text):
        assert end <= token.start < token.end <= len(text)
        assert token.glued == (token.start == end and end > 0)
        end = token.end


def test_a_message_is_clipped() -> None:
    assert tokenize("a " * MAX_CHARACTERS)[-1].end <= MAX_CHARACTERS
