from __future__ import annotations

import numpy as np
import pytest

from parley.inference.chat import ChatRequest, Finished, Message, TextDelta, ToolCall
from parley.inference.errors import ProviderCut
from parley.inference.facts import Facts
from parley.inference.ports import ChatModel, Embedder
from parley.inference.scripted import ScriptedChat, ScriptedEmbedder

REQUEST = ChatRequest((Message("user", "Hi"),), Facts("Hi"))
CALL = ToolCall("c", "book", {})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_plays_one_script_per_request_and_records_them() -> None:
    with ScriptedChat("Hi.", ["One", " moment.", CALL]) as chat:
        first = [event async for event in chat.stream(REQUEST)]
        second = [event async for event in chat.stream(REQUEST)]
    assert first == [TextDelta("Hi."), Finished(model="scripted/chat")]
    assert second == [TextDelta("One"), TextDelta(" moment."), CALL, Finished("tool_calls", model="scripted/chat")]
    assert chat.requests == [REQUEST, REQUEST]
    assert chat.closed_early == 0


async def test_raises_the_script_s_errors() -> None:
    with ScriptedChat(["We", ProviderCut("cut", vendor="a")]) as chat:
        stream = chat.stream(REQUEST)
        assert await anext(stream) == TextDelta("We")
        with pytest.raises(ProviderCut):
            await anext(stream)
    assert chat.closed_early == 0


def test_a_script_left_over_fails() -> None:
    with pytest.raises(AssertionError, match="1 scripts were never played"), ScriptedChat("Hi."):
        pass


def test_a_failure_inside_is_not_hidden_by_what_is_left() -> None:
    with pytest.raises(ZeroDivisionError), ScriptedChat("Hi."):
        _ = 1 / 0


async def test_a_request_too_many_fails() -> None:
    with pytest.raises(AssertionError, match="no script for request 1"):
        await anext(ScriptedChat().stream(REQUEST))


async def test_counts_who_leaves_early() -> None:
    chat = ScriptedChat("Hi.")
    stream = chat.stream(REQUEST)
    await anext(stream)
    await stream.aclose()
    assert chat.closed_early == 1


def test_the_doubles_are_ports() -> None:
    assert isinstance(ScriptedChat(), ChatModel)
    assert isinstance(ScriptedEmbedder(), Embedder)


async def test_vectors_are_unit_the_same_everywhere_and_nearer_for_shared_words() -> None:
    texts = ["a table for two", "table for four", "gardening tools", ""]
    rows = await ScriptedEmbedder(dimensions=128).embed(texts)
    again = await ScriptedEmbedder(dimensions=128).embed(texts)
    assert rows.shape == (4, 128)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, again)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2


async def test_embedding_nothing_gives_no_rows() -> None:
    assert (await ScriptedEmbedder().embed([])).shape == (0, 384)
