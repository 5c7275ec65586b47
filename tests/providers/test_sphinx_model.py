"""The transcriber's language model: sound arithmetic, the agent's world and everyday words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parley.providers import sphinx_model
from parley.providers.ngrams import END, START, Sentences, arpa, everyday
from parley.providers.sphinx_model import build

MENU = "Mushroom risotto: 16.00. Are dogs welcome? Dogs are welcome on the terrace."


class Arpa:
    """Reads a model back and asks it as a decoder does."""

    def __init__(self, lines: list[str]) -> None:
        self.grams: dict[tuple[str, ...], tuple[float, float]] = {}
        self.declared, order, counts = {}, 0, [0, 0, 0, 0]
        for line in lines:
            if line.startswith("ngram "):
                name, count = line.removeprefix("ngram ").split("=")
                self.declared[int(name)] = int(count)
            elif line.startswith("\\"):
                order = int(line[1]) if line[1].isdigit() else 0
            elif order and line:
                cost, *rest = line.split()
                counts[order] += 1
                backoff = float(rest[order]) if len(rest) > order else 0.0
                self.grams[tuple(rest[:order])] = (10 ** float(cost), 10**backoff)
        assert self.declared == dict(enumerate(counts[1:], 1))

    def probability(self, history: tuple[str, ...], word: str) -> float:
        if (known := self.grams.get((*history, word))) is not None:
            return known[0]
        if not history:
            return 0.0
        _, backoff = self.grams.get(history, (0.0, 1.0))
        return backoff * self.probability(history[1:], word)

    @property
    def words(self) -> set[str]:
        return {gram[0] for gram in self.grams if len(gram) == 1} - {START}


@pytest.fixture(scope="module")
def model() -> Arpa:
    own = sphinx_model.sentences((MENU,))
    return Arpa(list(arpa(Sentences((line, 2) for line in own), everyday(), 0.4)))


@pytest.mark.parametrize(
    "history", [(), (START,), ("risotto",), ("are", "welcome"), (START, "dogs"), ("could", "we"), ("the", "terrace")]
)
def test_the_probabilities_after_any_history_add_up_to_one(model: Arpa, history: tuple[str, ...]) -> None:
    assert sum(model.probability(history, word) for word in model.words) == pytest.approx(1, abs=0.005)


def test_what_the_agent_talks_about_is_likelier_than_in_general(model: Arpa) -> None:
    general = everyday()
    assert model.probability(("mushroom",), "risotto") > 0.1
    assert model.probability(("dogs", "are"), "welcome") > 100 * general.two("are", "welcome")
    assert model.probability(("dogs", "are"), END) < model.probability(("dogs", "are"), "welcome")


def test_everyday_words_are_heard_whatever_the_agent_knows(tmp_path: Path) -> None:
    made = build(("Front Desk", MENU), tmp_path)
    words = {line.partition(" ")[0] for line in made.dictionary.read_text().splitlines()}
    assert {"could", "sit", "served", "husband", "airport", "risotto", "terrace"} <= words
    assert made.words > 5_000


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
