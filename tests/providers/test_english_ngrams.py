"""Everyday English: the file in the package says what the engine's own model says, in a tenth of the room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pocketsphinx
import pytest

from parley.providers.english_ngrams import drawn, everyday, packed, unpacked
from parley.providers.ngrams import START, counted
from tests.providers.test_ngram_file import engine
from tests.providers.test_ngrams import TALK, both, everything_after


def test_what_is_packed_is_unpacked() -> None:
    model = both()
    back = unpacked(packed(model))
    place = [model.words.index(word) for word in back.words]
    assert sorted(place) == list(range(len(model.words)))
    assert back.ones == pytest.approx(model.ones[place].clip(-18.4), rel=0.01, abs=0.01)
    size = len(model.words)

    def names(keys: np.ndarray, words: tuple[str, ...]) -> dict[tuple[str, ...], int]:
        return {tuple(words[key // size**power % size] for power in (2, 1, 0)): at for at, key in enumerate(keys)}

    before, after = names(model.triples, model.words), names(back.triples, back.words)
    assert before.keys() == after.keys()
    for triple, at in before.items():
        assert back.threes[after[triple]] == pytest.approx(model.threes[at], rel=0.02, abs=0.01)


def test_words_of_no_use_and_rare_ones_are_left_out() -> None:
    words = (START, "</s>", *sorted({word for line, _ in TALK for word in line.split()}))
    model = drawn(counted(TALK, words), lambda word: word != "wine")
    assert set(model.words) == set(words) - {"wine"}
    assert everything_after(model, "is", "the") == pytest.approx(1, abs=1e-3)


def test_the_package_holds_the_commonest_of_the_engines_model() -> None:
    model, own = everyday(), engine(Path(pocketsphinx.get_model_path("en-us/en-us.lm.bin")))
    size, unit = len(model.words), float(np.log(1.0001))
    assert size == 20_000
    some = model.triples[:: len(model.triples) // 300]
    said = [[model.words[number] for number in (key % size, key // size % size, key // size**2)] for key in some]
    assert model.after_two(some) == pytest.approx([own.prob(three) * unit for three in said], rel=0.01, abs=0.02)
    for history in ((START, "the"), ("would", "like"), ("san", "francisco"), ("in", "the")):
        assert everything_after(model, *history) == pytest.approx(1, abs=0.02)
