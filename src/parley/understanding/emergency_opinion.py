"""A second opinion on emergencies, for the wordings that no rule foresaw.

Two linear or kernel models look at a message: one at its wording (`emergency_wording`), one, where there is an
embedding, at its meaning: a support vector machine with a Gaussian kernel. What they say and what the rules found are
weighed into one probability, by a logistic regression fitted on what each says of utterances it was not trained on.
Fitted by `python -m benchmarks.emergency_training --write`, kept in `data/emergency_opinion_*.npz`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from parley.understanding.emergency_wording import word_weights, wording

STATES = ("silent", "denied", "framed", "sure")
"""What the rules say: nothing; a danger judged harmless; one that its frame makes present; one beyond doubt."""

_PIECE, _STEP = 16, 8
"""Words: a longer message is read piece by piece, so that nothing said beside an emergency can outweigh it."""

_MOST_PIECES = 64  # the first and the last half of them: a pasted book costs no more than a page
_TELLING = 4
_SAME_SPACE = 0.26  # cosine; unrelated directions in 384 dimensions stay below, 99 of 100 English sentences above


@dataclass(frozen=True)
class Opinion:
    """The fitted models of one language. `kinds` names the rows of `kind_weights`.

    `support` are the support vectors, shape (n, dimensions), None in a language without embeddings. `weighing` and
    `weighing_without` hold bias, wording, meaning and one weight for each of `STATES`, with and without an embedding.
    """

    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: float
    kinds: tuple[str, ...]
    kind_weights: NDArray[np.float32]
    kind_bias: NDArray[np.float32]
    weighing_without: NDArray[np.float32]
    weighing: NDArray[np.float32]
    support: NDArray[np.float32] | None = None
    duals: NDArray[np.float32] | None = None
    width: float = 1.0
    support_bias: float = 0.0

    def probability(
        self,
        tokens: Sequence[str],
        word_kinds: Mapping[str, str],
        state: str,
        *,
        vector: NDArray[np.float32] | None = None,
        around: Sequence[str] = (),
    ) -> float:
        """That a message is an emergency, 0..1.

        `tokens` are its normalised words and marks, `vector` its embedding by the embedder the models were fitted on;
        one of another embedder is ignored. `around` are the words near the danger a rule found, if any.
        """
        pieces = _pieces(tokens)
        if around and len(tokens) > len(around):
            pieces.append(around)
        words = max(self.wording_score(piece, word_kinds) for piece in pieces)
        at = 3 + STATES.index(state)
        without = self.weighing_without
        chance = _sigmoid(without[0] + without[1] * words + without[at])
        meaning = None if vector is None else self.meaning_score(vector)
        if meaning is None:
            return chance
        both = self.weighing
        informed = _sigmoid(both[0] + both[1] * words + both[2] * meaning + both[at])
        # An embedding speaks of the whole message: of several pieces it may not outvote one.
        return max(chance, informed) if len(pieces) > 1 else informed

    def wording_score(self, tokens: Sequence[str], word_kinds: Mapping[str, str]) -> float:
        """Log-odds by the wording alone."""
        buckets, values = self._values(tokens, word_kinds)
        return float(values @ self.weights[buckets]) + self.bias

    def meaning_score(self, vector: NDArray[np.float32]) -> float | None:
        """The signed distance from the boundary that the support vectors, of unit length, span.

        None where `vector` is of another embedder: of another length, or near none of them, as no sentence is.
        """
        if self.support is None or self.duals is None or vector.shape != self.support.shape[1:]:
            return None
        nearness = self.support @ vector
        if nearness.max() < _SAME_SPACE:
            return None
        return float(self.duals @ np.exp(2 * self.width * (nearness - 1))) + self.support_bias

    def kind(self, tokens: Sequence[str], word_kinds: Mapping[str, str]) -> str:
        """The likeliest kind of an emergency in these words."""
        buckets, values = self._values(tokens, word_kinds)
        scores = self.kind_weights[:, buckets % self.kind_weights.shape[1]] @ values + self.kind_bias
        return self.kinds[int(np.argmax(scores))]

    def telling(self, tokens: Sequence[str]) -> str:
        """The few words that speak most for an emergency, in their order."""
        weights = word_weights(tokens, self.weights * self.idf, self.idf)
        best = sorted(range(len(tokens)), key=lambda at: -weights[at])[:_TELLING]
        return " ".join(tokens[at] for at in sorted(best) if weights[at] > 0 or at == best[0])

    def _values(
        self, tokens: Sequence[str], word_kinds: Mapping[str, str]
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        return weigh(*wording(tokens, word_kinds), self.idf)


def weigh(
    buckets: NDArray[np.intp], blocks: NDArray[np.intp], idf: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Features as buckets and values: inverse document frequencies, each block scaled to length one."""
    values = idf[buckets]
    lengths = np.sqrt(np.bincount(blocks, values * values)) + 1e-9
    return buckets, (values / lengths[blocks]).astype(np.float32)


@cache
def opinion(language: str) -> Opinion:
    """The models of "en" or "de", read once, at the first message."""
    source = resources.files("parley.understanding") / "data" / f"emergency_opinion_{language}.npz"
    with source.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    has_vectors = "support" in arrays
    return Opinion(
        idf=arrays["idf"].astype(np.float32),
        weights=arrays["weights"].astype(np.float32),
        bias=float(arrays["bias"][0]),
        kinds=tuple(arrays["kinds"].tolist()),
        kind_weights=arrays["kind_weights"].astype(np.float32),
        kind_bias=arrays["kind_bias"].astype(np.float32),
        weighing_without=arrays["weighing_without"],
        weighing=arrays["weighing"],
        support=arrays["support"].astype(np.float32) if has_vectors else None,
        duals=arrays["duals"] if has_vectors else None,
        width=float(arrays["width"][0]) if has_vectors else 1.0,
        support_bias=float(arrays["support_bias"][0]) if has_vectors else 0.0,
    )


def _pieces(tokens: Sequence[str]) -> list[Sequence[str]]:
    if len(tokens) <= _PIECE + _STEP:
        return [tokens]
    starts: Sequence[int] = range(0, len(tokens) - _STEP, _STEP)
    if len(starts) > _MOST_PIECES:
        starts = [*starts[: _MOST_PIECES // 2], *starts[-_MOST_PIECES // 2 :]]
    return [tokens[at : at + _PIECE] for at in starts]


def _sigmoid(odds: float) -> float:
    return float(1 / (1 + np.exp(-odds)))
