"""What is asked of Anthropic: the shape of the talk, the break points of its cache, what a model refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import ANY

import pytest

from parley.inference.chat import ChatRequest, Finished, Message, ToolCall
from parley.inference.errors import ProviderRefused
from parley.inference.usage import Usage
from parley.providers.anthropic_chat import AnthropicChat
from tests.wire import anthropic_replies as wires
from tests.wire.anthropic_server import AnthropicServer
from tests.wire.anthropic_wire import HAIKU, KEY, AnthropicWire
from tests.wire.chat_contract import BOOK, ask, collect, fail, text_of


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def wire() -> Iterator[AnthropicWire]:
    with AnthropicServer(models=[HAIKU], api_key=KEY) as server:
        yield AnthropicWire(server)


@pytest.fixture
def anyone(wire: AnthropicWire) -> AnthropicWire:
    """The server takes every model."""
    wire.server.models = None
    return wire


def roles(body: dict[str, Any]) -> list[str]:
    return [line["role"] for line in body["messages"]]


def kinds(line: dict[str, Any]) -> list[str]:
    return [block["type"] for block in line["content"]]


def turn(*talk: Message, now: str = "Today is Friday.", said: str = "And on Sundays?", **fields: Any) -> ChatRequest:
    """A request as the product builds it: the prompt, the talk, what holds now, the caller's line."""
    prompt = Message("system", "You are a receptionist. " * 40)
    return ask(prompt, *talk, Message("system", now), Message("user", said), **fields)


class TestRequest:
    async def test_the_version_s_own_fields_and_no_others(self, wire: AnthropicWire) -> None:
        await collect(wire.connect(), ask(tools=[BOOK], temperature=0.3, max_tokens=80))
        body, headers = wire.sent(), wire.server.requests[-1].headers
        assert headers["anthropic-version"] == "2026-10-21"
        assert headers["authorization"] == f"Bearer {KEY}"
        assert "temperature" not in body
        assert (body["model"], body["max_tokens"], body["stream"]) == (HAIKU, 80, True)
        assert body["system"][0]["text"] == "You are a receptionist."
        assert roles(body) == ["user"]
        [tool] = body["tools"]
        assert tool == {"name": "book", "description": "Books a table.", "input_schema": BOOK.parameters}

    async def test_what_holds_now_stands_behind_the_caller_s_line(self, wire: AnthropicWire) -> None:
        talk = (Message("user", "Open today?"), Message("assistant", "Until five."))
        await collect(wire.connect(), turn(*talk))
        body = wire.sent()
        assert roles(body) == ["user", "assistant", "user", "system"]
        assert body["messages"][-1]["content"][0]["text"] == "Today is Friday."

    async def test_a_talk_that_the_agent_opened(self, wire: AnthropicWire) -> None:
        await collect(wire.connect(), turn(Message("assistant", "Welcome to Casa Roma.")))
        assert roles(wire.sent()) == ["user", "assistant", "user", "system"]

    async def test_results_of_one_step_are_one_message_and_come_first(self, wire: AnthropicWire) -> None:
        calls = (ToolCall("a", "book", {"day": "Fri"}), ToolCall("b", "book", {"day": "Sat"}))
        step = (
            Message("assistant", "One moment.", tool_calls=calls),
            Message("tool", '{"ok": true}', tool_call_id="a"),
            Message("tool", '{"ok": false}', tool_call_id="b"),
        )
        request = turn()
        await collect(wire.connect(), ask(*request.messages, *step, tools=[BOOK]))
        body = wire.sent()
        assert roles(body) == ["user", "system", "assistant", "user"]
        assert kinds(body["messages"][2]) == ["text", "tool_use", "tool_use"]
        assert kinds(body["messages"][3]) == ["tool_result", "tool_result"]
        assert body["messages"][2]["content"][1]["input"] == {"day": "Fri"}

    async def test_a_call_without_a_result_and_a_result_without_a_call_are_left_out(self, wire: AnthropicWire) -> None:
        interrupted = Message("assistant", "One moment.", tool_calls=(ToolCall("a", "book", {}),))
        orphan = Message("tool", "{}", tool_call_id="z")
        await collect(wire.connect(), ask(Message("user", "Hi"), interrupted, orphan, Message("user", "Wait")))
        body = wire.sent()
        assert roles(body) == ["user", "assistant", "user"]
        assert kinds(body["messages"][1]) == ["text"]

    async def test_without_tools_earlier_calls_are_explained_and_none_may_follow(self, wire: AnthropicWire) -> None:
        said = Message("assistant", "", tool_calls=(ToolCall("a", "book", {}),))
        await collect(wire.connect(), ask(Message("user", "Hi"), said, Message("tool", "{}", tool_call_id="a")))
        assert wire.sent()["tools"] == [{"name": "book", "input_schema": {"type": "object"}, "cache_control": ANY}]
        assert wire.sent()["tool_choice"] == {"type": "none"}

    async def test_another_vendor_s_call_id_is_made_fit(self, wire: AnthropicWire) -> None:
        said = Message("assistant", "", tool_calls=(ToolCall("fc:1/ä", "book", {}),))
        await collect(wire.connect(), ask(Message("user", "Hi"), said, Message("tool", "", tool_call_id="fc:1/ä")))
        use, result = wire.sent()["messages"][1]["content"][0], wire.sent()["messages"][2]["content"][0]
        assert use["id"] == result["tool_use_id"] == "fc_1__"

    async def test_empty_lines_are_left_out(self, wire: AnthropicWire) -> None:
        lines = [Message("user", " "), Message("assistant", ""), Message("system", ""), Message("user", "Hi")]
        await collect(wire.connect(), ask(Message("system", "\n"), *lines))
        assert "system" not in wire.sent()
        assert roles(wire.sent()) == ["user"]

    async def test_a_request_never_ends_with_the_assistant(self, wire: AnthropicWire) -> None:
        await collect(wire.connect(), ask(Message("user", "Hi"), Message("assistant", "Hello.")))
        assert roles(wire.sent()) == ["user", "assistant", "user"]

    @pytest.mark.parametrize(
        ("model", "thinking", "effort", "room"),
        [
            ("claude-haiku-5-5", "disabled", None, 0),
            ("claude-sonnet-5-5", "between_tools", None, 256),
            ("claude-opus-5-5", None, "low", 1024),
            ("claude-fable-5-2", None, "low", 1024),
            ("claude-haiku-4-5", None, None, 0),
        ],
    )
    async def test_a_caller_does_not_wait_for_thinking(
        self, anyone: AnthropicWire, model: str, thinking: str | None, effort: str | None, room: int
    ) -> None:
        await collect(anyone.connect(model=model), ask(max_tokens=100))
        body = anyone.sent()
        assert body.get("thinking", {}).get("type") == thinking
        assert body.get("output_config", {}).get("effort") == effort
        assert body["max_tokens"] == 100 + room
        assert len(anyone.server.requests) == 1

    async def test_a_base_url_with_the_version_in_it_is_taken_too(self, wire: AnthropicWire) -> None:
        chat = AnthropicChat("anthropic", HAIKU, base_url=f"{wire.server.base_url}/v1/", api_key=KEY)
        await collect(chat)
        assert wire.server.requests[-1].path == "/v1/messages"

    async def test_an_answer_schema_is_asked_for(self, wire: AnthropicWire) -> None:
        shape = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
        wire.answer('{"a": "b"}')
        assert text_of(await collect(wire.connect(), ask(answer_schema=shape))) == '{"a": "b"}'
        assert wire.sent()["output_config"]["format"] == {"type": "json_schema", "schema": shape}


class TestCache:
    async def test_break_points_stand_behind_what_is_stable(self, wire: AnthropicWire) -> None:
        await collect(wire.connect(), turn(tools=[BOOK]))
        body = wire.sent()
        assert "cache_control" in body["system"][0]
        assert "cache_control" in body["messages"][0]["content"][-1]
        assert "cache_control" not in body["messages"][1]["content"][0], "what holds now changes with each turn"
        assert str(body).count("cache_control") == 2

    async def test_a_second_turn_reads_the_first_one_from_the_cache(self, wire: AnthropicWire) -> None:
        wire.server.caches = True
        chat = wire.connect()
        talk: list[Message] = []
        read: list[Usage] = []
        for hour, line in enumerate(("Open on Fridays?", "Until when?", "And with a dog?")):
            events = await collect(chat, turn(*talk, now=f"It is {hour} o'clock.", said=line, tools=[BOOK]))
            last = events[-1]
            assert isinstance(last, Finished)
            read.append(last.usage)
            talk += [Message("user", line), Message("assistant", text_of(events))]
        first, second, third = read
        assert first.cached_tokens == 0
        assert second.cached_tokens > 250, "tools, prompt and the first line"
        assert third.cached_tokens > second.cached_tokens, "and the talk as it grows"
        assert third.prompt_tokens - third.cached_tokens < 80

    async def test_usage_counts_what_the_vendor_leaves_out(self, wire: AnthropicWire) -> None:
        last = (await collect(wire.connect()))[-1]
        assert isinstance(last, Finished)
        assert last.usage == Usage(prompt_tokens=42, completion_tokens=7, cached_tokens=16)


class TestConcessions:
    async def test_a_model_that_cannot_stop_thinking_is_asked_for_little(self, anyone: AnthropicWire) -> None:
        chat = anyone.connect(model="claude-haiku-5-9")
        sentence = '"thinking.type.disabled" is not supported for this model. Use "output_config.effort".'
        anyone.server.queue(wires.failure(400, "invalid_request_error", sentence))
        await collect(chat)
        await collect(chat)
        assert [request.body.get("thinking") for request in anyone.server.requests] == [
            {"type": "disabled"},
            None,
            None,
        ]
        assert anyone.sent()["output_config"] == {"effort": "low"}

    async def test_a_model_without_effort(self, anyone: AnthropicWire) -> None:
        chat = anyone.connect(model="claude-opus-5-5")
        anyone.server.queue(
            wires.failure(400, "invalid_request_error", "This model does not support the effort parameter.")
        )
        await collect(chat)
        assert "output_config" not in anyone.sent()

    async def test_a_model_without_system_messages_in_the_talk(self, wire: AnthropicWire) -> None:
        sentence = "messages.1.role: Input should be 'user' or 'assistant'"
        wire.server.queue(wires.failure(400, "invalid_request_error", sentence))
        await collect(wire.connect(), turn())
        body = wire.sent()
        assert roles(body) == ["user"]
        assert [block["text"].startswith("Today") for block in body["system"]] == [False, True]
        assert "cache_control" in body["system"][0]
        assert "cache_control" not in body["system"][1]

    async def test_a_schema_too_large_is_left_out_and_another_one_is_not(self, wire: AnthropicWire) -> None:
        shapes = [
            {"type": "object", "properties": {name: {"type": "string"}}, "additionalProperties": False}
            for name in ("a", "b")
        ]
        sentence = "output_config.format.schema: Invalid schema: The compiled grammar is too large."
        wire.server.queue(wires.failure(400, "invalid_request_error", sentence))
        chat = wire.connect()
        for shape in (shapes[0], shapes[0], shapes[1]):
            await collect(chat, ask(answer_schema=shape))
        asked = ["output_config" in request.body for request in wire.server.requests]
        assert asked == [True, False, False, True]

    async def test_a_400_about_anything_else_is_an_error_at_once(self, wire: AnthropicWire) -> None:
        wire.server.queue(wires.failure(400, "invalid_request_error", "messages: too long"))
        _, error = await fail(wire.connect(), turn())
        assert type(error) is ProviderRefused
        assert "too long" in error.detail
        assert wire.requests() == 1
