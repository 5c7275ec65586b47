"""Phrases: nothing is lost, numbers and abbreviations stay whole, the first one is early."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.voice.phrases import Phrase, Phrases

TEXTS = st.text(alphabet=st.sampled_from([*"abcAB .,!?\n5"]), max_size=200)


def cut(text: str, language: str = "en", size: int = 4) -> list[str]:
    phrases = Phrases(language)
    found = [phrase.text for start in range(0, len(text), size) for phrase in phrases.push(text[start : start + size])]
    return found + [phrase.text for phrase in phrases.flush()]


@settings(max_examples=200, deadline=None)
@given(text=TEXTS, seed=st.integers(0, 1000))
def test_phrases_are_the_text_in_order(text: str, seed: int) -> None:
    chance, phrases, start = random.Random(seed), Phrases("en"), 0
    found: list[Phrase] = []
    while start < len(text):
        size = chance.randint(1, 20)
        found += phrases.push(text[start : start + size])
        start += size
    found += phrases.flush()
    assert [text[phrase.start : phrase.end] for phrase in found] == [phrase.text for phrase in found]
    assert "".join("".join(phrase.text for phrase in found).split()) == "".join(text.split())
    assert all(first.end <= second.start for first, second in pairwise(found))
    assert all(0 < len(phrase.text) <= 300 for phrase in found)


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_nothing_is_cut_in_the_middle(size: int) -> None:
    text = "Yes, Dr. Miller, the menu costs 24.50 euros, or 1,000 points. It ends at 5 p.m. on Friday. See you!"
    found = cut(text, size=size)
    assert " ".join(found) == text
    for whole in ["Dr. Miller", "24.50", "1,000", "5 p.m. on Friday"]:
        assert any(whole in phrase for phrase in found), (whole, found)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_german_dates_and_abbreviations(size: int) -> None:
    found = cut("Gern, am 3. Mai ist frei, z. B. ab 17.30 Uhr. Bis dann!", "de", size)
    assert found[-2:] == ["z. B. ab 17.30 Uhr.", "Bis dann!"] or found[-2].endswith("z. B. ab 17.30 Uhr.")
    assert any("am 3. Mai" in phrase for phrase in found)


def test_the_first_phrase_is_early_and_only_the_first() -> None:
    phrases = Phrases("en")
    assert list(phrases.push("Of course I can, ")) != []
    assert list(phrases.push("there is one table left, ")) == []
    assert [phrase.text for phrase in phrases.push("by the window. ")] == ["there is one table left, by the window."]


def test_a_released_sentence_is_not_waited_with() -> None:
    phrases = Phrases("en")
    assert [phrase.text for phrase in phrases.push("We are open until ten tonight. ")] == [
        "We are open until ten tonight."
    ]
    assert list(phrases.push("Ask for Mr. ")) == []


def test_endless_text_is_cut_between_words() -> None:
    found = cut("word " * 500)
    assert all(len(phrase) <= 300 for phrase in found)
    assert {word for phrase in found for word in phrase.split()} == {"word"}
