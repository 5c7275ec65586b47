"""The transcriber's language model: the agent's world and everyday English, made once."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from parley.providers import sphinx_model
from parley.providers.english_ngrams import everyday
from parley.providers.ngram_file import read
from parley.providers.ngrams import Ngrams
from parley.providers.sphinx_model import LanguageModel, build
from tests.providers.test_ngrams import both

MENU = "Mushroom risotto: 16.00. Are dogs welcome? Dogs are welcome on the terrace. Our guests love the tagliolini."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sphinx")


@pytest.fixture(scope="module")
def made(folder: Path) -> LanguageModel:
    return build(("Front Desk", MENU), folder)


@pytest.fixture(scope="module")
def model(made: LanguageModel) -> Ngrams:
    return read(made.lm)


@pytest.fixture(scope="module")
def general() -> Ngrams:
    return everyday()


def cost(model: Ngrams, sentence: str) -> float:
    """Mean negative logarithm of a word's probability."""
    size, line = len(model.words), [model.words.index(word) for word in ("<s>", *sentence.split(), "</s>")]
    triples = [(line[at] * size + line[at + 1]) * size + line[at + 2] for at in range(len(line) - 2)]
    first = model.after_one(np.array([line[0] * size + line[1]]))
    return -float(np.concatenate([first, model.after_two(np.array(triples))]).mean())


@pytest.mark.parametrize("sentence", ["are your guests welcome on the terrace", "do guests love our dogs"])
def test_what_the_agent_talks_about_is_likelier_than_in_general(model: Ngrams, general: Ngrams, sentence: str) -> None:
    assert cost(model, sentence) < cost(general, sentence) - 0.5


@pytest.mark.parametrize(
    "sentence",
    [
        "she told me that her brother would be there by the end of the week",
        "the engine makes a strange noise when i turn left",
        "my mother was not able to come because of the weather",
    ],
)
def test_everything_else_is_as_likely_as_in_general(model: Ngrams, general: Ngrams, sentence: str) -> None:
    assert cost(model, sentence) < cost(general, sentence) + 0.25


def test_every_word_that_can_be_pronounced_can_be_heard(made: LanguageModel, model: Ngrams) -> None:
    words = {line.partition(" ")[0] for line in made.dictionary.read_text().splitlines()}
    assert {"could", "husband", "airport", "plumber", "risotto", "terrace"} <= words
    assert set(model.words) - words == {"<s>", "</s>"}
    assert "tagliolini" not in words  # nobody knows how it is said
    assert len(model.words) > 20_000


@pytest.fixture
def small_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sphinx_model, "everyday", both)


@pytest.mark.usefixtures("small_talk")
def test_a_model_is_made_once_and_the_oldest_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sphinx_model, "_KEPT", 1)
    first = build((MENU,), tmp_path)
    os.utime(first.lm, (1, 1))
    assert build((MENU,), tmp_path) == first
    assert first.lm.stat().st_mtime > 1  # it was used just now
    os.utime(first.lm, (1, 1))
    second = build(("Hello there.",), tmp_path)
    assert second.lm.exists()
    assert second.dictionary.exists()
    assert not first.lm.exists()
    assert not first.dictionary.exists()
