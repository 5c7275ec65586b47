"""What the first turn needs and takes a second to make, made in a thread while the database starts."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

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
    """Makes them in the order in which they are needed: examples' vectors, graph, then English, then German."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        one_arithmetic_thread()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="warmup")
        self._examples = self._thread.submit(self._embed_examples)
        self._loaded = self._thread.submit(self._load)
        self._first = self._thread.submit(self._say_first_line, "en")

    def go_on(self) -> None:
        """What the first answer does not wait for. Call once, when everything else has started."""
        self._thread.submit(self._say_first_line, "de")
        self._thread.shutdown(wait=False)

    async def examples(self) -> ExampleVectors | None:
        """The built-in examples' vectors, by the local embedder only."""
        return await asyncio.wrap_future(self._examples)

    async def first_line(self) -> None:
        """Wait until the first English line would be answered without delay.

        Raises what loading the embedder raised.
        """
        await asyncio.wrap_future(self._loaded)
        await asyncio.wrap_future(self._first)

    def _embed_examples(self) -> ExampleVectors | None:
        from parley.app.builtin_vectors import embed_builtin
        from parley.providers.minilm import MiniLM

        if not isinstance(self.embedder, MiniLM):
            return None
        return embed_examples(partial(embed_builtin, self.embedder), self.embedder.languages)

    def _load(self) -> None:
        from parley.providers.minilm import MiniLM

        if isinstance(self.embedder, MiniLM):
            self.embedder.load()

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
