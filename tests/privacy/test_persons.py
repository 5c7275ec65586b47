"""Everything about one person is handed out, and nothing of it is left after erasing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley.app.resources import Resources
from parley.kit.ids import new_id
from tests.conftest import Business
from tests.privacy.conftest import Dump, book, make_agent, say, tables_with

pytestmark = pytest.mark.anyio


async def export(business: Business, **subject: Any) -> dict[str, Any]:
    answer = await business.owner.post("/privacy/export", json=subject)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def erase(business: Business, **subject: Any) -> dict[str, Any]:
    answer = await business.owner.post("/privacy/erase", json=subject)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize("mode", ["masked", "keep_all"])
@pytest.mark.parametrize("subject", [{"phone": "030 23125017"}, {"phone": "+49 (0)30 2312-5017"}])
async def test_a_person_is_found_by_phone_and_erased(
    business: Business, everything: Dump, mode: str, subject: dict[str, str]
) -> None:
    agent = await make_agent(business, mode)
    talk = await book(business, agent, "Quillon Abernatter", "+49 30 23125017")
    told = await export(business, **subject)
    assert [one["id"] for one in told["conversations"]] == [talk]
    said = json.dumps(told["conversations"][0]["messages"])
    assert "Quillon Abernatter" in said
    assert "23125017" in said
    assert [one["phone"] for one in told["reservations"]] == ["+493023125017"]
    receipt = await erase(business, **subject)
    counts = receipt["counts"]
    assert (counts["conversations"], counts["reservations"]) == (1, 1)
    assert counts["messages"] >= 4
    assert counts["vault_entries"] > 0 if mode == "masked" else counts["vault_entries"] == 0
    assert tables_with(everything(business.id), ["Abernatter", "23125017", "Quillon", talk]) == {}
    again = await erase(business, **subject)
    assert set(again["counts"].values()) == {0}
    empty = await export(business, **subject)
    assert not any(empty[part] for part in ("conversations", "reservations", "leads", "mentions"))


async def test_the_receipt_is_in_the_audit_log_without_the_person(business: Business) -> None:
    agent = await make_agent(business, "keep_all")
    await say(business, "Write to Zedekiah.Ploom@example.com please", agent_id=agent)
    receipts = [await erase(business, email="zedekiah.ploom@EXAMPLE.com") for _ in range(2)]
    log = (await business.owner.get("/audit")).json()["audit"]
    lines = {one["target"]: one for one in log if one["action"] == "person.erased"}
    assert {one["id"] for one in receipts} == set(lines)
    assert lines[receipts[0]["id"]]["detail"]["counts"] == receipts[0]["counts"]
    assert len({one["detail"]["subject"] for one in lines.values()}) == 1
    assert "ploom" not in json.dumps(log).lower()


async def test_by_user_id_all_of_that_users_conversations_go(business: Business, everything: Dump) -> None:
    agent = await make_agent(business, "masked")
    user = f"user-{new_id()}"
    mine = [
        (await say(business, f"What costs dish {n}?", agent_id=agent, user_id=user))["conversation_id"] for n in (1, 2)
    ]
    other = (await say(business, "What costs dish 3?", agent_id=agent, user_id="somebody else"))["conversation_id"]
    assert {one["id"] for one in (await export(business, user_id=user))["conversations"]} == set(mine)
    assert (await erase(business, user_id=user))["counts"]["conversations"] == 2
    assert tables_with(everything(business.id), [user, *mine]) == {}
    assert (await business.owner.get(f"/conversations/{other}/messages")).status_code == 200


@pytest.mark.parametrize("mode", ["masked", "keep_all"])
async def test_where_others_speak_of_a_person_only_the_mention_goes(
    business: Business, everything: Dump, mode: str
) -> None:
    agent = await make_agent(business, mode, type="custom")
    line = "Do you have parking? My neighbour is at 0171 55.01-4388 if the gate is shut."
    talk = (await say(business, line, agent_id=agent, user_id="caller"))["conversation_id"]
    told = await export(business, phone="+4917155014388")
    named = told["mentions"] or [m for one in told["conversations"] for m in one["messages"]]
    assert "55.01-4388" in json.dumps(named)
    if told["mentions"]:
        assert told["conversations"] == []
        await erase(business, phone="+4917155014388")
        left = (await business.owner.get(f"/conversations/{talk}/messages")).json()["messages"]
        assert "Do you have parking?" in left[0]["content"]
        unmask = {"conversation_id": talk, "text": left[0]["content"], "reason": "to see what is left"}
        shown = (await business.owner.post("/privacy/unmask", json=unmask)).json()["text"]
        assert "4388" not in shown
    else:
        await erase(business, phone="+4917155014388")
    assert tables_with(everything(business.id), ["55.01-4388"]) == {}


async def test_notes_of_other_records_forget_the_person(business: Business, everything: Dump) -> None:
    lead = {"name": "Wendeline", "phone": "+16085550117", "notes": "Friend of borisk@example.org, call him too."}
    assert (await business.owner.post("/leads", json=lead)).status_code == 201
    own = {"name": "Borisk", "email": "borisk@example.org", "intent": "buy"}
    assert (await business.owner.post("/leads", json=own)).status_code == 201
    assert (await erase(business, email="borisk@example.org"))["counts"]["leads"] == 2
    assert tables_with(everything(business.id), ["borisk@example.org"]) == {}
    [left] = (await business.owner.get("/leads")).json()["leads"]
    assert left["name"] == "Wendeline"
    assert left["notes"] == "Friend of [erased], call him too."


async def test_another_tenants_person_stays(business: Business, rival: Business) -> None:
    agent = await make_agent(rival, "masked")
    await book(rival, agent, "Isaura Venkman", "+49 30 23125017")
    assert set((await erase(business, phone="030 23125017"))["counts"].values()) == {0}
    assert (await export(rival, phone="030 23125017"))["reservations"][0]["name"] == "Isaura Venkman"
    refused = await business.owner.post("/privacy/export", json={"phone": "030 23125017", "tenant_id": rival.id})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "exactly one"),
        ({"phone": "030 23125017", "email": "a@example.com"}, "exactly one"),
        ({"phone": "seven"}, "phone"),
        ({"email": "nobody"}, "email"),
        ({"user_id": "x", "name": "y"}, "name"),
    ],
)
@pytest.mark.parametrize("verb", ["export", "erase"])
async def test_exactly_one_subject_is_named(business: Business, verb: str, body: dict[str, str], named: str) -> None:
    answer = await business.owner.post(f"/privacy/{verb}", json=body)
    assert answer.status_code == 422
    assert named in answer.text


async def test_only_who_may_manage_may_ask(business: Business, resources: Resources, anyone: Any) -> None:
    key = (await business.owner.post("/api-keys", json={"name": "k", "scopes": ["chat", "read", "write"]})).json()[
        "key"
    ]
    for verb in ("export", "erase"):
        answer = await anyone.post(f"/privacy/{verb}", json={"user_id": "x"}, headers={"X-API-Key": key})
        assert answer.status_code == 403
