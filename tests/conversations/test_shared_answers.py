"""Two processes on one database remember together, forget together, and never repeat what was called wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from parley.app.http import create_app
from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from parley.conversations import Recall, SharedAnswers
from parley.conversations.recall import Question
from parley.kit.clock import SystemClock
from parley.kit.db import Database
from tests.conftest import SECRET, Business, _Opened, _with_state

pytestmark = pytest.mark.anyio

HOURS = (
    "Opening hours\n\nThe kitchen is open from 17:00 to 22:00. Dogs are welcome on the terrace. Parking costs 4 euros."
)
DOGS, SAME, OPPOSITE = "Are dogs allowed?", "Can I bring my dog?", "Are dogs forbidden?"


@pytest.fixture
async def second(database_url: str, settings: Settings, resources: Resources) -> AsyncIterator[Resources]:
    """Another process."""
    async with open_resources(settings, database_url, SECRET) as here:
        yield here


@pytest.fixture
async def elsewhere(second: Resources, asking: Business) -> AsyncIterator[httpx.AsyncClient]:
    """The same owner at the other process."""
    application = create_app(_Opened(second), [])
    async with application.router.lifespan_context(application) as state:
        transport = httpx.ASGITransport(app=_with_state(application, state))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            client.headers.update(asking.owner.headers)
            yield client


@pytest.fixture
async def asking(business: Business) -> Business:
    body = {"name": "Host", "type": "receptionist"}
    assert (await business.owner.post("/agents", json=body)).status_code == 201
    paper = {"source": "faq", "title": "House rules", "content": HOURS}
    assert (await business.owner.post("/knowledge/ingest", json=paper)).status_code == 201
    return business


async def ask(client: httpx.AsyncClient, message: str) -> dict[str, Any]:
    answer = await client.post("/chat/message", json={"message": message})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def entries(client: httpx.AsyncClient, kind: str = "exact") -> int:
    return int((await client.get("/cache/stats")).json()[kind]["entries"])


async def until_entries(client: httpx.AsyncClient, wanted: int) -> None:
    """News between processes takes a moment; each look at the database gives it one."""
    for _ in range(5000):
        if await entries(client) == wanted:
            return
        await client.get("/ready")
    pytest.fail(f"the other process never had {wanted} answers")


async def test_other_words_for_a_question_find_its_answer_and_the_opposite_does_not(asking: Business) -> None:
    first = await ask(asking.owner, DOGS)
    assert "terrace" in first["reply"]
    again = await ask(asking.owner, SAME)
    assert (again["cached"], again["reply"]) == ("semantic", first["reply"])
    assert (await ask(asking.owner, DOGS))["cached"] == "exact"
    assert (await ask(asking.owner, OPPOSITE))["cached"] is False
    counted = (await asking.owner.get("/cache/stats")).json()
    assert (counted["exact"]["hits"], counted["semantic"]["hits"]) == (1, 1)


async def test_a_change_of_knowledge_makes_it_be_asked_anew(asking: Business) -> None:
    await ask(asking.owner, DOGS)
    paper = {"source": "faq", "title": "More rules", "content": "Cats are not allowed."}
    await asking.owner.post("/knowledge/ingest", json=paper)
    assert (await ask(asking.owner, SAME))["cached"] is False


async def test_what_one_process_learnt_before_or_since_the_other_knows(
    asking: Business, elsewhere: httpx.AsyncClient
) -> None:
    await ask(asking.owner, DOGS)
    assert (await ask(asking.owner, "How much is parking?"))["cached"] is False
    while (await ask(elsewhere, SAME))["cached"] is False:
        pass  # the first process writes behind its answer
    learnt = await entries(elsewhere)
    await ask(asking.owner, "When is the kitchen open?")
    await until_entries(elsewhere, learnt + 1)
    assert (await ask(elsewhere, "When is the kitchen open?"))["cached"] == "exact"


async def test_a_rejected_answer_is_gone_everywhere_and_never_remembered_again(
    asking: Business, elsewhere: httpx.AsyncClient
) -> None:
    wrong = await ask(asking.owner, DOGS)
    while (await ask(elsewhere, SAME))["cached"] is False:
        pass
    told = await asking.owner.post("/cache/reject", json={"message_id": wrong["message_id"]})
    assert told.status_code == 200, told.text
    assert told.json()["forgotten"] == 1
    await until_entries(elsewhere, 0)
    for client in (asking.owner, elsewhere):
        for question in (DOGS, SAME, DOGS):
            assert (await ask(client, question))["cached"] is False
    actions = [line["action"] for line in (await asking.owner.get("/audit")).json()["audit"]]
    assert "answer.rejected" in actions


async def test_clearing_reaches_the_other_process(asking: Business, elsewhere: httpx.AsyncClient) -> None:
    await ask(asking.owner, DOGS)
    while (await ask(elsewhere, DOGS))["cached"] is False:
        pass
    assert (await asking.owner.delete("/cache")).status_code == 204
    assert (await ask(asking.owner, DOGS))["cached"] is False
    await asking.owner.delete("/cache")
    await until_entries(elsewhere, 0)


async def test_only_an_answer_can_be_rejected(asking: Business, rival: Business) -> None:
    owner = asking.owner
    assert (await owner.post("/cache/reject", json={"message_id": "nothing"})).status_code == 404
    assert (await owner.post("/cache/reject", json={})).status_code == 422
    answer = await ask(owner, DOGS)
    path = f"/conversations/{answer['conversation_id']}/messages"
    question = next(line for line in (await owner.get(path)).json()["messages"] if line["role"] == "user")
    assert (await owner.post("/cache/reject", json={"message_id": question["id"]})).status_code == 404
    foreign = await rival.owner.post("/cache/reject", json={"message_id": answer["message_id"]})
    assert foreign.status_code == 404
    assert (await ask(owner, DOGS))["cached"] == "exact"


async def test_a_cry_for_help_is_never_answered_from_memory(asking: Business, resources: Resources) -> None:
    asked = await ask(asking.owner, "Is there a fire in the kitchen?")
    assert asked["cached"] is False
    told = await ask(asking.owner, "There is a fire in the kitchen")
    assert (told["cached"], told["emergency"]) == (False, True)


async def test_a_database_that_does_not_answer_costs_the_memory_and_not_the_turn(resources: Resources) -> None:
    dead, recall = Database("postgresql://nobody@127.0.0.1:1/none"), Recall(SystemClock())
    SharedAnswers(dead, resources.live._listener, recall, SystemClock())
    question = Question("t", "a", 1, "", "en", 1, DOGS)
    await recall.prepare("t")
    recall.remember(question, "Yes.", "faq", ())
    assert recall.look_up(question) is None, "it may have been rejected: nobody can tell"
    await dead.aclose()
