"""One tenant's vectors in this process, and the nearest of them to a question.

A walk through an index of 100,000 vectors touches four thousand pages of PostgreSQL's memory in an order no processor
foresees; reading all of them from end to end is faster. Each is kept twice: its shadow in 8 bits on the directions in
which these vectors differ most (principal components), which is compared with the question's, and itself, with which
the few hundred best of that are ranked. Of 200 questions' ten nearest among 100,000 chunks that finds 99.5 %.

All of it keeps to one processor: BLAS would take all, and have each wait busily for more for a while.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from parley.kit.eight_bits import BLOCK, EightBits, quantise

_DIRECTIONS = 128
_RANKED_AGAIN = 400
_SAMPLE = 20_000  # vectors the directions are taken from
_STEP = 10_000  # vectors projected at once


class Neighbours:
    """Unit vectors by the id of their chunk; about 1 kB each."""

    def __init__(self, ids: Sequence[str], vectors: NDArray[np.float16]) -> None:
        """`vectors` has the shape (len(ids), dimensions). Takes up to a second per 100,000: not for the event loop."""
        self._ids = ids
        self._places = {name: place for place, name in enumerate(ids)}
        self._vectors = vectors
        sample = vectors[:: max(1, len(ids) // _SAMPLE)].astype(np.float32)
        _, directions = np.linalg.eigh(sample.T @ sample)
        self._directions = np.ascontiguousarray(directions[:, ::-1][:, :_DIRECTIONS].T, dtype=np.float32)
        levels = np.empty((len(ids), _DIRECTIONS // BLOCK, BLOCK), np.uint8)
        scales = np.empty(levels.shape[:2], np.float32)
        for start in range(0, len(ids), _STEP):
            part = slice(start, start + _STEP)
            levels[part], scales[part] = quantise(vectors[part].astype(np.float32) @ self._directions.T)
        self._shadows = EightBits(levels, scales)

    def of(self, ids: Sequence[str]) -> NDArray[np.float16]:
        """The vectors of these chunks, all of which are here."""
        return self._vectors[np.array([self._places[name] for name in ids], np.intp)]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __len__(self) -> int:
        return len(self._ids)

    def nearest(self, vector: NDArray[np.float32], most: int) -> dict[str, float]:
        """The nearest chunks and their cosines, best first."""
        rough = self._shadows.times(np.vecdot(self._directions, vector))
        few = max(most, _RANKED_AGAIN)
        places = np.argpartition(rough, -few)[-few:] if few < len(rough) else np.arange(len(rough))
        cosines = np.vecdot(self._vectors[places].astype(np.float32), vector)
        return {self._ids[places[best]]: float(cosines[best]) for best in np.argsort(-cosines)[:most]}

    def cosines(self, ids: Iterable[str], vector: NDArray[np.float32]) -> dict[str, float]:
        """How near these chunks are; those without a vector are left out."""
        known = [name for name in ids if name in self._places]
        places = np.array([self._places[name] for name in known], np.intp)
        cosines = np.vecdot(self._vectors[places].astype(np.float32), vector)
        return dict(zip(known, map(float, cosines), strict=True))
