"""Training own intents, with an embedder that needs no model: hashed words, projected."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from parley.kit.errors import InvalidInput
from parley.understanding import TrainedIntents, train_intents
from parley.understanding.train import MAX_CHARACTERS, MAX_EXAMPLES, MAX_INTENTS
from parley.understanding.wording import fold, words

OPENERS = ["", "hello ", "please ", "well ", "so ", "right ", "could you ", "i want to "]
INTENTS = {
    "return_parcel": ["send back this parcel", "return the shoes", "give back what i bought", "return label"],
    "track_order": ["track my order", "where is my delivery", "when does the package arrive", "order status"],
    "fix_invoice": ["the invoice is wrong", "correct my bill", "change the billing address", "invoice number missing"],
}
OUTSIDE = ["sing about mountains", "name a chess opening", "why do cats purr", "how deep are oceans"]


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """A bag of words as a unit vector of 64 dimensions."""
    rows = np.zeros((len(texts), 64), np.float32)
    for row, text in enumerate(texts):
        for word in words(fold(text)):
            rows[row] += np.random.default_rng(zlib.crc32(word.encode())).standard_normal(64)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), np.float32)


def examples() -> list[tuple[str, str]]:
    return [(opener + text, intent) for intent, texts in INTENTS.items() for text in texts for opener in OPENERS[::2]]


def classify(trained: TrainedIntents, text: str) -> str:
    return trained.classify(text, embed([text])[0]).intent


@pytest.fixture(scope="module")
def trained() -> TrainedIntents:
    return train_intents([*examples(), *((text, "unknown") for text in OUTSIDE)], embed)


def test_new_wordings_of_known_intents_are_understood(trained: TrainedIntents) -> None:
    tested = [
        (opener + text, intent) for intent, texts in INTENTS.items() for text in texts for opener in OPENERS[1::2]
    ]
    assert np.mean([classify(trained, text) == intent for text, intent in tested]) >= 0.9


def test_what_is_like_no_example_is_unknown(trained: TrainedIntents) -> None:
    strange = ["teach me the violin", "volcanoes of iceland", "draw a purple horse", "is chess hard for beginners"]
    assert np.mean([classify(trained, text) == "unknown" for text in strange]) >= 0.75


def test_confidence_is_at_least_a_half_for_what_is_accepted(trained: TrainedIntents) -> None:
    for text in ("track my order", "sing about mountains"):
        reading = trained.classify(text, embed([text])[0])
        assert 0.5 <= reading.confidence <= 1
        assert reading.scores[reading.intent] <= reading.confidence + 1e-3


def test_training_is_repeatable(trained: TrainedIntents) -> None:
    again = train_intents([*examples(), *((text, "unknown") for text in OUTSIDE)], embed)
    assert again.scope == trained.scope


def test_bytes_keep_the_classifier(trained: TrainedIntents) -> None:
    read = TrainedIntents.from_bytes(trained.to_bytes())
    for text, _ in examples():
        before, after = trained.classify(text, embed([text])[0]), read.classify(text, embed([text])[0])
        assert after.intent == before.intent
        assert after.confidence == pytest.approx(before.confidence, abs=0.02)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"PK\x03\x04broken"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="train again"):
        TrainedIntents.from_bytes(data)


@pytest.mark.parametrize(
    "few",
    [
        [("track my order", "track")],
        [("track my order", "track"), ("where is my parcel", "track"), ("order status", "track")],
        [("track my order", "track"), ("return the shoes", "return"), ("send it back", "return")],
    ],
)
def test_a_handful_of_examples_is_enough_to_know_them_again(few: list[tuple[str, str]]) -> None:
    trained = train_intents(few, embed)
    assert [classify(trained, text) for text, _ in few] == [intent for _, intent in few]
    assert classify(trained, "what is the capital of France") == "unknown"


def test_duplicates_change_nothing() -> None:
    few = [("track my order", "track"), ("return the shoes", "return"), ("send it back", "return")]
    assert train_intents([*few, *few], embed).scope == train_intents(few, embed).scope


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ([], "at least one intent"),
        ([("anything", "unknown")], "at least one intent"),
        ([("", "a")], "examples of 'a'"),
        ([("?!", "a")], "examples of 'a'"),
        ([("x " * MAX_CHARACTERS, "a")], "examples of 'a'"),
        ([("hello", " ")], "intents.name"),
        ([("Track it", "a"), ("track  it", "b")], "under 'a' and 'b'"),
        ([(f"sentence {at}", "a") for at in range(MAX_EXAMPLES + 1)], "too many"),
        ([("hello", f"intent {at}") for at in range(MAX_INTENTS + 1)], "too many"),
    ],
)
def test_wrong_examples_are_refused_by_name(wrong: list[tuple[str, str]], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        train_intents(wrong, embed)


def test_built_in_sentences_stay_with_the_built_in_intents() -> None:
    trained = train_intents(examples(), embed, builtin=True)
    assert classify(trained, "I'd like to book a table for four tomorrow evening") == "unknown"
    assert classify(trained, "track my order") == "track_order"
