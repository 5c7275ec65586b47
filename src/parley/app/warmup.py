"""What the first turn needs and takes a second to make, made in a thread while the database starts."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from parley.house import HouseResponder
from parley.inference.chat import ChatRequest
from parley.inference.facts import Facts, Passage
from parley.inference.ports import Embedder
from parley.understanding import ExampleVectors, embed_examples, understand

_FIRST_LINES = {"en": "What time do you close on Sunday?", "de": "Wann schließen Sie am Sonntag?"}


def one_arithmetic_thread() -> None:
    """Keep numpy from sharing its products out among threads.

    A turn's are small, and a thread that waits for another one's core takes ten times as long as the product; turns
    of several callers are what fills the cores.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    threadpool_limits(limits=1, user_api="blas")


class Warmup:
    """Makes them in the order in which they are needed: graph, examples' vectors, then English, then German."""

    def __init__(self, embedder: Embedder, cache: Path) -> None:
        self.embedder = embedder
        self._cache = cache
        one_arithmetic_thread()
        thread = ThreadPoolExecutor(1, thread_name_prefix="warmup")
        self._examples = thread.submit(self._embed_examples)
        self._first = thread.submit(self._say_first_line, "en")
        thread.submit(self._say_first_line, "de")
        thread.shutdown(wait=False)

    async def examples(self) -> ExampleVectors | None:
        """The built-in examples' vectors, by the local embedder only. Raises what loading it raised."""
        return await asyncio.wrap_future(self._examples)

    async def first_line(self) -> None:
        """Wait until the first English line would be answered without delay."""
        await asyncio.wrap_future(self._first)

    def _embed_examples(self) -> ExampleVectors | None:
        from parley.providers.minilm import MiniLM

        if not isinstance(self.embedder, MiniLM):
            return None
        return embed_examples(self._remembered, self.embedder.languages)

    def _remembered(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of the built-in examples, from the cache where the same sentences were embedded the same way."""
        from parley.providers.minilm import WEIGHTS_SHA256, MiniLM
        from parley.providers.minilm_graph import BUILDER_VERSION

        assert isinstance(self.embedder, MiniLM)  # noqa: S101 - asked by `_embed_examples`
        made_by = (self.embedder.name, WEIGHTS_SHA256, str(BUILDER_VERSION))
        digest = blake2b("\x1f".join((*made_by, *sentences)).encode(), digest_size=16).hexdigest()
        path = self._cache / f"examples-{digest}.npy"
        with contextlib.suppress(OSError, ValueError):
            known: NDArray[np.float32] = np.load(path, allow_pickle=False)
            if known.shape == (len(sentences), self.embedder.dimensions):
                return known
        vectors = self.embedder.embed_now(sentences)
        with contextlib.suppress(OSError):
            _write(path, vectors)
        return vectors

    def _say_first_line(self, language: str) -> None:
        """Go once through what a line goes through: its grammars, models and words are read and fitted then."""
        line, examples = _FIRST_LINES[language], self._examples.result()
        vector = None
        if examples is not None and language in examples.by_language:
            vector = examples.by_language[language][0]
        meaning = understand(line, now=datetime.now(UTC), language_hint=language, vector=vector, examples=examples)
        passage = Passage("", "", "", line, 1.0)
        asyncio.run(_answer(Facts(line, language=language, intent=meaning.intent, passages=(passage,))))


async def _answer(facts: Facts) -> None:
    async for _ in HouseResponder().stream(ChatRequest((), facts)):
        pass


def _write(path: Path, vectors: NDArray[np.float32]) -> None:
    """Written aside and renamed: a second process sees all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with aside.open("xb") as file:
            np.save(file, vectors)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
