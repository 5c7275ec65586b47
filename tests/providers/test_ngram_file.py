"""The engine's own files: what is written is what the engine reads, and what it wrote is read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pocketsphinx
import pytest

from parley.providers.ngram_file import read, write
from parley.providers.ngrams import Ngrams
from tests.providers.test_ngrams import both

_UNIT = float(np.log(1.0001))


def engine(path: Path) -> pocketsphinx.NGramModel:
    return pocketsphinx.NGramModel(pocketsphinx.Config(), pocketsphinx.LogMath(), str(path))


def said_by(heard: pocketsphinx.NGramModel, model: Ngrams, keys: np.ndarray) -> np.ndarray:
    """The engine's probabilities of triples; it takes the last word first."""
    size = len(model.words)
    words = [[model.words[number] for number in (key % size, key // size % size, key // size**2)] for key in keys]
    return np.array([heard.prob(three) * _UNIT for three in words])


def test_the_engine_reads_what_is_written(tmp_path: Path) -> None:
    model = both()
    write(model, tmp_path / "lm")
    every = np.arange(len(model.words) ** 3)
    every = every[every % len(model.words) > 0]  # <s> is never said
    assert said_by(engine(tmp_path / "lm"), model, every) == pytest.approx(model.after_two(every), abs=2 * _UNIT)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    model = both()
    write(model, tmp_path / "lm")
    back = read(tmp_path / "lm")
    assert back.words == model.words
    assert back.pairs.tolist() == model.pairs.tolist()
    assert back.triples.tolist() == model.triples.tolist()
    for one, other in ((back.ones, model.ones), (back.twos, model.twos), (back.threes, model.threes)):
        assert one == pytest.approx(other, abs=1e-4)
    assert back.rest_of_pair == pytest.approx(model.rest_of_pair, abs=1e-4)


def test_the_generic_model_is_read_as_the_engine_reads_it() -> None:
    path = Path(pocketsphinx.get_model_path("en-us/en-us.lm.bin"))
    model = read(path)
    assert (len(model.words), len(model.pairs), len(model.triples)) == (72_547, 2_051_541, 1_669_625)
    some = model.triples[:: len(model.triples) // 200]
    assert said_by(engine(path), model, some) == pytest.approx(model.after_two(some), abs=1e-3)


def test_more_values_than_a_table_holds_are_rounded(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    words = tuple(f"w{number}" for number in range(300))
    some, pairs, none = rng.uniform(-9, -1, 90_000), np.arange(90_000), np.zeros(0)
    write(Ngrams(words, some[:300], some[:300], pairs, some, some, none.astype(int), none), tmp_path / "lm")
    assert read(tmp_path / "lm").twos == pytest.approx(some, abs=0.001)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lm").write_text("\\data\\\nngram 1=3\n")
    with pytest.raises(ValueError, match="no binary trigram model"):
        read(tmp_path / "lm")
