"""What happens by itself where the rules want it, and nothing where they do not."""

from __future__ import annotations

from typing import Any

import pytest

from parley.app.resources import Resources
from tests.conftest import Business

pytestmark = pytest.mark.anyio


async def arms(business: Business, *successes: int, outcomes: int = 60) -> list[str]:
    """One prompt per number, with so many successes."""
    ids = []
    for number, hits in enumerate(successes):
        body = {"name": "ABC"[number], "agent_config": "desk", "system_prompt": "Be kind."}
        ids.append((await business.owner.post("/api/prompts", json=body)).json()["prompt"]["id"])
        lines = "\n".join(
            f'{{"experiment_id": "{ids[-1]}", "task_completed": {"true" if run < hits else "false"}}}'
            for run in range(outcomes)
        )
        await business.owner.post("/api/conversations/import", content=lines.encode())
    return ids


async def active(business: Business) -> set[str]:
    found = (await business.owner.get("/api/prompts?is_active=true")).json()["prompts"]
    return {one["name"] for one in found}


async def rules(business: Business, **values: Any) -> None:
    answer = await business.owner.put("/api/prompts/rules", json={"agent_config": "desk", **values})
    assert answer.status_code == 200, answer.text


async def audit(business: Business, action: str) -> list[dict[str, Any]]:
    entries = (await business.owner.get("/audit?limit=500")).json()["audit"]
    return [one for one in entries if one["action"] == action]


async def told(business: Business) -> list[dict[str, Any]]:
    """What webhooks are told of experiments, oldest first."""
    answer = await business.owner.get("/webhook-deliveries")
    return [one["payload"]["data"] for one in answer.json()["webhook_deliveries"][::-1]]


async def subscribe(business: Business) -> None:
    wanted = {"url": "https://hooks.example.com/x", "events": ["experiment.decided"]}
    assert (await business.owner.post("/webhook-subscriptions", json=wanted)).status_code == 201


async def test_webhooks_are_told_of_what_was_decided(business: Business, resources: Resources) -> None:
    await subscribe(business)
    good, _, bad = await arms(business, 55, 54, 5)
    await rules(business, auto_stop=True)
    await resources.watch.run()
    await business.owner.post(f"/api/prompts/{good}/promote")
    stopped, promoted = await told(business)
    assert (stopped["decision"], stopped["prompt_id"], stopped["measures"]) == ("stopped", bad, ["success"])
    assert (promoted["decision"], promoted["prompt_id"], promoted["name"]) == ("promoted", good, "A")
    assert promoted["agent_config"] == "desk"


async def test_a_winner_answers_alone_where_that_is_wanted(business: Business, resources: Resources) -> None:
    winner = (await arms(business, 10, 58))[1]
    await resources.watch.run()
    assert await active(business) == {"A", "B"}
    await rules(business, auto_promote=True)
    await resources.watch.run()
    assert await active(business) == {"B"}
    await resources.watch.run()
    [line] = await audit(business, "prompt.promoted")
    assert (line["actor"], line["target"]) == ("job:experiments.watch", winner)


async def test_an_arm_that_harms_is_stopped_where_that_is_wanted(business: Business, resources: Resources) -> None:
    bad = (await arms(business, 55, 54, 5))[2]
    await rules(business, auto_stop=True)
    await resources.watch.run()
    assert await active(business) == {"A", "B"}
    [line] = await audit(business, "prompt.stopped")
    assert (line["target"], line["detail"]["measures"]) == (bad, ["success"])


async def test_without_evidence_nothing_happens(business: Business, resources: Resources) -> None:
    await arms(business, 30, 33)
    await rules(business, auto_stop=True, auto_promote=True)
    await resources.watch.run()
    assert await active(business) == {"A", "B"}


async def test_promoting_by_hand_stops_the_others(business: Business) -> None:
    ids = await arms(business, 1, 2, 3, outcomes=3)
    promoted = await business.owner.post(f"/api/prompts/{ids[0]}/promote")
    assert promoted.json()["prompt"]["is_active"] is True
    assert await active(business) == {"A"}
    [line] = await audit(business, "prompt.promoted")
    assert sorted(line["detail"]["stopped"]) == sorted(ids[1:])
