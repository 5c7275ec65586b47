"""Masking over HTTP: offsets, batches, a conversation's own placeholders, and who may unmask."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from parley.kit.ids import new_id
from tests.conftest import Business
from tests.privacy.conftest import Dump, make_agent, say

pytestmark = pytest.mark.anyio

TEXT = "This is Rumina Kestrelov, call +49 30 23125017."
MASKED = "This is <PERSON_1>, call <PHONE_NUMBER_1>."


@pytest.fixture
async def talk(business: Business) -> str:
    agent = await make_agent(business)
    return str((await say(business, TEXT, agent_id=agent))["conversation_id"])


@pytest.fixture
async def operator(business: Business, anyone: httpx.AsyncClient) -> httpx.AsyncClient:
    """May read and write, not manage."""
    made = await business.owner.post("/api-keys", json={"name": "desk", "scopes": ["chat", "read", "write"]})
    anyone.headers["X-API-Key"] = made.json()["key"]
    return anyone


async def test_a_text_is_masked_and_its_entities_point_into_it(business: Business) -> None:
    body = (await business.owner.post("/privacy/mask", json={"text": TEXT, "language": "en"})).json()
    assert body["text"] == MASKED
    assert [(one["type"], TEXT[one["start"] : one["end"]]) for one in body["entities"]] == [
        ("PERSON", "Rumina Kestrelov"),
        ("PHONE_NUMBER", "+49 30 23125017"),
    ]
    assert all(0 < one["score"] <= 1 for one in body["entities"])


async def test_texts_of_a_batch_keep_apart(business: Business) -> None:
    texts = [TEXT, "", "I am Ottokar Zwiebelhofer.", "A table for four at eight."]
    results = (await business.owner.post("/privacy/mask/batch", json={"texts": texts})).json()["results"]
    assert [one["text"] for one in results] == [MASKED, "", "I am <PERSON_1>.", "A table for four at eight."]


@pytest.mark.parametrize(
    "texts", [["a"] * 501, ["a" * 50_001], ["a" * 41_000] * 5], ids=["too many", "too long", "too long in all"]
)
async def test_a_batch_is_bounded(business: Business, texts: list[str]) -> None:
    answer = await business.owner.post("/privacy/mask/batch", json={"texts": texts})
    assert answer.status_code == 422
    assert "texts" in answer.text


async def test_a_conversations_placeholders_are_used_and_grow(business: Business, talk: str, everything: Dump) -> None:
    said = {"text": "Kestrelov and Ottokar Zwiebelhofer, +49 30 23125017", "conversation_id": talk}
    masked = (await business.owner.post("/privacy/mask", json=said)).json()["text"]
    again = (await business.owner.post("/privacy/mask", json=said)).json()["text"]
    assert masked == again
    assert "<PHONE_NUMBER_1>" in masked
    assert "Zwiebelhofer" not in everything(business.id)["vault_entries"]
    unmask = {"conversation_id": talk, "text": masked, "reason": "to check"}
    assert (await business.owner.post("/privacy/unmask", json=unmask)).json()["text"] == said["text"]
    later = await say(business, "Ottokar Zwiebelhofer comes with me", conversation_id=talk)
    lines = (await business.owner.get(f"/conversations/{later['conversation_id']}/messages")).json()["messages"]
    known = masked.split(" and ")[1].split(",")[0]
    assert lines[2]["content"] == f"{known} comes with me"


async def test_unmasking_is_the_owners_and_written_down(
    business: Business, operator: httpx.AsyncClient, talk: str
) -> None:
    body = {"conversation_id": talk, "text": MASKED, "reason": "Rumina Kestrelov asked to be called back"}
    assert (await operator.post("/privacy/unmask", json=body)).status_code == 403
    assert (await business.owner.post("/privacy/unmask", json=body)).json() == {"text": TEXT}
    log = (await business.owner.get("/audit")).json()["audit"]
    [line] = [one for one in log if one["action"] == "privacy.unmasked"]
    assert line["target"] == talk
    assert line["detail"] == {"reason": "<PERSON_1> asked to be called back", "kinds": ["PERSON", "PHONE_NUMBER"]}


async def test_another_tenants_conversation_reads_like_none(business: Business, rival: Business, talk: str) -> None:
    for conversation in (talk, new_id()):
        named: dict[str, Any] = {"conversation_id": conversation, "text": MASKED}
        for path, body in (("unmask", {**named, "reason": "curious"}), ("mask", named)):
            answer = await rival.owner.post(f"/privacy/{path}", json=body)
            assert answer.status_code == 404
            assert answer.json()["detail"] == "No such conversation."


@pytest.mark.parametrize("body", [{"reason": ""}, {"reason": "  "}, {}, {"reason": "x" * 501}])
async def test_a_reason_is_needed(business: Business, talk: str, body: dict[str, str]) -> None:
    answer = await business.owner.post("/privacy/unmask", json={"conversation_id": talk, "text": "x", **body})
    assert answer.status_code == 422
    assert "reason" in answer.text


async def test_nothing_is_kept_of_a_conversation_that_keeps_no_words(business: Business, everything: Dump) -> None:
    agent = await make_agent(business, "metadata_only")
    talk = (await say(business, "Good evening", agent_id=agent))["conversation_id"]
    answer = await business.owner.post("/privacy/mask", json={"text": TEXT, "conversation_id": talk})
    assert answer.json()["text"] == MASKED
    assert everything(business.id)["vault_entries"] == ""
