"""Calls over this installation's own Twilio account: placed, answered, held, called off, and never answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import httpx
import pytest
from pydantic import SecretStr
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from parley.app.http import create_app
from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from parley.kit.clock import ManualClock
from parley.kit.ids import new_id
from tests.calls.conftest import DRIVER, FROM, NOON, WHO
from tests.channels.twilio_peer import redirect_of, stream_of
from tests.conftest import SECRET, _Opened, _with_state
from tests.isolation.test_sockets import Socket
from tests.wire.retell_server import Failure
from tests.wire.twilio_server import TwilioServer

pytestmark = pytest.mark.anyio

SID, TOKEN = "AC00000000000000000000000000000001", "0123456789abcdef0123456789abcdef"
PUBLIC = "https://parley.example"


@pytest.fixture(scope="module")
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer(SID, TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
async def here(
    calls_url: str, scratch: Path, twilio: TwilioServer, clock: ManualClock
) -> AsyncIterator[tuple[Any, Resources]]:
    settings = Settings.model_construct(
        data_dir=scratch,
        twilio_account_sid=SID,
        twilio_auth_token=SecretStr(TOKEN),
        twilio_from_number=FROM,
        twilio_base_url=twilio.base_url,
        public_url=PUBLIC,
    )
    async with open_resources(settings, calls_url, SECRET, open_mode=True, clock=clock) as resources:
        application = create_app(_Opened(resources), [])
        async with application.router.lifespan_context(application) as state:
            yield _with_state(application, state), resources


@dataclass
class Desk:
    """A business with an agent that calls, behind a proxy that Twilio reaches as `PUBLIC`."""

    app: Any
    resources: Resources
    client: httpx.AsyncClient
    clock: ManualClock
    twilio: TwilioServer
    tenant: str
    agent: str

    async def initiate(self) -> httpx.Response:
        body = {"driver_name": "Mo Reyes", "phone_number": DRIVER, "load_number": "7891-B", "tenant_id": self.tenant}
        return await self.client.post("/calls/initiate", json={**body, "agent_config_id": self.agent})

    async def get(self, call_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get(f"/calls/{call_id}")).json()
        return found

    async def post(self, url: str, call: dict[str, Any], **more: str) -> httpx.Response:
        """A webhook as Twilio sends it to a public address of ours."""
        form = {
            "AccountSid": SID, "CallSid": call["sid"], "From": call["from"], "To": call["to"],
            "Direction": "outbound-api", "CallStatus": "in-progress", **more,
        }  # fmt: skip
        headers = {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, form)}
        parts = urlsplit(url)
        return await self.client.post(f"{parts.path}?{parts.query}", data=form, headers=headers)

    def form(self) -> dict[str, str]:
        """What Twilio was asked for last."""
        return dict(self.twilio.forms[-1])


@pytest.fixture
async def desk(here: tuple[Any, Resources], twilio: TwilioServer, clock: ManualClock) -> AsyncIterator[Desk]:
    app, resources = here
    clock._now = NOON
    tenant = await resources.businesses.create(WHO, {"name": f"Haulage {new_id()}", "timezone": "Europe/Berlin"})
    agent = await resources.agents.create(WHO, tenant.id, {"name": "Check-in", "scenario_type": "check_in"})
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://localhost", timeout=30
    ) as client:
        yield Desk(app, resources, client, clock, twilio, tenant.id, agent.id)


async def test_a_call_is_placed_answered_and_held(desk: Desk) -> None:
    answer = await desk.initiate()
    assert answer.status_code == 201, answer.text
    call = answer.json()
    assert (call["carrier"], call["status"]) == ("twilio", "initiated")
    there, form = desk.twilio.calls[call["retell_call_id"]], desk.form()
    assert (form["To"], form["From"]) == (DRIVER, FROM)
    assert form["Url"] == f"{PUBLIC}/twilio/voice?call_id={call['id']}"
    ringing = await desk.post(form["StatusCallback"], there, CallStatus="ringing")
    assert ringing.status_code == 204, ringing.text
    twiml = ET.fromstring((await desk.post(form["Url"], there)).text)  # noqa: S314 - our own
    url, token = stream_of(twiml)
    assert url == "wss://parley.example/twilio/media"
    assert redirect_of(twiml) == form["Url"]
    socket = Socket(desk.app, "/twilio/media", "", "")
    sound = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    start = {"streamSid": "MZ1", "callSid": there["sid"], "mediaFormat": sound, "customParameters": {"token": token}}
    socket.say({"event": "start", "streamSid": "MZ1", "start": start})
    socket.say({"event": "stop", "streamSid": "MZ1", "stop": {"callSid": there["sid"]}})
    _, code = await socket.hear_until_closed()
    assert code == 1000
    done = await desk.get(call["id"])
    assert (done["status"], done["direction"], done["duration"]) == ("completed", "outbound", 1)
    over = ET.fromstring((await desk.post(form["Url"], there)).text)  # noqa: S314
    assert [one.tag for one in over] == ["Hangup"]


async def test_only_the_public_address_counts(desk: Desk) -> None:
    """A signature over the address behind the proxy is none, nor is one for another call's address."""
    call, other = (await desk.initiate()).json(), (await desk.initiate()).json()
    there = desk.twilio.calls[call["retell_call_id"]]
    form = {"CallSid": there["sid"], "From": FROM, "To": DRIVER, "Direction": "outbound-api", "CallStatus": "ringing"}
    for url in (f"http://localhost/twilio/voice?call_id={call['id']}", f"{PUBLIC}/twilio/voice?call_id={other['id']}"):
        headers = {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, form)}
        path = f"/twilio/voice?call_id={call['id']}"
        assert (await desk.client.post(path, data=form, headers=headers)).status_code == 401
    crossed = await desk.post(f"{PUBLIC}/twilio/voice?call_id={other['id']}", there)  # signed, but not that call's
    assert "<Stream" not in crossed.text


async def test_nobody_answers(desk: Desk) -> None:
    call = (await desk.initiate()).json()
    there, form = desk.twilio.calls[call["retell_call_id"]], desk.form()
    assert (await desk.post(form["StatusCallback"], there, CallStatus="busy", CallDuration="0")).status_code == 204
    done = await desk.get(call["id"])
    assert (done["status"], done["duration"]) == ("failed", None)
    late = await desk.post(form["Url"], there)
    assert "<Hangup" in late.text


async def test_a_call_is_called_off_at_twilio(desk: Desk) -> None:
    call = (await desk.initiate()).json()
    assert (await desk.client.post(f"/calls/{call['id']}/cancel")).status_code == 200
    assert desk.twilio.calls[call["retell_call_id"]]["status"] == "completed"
    assert (await desk.get(call["id"]))["status"] == "cancelled"


async def test_a_placing_whose_answer_was_lost_is_known_when_it_is_answered(desk: Desk) -> None:
    desk.twilio.fail(Failure(0, after=True))
    assert (await desk.initiate()).status_code == 502
    form, there = desk.form(), list(desk.twilio.calls.values())[-1]
    assert "<Stream" in (await desk.post(form["Url"], there)).text
    [call] = (await desk.client.get(f"/calls?tenant_id={desk.tenant}")).json()["calls"]
    assert call["retell_call_id"] == there["sid"]


async def test_a_call_of_which_nothing_is_heard_is_asked_about(desk: Desk) -> None:
    call = (await desk.initiate()).json()
    there = desk.twilio.calls[call["retell_call_id"]]
    there |= {"status": "completed", "start_time": "Fri, 20 Nov 2026 18:00:05 +0000", "duration": "61"}
    there |= {"end_time": "Fri, 20 Nov 2026 18:01:06 +0000"}
    desk.clock.advance(timedelta(minutes=6))
    await desk.resources.calls.reconciliation.reconcile(desk.tenant, call["id"])
    done = await desk.get(call["id"])
    assert (done["status"], done["duration"]) == ("completed", 61)
