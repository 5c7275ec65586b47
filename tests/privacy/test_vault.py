"""The vault seals what it keeps, finds one person without opening all, and waits for a turn to end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from parley.app.resources import Resources
from parley.conversations import Ask
from parley.kit.errors import TooMany
from parley.privacy import Masking, subject_of, vault
from tests.conftest import Business
from tests.privacy.conftest import RECORDS, Dump, make_agent, say, tables_with

pytestmark = pytest.mark.anyio

LINE = "I am Rumina Kestrelov, +49 30 23125017, rumina@kestrelov.example"


async def begun(business: Business, line: str = LINE) -> str:
    agent = await make_agent(business)
    return str((await say(business, line, agent_id=agent))["conversation_id"])


async def opened(resources: Resources, business: Business, talk: str) -> Masking:
    async with resources.db.begin(business.id) as connection:
        return await resources.vaults.open(connection, business.id, talk, "masked")


async def test_values_are_sealed_and_open_with_the_key(
    business: Business, resources: Resources, everything: Dump
) -> None:
    talk = await begun(business)
    rows = everything(business.id)
    assert rows["vault_entries"].count(talk) >= 3
    kept = {table: row for table, row in rows.items() if table not in RECORDS}
    assert tables_with(kept, ["Kestrelov", "23125017"]) == {}
    masking = await opened(resources, business, talk)
    assert masking.reveal("<PERSON_1> <PHONE_NUMBER_1> <EMAIL_ADDRESS_1>").startswith("Rumina Kestrelov +49 30 2312")


async def test_entries_are_there_as_soon_as_the_text_that_mentions_them(
    business: Business, resources: Resources
) -> None:
    """A turn that dies behind its first transaction leaves no text that nobody can read."""
    agent = await make_agent(business)
    turn = resources.responder.respond(Ask(business.id, LINE, agent_id=agent))
    opening: Any = await anext(turn)
    async with resources.db.begin(business.id) as connection:
        query = text("SELECT content FROM messages WHERE conversation_id = :id")
        [content] = (await connection.execute(query, {"id": opening.conversation_id})).scalars()
    masking = await opened(resources, business, opening.conversation_id)
    assert masking.reveal(content) == LINE
    assert "Kestrelov" not in content
    await turn.aclose()


@pytest.mark.parametrize(
    ("kind", "value"), [("phone", "030 23125017"), ("phone", "+493023125017"), ("email", "RUMINA@kestrelov.example")]
)
async def test_one_person_is_found_by_a_blind_index(
    business: Business, rival: Business, resources: Resources, kind: Any, value: str
) -> None:
    mine = await begun(business)
    await begun(business, "I am Ottokar, +49 30 55125017, ottokar@kestrelov.example")
    await begun(rival)
    subject = subject_of(kind, value, "DE")
    async with resources.db.begin(business.id) as connection:
        found = await resources.vaults.find(connection, business.id, subject)
    assert {one.conversation_id for one in found} == {mine}
    assert all(subject.is_in(one.value) for one in found)


async def test_the_blind_index_differs_by_tenant(business: Business, rival: Business, everything: Dump) -> None:
    for one in (business, rival):
        await begun(one)
    blinds = [
        {
            part
            for part in everything(one.id)["vault_entries"].split('"')
            if part.startswith("\\\\x") and len(part) == 35
        }
        for one in (business, rival)
    ]
    assert all(blinds)
    assert blinds[0].isdisjoint(blinds[1])


async def test_what_grows_outside_a_turn_waits_for_it(
    business: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "_BUSY_WAIT", 0.0)
    agent = await make_agent(business)
    turn = resources.responder.respond(Ask(business.id, LINE, agent_id=agent))
    talk = (await anext(turn)).conversation_id  # type: ignore[union-attr]
    with pytest.raises(TooMany):
        async with resources.vaults.between_turns(business.id, talk):
            pass
    await turn.aclose()
    async with resources.vaults.between_turns(business.id, talk) as (_, masking):
        assert masking.hide("Ottokar Zwiebelhofer") == "<PERSON_2>"


async def test_placeholders_stay_one_to_one_under_races(business: Business, resources: Resources) -> None:
    talk = await begun(business)
    names = [f"{first} {last}" for first in ("Anna", "Tom", "Peter") for last in ("Schmidt", "Baker", "Novak")]
    bodies = [{"text": f"My name is {name}.", "conversation_id": talk} for name in names]
    turns = asyncio.gather(*(say(business, f"I am with {name}", conversation_id=talk) for name in names[:3]))
    answers = await asyncio.gather(*(business.owner.post("/privacy/mask", json=one) for one in bodies))
    await turns
    masking = await opened(resources, business, talk)
    for body, answer in zip(bodies, answers, strict=True):
        assert masking.reveal(answer.json()["text"]) == body["text"]
