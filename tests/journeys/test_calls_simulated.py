"""Calls on the simulated line, from POST /calls/initiate to the record, through the true protocol and webhooks."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from parley.app.resources import Resources
from parley.calls import simulated
from parley.personas import personas
from tests.conftest import Business
from tests.journeys.calls import dispatcher, get, initiate, over, transcript, until, working

pytestmark = pytest.mark.anyio

DRIVERS = sorted(one.key for one in personas() if one.calls == "dispatch")
OUTCOMES = {
    "on_time": "In-Transit Update",
    "delayed": "In-Transit Update",
    "unloading": "Arrival Confirmation",
    "blow_out": "Emergency Escalation",
    "medical": "Emergency Escalation",
    "silent": "No Answer",
    "voicemail": "Voicemail",
}


@pytest.fixture(autouse=True)
async def worker(resources: Resources) -> AsyncIterator[None]:
    async with working(resources):
        yield


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("persona", DRIVERS)
async def test_every_driver_can_be_called(business: Business, persona: str, language: str) -> None:
    began = time.monotonic()
    call = await initiate(business, await dispatcher(business, language=language), persona=persona, seed=3)
    assert call["carrier"] == "simulated"
    assert call["status"] in ("initiated", "in_progress")
    ended = await over(business, call)
    assert time.monotonic() - began < 10
    assert ended["status"] == "completed"
    assert ended["retell_call_id"].startswith("sim_")
    lines = await transcript(business, call)
    assert lines[0]["role"] == "agent"
    words = sum(len(line["content"].split()) for line in lines)
    assert ended["duration"] >= words / 2.5 * 0.9
    if language == "en" and persona in OUTCOMES:
        assert ended["structured_data"]["call_outcome"] == OUTCOMES[persona]
    assert sum(line["content"].count("?") > 0 for line in lines if line["role"] == "agent") < 15


async def test_the_same_seed_is_the_same_call(business: Business) -> None:
    agent = await dispatcher(business)
    calls = [await initiate(business, agent, persona="delayed", seed=seed) for seed in (5, 5, 6)]
    said = []
    for call in calls:
        await over(business, call)
        said.append([(line["role"], line["content"]) for line in await transcript(business, call)])
    assert said[0] == said[1]
    assert said[0] != said[2]


async def test_a_conversation_lasts_as_long_as_its_call(business: Business) -> None:
    """By the call's own clock: at speed 0 the wall's has hardly moved."""
    ended = await over(business, await initiate(business, await dispatcher(business), persona="delayed", seed=5))
    listed = (await business.owner.get("/api/conversations")).json()["conversations"]
    assert [one["duration"] for one in listed if one["channel"] == "phone"] == [ended["duration"]]


async def test_a_call_at_the_pace_of_people_can_be_cancelled(business: Business, resources: Resources) -> None:
    call = await initiate(business, await dispatcher(business), persona="on_time", speed=1)

    async def begun() -> bool:
        return bool((await get(business, call))["status"] == "in_progress")

    async def ended() -> bool:
        told = await resources.simulated.look(call["retell_call_id"])
        return told is not None and told.status == "ended"

    await until(begun)
    cancelled = (await business.owner.post(f"/calls/{call['id']}/cancel")).json()
    assert cancelled["status"] == "cancelled"
    await until(ended)
    assert (await get(business, call))["status"] == "cancelled"


async def test_an_unknown_persona_is_refused(business: Business) -> None:
    body = {"driver_name": "Mo", "phone_number": "+16085550117", "load_number": "1", "simulate": {"persona": "nobody"}}
    body["agent_config_id"] = await dispatcher(business)
    answer = await business.owner.post("/calls/initiate", json=body)
    assert answer.status_code in (400, 422)
    assert "nobody" in answer.text


async def test_a_call_whose_process_died_is_taken_up_where_it_was(business: Business, resources: Resources) -> None:
    """The line's task dies in mid-call; its row says that its process is gone."""
    line = resources.simulated
    call = await initiate(business, await dispatcher(business), persona="delayed", seed=5, speed=10)

    async def well_begun() -> bool:
        return len(await transcript(business, call)) >= 4

    await until(well_begun)
    await line.aclose()
    before = await transcript(business, call)
    async with resources.db.begin(business.id) as connection:
        await connection.execute(text("UPDATE simulated_calls SET holder = 1"))
    await line.open()
    ended = await over(business, call, within=60)
    after = await transcript(business, call)
    assert ended["status"] == "completed"
    kept = [(line["role"], line["content"]) for line in before[:3]]
    assert [(line["role"], line["content"]) for line in after[:3]] == kept
    assert len({line["content"] for line in after if line["role"] == "user"}) == len(
        [line for line in after if line["role"] == "user"]
    )


async def test_a_process_that_lives_takes_up_the_calls_of_one_that_died(
    business: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to start anything: whoever runs looks for lost calls from time to time."""
    monkeypatch.setattr(simulated, "_LOOK_EVERY", 0.05)
    line = resources.simulated
    await line.open()
    call = await initiate(business, await dispatcher(business), persona="delayed", seed=5, speed=10)

    async def well_begun() -> bool:
        return len(await transcript(business, call)) >= 2

    await until(well_begun)
    [task] = line._tasks.values()
    task.cancel()
    async with resources.db.begin(business.id) as connection:
        await connection.execute(text("UPDATE simulated_calls SET holder = 1"))
    assert (await over(business, call, within=60))["status"] == "completed"


async def test_a_call_that_failed_here_is_taken_up_again(
    business: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulated, "_LOOK_EVERY", 0.05)
    line, true, failures = resources.simulated, resources.simulated._deliver, [RuntimeError("a bug")]

    async def deliver(raw: bytes, signature: str) -> object:
        if failures and b"call_ended" in raw:
            raise failures.pop()
        return await true(raw, signature)

    await line.open()
    line.deliver_with(deliver)
    try:
        call = await initiate(business, await dispatcher(business), persona="voicemail", seed=1)
        ended = await over(business, call, within=60)
    finally:
        line.deliver_with(true)
    assert (ended["status"], failures) == ("completed", [])


async def test_calls_are_told_in_the_carriers_order(business: Business, resources: Resources) -> None:
    """call_started, call_ended, call_analyzed, each signed and applied once."""
    seen: list[str] = []
    true = resources.simulated._deliver

    async def deliver(raw: bytes, signature: str) -> object:
        seen.append(raw.split(b'"')[3].decode())
        await true(raw, signature)
        return await true(raw, signature)  # Retell may send it twice

    resources.simulated.deliver_with(deliver)
    try:
        call = await initiate(business, await dispatcher(business), persona="voicemail", seed=1)
        ended = await over(business, call)

        async def all_told() -> bool:
            return len(seen) >= 3

        await until(all_told)
    finally:
        resources.simulated.deliver_with(true)
    assert seen == ["call_started", "call_ended", "call_analyzed"]
    assert ended["status"] == "completed"
