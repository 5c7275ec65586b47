"""What journeys over the telephone share: an agent to call with, a call, and waiting for its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from sqlalchemy import text

from parley.app.resources import Resources
from tests.conftest import Business
from tests.patience import PATIENCE

OVER = ("completed", "failed", "cancelled")


@contextlib.asynccontextmanager
async def working(resources: Resources) -> AsyncIterator[None]:
    """Jobs are worked off meanwhile, as by `parley worker`; those that other tests left are nobody's any more."""
    async with resources.db.begin("nobody") as connection:
        await connection.execute(text("UPDATE procrastinate_jobs SET status = 'failed' WHERE status = 'todo'"))
    task = asyncio.create_task(resources.jobs.work(concurrency=2))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


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


async def until(reached: Callable[[], Awaitable[bool]], within: float = PATIENCE) -> None:
    """Wait for something that only a look tells."""
    async with asyncio.timeout(within):
        while not await reached():  # noqa: ASYNC110 - it happens in the database
            await asyncio.sleep(0.02)


async def get(business: Business, call: dict[str, Any]) -> dict[str, Any]:
    now: dict[str, Any] = (await business.owner.get(f"/calls/{call['id']}")).json()
    return now


async def over(business: Business, call: dict[str, Any], within: float = PATIENCE) -> dict[str, Any]:
    """The call once it has ended."""

    async def ended() -> bool:
        return (await get(business, call))["status"] in OVER

    await until(ended, within)
    return await get(business, call)


async def transcript(business: Business, call: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await business.owner.get(f"/calls/{call['id']}/transcript")
    lines: list[dict[str, Any]] = answer.json()["messages"]
    return lines
