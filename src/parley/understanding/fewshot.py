"""A linear classifier from a few dozen sentences per label: kernel ridge regression in closed form.

Every sentence is seen through up to three lenses, each a unit vector: its wording (TF-IDF over words, word pairs and
character n-grams), the concepts found in it (alone and in pairs, so that "price" means another thing beside "cancel")
and its embedding where one is given. The fit is regularised least squares on one-hot targets, each label weighing the
same (Rifkin, Yeo and Poggio 2003); its leave-one-out residuals are exact and free, and set the temperature that turns
scores into probabilities.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parley.understanding.wording import features, fold, words

Vector = NDArray[np.float32]

_WORD_WEIGHT, _GRAM_WEIGHT, _CONCEPT_WEIGHT, _PAIR_WEIGHT, _VECTOR_WEIGHT = 0.3, 0.3, 1.0, 0.3, 1.0
_BIAS = 0.1
_RIDGE = 0.8
_LENGTHS = (2, 4, 7, 12)  # words: an answer, a phrase, a sentence, a long sentence, a story


@dataclass(frozen=True)
class FewShot:
    """A fitted classifier. Rows of the weights are features, columns are `labels`."""

    labels: tuple[str, ...]
    concepts: Mapping[str, re.Pattern[str]]
    vocabulary: Mapping[str, int]
    idf: Vector
    unseen_idf: float
    wording_weights: Vector
    concept_weights: Vector
    vector_weights: Vector | None
    bias: Vector
    temperature: float

    def scores(self, sentence: str, vector: Vector | None = None) -> Vector:
        """One score per label, about 1 for a sentence just like an example and 0 for one that is like none."""
        where, values = _wording(features(sentence), self.vocabulary, self.idf, self.unseen_idf)
        total = (
            self.bias
            + values @ self.wording_weights[where]
            + _concepts(sentence, self.concepts) @ (self.concept_weights)
        )
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
    vocabulary, idf, unseen_idf = _vocabulary(counts)
    wording = np.zeros((len(sentences), len(vocabulary)), np.float32)
    for row, found in enumerate(counts):
        where, values = _wording(found, vocabulary, idf, unseen_idf)
        wording[row, where] = values
    concept = np.stack([_concepts(sentence, concepts) for sentence in sentences])
    lenses = [wording, concept] + ([] if vectors is None else [vectors * np.float32(_VECTOR_WEIGHT**0.5)])
    kernel = sum((lens @ lens.T).astype(np.float64) for lens in lenses) + _BIAS
    share = np.bincount(target)[target] * len(names) / len(target)
    one_hot = np.eye(len(names))[target]
    inverse = np.linalg.inv(kernel + np.diag(_RIDGE * share))
    dual = inverse @ one_hot
    left_out = one_hot - dual / np.diag(inverse)[:, None]
    weights = [(lens.T @ dual).astype(np.float32) for lens in lenses]
    return FewShot(
        labels=names,
        concepts=concepts,
        vocabulary=vocabulary,
        idf=idf,
        unseen_idf=unseen_idf,
        wording_weights=weights[0],
        concept_weights=weights[1],
        vector_weights=None if vectors is None else weights[2] * np.float32(_VECTOR_WEIGHT**0.5),
        bias=(_BIAS * dual.sum(axis=0)).astype(np.float32),
        temperature=_temperature(left_out, target),
    )


def _vocabulary(counts: Sequence[Mapping[str, int]]) -> tuple[dict[str, int], Vector, float]:
    seen_in: dict[str, int] = {}
    for found in counts:
        for feature in found:
            seen_in[feature] = seen_in.get(feature, 0) + 1
    total = len(counts)
    idf = np.log((1 + total) / (1 + np.fromiter(seen_in.values(), np.float32))) + 1
    return {feature: at for at, feature in enumerate(seen_in)}, idf.astype(np.float32), float(np.log(1 + total) + 1)


def _wording(
    found: Mapping[str, int], vocabulary: Mapping[str, int], idf: Vector, unseen_idf: float
) -> tuple[NDArray[np.intp], Vector]:
    """Columns and values of a sentence's known features; unknown ones count in the length, so that novelty shrinks."""
    where: list[int] = []
    values: list[float] = []
    is_gram: list[bool] = []
    length = [1e-9, 1e-9]  # squared, of words and of n-grams
    for feature, count in found.items():
        at = vocabulary.get(feature, -1)
        value = (1.0 if count == 1 else 1.0 + float(np.log(count))) * (unseen_idf if at < 0 else float(idf[at]))
        gram = feature[0] == "c"
        length[gram] += value * value
        if at >= 0:
            where.append(at)
            values.append(value)
            is_gram.append(gram)
    scale = np.sqrt(np.array([_WORD_WEIGHT / length[0], _GRAM_WEIGHT / length[1]]))
    return np.array(where, np.intp), (np.array(values) * scale[np.array(is_gram, np.intp)]).astype(np.float32)


def _concepts(sentence: str, concepts: Mapping[str, re.Pattern[str]]) -> Vector:
    """Concepts found, how long the sentence is, and every pair of these, as one vector of length sqrt(weight)."""
    folded = fold(sentence)
    size = len(words(folded))
    single = np.zeros(len(concepts) + len(_LENGTHS) + 1, np.float32)
    single[len(concepts) + sum(size >= limit for limit in _LENGTHS)] = 1
    for at, pattern in enumerate(concepts.values()):
        if pattern.search(folded):
            single[at] = 1
    first, second = np.triu_indices(len(single), 1)
    both = np.concatenate([single, np.float32(_PAIR_WEIGHT**0.5) * single[first] * single[second]])
    vector: Vector = both * np.float32(_CONCEPT_WEIGHT**0.5 / np.linalg.norm(both))
    return vector


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
