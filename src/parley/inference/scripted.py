"""Doubles that follow a script and fail when a part of it is left unplayed. They ship with the package, so that an
embedding application can test against the same ports."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from parley.inference.chat import ChatEvent, ChatRequest, Finished, TextDelta, ToolCall

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Pause:
    """The model says nothing for `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stall:
    """The model says nothing ever again; only cancelling or closing the stream ends it."""


ScriptStep = str | ChatEvent | Pause | Stall | Exception
Sleep = Callable[[float], Awaitable[object]]


class ScriptedChat:
    """A `ChatModel` that plays one script per request, in order.

    A script is a text or a sequence of steps: a string is a `TextDelta`, an exception is raised, `Pause` and `Stall`
    wait. A script that does not end in `Finished`, `Stall` or an exception gets a `Finished` with the fitting reason.
    A request without a script left raises `AssertionError`. As a context manager it ends with `assert_consumed`.

    `requests` are the requests seen; `closed_early` counts streams their consumer left before the end.
    """

    def __init__(
        self, *scripts: str | Iterable[ScriptStep], name: str = "scripted/chat", sleep: Sleep = asyncio.sleep
    ) -> None:
        self._name = name
        self._sleep = sleep
        self._scripts = [(script,) if isinstance(script, str) else tuple(script) for script in scripts]
        self._begun = 0
        self.requests: list[ChatRequest] = []
        self.closed_early = 0
        self.closed = False

    @property
    def name(self) -> str:
        return self._name

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        self.requests.append(request)
        if self._begun >= len(self._scripts):
            raise AssertionError(f"{self._name} has no script for request {self._begun + 1}.")
        script = _ended(self._scripts[self._begun], self._name)
        self._begun += 1
        finished = False
        try:
            for step in script:
                if isinstance(step, Exception):
                    finished = True
                    raise step
                finished = isinstance(step, Finished)
                event = await self._play(step)
                if event is not None:
                    yield event
        finally:
            self.closed_early += not finished

    def assert_consumed(self) -> None:
        """Raises `AssertionError` when scripts are left."""
        left = len(self._scripts) - self._begun
        if left:
            raise AssertionError(f"{self._name} was asked {self._begun} times; {left} scripts were never played.")

    async def aclose(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.assert_consumed()

    async def _play(self, step: str | ChatEvent | Pause | Stall) -> ChatEvent | None:
        if isinstance(step, str):
            return TextDelta(step)
        if isinstance(step, Pause):
            await self._sleep(step.seconds)
            return None
        if isinstance(step, Stall):
            await asyncio.Event().wait()
            return None
        return step


def _ended(script: Sequence[ScriptStep], name: str) -> Sequence[ScriptStep]:
    if script and isinstance(script[-1], Finished | Stall | Exception):
        return script
    called = any(isinstance(step, ToolCall) for step in script)
    return (*script, Finished("tool_calls" if called else "stop", model=name))


class ScriptedEmbedder:
    """An `Embedder` without weights: words and their letter trigrams hashed into a unit vector, the same everywhere.

    Texts that share words are near each other, nothing else is meant. An empty text is the first axis.
    """

    def __init__(
        self, *, dimensions: int = 384, languages: Iterable[str] = ("en",), name: str = "scripted/embedder"
    ) -> None:
        self._name = name
        self._dimensions = dimensions
        self._languages = frozenset(languages)
        self.texts: list[str] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimensions(self) -> int:
        return self._dimensions

    @property
    def languages(self) -> frozenset[str]:
        return self._languages

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts.extend(texts)
        rows = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for feature, weight in _features(text):
                digest = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
                row[(digest >> 1) % self._dimensions] += weight if digest & 1 else -weight
            if not row.any():
                row[0] = 1.0
            row /= np.linalg.norm(row)
        return rows

    def expect(self, text: str) -> None:
        """Nothing: it is quick."""


def _features(text: str) -> Iterable[tuple[str, float]]:
    for word in _WORD.findall(text.casefold()):
        yield word, 1.0
        padded = f"<{word}>"
        for start in range(len(padded) - 2):
            yield padded[start : start + 3], 0.3
