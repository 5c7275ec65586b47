from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from parley.inference.chat import ChatEvent, Finished, Message, TextDelta, ToolCall
from parley.inference.errors import (
    ProviderBusy,
    ProviderCut,
    ProviderModelUnknown,
    ProviderRefused,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.inference.fallback import Budget, FallbackChat
from parley.inference.ports import ChatModel
from parley.inference.usage import Usage
from parley.providers.catalog import Access, ProviderKeys, resolve
from parley.providers.openai_chat import OpenAIChat, OpenAIClients, Timeouts
from tests.wire import openai_replies as wires
from tests.wire.chat_contract import BOOK, FIRST, GAP, TAIL, ChatContract, ask, collect, fail, text_of
from tests.wire.openai_replies import chunk, failure, streamed
from tests.wire.openai_server import OpenAIServer

KEY = "sk-test-1234"
MODELS = {"openai": "gpt-5.4-mini", "groq": "openai/gpt-oss-20b", "vllm": "qwen3"}


class OpenAIWire:
    """The contract's view of one row of the catalog on its server."""

    def __init__(self, vendor: str, server: OpenAIServer) -> None:
        self.vendor = vendor
        self.server = server

    def connect(self, *, api_key: str = KEY, model: str = "", timeouts: Timeouts | None = None) -> ChatModel:
        model = model or MODELS[self.vendor]
        keys = ProviderKeys({self.vendor: Access(api_key, self.server.base_url)})
        return resolve(f"{self.vendor}/{model}", keys, timeouts=timeouts or Timeouts(FIRST, GAP, TAIL, 0.5))

    def answer(self, text: str) -> None:
        groq = self.vendor == "groq"
        self.server.queue(wires.groq_streamed(text, reasoning="They ask for hours.") if groq else streamed(text))

    def call_tools(self, *calls: tuple[str, str, str]) -> None:
        self.server.queue(wires.tool_called(*calls))

    def rate_limit(self, headers: dict[str, str]) -> None:
        self.server.queue(wires.rate_limited(headers))

    def fail(self, status: int) -> None:
        self.server.queue(failure(status))

    def stall(self, after: str) -> None:
        self.server.queue(wires.stall_after(after) if after else wires.stall_before_headers())

    def keep_alive(self, after: str) -> None:
        self.server.queue(wires.comments_after(after))

    def cut(self, after: str) -> None:
        self.server.queue(wires.cut_after(after))

    def end(self, after: str) -> None:
        self.server.queue(wires.ended_after(after))

    def break_in_stream(self, after: str) -> None:
        groq = self.vendor == "groq"
        broken = wires.groq_streamed(after, error="upstream gone") if groq else wires.error_in_stream(after)
        self.server.queue(broken)

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


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def serve(vendor: str) -> OpenAIServer:
    flavour = vendor if vendor in {"openai", "groq"} else "local"
    return OpenAIServer(flavour=flavour, models=[MODELS[vendor]], api_key=KEY)


@pytest.fixture(params=sorted(MODELS))
def wire(request: pytest.FixtureRequest) -> Iterator[OpenAIWire]:
    with serve(request.param) as server:
        yield OpenAIWire(request.param, server)


@pytest.fixture
def openai() -> Iterator[OpenAIWire]:
    with serve("openai") as server:
        yield OpenAIWire("openai", server)


@pytest.fixture
def groq() -> Iterator[OpenAIWire]:
    with serve("groq") as server:
        yield OpenAIWire("groq", server)


class TestContract(ChatContract):
    """OpenAI, Groq and a local server pass the suite for hosted models."""


def sent(wire: OpenAIWire) -> dict[str, Any]:
    body: dict[str, Any] = wire.server.requests[-1].body
    return body


class TestRequest:
    async def test_openai_gets_its_own_fields(self, openai: OpenAIWire) -> None:
        await collect(openai.connect(), ask(tools=[BOOK], temperature=0.3, max_tokens=80))
        body = sent(openai)
        assert body["model"] == "gpt-5.4-mini"
        assert body["stream_options"] == {"include_usage": True, "include_obfuscation": False}
        assert body["max_completion_tokens"] >= 80
        assert body["temperature"] == 0.3
        assert body["tools"][0]["function"]["name"] == "book"
        assert "max_tokens" not in body
        assert openai.server.requests[-1].headers["authorization"] == f"Bearer {KEY}"

    async def test_the_cache_key_follows_the_stable_prefix_alone(self, openai: OpenAIWire) -> None:
        chat = openai.connect()
        keys = []
        for system, question in [("A", "one"), ("A", "two"), ("B", "two")]:
            await collect(chat, ask(Message("system", system), Message("user", question)))
            keys.append(sent(openai)["prompt_cache_key"])
        assert keys[0] == keys[1] != keys[2]

    async def test_groq_thinks_little_and_in_silence(self, groq: OpenAIWire) -> None:
        groq.answer("We open at nine.")
        events = await collect(groq.connect())
        assert text_of(events) == "We open at nine."
        body = sent(groq)
        assert (body["reasoning_effort"], body["include_reasoning"]) == ("low", False)
        assert {"n", "prompt_cache_key", "max_tokens"}.isdisjoint(body)
        last = events[-1]
        assert isinstance(last, Finished)
        assert last.usage == Usage(12, 3)

    async def test_tool_calls_and_results_have_the_nested_shape(self, openai: OpenAIWire) -> None:
        call = ToolCall("call_1", "book", {"day": "Köln"})
        said = Message("assistant", "", tool_calls=(call,))
        await collect(openai.connect(), ask(Message("user", "Hi"), said, Message("tool", "{}", tool_call_id="call_1")))
        _, assistant, tool = sent(openai)["messages"]
        assert assistant["content"] is None
        assert assistant["tool_calls"][0]["function"] == {"name": "book", "arguments": '{"day": "Köln"}'}
        assert tool == {"role": "tool", "tool_call_id": "call_1", "content": "{}"}

    async def test_a_refused_field_is_left_out_from_then_on(self, openai: OpenAIWire) -> None:
        refusal = failure(400, code="unsupported_value", param="temperature", message="Unsupported value.")
        openai.server.queue(refusal, streamed("Yes."), streamed("Again."))
        chat = openai.connect()
        assert text_of(await collect(chat, ask(temperature=0.3))) == "Yes."
        assert text_of(await collect(chat, ask(temperature=0.3))) == "Again."
        assert ["temperature" in request.body for request in openai.server.requests] == [True, False, False]

    async def test_a_refused_reasoning_effort_is_raised_then_left_out(self, openai: OpenAIWire) -> None:
        refusal = failure(400, code="unsupported_value", param="reasoning_effort")
        openai.server.queue(refusal, refusal, streamed("Yes."))
        assert text_of(await collect(openai.connect())) == "Yes."
        efforts = [request.body.get("reasoning_effort") for request in openai.server.requests]
        assert efforts == ["none", "low", None]

    async def test_the_bound_on_the_reply_takes_the_name_the_model_wants(self, openai: OpenAIWire) -> None:
        chat = OpenAIChat("vllm", "gpt-5.4-mini", base_url=openai.server.base_url, api_key=KEY)
        await collect(chat, ask(max_tokens=80))
        assert ["max_tokens" in request.body for request in openai.server.requests] == [True, False]
        assert sent(openai)["max_completion_tokens"] == 80

    async def test_an_answer_schema_gives_way_to_plain_json_and_then_to_words(self, openai: OpenAIWire) -> None:
        refusal = failure(400, code="unsupported_value", param="response_format")
        openai.server.queue(refusal, refusal, streamed("{}"))
        shape = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
        await collect(openai.connect(), ask(answer_schema=shape))
        forms = [sent.body.get("response_format", {}).get("type") for sent in openai.server.requests]
        assert forms == ["json_schema", "json_object", None]

    async def test_a_field_that_stays_refused_ends_in_an_error(self, openai: OpenAIWire) -> None:
        openai.server.queue(*[failure(400, param="temperature")] * 3)
        _, error = await fail(openai.connect(), ask(temperature=0.3))
        assert isinstance(error, ProviderRefused)
        assert len(openai.server.requests) == 2


SHAPE = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


class TestAnswerSchema:
    async def test_openai_streams_it_strictly(self, openai: OpenAIWire) -> None:
        openai.server.queue(streamed('{"a": "b"}'))
        assert text_of(await collect(openai.connect(), ask(answer_schema=SHAPE))) == '{"a": "b"}'
        asked = sent(openai)["response_format"]["json_schema"]
        assert (asked["strict"], asked["schema"], sent(openai)["stream"]) == (True, SHAPE, True)

    @pytest.mark.parametrize(
        "loose",
        [
            {**SHAPE, "additionalProperties": True},
            {**SHAPE, "required": []},
            {**SHAPE, "properties": {"a": {"type": "object", "properties": {"b": {}}}}},
            {**SHAPE, "properties": {"a": {"type": "array", "items": {"type": "object"}}}},
            {"type": "array", "items": SHAPE},
            {**SHAPE, "anyOf": [SHAPE]},
        ],
    )
    async def test_a_schema_that_strictness_does_not_take_is_asked_for_loosely(
        self, openai: OpenAIWire, loose: dict[str, Any]
    ) -> None:
        await collect(openai.connect(), ask(answer_schema=loose))
        assert sent(openai)["response_format"]["json_schema"]["strict"] is False
        assert openai.requests() == 1

    async def test_groq_gives_it_in_one_piece(self, groq: OpenAIWire) -> None:
        groq.server.queue(wires.whole('{"a": "b"}'))
        events = await collect(groq.connect(), ask(answer_schema=SHAPE))
        assert events == [TextDelta('{"a": "b"}'), Finished("stop", Usage(42, 7, 32), "groq/openai/gpt-oss-20b")]
        assert (sent(groq)["stream"], "stream_options" in sent(groq)) == (False, False)
        assert sent(groq)["response_format"]["json_schema"]["strict"] is True

    async def test_groq_s_tools_come_before_the_schema(self, groq: OpenAIWire) -> None:
        groq.call_tools(("c", "book", "{}"))
        events = await collect(groq.connect(), ask(answer_schema=SHAPE, tools=[BOOK]))
        assert events[0] == ToolCall("c", "book", {})
        assert "response_format" not in sent(groq)

    async def test_other_models_of_groq_promise_nothing(self, groq: OpenAIWire) -> None:
        groq.server.models = None
        groq.server.queue(wires.whole('{"a": "b"}'))
        await collect(groq.connect(model="qwen/qwen3.8-27b"), ask(answer_schema=SHAPE))
        assert sent(groq)["response_format"]["json_schema"]["strict"] is False
        assert sent(groq)["reasoning_effort"] == "none"
        assert "include_reasoning" not in sent(groq)

    async def test_an_answer_in_one_piece_may_take_longer_but_not_for_ever(self, groq: OpenAIWire) -> None:
        groq.server.queue(
            wires.Behaviour(before=wires.Wait(FIRST + 0.1), body=wires.whole("{}").body), wires.stall_before_headers()
        )
        chat = groq.connect()
        assert text_of(await collect(chat, ask(answer_schema=SHAPE))) == "{}"
        _, error = await fail(chat, ask(answer_schema=SHAPE))
        assert isinstance(error, ProviderStalled)

    async def test_an_answer_that_does_not_fit_is_refused_and_can_be_asked_for_in_words(self, groq: OpenAIWire) -> None:
        groq.server.queue(failure(400, code="json_validate_failed", message="Failed to generate JSON."))
        _, error = await fail(groq.connect(), ask(answer_schema=SHAPE))
        assert type(error) is ProviderRefused

    async def test_a_page_instead_of_an_answer_is_a_cut(self, groq: OpenAIWire) -> None:
        groq.server.queue(wires.Behaviour(body={"hello": "world"}))
        _, error = await fail(groq.connect(), ask(answer_schema=SHAPE))
        assert isinstance(error, ProviderCut)


class TestReply:
    @pytest.mark.parametrize(
        ("finish", "reason"),
        [("stop", "stop"), ("length", "length"), ("content_filter", "content_filter"), ("new_reason", "stop")],
    )
    async def test_finish_reasons(self, openai: OpenAIWire, finish: str, reason: str) -> None:
        openai.server.queue(streamed("We open", finish=finish))
        last = (await collect(openai.connect()))[-1]
        assert isinstance(last, Finished)
        assert last.reason == reason

    async def test_cached_tokens_are_counted(self, openai: OpenAIWire) -> None:
        last = (await collect(openai.connect()))[-1]
        assert isinstance(last, Finished)
        assert last.usage == Usage(prompt_tokens=42, completion_tokens=7, cached_tokens=32)

    async def test_a_call_that_ends_with_stop_is_still_a_call(self, openai: OpenAIWire) -> None:
        openai.server.queue(wires.tool_called(("c", "book", '{"day":"Fri"}'), before="One moment.", finish="stop"))
        events = await collect(openai.connect(), ask(tools=[BOOK]))
        assert text_of(events) == "One moment."
        assert events[-2] == ToolCall("c", "book", {"day": "Fri"})
        assert isinstance(events[-1], Finished)
        assert events[-1].reason == "tool_calls"

    async def test_a_call_cut_by_the_token_limit_says_so(self, openai: OpenAIWire) -> None:
        openai.server.queue(wires.tool_called(("c", "book", '{"day":"F'), finish="length"))
        _, error = await fail(openai.connect(), ask(tools=[BOOK]))
        assert "token limit" in error.detail

    async def test_a_refusal_is_not_spoken(self, openai: OpenAIWire) -> None:
        openai.server.queue(wires.refused("I cannot help with that."))
        events, error = await fail(openai.connect())
        assert events == []
        assert isinstance(error, ProviderRefused)
        assert "I cannot help" in error.detail

    @pytest.mark.parametrize("finish", ["stop", "length", "content_filter"])
    async def test_a_reply_without_a_word_is_refused(self, openai: OpenAIWire, finish: str) -> None:
        openai.server.queue(streamed(" ", finish=finish))
        _, error = await fail(openai.connect())
        assert isinstance(error, ProviderRefused)
        assert error.code == "provider.empty_reply"

    async def test_hidden_reasoning_is_no_sign_of_an_answer(self, openai: OpenAIWire) -> None:
        thoughts = [chunk({"reasoning_content": f"Hm {n}."}) for n in range(3)]
        steps = [step for thought in thoughts for step in (thought, wires.Wait(0.1))]
        openai.server.queue(wires.Behaviour((*steps, *streamed("Nine.").steps)))
        events, error = await fail(openai.connect())
        assert (events, type(error)) == ([], ProviderStalled)

    async def test_a_usage_that_never_comes_costs_a_moment(self, openai: OpenAIWire) -> None:
        openai.server.queue(wires.slow_close("Nine.", after_done=False))
        events = await collect(openai.connect())
        assert events == [TextDelta("Nine."), Finished("stop", Usage(), "openai/gpt-5.4-mini")]

    async def test_a_connection_lost_after_the_finish_is_no_loss(self, openai: OpenAIWire) -> None:
        openai.server.queue(wires.Behaviour((*streamed("Nine.").steps[:-2], wires.Cut())))
        assert text_of(await collect(openai.connect())) == "Nine."

    async def test_garbage_in_the_stream_is_a_cut(self, openai: OpenAIWire) -> None:
        openai.server.queue(wires.Behaviour((*wires.text_chunks(["We"]), wires.Raw(b"data: {nonsense\n\n"))))
        _, error = await fail(openai.connect())
        assert isinstance(error, ProviderCut)

    async def test_a_page_instead_of_a_stream_is_a_cut(self, openai: OpenAIWire) -> None:
        openai.server.queue(wires.Behaviour((wires.Raw(b"<html>Please log in</html>"),)))
        _, error = await fail(openai.connect())
        assert isinstance(error, ProviderCut)

    async def test_events_may_be_split_anywhere(self, openai: OpenAIWire) -> None:
        whole = b"".join(wires.event_bytes(step) for step in streamed("Größe: 5 €.").steps if isinstance(step, dict))
        parts = [wires.Raw(whole[at : at + 7]) for at in range(0, len(whole), 7)]
        openai.server.queue(wires.Behaviour((*parts, wires.DONE)))
        assert text_of(await collect(openai.connect())) == "Größe: 5 €."

    async def test_only_waiting_for_the_vendor_counts_as_silence(self, openai: OpenAIWire) -> None:
        chat = openai.connect(timeouts=Timeouts(FIRST, 0.05, TAIL))
        words: list[ChatEvent] = []
        async for event in chat.stream(ask()):
            if isinstance(event, TextDelta) and not words:
                await asyncio.sleep(0.1)  # the consumer is slow
            words.append(event)
        assert isinstance(words[-1], Finished)


class TestErrors:
    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"retry-after": "1.5"}, 1.5),
            ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
            ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
            ({"retry-after": "soon"}, None),
            ({"retry-after": "-4"}, None),
            ({}, None),
        ],
    )
    async def test_retry_after(self, openai: OpenAIWire, headers: dict[str, str], seconds: float | None) -> None:
        openai.server.queue(wires.rate_limited(headers))
        _, error = await fail(openai.connect())
        assert error.retry_after == seconds

    async def test_an_empty_account_is_not_retried(self, openai: OpenAIWire) -> None:
        openai.server.queue(failure(429, code="insufficient_quota", kind="insufficient_quota"))
        _, error = await fail(openai.connect())
        assert isinstance(error, ProviderBusy)
        assert (error.retryable, error.code) == (False, "provider.quota_exhausted")

    async def test_a_retired_model_gets_its_replacement(self, groq: OpenAIWire) -> None:
        _, error = await fail(groq.connect(model="llama-3.1-8b-instant"))
        assert isinstance(error, ProviderModelUnknown)
        assert "retired on 2026-08-16" in error.detail
        assert "groq/openai/gpt-oss-20b" in error.detail

    async def test_one_s_own_server_may_call_a_model_anything(self, openai: OpenAIWire) -> None:
        chat = OpenAIChat("vllm", "gpt-4", base_url=openai.server.base_url, api_key=KEY)
        _, error = await fail(chat)
        assert isinstance(error, ProviderModelUnknown)
        assert "retired" not in error.detail

    async def test_a_403_for_a_restricted_model_is_about_the_model(self, groq: OpenAIWire) -> None:
        groq.server.models = None
        groq.server.queue(failure(403, kind="permissions_error"))
        _, error = await fail(groq.connect(model="llama-3.3-70b-versatile"))
        assert isinstance(error, ProviderModelUnknown)

    async def test_a_decommissioned_model_is_unknown(self, groq: OpenAIWire) -> None:
        groq.server.queue(failure(400, code="model_decommissioned"))
        _, error = await fail(groq.connect())
        assert isinstance(error, ProviderModelUnknown)

    async def test_a_wrong_base_url_is_not_blamed_on_the_model(self, groq: OpenAIWire) -> None:
        chat = OpenAIChat("groq", "openai/gpt-oss-20b", base_url=f"{groq.server.base_url}/openai/v1x", api_key=KEY)
        _, error = await fail(chat)
        assert isinstance(error, ProviderRefused)
        assert "base URL" in error.detail

    async def test_a_tool_call_groq_could_not_form(self, groq: OpenAIWire) -> None:
        groq.server.queue(failure(400, code="tool_use_failed", message="Failed to call a function."))
        _, error = await fail(groq.connect(), ask(tools=[BOOK]))
        assert error.code == "provider.bad_tool_call"

    async def test_groq_without_flex_capacity_is_busy(self, groq: OpenAIWire) -> None:
        groq.server.queue(failure(498))
        _, error = await fail(groq.connect())
        assert isinstance(error, ProviderBusy)

    async def test_a_rate_limit_inside_the_stream_is_busy(self, openai: OpenAIWire) -> None:
        openai.server.queue(wires.error_in_stream("We", code="rate_limit_exceeded"))
        _, error = await fail(openai.connect())
        assert isinstance(error, ProviderBusy)

    async def test_nothing_that_looks_like_a_secret_is_shown(self, openai: OpenAIWire) -> None:
        message = "Organization org-abc123def and key sk-proj-4f5g6h are not allowed."
        openai.server.queue(failure(422, message=message))
        _, error = await fail(openai.connect())
        assert "not allowed" in error.detail
        assert "abc123" not in error.detail
        assert "4f5g6h" not in error.detail

    async def test_a_closed_port_is_unavailable_at_once(self, openai: OpenAIWire) -> None:
        chat = openai.connect()
        openai.server.stop()
        _, error = await fail(chat)
        assert type(error) is ProviderUnavailable


async def test_what_is_not_of_its_kind_counts_as_absent(openai: OpenAIWire) -> None:
    odd: list[wires.Step] = [
        wires.Raw(b'data: "words"\n\ndata: [1]\n\ndata: null\n\n'),
        chunk({"content": 7, "refusal": [], "tool_calls": 1}),
        {"choices": [None], "usage": "none"},
        {"choices": {"0": {}}, "usage": {"prompt_tokens": "many", "completion_tokens": 3.0}},
        chunk({"content": "Yes."}),
        chunk({}, "stop"),
        wires.DONE,
    ]
    openai.server.queue(wires.Behaviour(tuple(odd)))
    events = await collect(openai.connect())
    assert text_of(events) == "Yes."
    assert events[-1] == Finished("stop", Usage(0, 3), openai.connect().name)


async def test_another_vendor_goes_on_where_the_first_was_cut(openai: OpenAIWire, groq: OpenAIWire) -> None:
    openai.cut("We open at nine. Break")
    groq.answer("Breakfast is at eight.")
    events = await collect(FallbackChat([openai.connect(), groq.connect()]))
    assert text_of(events) == "We open at nine. Breakfast is at eight."
    assert sent(groq)["messages"][-2] == {"role": "assistant", "content": "We open at nine."}
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.model == "groq/openai/gpt-oss-20b"


def test_the_default_silences_leave_time_for_the_house_within_three_seconds() -> None:
    assert Timeouts().first < Budget().first_sentence_s < 3.0


class TestClients:
    async def test_models_of_one_key_share_connections(self, openai: OpenAIWire) -> None:
        openai.server.models = None
        clients = OpenAIClients()
        for model in ("gpt-5.4-mini", "gpt-6-luna"):
            chat = OpenAIChat("openai", model, base_url=openai.server.base_url, api_key=KEY, clients=clients)
            openai.server.queue(wires.groq_streamed("Yes."))
            await collect(OpenAIChat("vllm", model, base_url=openai.server.base_url, api_key=KEY, clients=clients))
            await chat.aclose()
        assert openai.connections() == 1
        await clients.aclose()
        await clients.aclose()

    async def test_check_reports_a_bad_key_and_passes_a_good_one(self, openai: OpenAIWire) -> None:
        good = openai.connect()
        assert isinstance(good, OpenAIChat)
        await good.check()
        bad = openai.connect(api_key="sk-wrong")
        assert isinstance(bad, OpenAIChat)
        with pytest.raises(Exception, match="rejected the API key"):
            await bad.check()
