"""What counts as a claim, measured on sentences of which every second one was held out while the rules were written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.conversations.claims import NONE, claimed_actions, read_claims
from parley.kit.yaml_text import load_yaml

HERE = Path(__file__).parent


def sentences(language: str) -> Any:
    return load_yaml((HERE / f"claims_{language}.yaml").read_text(encoding="utf-8"))


def claims(language: str, half: int) -> Iterator[tuple[str, str]]:
    for kind, said in sentences(language)["claims"].items():
        for at, sentence in enumerate(said):
            if at % 2 == half:
                yield kind, sentence


def found(sentence: str, language: str) -> frozenset[str]:
    read = read_claims(sentence, language)
    return read.done | read.coming


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("half", "least", "most_false"), [(0, 0.98, 0), (1, 0.93, 2)], ids=["seen", "held out"])
def test_claims_are_caught_and_the_rest_let_pass(language: str, half: int, least: float, most_false: int) -> None:
    said = list(claims(language, half))
    missed = [sentence for _, sentence in said if not found(sentence, language)]
    assert 1 - len(missed) / len(said) >= least, missed
    others = [sentence for at, sentence in enumerate(sentences(language)["others"]) if at % 2 == half]
    false = [sentence for sentence in others if found(sentence, language)]
    assert len(false) <= most_false, false


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_kind_is_read_with_the_claim(language: str) -> None:
    said = [pair for half in (0, 1) for pair in claims(language, half) if pair[0] != "promised"]
    right = [pair for pair in said if pair[0] in found(pair[1], language)]
    assert len(right) / len(said) >= 0.93


@pytest.mark.parametrize(
    ("sentence", "language", "done", "promised", "offered"),
    [
        ("I'm booking that for you right now.", "en", set(), {"booked"}, set()),
        ("I'll book that for you.", "en", set(), set(), {"booked"}),
        ("Ich storniere das sofort.", "de", set(), {"cancelled"}, set()),
        ("Ich werde das für Sie reservieren.", "de", set(), set(), {"booked"}),
        ("Your table is booked, anything else?", "en", {"booked"}, set(), set()),
        ("Your table is booked?", "en", set(), set(), set()),
        ("Ihr Tisch ist reserviert, sonst noch etwas?", "de", {"booked"}, set(), set()),
        ("Ihr Tisch ist reserviert.", "en", {"booked"}, set(), set()),
        ("Your table is booked.", "de", {"booked"}, set(), set()),
    ],
)
def test_what_is_done_is_told_from_what_is_coming(
    sentence: str, language: str, done: set[str], promised: set[str], offered: set[str]
) -> None:
    read = read_claims(sentence, language)
    assert [set(kinds) for kinds in (read.done, read.promised, read.offered)] == [done, promised, offered]


def test_curly_apostrophes_and_marks_make_no_difference() -> None:
    assert claimed_actions("I’ve booked a table for you.", "en") == {"booked"}
    assert claimed_actions("**Your table is booked!**", "en") == {"booked"}


@given(st.text(max_size=300), st.sampled_from(["en", "de", "fr"]))
def test_any_text_is_read(text: str, language: str) -> None:
    assert read_claims(text, language) is not None


@pytest.mark.parametrize("language", ["en", "de"])
def test_reading_a_sentence_takes_no_time(language: str) -> None:
    """100 µs by the processor's clock, with room for a slow machine."""
    said = [*(sentence for half in (0, 1) for _, sentence in claims(language, half)), *sentences(language)["others"]]
    for sentence in said:
        read_claims(sentence, language)
    began = process_time()
    for _ in range(5):
        for sentence in said:
            read_claims(sentence, language)
    assert (process_time() - began) / (5 * len(said)) < 300e-6


def test_long_text_without_an_end_stays_linear() -> None:
    began = process_time()
    read_claims("I have your table and the other table " * 500, "en")
    read_claims("ich habe den tisch und den anderen tisch " * 500, "de")
    assert process_time() - began < 1.5
    assert read_claims("", "en") is NONE
