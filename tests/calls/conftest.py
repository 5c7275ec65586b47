"""The true application with a Retell account that is a local server, on a database of its own, with a clock by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from typing_extensions import override

from parley.app.http import create_app
from parley.app.migrate import migrate
from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from parley.calls import CallRecord
from parley.inference.carrier import (
    AgentSpec,
    Carrier,
    CarrierCall,
    CarrierTraits,
    PlaceCall,
    PublishedAgent,
)
from parley.inference.retell_call import SIGNATURE_HEADER, sign
from parley.kit.clock import ManualClock
from parley.kit.ids import new_id
from parley.kit.postgres import _ensure_database
from parley.tenants import Principal, levels_of
from tests.conftest import SECRET, _Opened, _with_state
from tests.patience import PATIENCE
from tests.wire.retell_server import RetellServer

KEY = "key_of_the_house_0123456789"
FROM = "+16085550100"
DRIVER = "+16085550117"  # Wisconsin
NOON = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)  # a Friday; noon in Wisconsin
WHO = Principal("open", "test", "", "admin", levels_of("admin"))


class StillLine(Carrier):
    """A simulated line on which nothing is said."""

    def __init__(self) -> None:
        self.placed: list[PlaceCall] = []
        self.stopped: list[str] = []

    @property
    @override
    def traits(self) -> CarrierTraits:
        return CarrierTraits("simulated", dials=False, publishes_agents=False)

    @override
    async def place(self, call: PlaceCall) -> str:
        self.placed.append(call)
        return f"still_{call.call_id}"

    @override
    async def stop(self, carrier_call_id: str) -> None:
        self.stopped.append(carrier_call_id)

    @override
    async def look(self, carrier_call_id: str) -> CarrierCall | None:
        return None

    @override
    async def find(self, call_id: str) -> CarrierCall | None:
        return None

    @override
    async def publish_agent(self, spec: AgentSpec, existing: PublishedAgent | None) -> PublishedAgent:
        raise NotImplementedError

    @override
    async def drift(self, spec: AgentSpec, existing: PublishedAgent) -> Sequence[str]:
        return []

    @override
    async def assign_number(self, number: str, agent: PublishedAgent, inbound_webhook_url: str) -> None:
        return None

    @override
    async def aclose(self) -> None:
        return None


@dataclass
class Phone:
    """A business with a dispatch agent, and everything a call of its passes through."""

    resources: Resources
    client: httpx.AsyncClient
    clock: ManualClock
    server: RetellServer
    still: StillLine
    tenant: str
    agent: str
    keys: list[str] = field(default_factory=list)

    def wish(self, **more: Any) -> dict[str, Any]:
        body = {"driver_name": "Mo Reyes", "phone_number": DRIVER, "load_number": "7891-B"}
        return {**body, "agent_config_id": self.agent, "tenant_id": self.tenant, **more}

    async def initiate(self, key: str | None = None, **more: Any) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.client.post("/calls/initiate", json=self.wish(**more), headers=headers)

    async def call(self, **more: Any) -> dict[str, Any]:
        """A call that was placed."""
        answer = await self.initiate(**more)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def get(self, call_id: str) -> dict[str, Any]:
        answer = await self.client.get(f"/calls/{call_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def record(self, call_id: str) -> CallRecord:
        return await self.resources.calls.log.get(self.tenant, call_id)

    async def report(
        self, event: str, call: dict[str, Any], *, path: str = "", key: str = KEY, **more: Any
    ) -> httpx.Response:
        """A webhook as Retell sends it."""
        raw = json.dumps({"event": event, "call": call, **more}).encode()
        return await self.post(raw, key=key, path=path)

    async def post(self, raw: bytes, *, key: str = KEY, path: str = "") -> httpx.Response:
        signature = sign(raw, key, round(self.clock.now().timestamp() * 1000))
        headers = {SIGNATURE_HEADER: signature, "Content-Type": "application/json"}
        return await self.client.post(f"/webhooks/retell{path}", content=raw, headers=headers)

    async def work(self) -> None:
        """Everything that is waiting."""
        async with asyncio.timeout(PATIENCE):
            await self.resources.jobs.work(until_empty=True)

    async def settings(self, **values: Any) -> None:
        answer = await self.client.patch(f"/tenants/{self.tenant}", json={"settings": values})
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def server() -> Iterator[RetellServer]:
    with RetellServer(KEY) as running:
        yield running


@pytest.fixture(scope="module")
def calls_url(database_url: str, scratch: Path) -> str:
    """A database of its own: a worker takes every job it finds."""
    name = "parley_calls"
    _ensure_database(database_url, name)
    url = database_url.replace("/parley?", f"/{name}?")
    assert url != database_url
    migrate(url)
    return url


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture(scope="module")
async def phone_resources(
    calls_url: str, scratch: Path, server: RetellServer, clock: ManualClock
) -> AsyncIterator[Resources]:
    settings = Settings.model_construct(
        data_dir=scratch,
        retell_api_key=SecretStr(KEY),
        retell_base_url=server.base_url,
        retell_from_number=FROM,
        public_url="https://parley.example",
    )
    async with open_resources(settings, calls_url, SECRET, open_mode=True, clock=clock) as here:
        yield here


@pytest.fixture(scope="module")
async def phone_app(phone_resources: Resources) -> AsyncIterator[Any]:
    application = create_app(_Opened(phone_resources), [])
    async with application.router.lifespan_context(application) as state:
        yield _with_state(application, state)


@pytest.fixture
async def phone(
    phone_app: Any, phone_resources: Resources, clock: ManualClock, server: RetellServer
) -> AsyncIterator[Phone]:
    clock._now = NOON
    still = StillLine()
    phone_resources.calls.initiation._choice.simulate_with(still)  # type: ignore[attr-defined]
    tenant = await phone_resources.businesses.create(WHO, {"name": f"Haulage {new_id()}", "timezone": "Europe/Berlin"})
    agent = await phone_resources.agents.create(WHO, tenant.id, {"name": "Check-in", "scenario_type": "check_in"})
    transport = httpx.ASGITransport(app=phone_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=30) as client:
        yield Phone(phone_resources, client, clock, server, still, tenant.id, agent.id)
