"""The kept vectors are those of today's examples, and are used for no other sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from parley.app.builtin_vectors import embed_builtin, keep
from parley.providers.minilm import MiniLM
from parley.understanding.builtin_examples import builtin_examples


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> MiniLM:
    return MiniLM(tmp_path_factory.mktemp("minilm"))


def test_the_kept_vectors_are_of_todays_examples(embedder: MiniLM, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = builtin_examples("en").sentences
    some = range(0, len(sentences), 40)
    now = embedder.embed_now([sentences[at] for at in some])
    monkeypatch.setattr(embedder, "embed_now", None)
    kept = embed_builtin(embedder, sentences)  # where this fails: python -m benchmarks.builtin_vectors
    assert kept.dtype == np.float32
    assert kept.shape == (len(sentences), 384)
    assert (kept[list(some)] * now).sum(axis=1).min() > 0.9999


def test_other_sentences_are_embedded(embedder: MiniLM, tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    known, other = ["one line", "another"], ["one line", "a third"]
    keep(embedder, known, path)
    assert np.allclose(embed_builtin(embedder, known, path), embedder.embed_now(known), atol=1e-3)
    assert np.array_equal(embed_builtin(embedder, other, path), embedder.embed_now(other))
