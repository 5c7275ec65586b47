"""Retell through its own SDK, against a local server that speaks its wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from parley.inference.carrier import AgentSpec, PlaceCall, PlacingUnknown, PublishedAgent
from parley.inference.errors import (
    ProviderBusy,
    ProviderError,
    ProviderKeyRejected,
    ProviderRefused,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.inference.retell_call import RECORD_KEY
from parley.kit import guard
from parley.providers.retell import Retell
from tests.wire.retell_server import Failure, RetellServer

pytestmark = pytest.mark.anyio

KEY = "key_0123456789"
CREATE = "/v2/create-phone-call"
SPEC = AgentSpec(
    name="Check-in",
    language="de",
    line_url="wss://parley.example/retell/llm/secret",
    webhook_url="https://parley.example/webhooks/retell",
    voice="en-US-Neural2-A",
    voice_settings={"speed": 5, "carrier": "retell"},
)


@pytest.fixture
def server() -> Iterator[RetellServer]:
    with RetellServer(KEY) as running:
        yield running


@pytest.fixture
async def carrier(server: RetellServer) -> AsyncIterator[Retell]:
    retell = Retell(KEY, f"{server.base_url}/v2", place_seconds=0.6, read_seconds=0.6, tries=0)
    yield retell
    await retell.aclose()


def order(call_id: str = "record-1", **more: Any) -> PlaceCall:
    values: dict[str, Any] = {
        "tenant_id": "tenant",
        "call_id": call_id,
        "agent_id": "ours",
        "to_number": "+16085550117",
        "from_number": "+16085550100",
        "agent": None,
        "variables": {"driver_name": "Mo", "load_number": "7891-B"},
    }
    return PlaceCall(**{**values, **more})


async def test_a_call_is_placed_with_what_retell_must_know(server: RetellServer, carrier: Retell) -> None:
    agent = await carrier.publish_agent(SPEC, None)
    call_id = await carrier.place(order(agent=agent))
    assert call_id in server.calls
    [asked] = server.requests(CREATE)
    assert asked.body == {
        "from_number": "+16085550100",
        "to_number": "+16085550117",
        "override_agent_id": agent.id,
        "override_agent_version": agent.version,
        "metadata": {RECORD_KEY: "record-1"},
        "retell_llm_dynamic_variables": {"driver_name": "Mo", "load_number": "7891-B"},
        "idempotency_key": "record-1",
    }
    assert await carrier.place(order(agent=agent)) == call_id, "the same record is the same call"
    assert server.calls_dialled == 1


@pytest.mark.parametrize(
    ("failure", "kind", "code"),
    [
        (Failure(400, "on the DNC list"), ProviderRefused, "provider.refused"),
        (Failure(401), ProviderKeyRejected, "provider.key_rejected"),
        (Failure(402, "no card"), ProviderError, "carrier.payment_required"),
        (Failure(404, "agent not found"), ProviderRefused, "provider.refused"),
        (Failure(422, "to_number"), ProviderRefused, "provider.refused"),
        (Failure(429, "concurrency", {"retry-after": "7"}), ProviderBusy, "provider.busy"),
        (Failure(500), PlacingUnknown, "carrier.placing_unknown"),
        (Failure(503), PlacingUnknown, "carrier.placing_unknown"),
        (Failure(408), PlacingUnknown, "carrier.placing_unknown"),
        (Failure(409), PlacingUnknown, "carrier.placing_unknown"),
        (Failure(wait=2.0), PlacingUnknown, "carrier.placing_unknown"),
        (Failure(0), PlacingUnknown, "carrier.placing_unknown"),
    ],
    ids=lambda value: str(getattr(value, "status", getattr(value, "__name__", value))),
)
async def test_what_goes_wrong_is_told_apart_and_never_repeated(
    server: RetellServer, failure: Failure, kind: type[ProviderError], code: str
) -> None:
    """Even an account that allows repetitions places a call once."""
    eager = Retell(KEY, server.base_url, place_seconds=0.6, tries=2)
    server.fail(CREATE, failure)
    with pytest.raises(kind) as caught:
        await eager.place(order())
    assert type(caught.value) is kind
    assert caught.value.code == code
    assert caught.value.retry_after == (7 if failure.status == 429 else None)
    assert len(server.requests(CREATE)) == 1
    await eager.aclose()


async def test_a_server_that_is_not_there_dialled_nobody() -> None:
    nobody = Retell(KEY, "http://127.0.0.1:9", place_seconds=1)
    with pytest.raises(ProviderUnavailable) as caught:
        await nobody.place(order())
    assert type(caught.value) is ProviderUnavailable
    await nobody.aclose()


async def test_a_slow_answer_within_the_time_is_an_answer(server: RetellServer, carrier: Retell) -> None:
    server.fail(CREATE, Failure(429, "busy", wait=0.3))
    with pytest.raises(ProviderBusy):
        await carrier.place(order())


async def test_a_call_whose_answer_was_lost_is_found_by_our_record(server: RetellServer, carrier: Retell) -> None:
    assert await carrier.find("record-1") is None
    server.fail(CREATE, Failure(0, after=True))
    with pytest.raises(PlacingUnknown):
        await carrier.place(order())
    found = await carrier.find("record-1")
    assert found is not None
    assert (found.call_id, found.status, found.to_number) == ("record-1", "registered", "+16085550117")
    assert await carrier.find("record-2") is None
    assert server.calls_dialled == 1


async def test_a_call_is_looked_at(server: RetellServer, carrier: Retell) -> None:
    call_id = await carrier.place(order())
    server.change_call(
        call_id,
        call_status="ended",
        start_timestamp=1767225600000,
        end_timestamp=1767225661400,
        disconnection_reason="user_hangup",
        transcript="Agent: Hi\nUser: Hello",
        transcript_object=[
            {"role": "agent", "content": "Hi", "words": [{"word": "Hi", "start": 0.4, "end": 0.6}]},
            {"role": "user", "content": "Hello"},
            {"role": "tool_call_result", "tool_call_id": "x", "content": "{}"},
        ],
        something_new={"a": 1},
    )
    told = await carrier.look(call_id)
    assert told is not None
    assert (told.status, told.reason, told.seconds) == ("ended", "user_hangup", 61.4)
    assert [(line.role, line.content, line.at) for line in told.lines] == [
        ("agent", "Hi", 0.4),
        ("user", "Hello", None),
    ]
    assert await carrier.look("call_unknown") is None


async def test_a_call_is_stopped_and_stopping_again_is_fine(server: RetellServer, carrier: Retell) -> None:
    call_id = await carrier.place(order())
    for _ in range(2):
        await carrier.stop(call_id)
    await carrier.stop("call_unknown")
    assert server.calls[call_id]["disconnection_reason"] == "manual_stopped"
    server.fail("/v2/stop-call", Failure(500))
    with pytest.raises(ProviderUnavailable):
        await carrier.stop(call_id)


@pytest.mark.parametrize("old", [False, True], ids=["sdk's path", "older path"])
async def test_an_agent_is_made_published_and_brought_up_to_date(old: bool) -> None:
    with RetellServer(KEY, old_publish_path=old) as server:
        carrier = Retell(KEY, server.base_url)
        made = await carrier.publish_agent(SPEC, None)
        [there] = server.agents[made.id]
        assert there["is_published"]
        assert there["response_engine"] == {"type": "custom-llm", "llm_websocket_url": SPEC.line_url}
        assert there["webhook_url"] == SPEC.webhook_url
        assert set(there["webhook_events"]) >= {"call_started", "call_ended", "call_analyzed", "transcript_updated"}
        assert (there["language"], there["voice_id"], there["voice_speed"]) == ("de-DE", "11labs-Adrian", 2)
        assert await carrier.drift(SPEC, made) == []

        renamed = AgentSpec("Renamed", "en", SPEC.line_url, SPEC.webhook_url, voice="openai-Alloy")
        assert len(await carrier.drift(renamed, made)) == 3
        changed = await carrier.publish_agent(renamed, made)
        assert (changed.id, changed.version) == (made.id, made.version + 1)
        assert server.agents[made.id][0]["agent_name"] == "Check-in", "what was published stays"
        assert server.agents[made.id][1]["voice_id"] == "openai-Alloy"
        assert await carrier.drift(renamed, changed) == []
        await carrier.aclose()


async def test_an_agent_that_is_gone_there_is_made_again(server: RetellServer, carrier: Retell) -> None:
    made = await carrier.publish_agent(SPEC, PublishedAgent("agent_deleted", 3))
    assert made.id in server.agents
    assert "does not know" in (await carrier.drift(SPEC, PublishedAgent("agent_deleted", 3)))[0]


async def test_the_secret_of_a_line_is_not_said(server: RetellServer, carrier: Retell) -> None:
    made = await carrier.publish_agent(SPEC, None)
    server.agents[made.id][0]["response_engine"]["llm_websocket_url"] = "wss://elsewhere.example/other-secret"
    [sentence] = await carrier.drift(SPEC, made)
    assert "secret" not in sentence


async def test_a_number_leads_to_the_agent(server: RetellServer, carrier: Retell) -> None:
    server.numbers["+16085550100"] = {"phone_number": "+16085550100"}
    await carrier.assign_number("+16085550100", PublishedAgent("agent_1", 2), "https://parley.example/in")
    there = server.numbers["+16085550100"]
    assert (
        there["inbound_agents"]
        == there["outbound_agents"]
        == [{"agent_id": "agent_1", "agent_version": 2, "weight": 1.0}]
    )
    assert there["inbound_webhook_url"] == "https://parley.example/in"
    with pytest.raises(ProviderRefused):
        await carrier.assign_number("+16085550199", PublishedAgent("agent_1", 2), "https://parley.example/in")


async def test_reading_is_repeated_and_says_what_went_wrong(server: RetellServer) -> None:
    carrier = Retell(KEY, server.base_url, read_seconds=0.4, tries=1)
    server.fail("/v2/get-call", Failure(500, headers={"retry-after-ms": "1"}))
    assert await carrier.look("call_unknown") is None
    assert len(server.requests("/v2/get-call")) == 2
    again = {"retry-after-ms": "1"}
    server.fail("/v2/get-call", Failure(503, headers=again), Failure(503))
    with pytest.raises(ProviderUnavailable):
        await carrier.look("call_unknown")
    await carrier.aclose()
    slow = Retell(KEY, server.base_url, read_seconds=0.2, tries=0)
    server.fail("/v2/get-call", Failure(500, wait=1.0))
    with pytest.raises(ProviderStalled):
        await slow.look("call_unknown")
    await slow.aclose()


async def test_no_vendor_is_asked_inside_a_transaction(carrier: Retell) -> None:
    with guard.transaction_open(), pytest.raises(guard.CalledInsideTransaction):
        await carrier.look("call_1")
