"""Agents: made, replaced, merged, published, deleted; and every fault named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from parley.agents import defaults
from parley.app.resources import Resources
from parley.kit.ids import new_id
from tests.conftest import Business, _business

pytestmark = pytest.mark.anyio

BY_TYPE = {"name": "Front Desk", "type": "receptionist", "voice": "en-US-Neural2-A"}
BY_SCENARIO = {
    "name": "Check-in",
    "scenario_type": "check_in",
    "prompts": {"greeting": "Hello driver, how is the load?"},
    "voice_settings": {"speed": 1.0},
    "conversation_flow": {"start": "greet", "nodes": {"greet": {}}},
    "is_active": True,
}
TYPES: tuple[Any, ...] = ("receptionist", "real_estate", "dispatch", "custom")


@pytest.fixture(scope="module")
async def firm(app: Any, resources: Resources) -> AsyncIterator[Business]:
    async with _business(app, resources) as made:
        yield made


async def made(firm: Business, **body: Any) -> dict[str, Any]:
    answer = await firm.owner.post("/agents", json={"name": "An agent", **body})
    assert answer.status_code == 201, answer.text
    agent: dict[str, Any] = answer.json()
    return agent


@pytest.mark.parametrize(("body", "kind"), [(BY_TYPE, "receptionist"), (BY_SCENARIO, "dispatch")])
async def test_both_bodies_of_the_contract(firm: Business, body: dict[str, Any], kind: str) -> None:
    answer = await firm.owner.post("/agents", json={"tenant_id": firm.id, **body})
    assert answer.status_code == 201, answer.text
    agent = answer.json()
    assert {name: agent[name] for name in body} == body
    assert (agent["type"], agent["version"], agent["tenant_id"], agent["is_active"]) == (kind, 1, firm.id, True)
    assert (await firm.owner.get(f"/agents/{agent['id']}")).json() == agent


async def test_a_scenario_decides_the_type_only_where_none_is_given(firm: Business) -> None:
    assert (await made(firm))["type"] == "receptionist"
    assert (await made(firm, scenario_type="emergency"))["type"] == "dispatch"
    assert (await made(firm, scenario_type="emergency", type="custom"))["type"] == "custom"


async def test_put_replaces_and_patch_merges(firm: Business) -> None:
    agent = await made(firm, type="real_estate", system_prompt="Be brief.", voice="nova", prompts={"greeting": "Hi"})
    path = f"/agents/{agent['id']}"
    merged = (await firm.owner.patch(path, json={"voice": None, "prompts": {"farewell": "Bye"}})).json()
    assert (merged["voice"], merged["prompts"], merged["system_prompt"]) == (None, {"farewell": "Bye"}, "Be brief.")
    assert (merged["type"], merged["version"]) == ("real_estate", 2)
    replaced = (await firm.owner.put(path, json={"name": "New"})).json()
    assert (replaced["name"], replaced["system_prompt"], replaced["prompts"]) == ("New", "", {})
    assert (replaced["type"], replaced["version"], replaced["id"]) == ("real_estate", 3, agent["id"])
    assert replaced["created_at"] == agent["created_at"]


async def test_saving_what_is_there_publishes_nothing(firm: Business) -> None:
    agent = await made(firm, system_prompt="Be brief.")
    path = f"/agents/{agent['id']}"
    assert (await firm.owner.patch(path, json={})).json()["version"] == 1
    assert (await firm.owner.patch(path, json={"system_prompt": "Be brief."})).json()["version"] == 1
    assert (await firm.owner.patch(path, json={"is_active": False})).json()["version"] == 1
    assert (await firm.owner.patch(path, json={"name": "Other"})).json()["version"] == 2


async def test_null_is_only_for_what_may_be_missing(firm: Business) -> None:
    agent = await made(firm)
    for field in ("name", "prompts", "conversation_flow", "is_active", "understanding", "type"):
        answer = await firm.owner.patch(f"/agents/{agent['id']}", json={field: None})
        assert (answer.status_code, field in answer.text) == (422, True), field
    for field in ("voice", "language", "llm", "stt", "tts", "extraction_schema", "privacy", "config_key"):
        assert (await firm.owner.patch(f"/agents/{agent['id']}", json={field: None})).status_code == 200, field


async def test_versions_never_change(firm: Business, resources: Resources) -> None:
    """They are listed newest first, and not even SQL of ours changes one."""
    agent = await made(firm, system_prompt="one")
    path = f"/agents/{agent['id']}"
    for words in ("two", "three"):
        await firm.owner.patch(path, json={"system_prompt": words})
    page = (await firm.owner.get(f"{path}/versions", params={"limit": 2})).json()
    assert [(one["version"], one["system_prompt"]) for one in page["versions"]] == [(3, "three"), (2, "two")]
    rest = (await firm.owner.get(f"{path}/versions", params={"cursor": page["next_cursor"]})).json()
    assert [one["system_prompt"] for one in rest["versions"]] == ["one"]
    assert rest["next_cursor"] is None
    with pytest.raises(DBAPIError, match="never changes"):
        async with resources.db.begin(firm.id) as connection:
            await connection.execute(text("UPDATE agent_versions SET definition = '{}'"))


async def test_a_conversation_keeps_the_version_it_started_with(firm: Business) -> None:
    agent = await made(firm, prompts={"greeting": "Welcome to the first version."})
    first = (await firm.owner.post("/chat/message", json={"message": "Hello", "agent_id": agent["id"]})).json()
    await firm.owner.patch(f"/agents/{agent['id']}", json={"prompts": {"greeting": "Second."}})
    line = {"message": "Hello again", "conversation_id": first["conversation_id"]}
    second = (await firm.owner.post("/chat/message", json=line)).json()
    trace = f"/conversations/{first['conversation_id']}/turns/{second['message_id']}"
    assert (await firm.owner.get(trace)).json()["trace"]["agent_version"] == 1
    fresh = (await firm.owner.post("/chat/message", json={"message": "Hello", "agent_id": agent["id"]})).json()
    trace = f"/conversations/{fresh['conversation_id']}/turns/{fresh['message_id']}"
    assert (await firm.owner.get(trace)).json()["trace"]["agent_version"] == 2


async def test_changes_at_once_each_get_a_version(firm: Business) -> None:
    import asyncio

    agent = await made(firm)
    path = f"/agents/{agent['id']}"
    await asyncio.gather(*(firm.owner.patch(path, json={"system_prompt": f"words {n}"}) for n in range(8)))
    versions = (await firm.owner.get(f"{path}/versions")).json()["versions"]
    assert [one["version"] for one in versions] == list(range(9, 0, -1))
    assert versions[0]["system_prompt"] == (await firm.owner.get(path)).json()["system_prompt"]


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_has_words_in_both_languages(kind: Any) -> None:
    english, german = defaults(kind, "en"), defaults(kind, "de")
    assert english != german
    assert " Sie " in german.system_prompt
    for words in (english, german):
        assert "{business}" in words.greeting
        assert len(words.system_prompt) > 200
    assert defaults(kind, "fr") == english


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        ({"start": "a", "nodes": {}}, "no nodes"),
        ({"nodes": {"a": {}}}, "start"),
        ({"start": "b", "nodes": {"a": {}}}, "start"),
        ({"start": "a", "nodes": {"a": {"next": "gone"}}}, "nodes.a leads to 'gone'"),
        ({"start": "a", "nodes": {"a": {"type": "condition"}}}, "nodes.a.branches"),
        ({"start": "a", "nodes": {"a": {}, "here": {"type": "ask", "text": "?"}}}, "nodes.here.slots"),
        ({"start": "a", "nodes": {"a": {"type": "tool"}}}, "nodes.a.tool"),
        ({"start": "a", "nodes": {"a": {"type": "say"}}}, "nodes.a.text"),
        ({"start": "a", "nodes": {"a": {"type": "dance"}}}, "nodes.a.type"),
        ({"start": "a", "nodes": {"a": {"surprise": 1}}}, "nodes.a.surprise"),
        ({"start": "a", "nodes": {"a b": {}}}, "a b"),
        (
            {"start": "a", "nodes": {"a": {"type": "say", "text": "x", "next": "b"},
                                     "b": {"type": "say", "text": "y", "next": "a"}}},
            "leads back to itself",
        ),
        ({"start": "n0", "nodes": {f"n{number}": {} for number in range(201)}}, "nodes"),
    ],
)  # fmt: skip
async def test_a_flow_that_cannot_be_followed(firm: Business, flow: dict[str, Any], said: str) -> None:
    """Refused when it is saved, in every way of saving, naming the node."""
    for answer in (
        await firm.owner.post("/agents", json={"name": "F", "conversation_flow": flow}),
        await firm.owner.patch(f"/agents/{(await made(firm))['id']}", json={"conversation_flow": flow}),
    ):
        assert answer.status_code == 422, answer.text
        assert "conversation_flow" in answer.json()["detail"]
        assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    "llm",
    [
        "nobody/some-model",
        "gpt-5",
        "/",
        "groq/llama-3.1-8b-instant",
        {"model": "nobody/some-model"},
        {"model": "house/responder", "fallback": ["nobody/x"]},
    ],
)
async def test_a_model_that_cannot_answer_is_refused(firm: Business, llm: Any) -> None:
    answer = await firm.owner.post("/agents", json={"name": "M", "llm": llm})
    assert answer.status_code == 422, answer.text
    assert "llm" in str(answer.json()["detail"]) or "model" in str(answer.json()["detail"])


@pytest.mark.parametrize(
    "llm",
    ["house/responder", "openai/gpt-5.4-mini", {"model": "house/responder", "temperature": 0.2, "max_tokens": 100}],
)
async def test_a_model_may_be_chosen_before_its_key_is_there(firm: Business, llm: Any) -> None:
    assert (await made(firm, llm=llm))["llm"] is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "butler"), ("scenario_type", "party"), ("language", "english"), ("name", "  "), ("name", 5),
        ("llm", {"model": "house/responder", "temperature": 3}), ("privacy", {"mode": "some"}), ("prompts", {"a": 1}),
        ("understanding", {"intents": [{"name": ""}]}), ("is_active", "perhaps"), ("voice_settings", []),
    ],
)  # fmt: skip
async def test_a_wrong_field_is_named(firm: Business, field: str, value: Any) -> None:
    answer = await firm.owner.post("/agents", json={"name": "W", field: value})
    assert (answer.status_code, field in answer.text) == (422, True), answer.text


async def test_filters(firm: Business) -> None:
    key = new_id()
    mine = await made(firm, type="custom", config_key=key, is_active=False)
    await made(firm, type="custom", config_key=key)
    get = firm.owner.get
    found = (await get("/agents", params={"config_key": key, "is_active": False})).json()["agents"]
    assert [one["id"] for one in found] == [mine["id"]]
    assert (await get("/agents", params={"config_key": key, "type": "dispatch"})).json()["agents"] == []
    assert (await get("/agents", params={"config_key": "nothing"})).json() == {"agents": [], "next_cursor": None}


async def test_deleting_leaves_the_conversations(firm: Business) -> None:
    agent = await made(firm)
    path = f"/agents/{agent['id']}"
    talk = (await firm.owner.post("/chat/message", json={"message": "Hello", "agent_id": agent["id"]})).json()
    assert (await firm.owner.delete(path)).status_code == 204
    for answer in (await firm.owner.get(path), await firm.owner.delete(path), await firm.owner.get(f"{path}/versions")):
        assert answer.status_code == 404
    kept = (await firm.owner.get(f"/api/conversations/{talk['conversation_id']}")).json()["conversation"]
    assert (kept["agent_id"], kept["agent_name"]) == (None, "An agent")
    assert len(kept["transcript"]["messages"]) == 2
    on = await firm.owner.post("/chat/message", json={"message": "Hi", "conversation_id": talk["conversation_id"]})
    assert (on.status_code, on.json()["code"]) == (409, "conversation.no_agent")
    assert (await firm.owner.post("/chat/message", json={"message": "Hi", "agent_id": agent["id"]})).status_code == 404


async def test_an_agent_that_is_not_active_does_not_answer(firm: Business) -> None:
    agent = await made(firm, is_active=False)
    answer = await firm.owner.post("/chat/message", json={"message": "Hi", "agent_id": agent["id"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "agent.inactive")


async def test_a_large_body_passes(firm: Business) -> None:
    """Ten thousand examples of own intents, about a megabyte."""
    intents = [{"name": f"intent {n}", "examples": [f"{'x' * 90} {n} {m}" for m in range(100)]} for n in range(100)]
    agent = await made(firm, understanding={"builtin": False, "intents": intents})
    assert len(agent["understanding"]["intents"]) == 100
    many: list[dict[str, Any]] = [{"name": "a", "examples": ["x"] * 50_001}]
    answer = await firm.owner.post("/agents", json={"name": "Too many", "understanding": {"intents": many}})
    assert (answer.status_code, "50000" in answer.text) == (422, True)


async def test_an_agent_stays_with_its_tenant(firm: Business, admin: httpx.AsyncClient, rival: Business) -> None:
    agent = await made(firm)
    for method in ("put", "patch"):
        body = {"name": "Moved", "tenant_id": rival.id}
        answer = await admin.request(method, f"/agents/{agent['id']}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.other_tenant")
    same = await admin.patch(f"/agents/{agent['id']}", json={"name": "Renamed", "tenant_id": firm.id})
    assert (same.status_code, same.json()["tenant_id"]) == (200, firm.id)


async def test_a_types_flow_can_be_read_copied_and_changed(business: Business) -> None:
    kinds = {one["type"]: one for one in (await business.owner.get("/agent-types")).json()["agent_types"]}
    assert kinds.keys() == {"receptionist", "real_estate", "dispatch", "custom"}
    assert "{business}" in kinds["receptionist"]["words"]["de"]["greeting"]
    flow = kinds["receptionist"]["conversation_flow"]
    flow["nodes"]["bye"]["text"] = "So long!"
    made = await business.owner.post("/agents", json={"name": "Copy", "conversation_flow": flow})
    assert made.status_code == 201, made.text
    assert made.json()["conversation_flow"] == flow
