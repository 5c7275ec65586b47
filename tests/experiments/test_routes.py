"""Prompts over HTTP: as existing clients use them, with revisions behind them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from parley.kit.ids import new_id
from tests.conftest import Business

pytestmark = pytest.mark.anyio

FRIENDLY = {
    "name": "Experiment A - Friendly Tone",
    "agent_config": "customerServiceRetail",
    "agent_name": "Sales Agent",
    "system_prompt": "You are a friendly sales agent...",
    "instructions": "Always be polite and helpful",
    "temperature": 0.8,
    "max_tokens": 1000,
    "voice": "alloy",
    "description": "Testing friendly tone approach",
    "tags": ["experiment-a", "friendly"],
    "is_active": True,
}


async def create(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/prompts", json={**FRIENDLY, **more})
    assert answer.status_code == 201, answer.text
    prompt: dict[str, Any] = answer.json()["prompt"]
    return prompt


async def test_a_prompt_is_kept_with_all_its_fields(business: Business) -> None:
    made = await create(business.owner)
    assert {name: made[name] for name in FRIENDLY} == FRIENDLY
    assert (made["total_runs"], made["success_rate"], made["avg_duration"]) == (0, None, None)
    assert made["tenant_id"] == business.id
    got = (await business.owner.get(f"/api/prompts/{made['id']}")).json()["prompt"]
    assert got == made
    [listed] = (await business.owner.get("/api/prompts")).json()["prompts"]
    assert listed == made


async def test_only_a_name_and_words_are_needed(business: Business) -> None:
    answer = await business.owner.post("/api/prompts", json={"name": "A", "system_prompt": "B"})
    prompt = answer.json()["prompt"]
    assert (prompt["temperature"], prompt["tags"], prompt["is_active"], prompt["weight"]) == (0.8, [], True, 1.0)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("agent_config=customerServiceRetail", {"one", "two"}),
        ("agent_name=Sales%20Agent", {"one"}),
        ("is_active=true", {"one", "three"}),
        ("is_active=True", {"one", "three"}),
        ("is_active=false", {"two"}),
        ("tags=experiment-a,other", {"one", "three"}),
        ("tags=friendly", {"one"}),
        ("tags=nobody", set()),
        ("agent_id=unknown", set()),
        ("agent_config=customerServiceRetail&is_active=true", {"one"}),
    ],
)
async def test_filters(business: Business, query: str, expected: set[str]) -> None:
    await create(business.owner, name="one")
    await create(business.owner, name="two", agent_name=None, is_active=False, tags=["b"])
    await create(business.owner, name="three", agent_config="other", agent_name="X", tags=["other"])
    found = (await business.owner.get(f"/api/prompts?{query}")).json()["prompts"]
    assert {prompt["name"] for prompt in found} == expected


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"system_prompt": None}, "system_prompt"),
        ({"temperature": 2.5}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"tags": "a"}, "tags"),
        ({"tags": ["a,b"]}, "tags"),
        ({"weight": -1}, "weight"),
        ({"success_rate": 100}, "success_rate"),
        ({"agent_id": new_id()}, "agent_id"),
    ],
)
async def test_bad_input_is_refused_by_name(business: Business, body: dict[str, Any], field: str) -> None:
    refused = await business.owner.post("/api/prompts", json={**FRIENDLY, **body})
    assert refused.status_code == 422
    assert field in refused.text
    made = await create(business.owner)
    refused = await business.owner.patch(f"/api/prompts/{made['id']}", json=body)
    assert refused.status_code == 422
    assert field in refused.text


async def test_a_prompt_for_a_foreign_agent_is_refused(business: Business, rival: Business) -> None:
    agent = (await rival.owner.post("/agents", json={"name": "Theirs"})).json()["id"]
    refused = await business.owner.post("/api/prompts", json={**FRIENDLY, "agent_id": agent})
    assert refused.status_code == 422
    assert refused.json()["detail"] == "agent_id names no agent of this tenant."


async def test_other_words_start_a_revision_and_other_labels_do_not(business: Business) -> None:
    made = await create(business.owner)
    path = f"/api/prompts/{made['id']}"
    labelled = await business.owner.patch(path, json={"description": "New", "tags": [], "is_active": False})
    assert labelled.json()["prompt"]["revision"] == 1
    same = await business.owner.patch(path, json={"system_prompt": FRIENDLY["system_prompt"]})
    assert same.json()["prompt"]["revision"] == 1
    patch = {"system_prompt": "Updated prompt text...", "temperature": 0.9, "is_active": True}
    changed = (await business.owner.patch(path, json=patch)).json()["prompt"]
    assert changed["revision"] == 2
    assert {name: changed[name] for name in patch} == patch
    assert changed["updated_at"] > made["updated_at"]
    found = (await business.owner.get(f"{path}/revisions")).json()["revisions"]
    assert [(one["revision"], one["system_prompt"]) for one in found] == [
        (2, "Updated prompt text..."),
        (1, FRIENDLY["system_prompt"]),
    ]
    page = (await business.owner.get(f"{path}/revisions?limit=1")).json()
    assert page["next_cursor"] == "2"
    assert (await business.owner.get(f"{path}/revisions?cursor=2")).json()["revisions"] == found[1:]


async def test_the_difference_between_revisions(business: Business) -> None:
    made = await create(business.owner, system_prompt="One\nTwo\nThree", voice=None)
    path = f"/api/prompts/{made['id']}"
    await business.owner.patch(path, json={"system_prompt": "One\n2\nThree", "temperature": 0.1})
    [words, warmth] = (await business.owner.get(f"{path}/diff")).json()["changes"]
    assert (words["field"], words["before"], words["after"]) == (
        "system_prompt",
        "One\nTwo\nThree",
        "One\n2\nThree",
    )
    assert words["lines"] == ["@@ -1,3 +1,3 @@", " One", "-Two", "+2", " Three"]
    assert (warmth["field"], warmth["before"], warmth["after"]) == ("temperature", 0.8, 0.1)
    back = (await business.owner.get(f"{path}/diff?before=2&after=1")).json()["changes"]
    assert (back[0]["before"], back[0]["after"]) == ("One\n2\nThree", "One\nTwo\nThree")
    assert (await business.owner.get(f"{path}/diff?after=9")).status_code == 404


async def test_a_deleted_prompt_is_gone(business: Business) -> None:
    made = await create(business.owner)
    deleted = await business.owner.delete(f"/api/prompts/{made['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    for answer in (
        await business.owner.get(f"/api/prompts/{made['id']}"),
        await business.owner.delete(f"/api/prompts/{made['id']}"),
        await business.owner.get(f"/api/prompts/{new_id()}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_prompts_travel_as_yaml(business: Business, rival: Business) -> None:
    await create(business.owner, system_prompt="Line one\nLine two: {business}", variables={"offer": "free tea"})
    await create(business.owner, name="Plain", instructions=None, voice=None, max_tokens=None, tags=[])
    written = await business.owner.get("/api/prompts/export.yaml")
    assert written.headers["content-type"].startswith("application/yaml")
    assert "  system_prompt: |" in written.text
    taken = await rival.owner.post("/api/prompts/import", content=written.content)
    assert taken.status_code == 200, taken.text
    ours = (await business.owner.get("/api/prompts")).json()["prompts"]
    theirs = (await rival.owner.get("/api/prompts")).json()["prompts"]
    kept = set(FRIENDLY) | {"variables", "weight"}
    assert [{name: one[name] for name in kept} for one in ours] == [
        {name: one[name] for name in kept} for one in theirs
    ]
    again = await rival.owner.post("/api/prompts/import", content=written.text.replace("Line one", "Line 1").encode())
    assert [one["revision"] for one in again.json()["prompts"]] == [2, 1]
    assert len((await rival.owner.get("/api/prompts")).json()["prompts"]) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prompts: [", "not YAML"),
        ("a: 1", "must hold prompts"),
        ("prompts: [{name: A}]", "prompts[0]: system_prompt"),
        ("prompts: [{name: A, system_prompt: B, colour: red}]", "prompts[0]: colour"),
        ("prompts: &a [*a, *a]", "aliases"),
        ("prompts: [{name: A, system_prompt: B, created_at: 2020-01-01}]", "created_at"),
        ("prompts:\n- !!python/object/apply:os.system ['true']", "not YAML"),
    ],
)
async def test_a_file_that_is_not_one_is_refused(business: Business, text: str, said: str) -> None:
    refused = await business.owner.post("/api/prompts/import", content=text.encode())
    assert refused.status_code == 422
    assert said in refused.json()["detail"]
    assert (await business.owner.get("/api/prompts")).json()["prompts"] == []


async def test_nothing_to_compare_is_said_in_words(business: Business) -> None:
    empty = (await business.owner.get("/api/prompts/compare?agent_config=x")).json()
    assert (empty["arms"], empty["verdict"]) == ([], "undecided")
    made = await create(business.owner)
    lone = (await business.owner.get("/api/prompts/compare?agent_config=customerServiceRetail")).json()
    assert [arm["prompt_id"] for arm in lone["arms"]] == [made["id"]]
    assert lone["arms"][0]["verdict"] == "undecided"
    assert "only one arm" in lone["sentence"]


async def test_a_comparison_shows_no_digits_that_are_no_knowledge(business: Business) -> None:
    for name in ("A", "B", "C"):
        arm = await create(business.owner, name=name)
        log = {"experiment_id": arm["id"], "task_completed": name == "A", "transcript": {"messages": []}}
        assert (await business.owner.post("/api/conversations", json=log)).status_code == 201
    found = (await business.owner.get("/api/prompts/compare?agent_config=customerServiceRetail")).json()
    shown = [
        value for arm in found["arms"] for value in (*arm["interval"], arm["probability_best"], arm["expected_loss"])
    ]
    shown += [value for one in found["comparisons"] for value in (*one["interval"], one["points"])]
    assert len(shown) > 12
    assert all(value == round(value, 6) for value in shown), shown


async def test_rules_are_kept_and_checked(business: Business) -> None:
    rules = {"agent_config": "x", "allocation": "adaptive", "min_effect": 0.05, "auto_stop": True}
    kept = await business.owner.put("/api/prompts/rules", json=rules)
    assert kept.status_code == 200, kept.text
    got = (await business.owner.get("/api/prompts/rules?agent_config=x")).json()
    assert (got["allocation"], got["min_effect"], got["auto_stop"], got["auto_promote"]) == (
        "adaptive",
        0.05,
        True,
        False,
    )
    for wrong in ({"agent_config": "x", "alpha": 0.9}, {}, {"agent_config": "x", "agent_id": "y"}, {"agent_id": "y"}):
        assert (await business.owner.put("/api/prompts/rules", json=wrong)).status_code == 422
