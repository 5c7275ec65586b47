"""Following a call while it happens: from the process that carries it, from another one, and after a break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from tests.conftest import SECRET, Business
from tests.journeys.calls import dispatcher, initiate, over, transcript, working
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio

Events = list[tuple[str, dict[str, Any], str | None]]


@pytest.fixture
async def worker(resources: Resources) -> AsyncIterator[None]:
    async with working(resources):
        yield


@pytest.fixture(scope="module")
async def other(database_url: str, settings: Settings) -> AsyncIterator[Resources]:
    """A second process over the same database, as far as anything but memory goes."""
    async with open_resources(settings, database_url, SECRET) as here:
        yield here


async def followed(here: Resources, tenant_id: str, call_id: str, after: str | None = None) -> Events:
    events: Events = []
    async with asyncio.timeout(PATIENCE), aclosing(here.call_live.events(tenant_id, call_id, after)) as told:
        async for one in told:
            events.append(one)
    return events


def named(events: Events, name: str) -> list[dict[str, Any]]:
    return [body for kind, body, _ in events if kind == name]


@pytest.mark.usefixtures("worker")
async def test_a_call_is_followed_from_another_process(business: Business, other: Resources) -> None:
    call = await initiate(business, await dispatcher(business), persona="blow_out", seed=2)
    events = await followed(other, business.id, call["id"])
    lines = {body["id"]: body for body in named(events, "transcript")}
    for gone in named(events, "transcript_removed"):
        lines.pop(gone["id"], None)
    said = [(line["role"], line["content"]) for line in sorted(lines.values(), key=lambda line: line["ordinal"])]
    assert said == [(line["role"], line["content"]) for line in await transcript(business, call)]
    told = [kind for kind, _, _ in events]
    assert told.index("slots") < len(told) - 3, "told while the call went on, not at its end"
    statuses = [body["status"] for body in named(events, "status")]
    assert statuses[-1] == "completed"
    assert statuses == sorted(statuses, key=["initiated", "in_progress", "completed"].index)
    assert named(events, "emergency")[0]["kind"]
    assert named(events, "slots")
    name, record, _ = events[-1]
    assert (name, record["status"]) == ("ended", "completed")
    assert record["structured_data"]["call_outcome"] == "Emergency Escalation"


@pytest.mark.usefixtures("worker")
async def test_a_stream_goes_on_behind_the_last_line_known(business: Business) -> None:
    call = await initiate(business, await dispatcher(business), persona="on_time", seed=2)
    await over(business, call)
    whole = await business.owner.get(f"/calls/{call['id']}/events")
    assert whole.headers["content-type"].startswith("text/event-stream")
    numbers = [line.removeprefix("id: ") for line in whole.text.splitlines() if line.startswith("id: ")]
    assert numbers == sorted(numbers, key=int)
    assert len(numbers) == len(await transcript(business, call))
    rest = await business.owner.get(f"/calls/{call['id']}/events", headers={"Last-Event-ID": numbers[1]})
    assert [line.removeprefix("id: ") for line in rest.text.splitlines() if line.startswith("id: ")] == numbers[2:]
    assert "event: ended" in rest.text


async def test_a_call_of_nobody_cannot_be_followed(business: Business, rival: Business) -> None:
    call = await initiate(business, await dispatcher(business))
    answer = await rival.owner.get(f"/calls/{call['id']}/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
