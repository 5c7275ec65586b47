"""What every hosted chat adapter owes the product, whatever its wire. A vendor's test module subclasses `ChatContract`
and returns a `ChatWire` from the fixture `wire`.

Silences are judged with `FIRST`, `GAP` and `TAIL` seconds, so that no test waits longer than some tenths of a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import pytest

from parley.inference.chat import ChatEvent, ChatRequest, Finished, Message, TextDelta, ToolCall, ToolSpec
from parley.inference.errors import (
    ProviderBusy,
    ProviderCut,
    ProviderError,
    ProviderKeyRejected,
    ProviderModelUnknown,
    ProviderRefused,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.inference.facts import Facts
from parley.inference.fallback import Budget, FallbackChat
from parley.inference.ports import ChatModel
from parley.inference.scripted import ScriptedChat

FIRST, GAP, TAIL = 0.25, 0.15, 0.1
HOUSE_SENTENCE = "We are open from nine to five."
BOOK = ToolSpec(
    "book",
    "Books a table.",
    {"type": "object", "properties": {"day": {"type": "string"}, "people": {"type": "integer"}}, "required": ["day"]},
)


def ask(*messages: Message, tools: Sequence[ToolSpec] = (), **fields: Any) -> ChatRequest:
    """A request with a system prompt and a question, or with these messages."""
    question = (Message("system", "You are a receptionist."), Message("user", "When are you open?"))
    return ChatRequest(messages or question, Facts("When are you open?"), tools=tuple(tools), **fields)


async def collect(chat: ChatModel, request: ChatRequest | None = None) -> list[ChatEvent]:
    """All events of one reply."""
    return [event async for event in chat.stream(request or ask())]


async def fail(chat: ChatModel, request: ChatRequest | None = None) -> tuple[list[ChatEvent], ProviderError]:
    """The events before the error, and the error."""
    events: list[ChatEvent] = []
    try:
        async for event in chat.stream(request or ask()):
            events.append(event)  # noqa: PERF401 - what came before the error counts
    except ProviderError as error:
        return events, error
    pytest.fail(f"no error after {events}")


def text_of(events: Sequence[ChatEvent]) -> str:
    """The reply's text."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


class ChatWire(Protocol):
    """One vendor's wire: a running server and the adapter on it. Each method queues what the next request gets."""

    def connect(self, **changes: Any) -> ChatModel:
        """A model with the suite's timeouts. `api_key` and `model` may be changed."""
        ...

    def answer(self, text: str) -> None: ...
    def call_tools(self, *calls: tuple[str, str, str]) -> None: ...
    def rate_limit(self, headers: dict[str, str]) -> None: ...
    def fail(self, status: int) -> None: ...
    def stall(self, after: str) -> None: ...
    def keep_alive(self, after: str) -> None: ...
    def cut(self, after: str) -> None: ...
    def end(self, after: str) -> None: ...
    def break_in_stream(self, after: str) -> None: ...
    def close_slowly(self, text: str) -> None: ...
    def requests(self) -> int: ...
    def connections(self) -> int: ...
    def request_arrived(self) -> bool:
        """Wait for the first request."""
        ...

    def client_left(self) -> bool:
        """Wait until the server has seen a client close a running answer."""
        ...


class ChatContract:
    """The suite."""

    async def test_streams_text_in_order_and_finishes_once(self, wire: ChatWire) -> None:
        wire.answer("We open at nine. See you then!")
        chat = wire.connect()
        events = await collect(chat)
        assert text_of(events) == "We open at nine. See you then!"
        assert len(events) > 3, "the reply came in pieces"
        assert all(isinstance(event, TextDelta) and event.text for event in events[:-1])
        last = events[-1]
        assert isinstance(last, Finished)
        assert (last.reason, last.model) == ("stop", chat.name)
        assert last.usage.prompt_tokens > 0
        assert last.usage.completion_tokens > 0

    async def test_keeps_its_connection_warm(self, wire: ChatWire) -> None:
        chat = wire.connect()
        for _ in range(3):
            wire.answer("Yes.")
            await collect(chat)
        assert (wire.requests(), wire.connections()) == (3, 1)

    async def test_tool_calls_are_put_together_from_fragments(self, wire: ChatWire) -> None:
        wire.call_tools(("call_1", "book", '{"day": "Fri", "people": 4}'), ("call_2", "book", '{"day":"Köln"}'))
        *calls, last = await collect(wire.connect(), ask(tools=[BOOK]))
        assert calls == [
            ToolCall("call_1", "book", {"day": "Fri", "people": 4}),
            ToolCall("call_2", "book", {"day": "Köln"}),
        ]
        assert isinstance(last, Finished)
        assert last.reason == "tool_calls"

    async def test_a_tool_s_answer_goes_back(self, wire: ChatWire) -> None:
        wire.answer("Booked.")
        call = ToolCall("call_1", "book", {"day": "Fri"})
        said = Message("assistant", "", tool_calls=(call,))
        result = Message("tool", '{"ok": true}', tool_call_id="call_1")
        events = await collect(wire.connect(), ask(Message("user", "Friday please"), said, result, tools=[BOOK]))
        assert text_of(events) == "Booked."

    @pytest.mark.parametrize("arguments", ['{"day": "Fri"', "[1]", '"Fri"', "{'day': 'Fri'}"])
    async def test_arguments_nobody_can_carry_out_are_refused(self, wire: ChatWire, arguments: str) -> None:
        wire.call_tools(("call_1", "book", arguments))
        events, error = await fail(wire.connect(), ask(tools=[BOOK]))
        assert events == []
        assert isinstance(error, ProviderRefused)
        assert error.code == "provider.bad_tool_call"
        assert "book" in error.detail

    async def test_a_call_without_arguments_is_a_call(self, wire: ChatWire) -> None:
        wire.call_tools(("call_1", "book", ""))
        events = await collect(wire.connect(), ask(tools=[BOOK]))
        assert events[0] == ToolCall("call_1", "book", {})

    async def test_429_says_when_to_come_back(self, wire: ChatWire) -> None:
        wire.rate_limit({"retry-after": "7"})
        _, error = await fail(wire.connect())
        assert isinstance(error, ProviderBusy)
        assert (error.retryable, error.retry_after) == (True, 7.0)
        assert wire.requests() == 1, "the SDK's own retries are off"

    @pytest.mark.parametrize("status", [500, 502, 503])
    async def test_5xx_is_unavailable(self, wire: ChatWire, status: int) -> None:
        wire.fail(status)
        _, error = await fail(wire.connect())
        assert type(error) is ProviderUnavailable
        assert error.retryable
        assert wire.requests() == 1

    async def test_a_wrong_request_is_refused_with_the_vendor_s_reason(self, wire: ChatWire) -> None:
        wire.fail(400)
        _, error = await fail(wire.connect())
        assert type(error) is ProviderRefused
        assert not error.retryable

    async def test_a_bad_key_is_rejected_and_not_repeated(self, wire: ChatWire) -> None:
        _, error = await fail(wire.connect(api_key="sk-wrong-key-9876"))
        assert isinstance(error, ProviderKeyRejected)
        assert "9876" not in error.detail

    async def test_a_key_no_header_can_carry_is_rejected_before_anything_is_sent(self, wire: ChatWire) -> None:
        with pytest.raises(ProviderKeyRejected):
            wire.connect(api_key="sk-wröng\nkey")
        assert wire.requests() == 0

    async def test_an_unknown_model_is_named(self, wire: ChatWire) -> None:
        _, error = await fail(wire.connect(model="no-such-model"))
        assert isinstance(error, ProviderModelUnknown)
        assert "no-such-model" in error.detail

    @pytest.mark.parametrize("after", ["", "Well, we"])
    async def test_silence_is_a_stall_within_the_allowed_time(self, wire: ChatWire, after: str) -> None:
        wire.stall(after)
        begun = time.monotonic()
        events, error = await fail(wire.connect())
        assert isinstance(error, ProviderStalled)
        assert text_of(events) == after
        assert time.monotonic() - begun < FIRST + GAP + 0.5
        assert wire.client_left(), "the request is cancelled at the vendor"

    @pytest.mark.parametrize("after", ["", "Well, we"])
    async def test_keep_alive_comments_do_not_count_as_an_answer(self, wire: ChatWire, after: str) -> None:
        wire.keep_alive(after)
        _, error = await fail(wire.connect())
        assert isinstance(error, ProviderStalled)

    async def test_a_broken_connection_is_a_cut(self, wire: ChatWire) -> None:
        wire.cut("Well, we")
        events, error = await fail(wire.connect())
        assert isinstance(error, ProviderCut)
        assert text_of(events) == "Well, we"

    async def test_an_end_without_a_finish_is_a_cut(self, wire: ChatWire) -> None:
        wire.end("Well, we")
        _, error = await fail(wire.connect())
        assert isinstance(error, ProviderCut)

    async def test_an_error_inside_the_stream_is_an_error(self, wire: ChatWire) -> None:
        wire.break_in_stream("Well, we")
        events, error = await fail(wire.connect())
        assert isinstance(error, ProviderUnavailable)
        assert text_of(events) == "Well, we"

    async def test_a_server_that_closes_slowly_costs_a_moment_not_the_reply(self, wire: ChatWire) -> None:
        wire.close_slowly("We open at nine.")
        begun = time.monotonic()
        events = await collect(wire.connect())
        assert text_of(events) == "We open at nine."
        assert isinstance(events[-1], Finished)
        assert time.monotonic() - begun < FIRST + TAIL + 0.5

    async def test_leaving_early_cancels_at_the_vendor(self, wire: ChatWire) -> None:
        wire.stall("Well, we")
        stream = wire.connect().stream(ask())
        assert await anext(stream) == TextDelta("Well,")
        await stream.aclose()
        assert wire.client_left()

    async def test_cancelling_the_task_cancels_at_the_vendor(self, wire: ChatWire) -> None:
        wire.stall("")
        task = asyncio.create_task(collect(wire.connect()))
        await asyncio.to_thread(wire.request_arrived)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert wire.client_left()

    async def test_works_again_after_every_failure(self, wire: ChatWire) -> None:
        chat = wire.connect()
        wire.cut("Well")
        await fail(chat)
        wire.stall("Well")
        await fail(chat)
        wire.fail(500)
        await fail(chat)
        wire.answer("Yes.")
        assert text_of(await collect(chat)) == "Yes."

    @pytest.mark.parametrize(
        "trouble", ["rate_limit", "fail", "stall_first", "stall", "keep_alive", "cut", "end", "break_in_stream", "key"]
    )
    async def test_with_the_house_behind_it_a_useful_sentence_comes_in_time(self, wire: ChatWire, trouble: str) -> None:
        chat = wire.connect(**({"api_key": "sk-wrong"} if trouble == "key" else {}))
        for _ in range(2):  # a quick failure is tried again
            _cause(wire, trouble)
        begun = time.monotonic()
        with ScriptedChat(HOUSE_SENTENCE, name="house/responder") as house:
            events = await collect(FallbackChat([chat, house], budget=Budget(first_sentence_s=0.3, least_try_s=0.05)))
        assert text_of(events) == HOUSE_SENTENCE
        assert time.monotonic() - begun < 1.0
        last = events[-1]
        assert isinstance(last, Finished)
        assert last.model == "house/responder"


def _cause(wire: ChatWire, trouble: str) -> None:
    causes: dict[str, Callable[[], None]] = {
        "rate_limit": lambda: wire.rate_limit({"retry-after": "7"}),
        "fail": lambda: wire.fail(503),
        "stall_first": lambda: wire.stall(""),
        "stall": lambda: wire.stall("Well, we"),
        "keep_alive": lambda: wire.keep_alive(""),
        "cut": lambda: wire.cut("Well, we"),
        "end": lambda: wire.end("Well, we"),
        "break_in_stream": lambda: wire.break_in_stream("Well, we"),
        "key": lambda: None,
    }
    causes[trouble]()
