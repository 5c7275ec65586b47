from __future__ import annotations

from collections.abc import Iterator

import pytest

from parley.inference.chat import Finished, Message, TextDelta, ToolCall
from parley.inference.errors import (
    ProviderBusy,
    ProviderCut,
    ProviderKeyRejected,
    ProviderModelUnknown,
    ProviderRefused,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.providers.anthropic_chat import AnthropicChat, AnthropicClients
from tests.wire import anthropic_replies as wires
from tests.wire.anthropic_server import AnthropicServer
from tests.wire.anthropic_wire import HAIKU, KEY, AnthropicWire
from tests.wire.chat_contract import BOOK, ChatContract, ask, collect, fail, text_of
from tests.wire.openai_replies import Behaviour, Cut, Raw, Wait


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

    async def test_pieces_count_where_the_start_holds_an_input_too(self, wire: AnthropicWire) -> None:
        start = {"type": "tool_use", "id": "c", "name": "book", "input": {"day": "Sat"}}
        wire.server.queue(wires.replied((start, wires.use_of("c", "book", '{"day": "Fri"}')[1]), reason="tool_use"))
        [call, _] = await collect(wire.connect(), ask(tools=[BOOK]))
        assert call == ToolCall("c", "book", {"day": "Fri"})

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


async def test_the_first_piece_comes_before_the_reply_is_complete(wire: AnthropicWire) -> None:
    wire.stall("We open at nine")
    stream = wire.connect().stream(ask())
    assert await anext(stream) == TextDelta("We")
    await stream.aclose()
