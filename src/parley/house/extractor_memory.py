"""Meanings of sentences that come again and again: the fields of a schema, and what an agent always asks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from parley.inference.ports import Embedder

MOST_KEPT = 4_000  # vectors of 1.5 kB


class Meanings:
    """An embedder that computes no text twice while it remembers it. Of a text only its digest is kept."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self.languages = embedder.languages

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row per text, as the embedder gives it."""
        known = {text: self._kept[key] for text in texts if (key := _key(text)) in self._kept}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known |= zip(new, await self._embedder.embed(new), strict=True) if new else ()
        for text, vector in known.items():
            self._kept[_key(text)] = vector
            self._kept.move_to_end(_key(text))
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return np.stack([known[text] for text in texts])


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
