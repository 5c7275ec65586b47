"""Meanings of sentences that come again and again: the fields of a schema, and what an agent always asks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from parley.inference.ports import Embedder

MOST_KEPT = 4_000  # vectors of 1.5 kB


class Meanings:
    """An embedder that computes no text twice while it remembers it. Texts are kept in memory only."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self.languages = embedder.languages

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row per text, as the embedder gives it."""
        new = [text for text in dict.fromkeys(texts) if text not in self._kept]
        fresh = dict(zip(new, await self._embedder.embed(new), strict=True)) if new else {}
        rows = [fresh[text] if text in fresh else self._kept[text] for text in texts]
        for text in dict.fromkeys(texts):
            self._kept[text] = fresh[text] if text in fresh else self._kept[text]
            self._kept.move_to_end(text)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return np.stack(rows)
