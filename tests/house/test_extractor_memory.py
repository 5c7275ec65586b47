"""What the extractor remembers of meanings: nothing of the words, and nothing that another reader can take away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from typing_extensions import override

from parley.house import extractor_memory
from parley.house.extractor_memory import Meanings
from parley.inference.scripted import ScriptedEmbedder

pytestmark = pytest.mark.anyio


class _Slow(ScriptedEmbedder):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.go.set()
        self.asked: list[str] = []

    @override
    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        await self.go.wait()
        return await super().embed(texts)


async def test_what_another_reader_pushes_out_meanwhile_is_still_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extractor_memory, "MOST_KEPT", 2)
    slow = _Slow()
    meanings = Meanings(slow)
    before = await meanings.embed(["one", "two"])
    slow.go.clear()
    other = asyncio.create_task(meanings.embed(["four", "five"]))
    waiting = asyncio.create_task(meanings.embed(["one", "three"]))
    await asyncio.sleep(0)
    slow.go.set()
    await other
    assert np.array_equal((await waiting)[0], before[0])


async def test_a_text_is_computed_once_and_its_words_are_not_kept() -> None:
    slow = _Slow()
    meanings = Meanings(slow)
    first = await meanings.embed(["Is the load secure?", "Is the load secure?"])
    assert np.array_equal(first, await meanings.embed(["Is the load secure?"] * 2))
    assert slow.asked == ["Is the load secure?"]
    assert "secure" not in repr(vars(meanings))
