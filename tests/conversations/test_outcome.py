"""What a conversation came to, from what happened in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from parley.app.resources import Resources
from parley.conversations import Outcomes
from parley.conversations.outcome import IDLE, was_completed
from parley.conversations.outcome_store import TurnTaken
from parley.kit.clock import ManualClock
from parley.kit.db import fetch
from tests.conftest import Business

pytestmark = pytest.mark.anyio


def turn(intent: str, *, answered: bool = False, escalate: bool = False, emergency: bool = False) -> TurnTaken:
    return TurnTaken(intent, escalate, emergency, answered)


@pytest.mark.parametrize(
    ("done", "turns", "expected"),
    [
        ({"book_table"}, [turn("booking")], True),
        ({"capture_lead"}, [turn("lead_capture"), turn("escalation", escalate=True)], True),
        ({"a_tool_of_their_own"}, [turn("unknown")], True),
        ({"check_availability"}, [turn("booking")], False),
        ({"transfer_to_person"}, [turn("escalation", escalate=True)], False),
        ((), [turn("faq", answered=True), turn("escalation", escalate=True)], False),
        ((), [turn("faq", answered=True)], True),
        ((), [turn("faq", answered=False)], False),
        ((), [turn("faq"), turn("pricing", answered=True), turn("thanks")], True),
        ((), [turn("own_intent", answered=True)], True),
        ((), [turn("greeting"), turn("goodbye")], None),
        ((), [turn("emergency", emergency=True, escalate=True)], None),
        ((), [turn("check_in")], None),
        ((), [], None),
    ],
)
def test_what_counts_as_done(done: set[str], turns: list[TurnTaken], expected: bool | None) -> None:
    assert was_completed(done, turns) is expected


async def say(client: httpx.AsyncClient, message: str, **more: Any) -> str:
    answer = await client.post("/chat/message", json={"message": message, **more})
    assert answer.status_code == 200, answer.text
    conversation: str = answer.json()["conversation_id"]
    return conversation


async def log_of(client: httpx.AsyncClient, conversation_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/conversations/{conversation_id}")).json()["conversation"]
    return found


@pytest.fixture
async def desk(business: Business) -> Business:
    """A business with an agent that knows something, and a prompt that answers."""
    body = {"source": "faq", "title": "Dogs", "content": "Well-behaved dogs are welcome on the terrace."}
    await business.owner.post("/knowledge/ingest", json=body)
    await business.owner.post("/agents", json={"name": "Front Desk", "config_key": "desk"})
    await business.owner.post("/api/prompts", json={"name": "A", "agent_config": "desk", "system_prompt": "Be kind."})
    return business


def idle(resources: Resources, clock: ManualClock) -> Outcomes:
    return Outcomes(resources.db, clock, resources.transcripts.end)


async def test_an_ended_conversation_is_judged_and_counted(desk: Business) -> None:
    answered = await say(desk.owner, "Are dogs welcome?")
    person = await say(desk.owner, "I want to speak to a human being, please")
    [arm] = (await desk.owner.get("/api/prompts")).json()["prompts"]
    assert (arm["total_runs"], arm["running"], arm["success_rate"]) == (2, 2, None)
    for conversation in (answered, person, person):
        assert (await desk.owner.post(f"/conversations/{conversation}/end")).status_code == 200
    first, second = await log_of(desk.owner, answered), await log_of(desk.owner, person)
    assert (first["task_completed"], first["escalated"]) == (True, False)
    assert (second["task_completed"], second["escalated"]) == (False, True)
    [arm] = (await desk.owner.get("/api/prompts")).json()["prompts"]
    assert (arm["total_runs"], arm["running"], arm["success_rate"]) == (2, 0, 50.0)
    [compared] = (await desk.owner.get("/api/prompts/compare?agent_config=desk")).json()["arms"]
    assert (compared["escalation_rate"], compared["outcomes"], compared["satisfaction"]) == (50.0, 2, None)
    await desk.owner.post(f"/conversations/{answered}/feedback", json={"satisfaction": 4})
    [compared] = (await desk.owner.get("/api/prompts/compare?agent_config=desk")).json()["arms"]
    assert compared["satisfaction"] == 4.0


async def test_a_silent_conversation_counts_as_over_until_somebody_comes_back(
    desk: Business, resources: Resources
) -> None:
    talk = await say(desk.owner, "Are dogs welcome?")
    now = datetime.now(UTC)
    await idle(resources, ManualClock(now + IDLE - timedelta(minutes=1))).judge_idle()
    assert (await log_of(desk.owner, talk))["task_completed"] is None
    await idle(resources, ManualClock(now + IDLE + timedelta(minutes=1))).judge_idle()
    judged = await log_of(desk.owner, talk)
    assert (judged["task_completed"], judged["status"]) == (True, "open")
    [arm] = (await desk.owner.get("/api/prompts")).json()["prompts"]
    assert (arm["running"], arm["success_rate"]) == (0, 100.0)
    await say(desk.owner, "I want to speak to a human being, please", conversation_id=talk)
    [arm] = (await desk.owner.get("/api/prompts")).json()["prompts"]
    assert (arm["total_runs"], arm["running"]) == (1, 1)
    await idle(resources, ManualClock(now + 2 * IDLE)).judge_idle()
    assert (await log_of(desk.owner, talk))["task_completed"] is False
    [arm] = (await desk.owner.get("/api/prompts")).json()["prompts"]
    assert (arm["total_runs"], arm["running"], arm["success_rate"]) == (1, 0, 0.0)


async def test_a_live_conversation_that_nobody_came_back_to_ends_with_its_last_line(
    desk: Business, resources: Resources
) -> None:
    talk = await say(desk.owner, "Are dogs welcome?")
    async with resources.db.begin(desk.id) as connection:
        await fetch(
            connection,
            "UPDATE conversations SET channel = 'voice', started_at = last_message_at - interval '42 s' WHERE id = %s",
            (talk,),
        )
    await idle(resources, ManualClock(datetime.now(UTC) + IDLE - timedelta(minutes=1))).judge_idle()
    assert (await log_of(desk.owner, talk))["status"] == "open"
    await idle(resources, ManualClock(datetime.now(UTC) + IDLE + timedelta(minutes=1))).judge_idle()
    log = await log_of(desk.owner, talk)
    assert (log["status"], log["duration"], log["task_completed"]) == ("ended", 42.0, True)


async def test_who_knows_better_is_believed(desk: Business, resources: Resources) -> None:
    talk = await say(desk.owner, "Hello there")
    await resources.outcomes.tell(desk.id, talk, task_completed=True)
    await desk.owner.post(f"/conversations/{talk}/end")
    assert (await log_of(desk.owner, talk))["task_completed"] is True
    [arm] = (await desk.owner.get("/api/prompts")).json()["prompts"]
    assert (arm["total_runs"], arm["success_rate"]) == (1, 100.0)
