"""What sentences mean, as vectors: a rubric's examples are embedded once, a trainee's sentences where they matter."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Embed = Callable[[Sequence[str]], Awaitable[NDArray[np.float32]]]
Vectors = Mapping[str, NDArray[np.float32]]

_MOST_RUBRICS = 200


class Meanings:
    """Meanings of English sentences, by an embedder."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._examples: OrderedDict[tuple[str, ...], Vectors] = OrderedDict()

    async def of_examples(self, sentences: Sequence[str]) -> Vectors:
        """The vectors of a rubric's examples, which are kept."""
        key = tuple(sentences)
        if key not in self._examples:
            self._examples[key] = await self.of(key)
            if len(self._examples) > _MOST_RUBRICS:
                self._examples.popitem(last=False)
        self._examples.move_to_end(key)
        return self._examples[key]

    async def of(self, sentences: Sequence[str]) -> Vectors:
        """The vectors of sentences."""
        if not sentences:
            return {}
        once = list(dict.fromkeys(sentences))
        return dict(zip(once, await self._embed(once), strict=True))
