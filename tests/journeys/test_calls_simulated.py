"""Calls on the simulated line, from POST /calls/initiate to the record, through the true protocol and webhooks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from parley.app.resources import Resources
from parley.personas import personas
from tests.conftest import Business

pytestmark = pytest.mark.anyio

DRIVERS = sorted(one.key for one in personas() if one.calls == "dispatch")
OVER = ("completed", "failed", "cancelled")


@pytest.fixture
async def worker(resources: Resources) -> AsyncIterator[None]:
    """Jobs are worked off, as by `parley worker`."""
    working = asyncio.create_task(resources.jobs.work(concurrency=2))
    yield
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def dispatcher(business: Business, **agent: Any) -> str:
    body = {"name": "Check-in", "type": "dispatch", "scenario_type": "check_in", **agent}
    made = await business.owner.post("/agents", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def initiate(business: Business, agent: str, **simulate: Any) -> dict[str, Any]:
    body = {
        "driver_name": "Mo Reyes",
        "phone_number": "+16085550117",
        "load_number": "7891-B",
        "agent_config_id": agent,
        "simulate": {"speed": 0, **simulate},
    }
    answer = await business.owner.post("/calls/initiate", json=body)
    assert answer.status_code == 201, answer.text
    call: dict[str, Any] = answer.json()
    return call


async def over(business: Business, call: dict[str, Any], within: float = 20) -> dict[str, Any]:
    """The call once it has ended and everything was reported."""
    async with asyncio.timeout(within):
        while True:
            now: dict[str, Any] = (await business.owner.get(f"/calls/{call['id']}")).json()
            if now["status"] in OVER:
                return now
            await asyncio.sleep(0.02)


async def transcript(business: Business, call: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await business.owner.get(f"/calls/{call['id']}/transcript")
    lines: list[dict[str, Any]] = answer.json()["messages"]
    return lines


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("persona", DRIVERS)
async def test_every_driver_can_be_called(business: Business, persona: str) -> None:
    call = await initiate(business, await dispatcher(business), persona=persona, seed=3)
    assert call["carrier"] == "simulated"
    assert call["status"] in ("initiated", "in_progress")
    ended = await over(business, call)
    lines = await transcript(business, call)
    assert ended["status"] == "completed"
    assert ended["duration"] >= 1
    assert ended["retell_call_id"].startswith("sim_")
    assert lines[0]["role"] == "agent"
