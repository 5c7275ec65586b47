"""Incidents are raised once, told to who listens, and looked after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from parley.app.resources import Resources
from parley.frontdesk import RAISED, raise_incident
from parley.kit.events import Listener
from tests.conftest import Business

pytestmark = pytest.mark.anyio


async def test_a_conversation_raises_one_incident_of_a_kind(business: Business, resources: Resources) -> None:
    raised = await asyncio.gather(
        *(resources.incidents.raise_now(business.id, kind="fire", conversation_id="c1") for _ in range(10))
    )
    assert len({incident.id for incident, _ in raised}) == 1
    assert sum(new for _, new in raised) == 1
    known, new = await resources.incidents.raise_now(business.id, kind="fire", conversation_id="c1", location="Kitchen")
    assert (new, known.location) == (False, "Kitchen")
    _, new = await resources.incidents.raise_now(business.id, kind="medical", conversation_id="c1")
    assert new
    for _ in range(2):
        _, new = await resources.incidents.raise_now(business.id, kind="fire")
        assert new


@pytest.fixture
async def listener(database_url: str) -> AsyncIterator[Listener]:
    made = Listener(database_url)
    await made.open()
    yield made
    await made.aclose()


async def test_raising_is_told_with_the_callers_commit(
    business: Business, resources: Resources, listener: Listener
) -> None:
    async with listener.subscribe(business.id) as subscription:
        async with resources.db.begin(business.id) as connection:
            await raise_incident(connection, business.id, kind="fire", conversation_id="lost")
            await connection.rollback()
        async with resources.db.begin(business.id) as connection:
            incident, _ = await raise_incident(connection, business.id, kind="gas", excerpt="it smells of gas")
        async with asyncio.timeout(10):
            event = await anext(subscription)
    assert (event.name, event.data["id"], event.data["kind"]) == (RAISED, incident.id, "gas")
    assert "excerpt" not in event.data


async def test_incidents_are_listed_and_acknowledged(business: Business, rival: Business, resources: Resources) -> None:
    incident, _ = await resources.incidents.raise_now(
        business.id, kind="fire", severity="critical", excerpt="the kitchen burns", evidence={"rule": "fire"}
    )
    listed = (await business.owner.get("/incidents", params={"status": "open"})).json()["incidents"]
    assert [(one["id"], one["severity"], one["excerpt"]) for one in listed] == [
        (incident.id, "critical", "the kitchen burns")
    ]
    path = f"/incidents/{incident.id}"
    changed = await business.owner.patch(path, json={"status": "acknowledged", "notes": "fire brigade called"})
    assert (changed.json()["status"], changed.json()["evidence"]) == ("acknowledged", {"rule": "fire"})
    assert (await business.owner.get("/incidents", params={"status": "open"})).json()["incidents"] == []
    assert (await business.owner.patch(path, json={"status": "gone"})).status_code == 422
    assert (await rival.owner.patch(path, json={"status": "closed"})).status_code == 404
    assert (await rival.owner.get("/incidents")).json()["incidents"] == []
