"""Calls over Retell: placed through its SDK, talked over its socket, told of by its webhooks. Retell is a local server
that does all three; only the telephone is missing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from pydantic import SecretStr
from typing_extensions import override

from parley.app.http import create_app
from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from parley.kit.duplex import Closed
from parley.personas import Caller, Line, persona
from tests.conftest import SECRET, Business, _business, _Opened, _with_state
from tests.journeys.calls import dispatcher, get, over, transcript, until, working
from tests.serving import on_a_port
from tests.wire.retell_calls import Switchboard
from tests.wire.retell_server import RetellServer

pytestmark = pytest.mark.anyio

KEY = "key_of_this_installation_0123456789"
OWN, DRIVER = "+16085550100", "+16085550117"


@pytest.fixture(scope="module")
def retell() -> Iterator[RetellServer]:
    with RetellServer(KEY) as server:
        server.numbers[OWN] = {"phone_number": OWN}
        yield server


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
async def here(database_url: str, scratch: Path, retell: RetellServer, port: int) -> AsyncIterator[Resources]:
    settings = Settings.model_construct(
        data_dir=scratch,
        retell_api_key=SecretStr(KEY),
        retell_base_url=retell.base_url,
        retell_from_number=OWN,
        public_url=f"http://127.0.0.1:{port}",
    )
    async with open_resources(settings, database_url, SECRET) as opened:
        yield opened


@pytest.fixture(scope="module")
async def served(here: Resources, port: int) -> AsyncIterator[Any]:
    """The true application on the port that its public address names."""
    application = create_app(_Opened(here), [])
    async with application.router.lifespan_context(application) as state:
        app = _with_state(application, state)
        async with on_a_port(app, port):
            yield app


@pytest.fixture
async def haulage(served: Any, here: Resources) -> AsyncIterator[Business]:
    """A business that may call at any hour."""
    async with _business(served, here) as made, working(here):
        hours = {"calling_hours": {"from": "00:00", "to": "24:00", "days": [1, 2, 3, 4, 5, 6, 7]}}
        await made.owner.patch(f"/tenants/{made.id}", json={"settings": hours})
        yield made


@pytest.fixture
async def switchboard(retell: RetellServer) -> AsyncIterator[Switchboard]:
    async with httpx.AsyncClient() as http:
        yield Switchboard(retell, http)


async def placed(business: Business, agent: str) -> dict[str, Any]:
    body = {"driver_name": "Mo Reyes", "phone_number": DRIVER, "load_number": "7891-B", "agent_config_id": agent}
    answer = await business.owner.post("/calls/initiate", json={**body, "consent": {"basis": "contract"}})
    assert answer.status_code == 201, answer.text
    call: dict[str, Any] = answer.json()
    return call


@pytest.mark.parametrize(
    ("who", "outcome"),
    [
        ("on_time", "In-Transit Update"),
        ("delayed", "In-Transit Update"),
        ("blow_out", "Emergency Escalation"),
        ("silent", "No Answer"),
    ],
)
async def test_a_driver_is_called(
    haulage: Business, retell: RetellServer, switchboard: Switchboard, who: str, outcome: str
) -> None:
    before = retell.calls_dialled
    call = await placed(haulage, await dispatcher(haulage))
    assert (call["carrier"], call["status"]) == ("retell", "initiated")
    assert retell.calls_dialled == before + 1
    carried = await switchboard.carry(call["retell_call_id"], Caller(persona(who), seed=4))
    ended = await over(haulage, call)
    assert ended["status"] == "completed"
    assert ended["duration"] == max(1, round(carried["duration_ms"] / 1000))
    assert ended["structured_data"]["call_outcome"] == outcome
    ours = [(line["role"], line["content"]) for line in await transcript(haulage, call)]
    assert ours == [(line["role"], line["content"]) for line in carried["transcript_object"]]
    assert set(switchboard.answered) == {200}


@pytest.mark.parametrize("heard", [0, 4, None])
async def test_who_hangs_up_in_mid_answer_has_heard_no_more(
    haulage: Business, switchboard: Switchboard, heard: int | None
) -> None:
    """No request follows that would show what was heard of the last answer: only the end of the call does."""

    class Hasty(Caller):
        @override
        async def reply(self, agent_line: str) -> Line:
            return Line("I'm near Tulsa, I'll be there around five.", hang_up=True)

    switchboard.patience = heard
    call = await placed(haulage, await dispatcher(haulage))
    carried = await switchboard.carry(call["retell_call_id"], Hasty(persona("on_time"), seed=1))
    ended = await over(haulage, call)
    said = [(line["role"], line["content"]) for line in carried["transcript_object"]]
    assert len(said) == (2 if heard == 0 else 3)
    assert [(line["role"], line["content"]) for line in await transcript(haulage, call)] == said
    assert ended["raw_transcript"] == carried["transcript"]


async def test_a_driver_calls_in(haulage: Business, retell: RetellServer, switchboard: Switchboard) -> None:
    agent = await dispatcher(haulage)
    mapped = await haulage.owner.post("/phone-numbers", json={"number": OWN, "carrier": "retell", "agent_id": agent})
    assert mapped.status_code == 201, mapped.text

    async def bound() -> bool:
        return bool(retell.numbers[OWN].get("inbound_webhook_url"))

    await until(bound)
    carrier_call = await switchboard.ring_in(OWN, DRIVER)
    carried = await switchboard.carry(carrier_call, Caller(persona("delayed"), seed=2))
    [call] = (await haulage.owner.get("/calls", params={"direction": "inbound"})).json()["calls"]
    ended = await over(haulage, call)
    assert (ended["status"], ended["phone_number"]) == ("completed", DRIVER)
    assert ended["retell_call_id"] == carrier_call
    assert ended["structured_data"]["driver_status"] == "Delayed"
    said = [(line["role"], line["content"]) for line in await transcript(haulage, call)]
    assert said == [(line["role"], line["content"]) for line in carried["transcript_object"]]


async def test_a_call_that_is_cancelled_is_hung_up_at_both_ends(
    haulage: Business, retell: RetellServer, switchboard: Switchboard
) -> None:
    call = await placed(haulage, await dispatcher(haulage))

    class Slow(Caller):
        """Says a line, then waits for ever."""

        @override
        async def reply(self, agent_line: str) -> Line:
            await begun.wait()
            return await super().reply(agent_line)

    begun = asyncio.Event()
    carrying = asyncio.create_task(switchboard.carry(call["retell_call_id"], Slow(persona("on_time"), seed=1)))

    async def in_progress() -> bool:
        return bool((await get(haulage, call))["status"] == "in_progress")

    await until(in_progress)
    cancelled = (await haulage.owner.post(f"/calls/{call['id']}/cancel")).json()
    assert cancelled["status"] == "cancelled"
    assert retell.calls[call["retell_call_id"]]["disconnection_reason"] == "manual_stopped"
    begun.set()
    with pytest.raises((Closed, websockets.ConnectionClosed)):
        await carrying
