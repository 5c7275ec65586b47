"""The door of the line: `WS /retell/llm/…` over real sockets, with the secret and without."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import uvicorn
import websockets

from parley.app.resources import Resources
from parley.calls import RETELL, CallRecord
from parley.inference.carrier import CarrierCall
from parley.kit.duplex import Closed
from parley.kit.ids import new_id
from tests.channels.retell_peer import Peer, content_of
from tests.conftest import Business
from tests.journeys.calls import dispatcher
from tests.serving import on_a_port

pytestmark = pytest.mark.anyio


class Wire:
    """A WebSocket client as a `Duplex`."""

    def __init__(self, line: websockets.ClientConnection) -> None:
        self._line = line

    async def receive(self) -> str | bytes:
        try:
            return await self._line.recv()
        except websockets.ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else 1006) from closed

    async def send(self, text: str) -> None:
        await self._line.send(text)

    async def close(self, code: int) -> None:
        await self._line.close(code)


@pytest.fixture
async def address(app: Any) -> AsyncIterator[str]:
    """The true app on a port."""
    async with on_a_port(app) as port:
        yield f"ws://127.0.0.1:{port}/retell/llm"


async def ringing(business: Business, resources: Resources, **agent: Any) -> CallRecord:
    """A call at Retell that has just been told of, at an agent of the business."""
    agent_id = await dispatcher(business, **agent)
    told = CarrierCall(f"call_{new_id()}", "ongoing", "inbound", started_at=datetime.now(UTC))
    return await resources.calls.progress.opened(business.id, agent_id, RETELL, told)


@asynccontextmanager
async def dialled(address: str) -> AsyncIterator[tuple[Peer, websockets.ClientConnection]]:
    async with websockets.connect(address, max_size=None) as line:
        yield Peer(Wire(line)), line


async def test_the_secret_opens_the_line(business: Business, resources: Resources, address: str) -> None:
    call = await ringing(business, resources)
    token = resources.calls.secrets.token(str(call.agent_config_id))
    async with dialled(f"{address}/{token}/{call.retell_call_id}") as (peer, line):
        assert "dispatch" in await peer.greeted()
        assert (await resources.calls.progress.get(business.id, call.id)).status == "in_progress"
        assert await peer.say("I'm driving, everything is on time")
        await line.close()
    shown = (await business.owner.get(f"/calls/{call.id}/transcript")).json()
    assert [said["role"] for said in shown["messages"]] == ["agent", "user", "agent"]


async def test_without_the_secret_only_a_call_in_progress_is_answered(
    business: Business, resources: Resources, address: str
) -> None:
    call = await ringing(business, resources)
    await refused(f"{address}/{call.retell_call_id}")
    await resources.calls.progress.started(business.id, call.id)
    async with dialled(f"{address}/{call.retell_call_id}") as (peer, _):
        assert await peer.greeted()


@pytest.mark.parametrize("wrong", ["token", "call", "agent", "rival"])
async def test_who_does_not_know_the_secret_learns_nothing(
    business: Business, rival: Business, resources: Resources, address: str, wrong: str
) -> None:
    call = await ringing(business, resources)
    token = resources.calls.secrets.token(str(call.agent_config_id))
    if wrong == "token":
        token = token[:-1] + ("A" if token[-1] != "A" else "B")
    elif wrong == "agent":
        token = resources.calls.secrets.token(await dispatcher(business))
    elif wrong == "rival":
        token = resources.calls.secrets.token(await dispatcher(rival))
    await refused(f"{address}/{token}/{'call_unknown' if wrong == 'call' else call.retell_call_id}")


async def test_a_call_that_is_over_is_not_answered(business: Business, resources: Resources, address: str) -> None:
    call = await ringing(business, resources)
    token = resources.calls.secrets.token(str(call.agent_config_id))
    await resources.calls.progress.failed(business.id, call.id, "dial_busy")
    await refused(f"{address}/{token}/{call.retell_call_id}")


async def refused(address: str) -> None:
    """One error frame, a close code, nothing else."""
    async with dialled(address) as (peer, line):
        frame = await peer.frame()
        assert (frame["type"], frame["code"]) == ("error", "not_found")
        with pytest.raises(Closed) as closed:
            await peer.frame()
        assert closed.value.code == 4404
        await line.wait_closed()


async def test_a_line_that_breaks_is_dialled_again(business: Business, resources: Resources, address: str) -> None:
    call = await ringing(business, resources)
    url = f"{address}/{resources.calls.secrets.token(str(call.agent_config_id))}/{call.retell_call_id}"
    async with dialled(url) as (peer, line):
        await peer.greeted()
        await peer.say("I'm running late, about two hours")
        line.transport.abort()
    async with dialled(url) as (again, _):
        again.transcript, again.number = peer.transcript, peer.number
        assert (await again.frame())["response_type"] == "config"
        assert await again.say("I'm on I-80 near Lincoln, stuck in traffic")
    assert all(frame.get("response_id") != 0 for frame in again.seen)


async def test_a_newer_line_takes_over(business: Business, resources: Resources, address: str) -> None:
    """Retell dials again before the break of the first line has been noticed."""
    call = await ringing(business, resources)
    url = f"{address}/{resources.calls.secrets.token(str(call.agent_config_id))}/{call.retell_call_id}"
    async with dialled(url) as (peer, old):
        await peer.greeted()
        async with dialled(url) as (again, _):
            again.transcript = peer.transcript
            await again.frame()
            await old.wait_closed()
            assert old.close_code not in (1000, 1005)
            assert await again.say("All good, still rolling")


async def test_binary_frames_do_no_harm(business: Business, resources: Resources, address: str) -> None:
    call = await ringing(business, resources)
    token = resources.calls.secrets.token(str(call.agent_config_id))
    async with dialled(f"{address}/{token}/{call.retell_call_id}") as (peer, line):
        await peer.greeted()
        await line.send(b"\x00\x01")
        assert await peer.say("All good, still rolling")


@pytest.mark.parametrize(
    ("agent", "greeting"),
    [
        (
            {"prompts": {"greeting": "Hi {driver_name}, about load {{load_number}} for {business}."}},
            "Hi, about load for A business.",
        ),
        ({"prompts": {"greeting": ""}}, ""),
        ({"voice_settings": {"start_speaker": "user"}}, ""),
    ],
    ids=["own words", "none", "the caller begins"],
)
async def test_the_first_words_are_the_agents_own(
    business: Business, resources: Resources, address: str, agent: dict[str, Any], greeting: str
) -> None:
    call = await ringing(business, resources, **agent)
    token = resources.calls.secrets.token(str(call.agent_config_id))
    async with dialled(f"{address}/{token}/{call.retell_call_id}") as (peer, _):
        assert await peer.greeted() == greeting


async def test_a_person_is_asked_for_and_the_call_is_transferred(
    business: Business, resources: Resources, address: str
) -> None:
    call = await ringing(business, resources, voice_settings={"transfer_number": "+14155550100"})
    token = resources.calls.secrets.token(str(call.agent_config_id))
    async with dialled(f"{address}/{token}/{call.retell_call_id}") as (peer, _):
        await peer.greeted()
        peer.heard("Let me talk to a human being please")
        frames = await peer.answer(await peer.ask())
    assert content_of(frames)
    assert frames[-1]["transfer_number"] == "+14155550100"
    assert any(frame["response_type"] == "tool_call_invocation" for frame in peer.seen)


async def test_a_server_that_stops_hangs_up_on_nobody(business: Business, app: Any, resources: Resources) -> None:
    """It breaks the connection with a code that Retell dials again for."""
    call = await ringing(business, resources)
    token = resources.calls.secrets.token(str(call.agent_config_id))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", log_level="error"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    async with dialled(f"ws://127.0.0.1:{port}/retell/llm/{token}/{call.retell_call_id}") as (peer, line):
        await peer.greeted()
        assert json.dumps(await peer.say("All good, still rolling"))
        server.should_exit = True
        await line.wait_closed()
        assert line.close_code not in (1000, 1005)
    await running
    assert (await resources.calls.progress.get(business.id, call.id)).status == "in_progress"
