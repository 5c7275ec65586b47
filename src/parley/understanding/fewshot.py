"""A linear classifier from a few dozen sentences per label: kernel ridge regression in closed form.

Every sentence is seen through up to three lenses: its wording (TF-IDF over words, word pairs and
character n-grams), the concepts found in it (alone and in pairs, so that "price" means another thing beside "cancel")
and its embedding where one is given. The fit is regularised least squares on one-hot targets, each label weighing the
same (Rifkin, Yeo and Poggio 2003); its leave-one-out residuals are exact and free, and set the temperature that turns
scores into probabilities.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from parley.understanding.tfidf import Wording, learn_wording
from parley.understanding.wording import features, fold, words

Vector = NDArray[np.float32]

_WORDING_WEIGHT, _CONCEPT_WEIGHT, _PAIR_WEIGHT, _VECTOR_WEIGHT = 0.3, 1.0, 0.3, 1.0
_BIAS = 0.1
_RIDGE = 0.8
_LENGTHS = (2, 4, 7, 12)  # words: an answer, a phrase, a sentence, a long sentence, a story


@dataclass(frozen=True)
class FewShot:
    """A fitted classifier. Rows of the weights are features, columns are `labels`."""

    labels: tuple[str, ...]
    concepts: Mapping[str, re.Pattern[str]]
    wording: Wording
    wording_weights: Vector
    concept_weights: Vector
    vector_weights: Vector | None
    bias: Vector
    temperature: float

    def scores(self, sentence: str, vector: Vector | None = None) -> Vector:
        """One score per label, about 1 for a sentence just like an example and 0 for one that is like none."""
        where, values = self.wording.encode(features(sentence))
        total = self.bias + values @ self.wording_weights[where]
        total = total + _concepts(sentence, self.concepts) @ self.concept_weights
        if self.vector_weights is not None and vector is not None:
            total = total + vector @ self.vector_weights
        scores: Vector = total
        return scores

    def probabilities(self, scores: Vector) -> Vector:
        """Scores as probabilities, calibrated on the examples, each scored by a fit without it."""
        return _softmax(scores * self.temperature)


def fit_few(
    sentences: Sequence[str],
    labels: Sequence[str],
    concepts: Mapping[str, re.Pattern[str]],
    vectors: Vector | None = None,
) -> FewShot:
    """Fit on parallel `sentences` and `labels`; `vectors` are their embeddings, shape (n, dimensions)."""
    names = tuple(sorted(set(labels)))
    column = {name: at for at, name in enumerate(names)}
    target = np.array([column[label] for label in labels])
    counts = [features(sentence) for sentence in sentences]
    wording = learn_wording(counts)
    written = np.zeros((len(sentences), len(wording.columns)), np.float32)
    for row, found in enumerate(counts):
        where, values = wording.encode(found)
        written[row, where] = values
    concept = np.stack([_concepts(sentence, concepts) for sentence in sentences])
    lenses = {"wording": (_WORDING_WEIGHT, written), "concept": (_CONCEPT_WEIGHT, concept)}
    if vectors is not None:
        lenses["vector"] = (_VECTOR_WEIGHT, vectors)
    kernel = sum((weight * (lens @ lens.T)).astype(np.float64) for weight, lens in lenses.values()) + _BIAS
    share = np.bincount(target)[target] * len(names) / len(target)
    one_hot = np.eye(len(names))[target]
    inverse = np.linalg.inv(kernel + np.diag(_RIDGE * share))
    dual = inverse @ one_hot
    left_out = one_hot - dual / np.diag(inverse)[:, None]
    single = dual.astype(np.float32)
    weights = {name: (weight * (lens.T @ single)).astype(np.float32) for name, (weight, lens) in lenses.items()}
    return FewShot(
        labels=names,
        concepts=concepts,
        wording=wording,
        wording_weights=weights["wording"],
        concept_weights=weights["concept"],
        vector_weights=weights.get("vector"),
        bias=(_BIAS * dual.sum(axis=0)).astype(np.float32),
        temperature=_temperature(left_out, target),
    )


def _concepts(sentence: str, concepts: Mapping[str, re.Pattern[str]]) -> Vector:
    """Concepts found, how long the sentence is, and every pair of these, as a unit vector."""
    folded = fold(sentence)
    size = len(words(folded))
    single = np.zeros(len(concepts) + len(_LENGTHS) + 1, np.float32)
    single[len(concepts) + sum(size >= limit for limit in _LENGTHS)] = 1
    for at, pattern in enumerate(concepts.values()):
        if pattern.search(folded):
            single[at] = 1
    first, second = _pairs(len(single))
    both = np.concatenate([single, np.float32(_PAIR_WEIGHT**0.5) * single[first] * single[second]])
    vector: Vector = (both / np.linalg.norm(both)).astype(np.float32)
    return vector


@cache
def _pairs(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first, second = np.triu_indices(size, 1)
    return first, second


def _temperature(left_out: NDArray[np.float64], target: NDArray[np.intp]) -> float:
    """The factor on the scores under which the left-out examples are most likely."""
    rows = np.arange(len(target))
    choices = np.geomspace(1, 30, 40)
    losses = [-np.log(_softmax(left_out * choice)[rows, target] + 1e-12).mean() for choice in choices]
    return float(choices[int(np.argmin(losses))])


def _softmax(scores: NDArray[np.floating]) -> Vector:
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: Vector = (shifted / shifted.sum(axis=-1, keepdims=True)).astype(np.float32)
    return probabilities
