from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import ANY

import pytest

from parley.inference.chat import ChatRequest, Finished, Message, TextDelta, ToolCall
from parley.inference.errors import (
    ProviderBusy,
    ProviderCut,
    ProviderKeyRejected,
    ProviderModelUnknown,
    ProviderRefused,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.inference.ports import ChatModel
from parley.inference.usage import Usage
from parley.providers.anthropic_chat import AnthropicChat, AnthropicClients, Timeouts
from parley.providers.catalog import Access, ProviderKeys, resolve
from tests.wire import anthropic_replies as wires
from tests.wire.anthropic_server import AnthropicServer
from tests.wire.chat_contract import BOOK, FIRST, GAP, TAIL, ChatContract, ask, collect, fail, text_of
from tests.wire.openai_replies import Behaviour, Cut, Raw, Wait

KEY = "sk-ant-test-1234"
HAIKU = "claude-haiku-5-5"


class AnthropicWire:
    """The contract's view of the catalog's row on its server."""

    def __init__(self, server: AnthropicServer) -> None:
        self.server = server

    def connect(self, *, api_key: str = KEY, model: str = HAIKU, timeouts: Timeouts | None = None) -> ChatModel:
        keys = ProviderKeys({"anthropic": Access(api_key, self.server.base_url)})
        return resolve(f"anthropic/{model}", keys, timeouts=timeouts or Timeouts(FIRST, GAP, TAIL))

    def answer(self, text: str) -> None:
        self.server.queue(wires.streamed(text))

    def call_tools(self, *calls: tuple[str, str, str]) -> None:
        self.server.queue(wires.tool_called(*calls))

    def rate_limit(self, headers: dict[str, str]) -> None:
        self.server.queue(wires.failure(429, "rate_limit_error", headers=headers))

    def fail(self, status: int) -> None:
        kinds = {400: "invalid_request_error", 500: "api_error"}
        self.server.queue(wires.failure(status, kinds.get(status, "api_error")))

    def stall(self, after: str) -> None:
        self.server.queue(wires.stall_after(after) if after else Behaviour(before=Wait()))

    def keep_alive(self, after: str) -> None:
        self.server.queue(wires.pings_after(after))

    def cut(self, after: str) -> None:
        self.server.queue(wires.cut_after(after))

    def end(self, after: str) -> None:
        self.server.queue(wires.ended_after(after))

    def break_in_stream(self, after: str) -> None:
        self.server.queue(wires.error_in_stream(after))

    def close_slowly(self, text: str) -> None:
        self.server.queue(wires.slow_close(text))

    def requests(self) -> int:
        return len(self.server.requests)

    def connections(self) -> int:
        return len({request.port for request in self.server.requests})

    def request_arrived(self) -> bool:
        return self.server.wait_until(lambda server: bool(server.requests))

    def client_left(self) -> bool:
        return self.server.wait_until(lambda server: server.disconnects > 0)

    def sent(self, at: int = -1) -> dict[str, Any]:
        """The body of a request."""
        body: dict[str, Any] = self.server.requests[at].body
        return body


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


class TestContract(ChatContract):
    """Anthropic passes the suite for hosted models."""


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


class TestReply:
    @pytest.mark.parametrize(
        ("stop", "reason"),
        [
            ("end_turn", "stop"),
            ("stop_sequence", "stop"),
            ("pause_turn", "stop"),
            ("max_tokens", "length"),
            ("model_context_window_exceeded", "length"),
            ("something_new", "stop"),
        ],
    )
    async def test_stop_reasons(self, wire: AnthropicWire, stop: str, reason: str) -> None:
        wire.server.queue(wires.streamed("We open", reason=stop))
        last = (await collect(wire.connect()))[-1]
        assert isinstance(last, Finished)
        assert last.reason == reason

    async def test_text_before_a_call(self, wire: AnthropicWire) -> None:
        wire.server.queue(wires.tool_called(("c", "book", '{"day":"Fri"}'), before="One moment."))
        events = await collect(wire.connect(), ask(tools=[BOOK]))
        assert text_of(events) == "One moment."
        assert events[-2] == ToolCall("c", "book", {"day": "Fri"})

    async def test_a_call_cut_by_the_token_limit_says_so(self, wire: AnthropicWire) -> None:
        wire.server.queue(wires.tool_called(("c", "book", '{"day":"F'), reason="max_tokens"))
        _, error = await fail(wire.connect(), ask(tools=[BOOK]))
        assert "token limit" in error.detail

    async def test_an_input_that_comes_whole(self, wire: AnthropicWire) -> None:
        whole = {"type": "tool_use", "id": "c", "name": "book", "input": {"day": "Fri"}}
        wire.server.queue(wires.replied((whole, []), reason="end_turn"))
        *events, last = await collect(wire.connect(), ask(tools=[BOOK]))
        assert events == [ToolCall("c", "book", {"day": "Fri"})]
        assert isinstance(last, Finished)
        assert last.reason == "tool_calls"

    async def test_a_refusal_with_status_200_is_a_refusal(self, wire: AnthropicWire) -> None:
        details = {"type": "refusal", "category": "general_harms"}
        wire.server.queue(wires.replied(wires.text_of("I"), reason="refusal", stop_details=details))
        _, error = await fail(wire.connect())
        assert type(error) is ProviderRefused
        assert "general_harms" in error.detail

    async def test_an_empty_reply_is_refused(self, wire: AnthropicWire) -> None:
        wire.server.queue(wires.replied())
        _, error = await fail(wire.connect())
        assert error.code == "provider.empty_reply"

    async def test_thinking_is_no_text_and_no_sign_of_an_answer(self, wire: AnthropicWire) -> None:
        start, deltas = wires.thought_of("Hm. They ask for hours.")
        slow = [step for delta in deltas for step in (*wires.block(0, start, [delta], closed=False), Wait(0.1))]
        wire.server.queue(
            wires.replied((start, deltas), wires.text_of("At nine.")),
            Behaviour((*wires.begun(), *slow, *wires.streamed("At nine.").steps)),
        )
        chat = wire.connect()
        assert text_of(await collect(chat)) == "At nine."
        events, error = await fail(chat)
        assert (events, type(error)) == ([], ProviderStalled)

    async def test_thoughts_before_a_call_go_back_with_its_result(self, anyone: AnthropicWire) -> None:
        chat = anyone.connect(model="claude-opus-5-5")
        hidden: wires.Block = ({"type": "redacted_thinking", "data": "ZGF0YQ=="}, [])
        anyone.server.queue(
            wires.replied(wires.thought_of(""), hidden, wires.use_of("c", "book", "{}"), reason="tool_use")
        )
        [call, _] = await collect(chat, ask(tools=[BOOK]))
        assert isinstance(call, ToolCall)
        said = Message("assistant", "", tool_calls=(call,))
        await collect(chat, ask(Message("user", "Hi"), said, Message("tool", "{}", tool_call_id="c"), tools=[BOOK]))
        thought, redacted, use = anyone.sent()["messages"][1]["content"]
        assert thought == {"type": "thinking", "thinking": "", "signature": "c2lnbmVk"}
        assert redacted == {"type": "redacted_thinking", "data": "ZGF0YQ=="}
        assert use["type"] == "tool_use"

    async def test_unknown_events_and_deltas_are_passed_over(self, wire: AnthropicWire) -> None:
        odd = [
            wires.event({"type": "content_block_delta", "index": 0, "delta": {"type": "new_delta", "text": "no"}}),
            wires.event({"type": "new_event", "text": "no"}),
            Raw(b'event: message_delta\ndata: "words"\n\nevent: message_delta\ndata: null\n\n'),
            wires.event({"type": "message_delta", "delta": [], "usage": {"output_tokens": "many"}}),
            wires.event({"type": "content_block_start", "index": 5, "content_block": "x"}),
        ]
        wire.server.queue(Behaviour((*wires.begun(), *odd, *wires.block(0, *wires.text_of("Yes.")), *wires.ended())))
        events = await collect(wire.connect())
        assert text_of(events) == "Yes."

    async def test_a_connection_lost_after_the_stop_reason_is_no_loss(self, wire: AnthropicWire) -> None:
        wire.server.queue(Behaviour((*wires.streamed("Nine.").steps[:-1], Cut())))
        assert text_of(await collect(wire.connect())) == "Nine."

    @pytest.mark.parametrize("page", [b"<html>Please log in</html>", b"event: message_start\ndata: {nonsense\n\n"])
    async def test_garbage_is_a_cut(self, wire: AnthropicWire, page: bytes) -> None:
        wire.server.queue(Behaviour((Raw(page),)))
        _, error = await fail(wire.connect())
        assert isinstance(error, ProviderCut)

    async def test_events_may_be_split_anywhere(self, wire: AnthropicWire) -> None:
        whole = b"".join(step.data for step in wires.streamed("Größe: 5 €.").steps if isinstance(step, Raw))
        wire.server.queue(Behaviour(tuple(Raw(whole[at : at + 7]) for at in range(0, len(whole), 7))))
        assert text_of(await collect(wire.connect())) == "Größe: 5 €."


class TestErrors:
    async def test_overloaded_is_busy(self, wire: AnthropicWire) -> None:
        wire.server.queue(wires.failure(529, "overloaded_error", headers={"retry-after": "3"}))
        _, error = await fail(wire.connect())
        assert isinstance(error, ProviderBusy)
        assert (error.retryable, error.retry_after) == (True, 3.0)
        assert "overloaded" in error.detail

    async def test_overloaded_inside_the_stream_is_busy(self, wire: AnthropicWire) -> None:
        wire.server.queue(wires.error_in_stream("Well, we", "overloaded_error", "Overloaded"))
        events, error = await fail(wire.connect())
        assert text_of(events) == "Well, we"
        assert isinstance(error, ProviderBusy)

    @pytest.mark.parametrize(("status", "kind"), [(504, "timeout_error"), (409, "conflict_error"), (408, "")])
    async def test_what_passes_is_unavailable(self, wire: AnthropicWire, status: int, kind: str) -> None:
        wire.server.queue(wires.failure(status, kind))
        _, error = await fail(wire.connect())
        assert type(error) is ProviderUnavailable

    @pytest.mark.parametrize(
        ("status", "kind", "code"),
        [(402, "billing_error", ""), (400, "invalid_request_error", "enforced_spend_limit_reached")],
    )
    async def test_an_empty_account_is_not_retried(
        self, wire: AnthropicWire, status: int, kind: str, code: str
    ) -> None:
        wire.server.queue(wires.failure(status, kind, error_code=code))
        _, error = await fail(wire.connect())
        assert isinstance(error, ProviderBusy)
        assert (error.retryable, error.code) == (False, "provider.quota_exhausted")

    @pytest.mark.parametrize("status", [403, 404])
    async def test_an_ended_model_gets_its_replacement(self, anyone: AnthropicWire, status: int) -> None:
        kind = {403: "permission_error", 404: "not_found_error"}[status]
        anyone.server.queue(wires.failure(status, kind, "model: claude-3-5-sonnet-20241022"))
        _, error = await fail(anyone.connect(model="claude-3-5-sonnet-20241022"))
        assert isinstance(error, ProviderModelUnknown)
        assert "retired on 2026-02-19, use anthropic/claude-sonnet-5-5" in error.detail

    async def test_403_for_a_living_model_is_about_the_key(self, wire: AnthropicWire) -> None:
        wire.server.queue(wires.failure(403, "permission_error"))
        _, error = await fail(wire.connect())
        assert isinstance(error, ProviderKeyRejected)

    async def test_a_wrong_base_url_is_not_blamed_on_the_model(self, wire: AnthropicWire) -> None:
        chat = AnthropicChat("anthropic", HAIKU, base_url=f"{wire.server.base_url}/v2x", api_key=KEY)
        _, error = await fail(chat)
        assert isinstance(error, ProviderRefused)
        assert "base URL" in error.detail

    @pytest.mark.parametrize(
        ("status", "error"), [(413, ProviderRefused), (529, ProviderBusy), (502, ProviderUnavailable)]
    )
    async def test_a_proxy_without_the_vendor_s_body(
        self, wire: AnthropicWire, status: int, error: type[Exception]
    ) -> None:
        wire.server.queue(Behaviour(status=status, body={"message": "no"}))
        _, caught = await fail(wire.connect())
        assert type(caught) is error

    async def test_nothing_that_looks_like_a_key_is_shown(self, wire: AnthropicWire) -> None:
        wire.server.queue(wires.failure(400, "invalid_request_error", "Key sk-ant-api03-abcdef is not allowed."))
        _, error = await fail(wire.connect())
        assert "not allowed" in error.detail
        assert "abcdef" not in error.detail

    async def test_a_closed_port_is_unavailable_at_once(self, wire: AnthropicWire) -> None:
        chat = wire.connect()
        wire.server.stop()
        _, error = await fail(chat)
        assert type(error) is ProviderUnavailable


class TestClients:
    async def test_models_of_one_key_share_connections(self, anyone: AnthropicWire) -> None:
        clients = AnthropicClients()
        for model in (HAIKU, "claude-sonnet-5-5"):
            chat = AnthropicChat("anthropic", model, base_url=anyone.server.base_url, api_key=KEY, clients=clients)
            await collect(chat)
            await chat.aclose()
        assert anyone.connections() == 1
        await clients.aclose()
        await clients.aclose()

    async def test_check_reports_a_bad_key_and_passes_a_good_one(self, wire: AnthropicWire) -> None:
        good = wire.connect()
        assert isinstance(good, AnthropicChat)
        await good.check()
        bad = wire.connect(api_key="sk-wrong")
        assert isinstance(bad, AnthropicChat)
        with pytest.raises(ProviderKeyRejected):
            await bad.check()

    async def test_the_environment_s_key_goes_nowhere(
        self, wire: AnthropicWire, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The SDK would read it; a tenant's adapter must use the tenant's key or none."""
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        _, error = await fail(AnthropicChat("anthropic", HAIKU, base_url=wire.server.base_url))
        assert isinstance(error, ProviderKeyRejected)


async def test_the_server_refuses_what_the_vendor_refuses() -> None:
    """The rules of the wire, at their edges: else the suite proves nothing."""
    import httpx

    asked = {"role": "user", "content": "Hi"}
    good = {"model": "m", "max_tokens": 5, "messages": [asked]}
    said = {"role": "assistant", "content": "Hello"}
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "b", "input": {}}]}
    wrong: list[dict[str, Any]] = [
        {"temperature": 1.0},
        {"messages": [said]},
        {"messages": [asked, said]},
        {"messages": [asked, use, asked]},
        {"messages": [{"role": "user", "content": " "}]},
        {"messages": [{"role": "system", "content": "x"}, asked]},
        {"stream_options": {}},
        {"model": "claude-opus-5-5", "thinking": {"type": "disabled"}},
        {"tools": [{"type": "function", "function": {"name": "b"}}]},
    ]
    with AnthropicServer() as server:
        headers = {"anthropic-version": "2026-10-21", "authorization": "Bearer x"}
        async with httpx.AsyncClient(base_url=server.base_url, headers=headers) as client:
            assert (await client.post("/v1/messages", json=good)).status_code == 200
            for change in wrong:
                answer = await client.post("/v1/messages", content=json.dumps({**good, **change}))
                assert (change, answer.status_code) == (change, 400)
            assert (await client.post("/v1/messages", json=good, headers={"anthropic-version": "1"})).status_code == 400


async def test_the_first_piece_comes_before_the_reply_is_complete(wire: AnthropicWire) -> None:
    wire.stall("We open at nine")
    stream = wire.connect().stream(ask())
    assert await anext(stream) == TextDelta("We")
    await stream.aclose()
