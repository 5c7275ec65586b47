"""Wording as a sparse vector: TF-IDF over words, word pairs and character n-grams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Wording:
    """A vocabulary learnt from sentences. Words with their pairs, and n-grams, are two blocks of length one each.

    Features outside the vocabulary count in the block's length: the more of a sentence is new, the shorter the vector.
    """

    columns: Mapping[str, int]
    idf: NDArray[np.float32]
    unseen_idf: float

    def encode(self, counts: Mapping[str, int]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Columns and values of the known features among `counts`, the features of one sentence."""
        where: list[int] = []
        values: list[float] = []
        grams: list[bool] = []
        squares = [1e-9, 1e-9]  # of words and pairs; of n-grams
        for feature, count in counts.items():
            at = self.columns.get(feature, -1)
            value = (1.0 if count == 1 else 1.0 + float(np.log(count))) * (
                self.unseen_idf if at < 0 else float(self.idf[at])
            )
            gram = feature[0] == "c"
            squares[gram] += value * value
            if at >= 0:
                where.append(at)
                values.append(value)
                grams.append(gram)
        scale = np.sqrt(1 / np.array(squares))
        return np.array(where, np.intp), (np.array(values) * scale[np.array(grams, np.intp)]).astype(np.float32)


def learn_wording(sentences: Sequence[Mapping[str, int]], least: int = 1) -> Wording:
    """The vocabulary of `sentences`, given as feature counts: features that at least `least` of them have."""
    seen_in: dict[str, int] = {}
    for counts in sentences:
        for feature in counts:
            seen_in[feature] = seen_in.get(feature, 0) + 1
    kept = {feature: times for feature, times in seen_in.items() if times >= least}
    total = len(sentences)
    idf = np.log((1 + total) / (1 + np.fromiter(kept.values(), np.float32, len(kept)))) + 1
    columns = {feature: at for at, feature in enumerate(kept)}
    return Wording(columns, idf.astype(np.float32), float(np.log((1 + total) / least) + 1))
