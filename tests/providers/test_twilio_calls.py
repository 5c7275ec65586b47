"""Twilio's calls through its own SDK, against a local server that speaks its wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from parley.inference.carrier import PlaceCall, PlacingUnknown
from parley.inference.errors import (
    ProviderBusy,
    ProviderError,
    ProviderKeyRejected,
    ProviderRefused,
    ProviderUnavailable,
)
from parley.kit import guard
from parley.providers.twilio_calls import Twilio
from tests.wire.retell_server import Failure
from tests.wire.twilio_server import TwilioServer

pytestmark = pytest.mark.anyio

SID, TOKEN = "AC00000000000000000000000000000001", "0123456789abcdef0123456789abcdef"


@pytest.fixture
def server() -> Iterator[TwilioServer]:
    with TwilioServer(SID, TOKEN) as running:
        yield running


@pytest.fixture
async def carrier(server: TwilioServer) -> AsyncIterator[Twilio]:
    twilio = made(server)
    yield twilio
    await twilio.aclose()


def made(server: TwilioServer, token: str = TOKEN) -> Twilio:
    return Twilio(SID, token, "https://parley.example/", server.base_url, place_seconds=0.8, read_seconds=0.8)


def order(**more: Any) -> PlaceCall:
    values: dict[str, Any] = {
        "tenant_id": "tenant",
        "call_id": "record-1",
        "agent_id": "ours",
        "to_number": "+16085550117",
        "from_number": "+16085550100",
        "agent": None,
    }
    return PlaceCall(**{**values, **more})


async def test_a_call_is_placed_looked_at_and_stopped(server: TwilioServer, carrier: Twilio) -> None:
    call_id = await carrier.place(order())
    assert server.forms == [
        [
            ("To", "+16085550117"),
            ("From", "+16085550100"),
            ("StatusCallback", "https://parley.example/twilio/status?call_id=record-1"),
            ("StatusCallbackEvent", "initiated"),
            ("StatusCallbackEvent", "ringing"),
            ("StatusCallbackEvent", "answered"),
            ("StatusCallbackEvent", "completed"),
            ("Timeout", "60"),
            ("Url", "https://parley.example/twilio/voice?call_id=record-1"),
        ]
    ]
    found = await carrier.look(call_id)
    assert found is not None
    assert (found.id, found.status, found.direction) == (call_id, "registered", "outbound")
    server.calls[call_id] |= {"status": "in-progress", "start_time": "Fri, 20 Nov 2026 18:00:05 +0000"}
    found = await carrier.look(call_id)
    assert found is not None
    assert (found.status, str(found.started_at)) == ("ongoing", "2026-11-20 18:00:05+00:00")
    await carrier.stop(call_id)
    assert server.calls[call_id]["status"] == "completed"
    await carrier.stop(call_id)
    server.calls[call_id] |= {"end_time": "Fri, 20 Nov 2026 18:01:05 +0000", "duration": "60"}
    found = await carrier.look(call_id)
    assert found is not None
    assert (found.status, found.seconds, found.reason) == ("ended", 60, "completed")
    assert await carrier.look("CAunknown") is None
    await carrier.stop("CAunknown")
    assert await carrier.find("record-1") is None


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Failure(429, "Too many requests"), ProviderBusy),
        (Failure(400, "Account not allowed to call +16085550117"), ProviderRefused),
        (Failure(500), PlacingUnknown),
        (Failure(503), PlacingUnknown),
        (Failure(200), PlacingUnknown),
        (Failure(0), PlacingUnknown),
        (Failure(0, after=True), PlacingUnknown),
        (Failure(201, wait=3, after=True), PlacingUnknown),
    ],
    ids=str,
)
async def test_what_a_failed_placing_means(
    server: TwilioServer, carrier: Twilio, failure: Failure, error: type[ProviderError]
) -> None:
    server.fail(failure)
    with pytest.raises(ProviderError) as raised:
        await carrier.place(order())
    assert type(raised.value) is error
    assert server.dialled == (1 if failure.after else 0), "it is never repeated"


async def test_nobody_there_and_wrong_keys_and_numbers(server: TwilioServer, carrier: Twilio) -> None:
    stranger = made(server, "wrong")
    with pytest.raises(ProviderKeyRejected):
        await stranger.place(order())
    await stranger.aclose()
    with pytest.raises(ProviderRefused, match="TWILIO_FROM_NUMBER"):
        await carrier.place(order(from_number=None))
    with pytest.raises(ProviderRefused, match="not valid"):
        await carrier.place(order(to_number="+1"))
    nowhere = Twilio(SID, TOKEN, "https://parley.example", "http://127.0.0.1:9")
    with pytest.raises(ProviderUnavailable) as raised:
        await nowhere.place(order())
    assert raised.value.code == "carrier.not_reached"  # nobody was dialled
    await nowhere.aclose()


async def test_no_call_is_placed_inside_a_transaction(carrier: Twilio) -> None:
    with guard.transaction_open(), pytest.raises(RuntimeError, match="transaction"):
        await carrier.place(order())
