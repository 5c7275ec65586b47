"""Language models: sound arithmetic, whatever is counted, mixed, narrowed or pruned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from parley.providers.ngrams import END, START, Ngrams, common, counted, mixed, pruned, widened

TALK = [
    ("are dogs welcome", 1),
    ("dogs are welcome on the terrace", 1),
    ("how are you", 3),
    ("how much is the wine", 2),
    ("how much is it", 2),
    ("the wine is on the terrace", 1),
]
MENU = [("mushroom risotto", 2), ("how much is the risotto", 1)]
WORDS = (START, END, *sorted({word for line, _ in TALK for word in line.split()}))


def general() -> Ngrams:
    return counted(TALK, WORDS)


def both(share: float = 0.25) -> Ngrams:
    wide = widened(general(), ("mushroom", "risotto"))
    return mixed(counted(MENU, wide.words), wide, share)


def narrow() -> Ngrams:
    wide = both()
    return pruned(common(wide, np.array([word not in ("you", "mushroom") for word in wide.words])), 1e-4)


def key(model: Ngrams, *words: str) -> int:
    found = 0
    for word in words:
        found = found * len(model.words) + model.words.index(word)
    return found


def probability(model: Ngrams, *words: str) -> float:
    keys = np.array([key(model, *words)])
    return float(np.exp((model.after_one if len(words) == 2 else model.after_two)(keys))[0])


def everything_after(model: Ngrams, *history: str) -> float:
    words = np.array([place for place, word in enumerate(model.words) if word != START])
    keys = key(model, *history) * len(model.words) + words
    return float(np.exp((model.after_one if len(history) == 1 else model.after_two)(keys)).sum())


@pytest.mark.parametrize("made", [general, both, narrow])
@pytest.mark.parametrize("history", [("how",), (START,), ("is",), (START, "how"), ("how", "much"), ("terrace", "the")])
def test_the_probabilities_after_any_history_add_up_to_one(
    made: Callable[[], Ngrams], history: tuple[str, ...]
) -> None:
    assert everything_after(made(), *history) == pytest.approx(1, abs=1e-6)


def test_what_is_known_of_either_is_mixed_by_share() -> None:
    wide = widened(general(), ("mushroom", "risotto"))
    own = counted(MENU, wide.words)
    for words in (("how", "much", "is"), ("is", "the", "risotto"), ("is", "the", "wine"), (START, "mushroom")):
        mix = 0.25 * probability(own, *words) + 0.75 * probability(wide, *words)
        assert probability(both(), *words) == pytest.approx(mix)


def test_words_that_are_new_to_a_model_are_not_expected_and_change_nothing() -> None:
    wide = widened(general(), ("mushroom", "how"))
    assert wide.words == (*WORDS, "mushroom")
    assert everything_after(wide, "how", "much") == pytest.approx(1)
    assert probability(wide, "how", "much", "is") == probability(general(), "how", "much", "is")
    assert probability(wide, "the", "mushroom") < 1e-90


def test_pruning_leaves_what_tells_most() -> None:
    whole = general()
    some = pruned(whole, 0.02)
    assert 0 < len(some.triples) < len(whole.triples)
    assert 0 < len(some.pairs) < len(whole.pairs)
    assert key(whole, START, "how", "much") in some.triples.tolist()
    assert everything_after(some, "on", "the") == pytest.approx(1)


def test_every_triple_has_the_pairs_that_a_decoder_looks_up() -> None:
    for model in (both(), narrow()):
        size = len(model.words)
        assert set(model.triples // size) <= set(model.pairs)
        assert set(model.triples % size**2) <= set(model.pairs)


def test_nothing_said_is_a_model_too() -> None:
    wide = general()
    assert probability(mixed(counted([], wide.words), wide, 0.0), "how", "much") == probability(wide, "how", "much")
