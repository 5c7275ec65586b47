"""Prompts under experiment answer real conversations, and their outcome is counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from parley.app.resources import Resources
from tests.conftest import Business
from tests.journeys.conftest import Talk, talk
from tests.wire.openai_replies import streamed
from tests.wire.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

FREE = {"start": "free", "nodes": {"free": {}}}


async def prompt(business: Business, name: str, **more: Any) -> dict[str, Any]:
    body = {"name": name, "agent_config": "desk", "system_prompt": f"You are {name}.", **more}
    answer = await business.owner.post("/api/prompts", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["prompt"]
    return made


async def agent(business: Business, **more: Any) -> Talk:
    return await talk(business, **{"config_key": "desk", "conversation_flow": FREE, **more})


async def conversation(business: Business, conversation_id: str | None) -> dict[str, Any]:
    found: dict[str, Any] = (await business.owner.get(f"/api/conversations/{conversation_id}")).json()["conversation"]
    return found


async def arm_of(business: Business, agent_id: str, **who: str) -> str | None:
    """The prompt that a new conversation gets."""
    body = {"message": "Hello there", "agent_id": agent_id, **who}
    answer = (await business.owner.post("/chat/message", json=body)).json()
    arm: str | None = (await conversation(business, answer["conversation_id"]))["experiment_id"]
    return arm


async def test_the_arm_speaks_in_place_of_the_agent(hosted: Business, server: OpenAIServer) -> None:
    here = await agent(hosted, system_prompt="You are the agent.", llm={"model": "openai/gpt-test", "temperature": 0.2})
    words = "You sell {offer} for {business} as {agent}. Answer {json} on {channel}."
    arm = await prompt(
        hosted, "B", system_prompt=words, instructions="Never sing.", temperature=1.1, max_tokens=77,
        variables={"offer": "tea"},
    )  # fmt: skip
    server.queue(streamed("Hello, how can I help?"), streamed("Hello again, how can I help?"))
    await here.say("Tell me something about yourselves")
    await hosted.owner.patch(f"/api/prompts/{arm['id']}", json={"system_prompt": "You are quite new."})
    await here.say("Tell me something more about yourselves")
    for request in [one.body for one in server.requests if one.path.endswith("/chat/completions")]:
        said = request["messages"][0]["content"]
        assert said.startswith("You sell tea for A business as Front Desk. Answer {json} on text.\n\nNever sing.")
        assert request["temperature"] == 1.1
        assert 77 in (request.get("max_tokens"), request.get("max_completion_tokens"))
    kept = await conversation(hosted, here.conversation_id)
    assert (kept["experiment_id"], kept["experiment_revision"]) == (arm["id"], 1)
    server.queue(streamed("Hello, how can I help?"))
    fresh = Talk(hosted, here.agent_id)
    await fresh.say("Tell me something about yourselves, please")
    assert server.requests[-1].body["messages"][0]["content"].startswith("You are quite new.")
    assert (await conversation(hosted, fresh.conversation_id))["experiment_revision"] == 2


async def test_each_arm_remembers_its_own_answers(hosted: Business, server: OpenAIServer) -> None:
    """What was answered under one text is not told under another."""
    await hosted.owner.post(
        "/knowledge/ingest", json={"source": "faq", "title": "Dogs", "content": "Dogs are welcome."}
    )
    here = await agent(hosted)
    arm = await prompt(hosted, "A")
    server.queue(streamed("Dogs are welcome."), streamed("Dogs are welcome here."))
    assert (await here.say("Are dogs welcome?"))["cached"] is False
    assert (await Talk(hosted, here.agent_id).say("Are dogs welcome?"))["cached"] == "exact"
    await hosted.owner.patch(f"/api/prompts/{arm['id']}", json={"system_prompt": "You are brief."})
    assert (await Talk(hosted, here.agent_id).say("Are dogs welcome?"))["cached"] is False


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({"agent_config": "desk"}, True),
        ({"agent_config": "desk", "agent_name": "Front Desk"}, True),
        ({"agent_config": "desk", "agent_name": "Another"}, False),
        ({"agent_config": "other"}, False),
        ({"agent_config": None, "agent_name": "Front Desk"}, False),
        ({"agent_config": "desk", "is_active": False}, False),
        ({"agent_config": "desk", "weight": 0}, False),
    ],
)
async def test_whom_a_prompt_is_for(business: Business, fields: dict[str, Any], fits: bool) -> None:
    here = await agent(business)
    made = await prompt(business, "A", **fields)
    assert await arm_of(business, here.agent_id) == (made["id"] if fits else None)


async def test_a_prompt_for_one_agent_by_its_id(business: Business) -> None:
    here, other = await agent(business), await agent(business)
    made = await prompt(business, "A", agent_id=here.agent_id, agent_config="whatever")
    assert await arm_of(business, here.agent_id) == made["id"]
    assert await arm_of(business, other.agent_id) is None


async def test_who_comes_back_gets_the_same_arm_even_beside_new_ones(business: Business) -> None:
    here = await agent(business)
    for name in "AB":
        await prompt(business, name)
    users = [f"user {number}" for number in range(24)]
    before = {user: await arm_of(business, here.agent_id, user_id=user) for user in users}
    assert len(set(before.values())) == 2
    for name in "CDEF":
        await prompt(business, name)
    after = {user: await arm_of(business, here.agent_id, user_id=user, session_id="x") for user in users}
    assert after == before
    stopped = before[users[0]]
    await business.owner.patch(f"/api/prompts/{stopped}", json={"is_active": False})
    moved = {user: await arm_of(business, here.agent_id, user_id=user) for user in users}
    assert all(moved[user] == before[user] for user in users if before[user] != stopped)
    assert stopped not in moved.values()
    assert await arm_of(business, here.agent_id, session_id="s") == await arm_of(
        business, here.agent_id, session_id="s"
    )


async def test_shares_of_strangers_follow_the_weights(business: Business) -> None:
    here = await agent(business)
    light, heavy = await prompt(business, "A", weight=1), await prompt(business, "B", weight=4)
    found = Counter([await arm_of(business, here.agent_id) for _ in range(60)])
    assert found[light["id"]] + found[heavy["id"]] == 60
    assert 36 <= found[heavy["id"]] <= 58


async def test_an_arm_in_use_is_kept_and_a_forced_deletion_leaves_the_record(business: Business) -> None:
    here = await agent(business)
    made = await prompt(business, "A")
    await here.say("Hello there")
    path = f"/api/prompts/{made['id']}"
    refused = await business.owner.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "prompt.in_use")
    assert "is_active" in refused.json()["detail"]
    assert (await business.owner.delete(f"{path}?force=true")).status_code == 204
    await here.say("Hello again there")
    kept = await conversation(business, here.conversation_id)
    assert (kept["experiment_id"], kept["turn_count"]) == (made["id"], 2)
    assert await arm_of(business, here.agent_id) is None


async def test_an_arms_voice_is_known_before_it_speaks(business: Business, resources: Resources) -> None:
    from parley.conversations import Ask

    here = await agent(business)
    for name in "ABCD":
        await prompt(business, name, voice=f"voice {name}")
    for _ in range(4):
        ask = Ask(business.id, "", here.agent_id, channel="voice")
        arm = await resources.responder.foresee(ask)
        assert arm is not None
        assert arm.voice is not None
        assert arm.voice.startswith("voice ")
        said = Ask(business.id, "Hello there", here.agent_id, channel="voice", prompt_id=arm.prompt_id)
        [opened, *_] = [event async for event in resources.responder.respond(said)]
        got = await conversation(business, opened.conversation_id)  # type: ignore[union-attr]
        assert (got["experiment_id"], got["channel"]) == (arm.prompt_id, "voice")
        again = await resources.responder.foresee(Ask(business.id, "", conversation_id=got["id"]))
        assert again == arm
