"""A remembered answer takes one transaction, as durable as any other's, and not where the conversation wants more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from parley.app.resources import Resources
from parley.conversations.settle import Settlement, Written
from parley.conversations.tool_run_store import RETRACTED
from parley.kit.db import Database, fetch
from tests.channels.test_chat import furnish, say
from tests.conftest import Business

pytestmark = pytest.mark.anyio

QUESTION = "How much is the lasagna?"


@pytest.fixture
async def asked(business: Business) -> Business:
    """A business that has answered the question once."""
    await furnish(business)
    assert (await say(business, QUESTION))["cached"] is False
    return business


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tenants for whom a transaction was begun, one after the other."""
    begun: list[str] = []
    begin = Database.begin

    def noted(self: Database, tenant_id: str, *, durable: bool = True) -> Any:
        begun.append(tenant_id)
        return begin(self, tenant_id, durable=durable)

    monkeypatch.setattr(Database, "begin", noted)
    return begun


async def test_a_hit_takes_one_transaction_and_another_turn_two(asked: Business, opened: list[str]) -> None:
    assert (await say(asked, QUESTION))["cached"] == "exact"
    assert opened == [asked.id]
    opened.clear()
    assert (await say(asked, "Thank you!"))["cached"] is False
    assert opened == [asked.id, asked.id]


async def test_a_hit_waits_for_the_disk(asked: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[str] = []
    write = Settlement.write

    async def noted(self: Settlement, connection: Any, *turn: Any) -> Written:
        waits.append((await fetch(connection, "SHOW synchronous_commit"))[0][0])
        return await write(self, connection, *turn)

    monkeypatch.setattr(Settlement, "write", noted)
    await say(asked, QUESTION)
    await say(asked, "Thank you!")
    assert waits == ["on", "on"]


async def test_a_hit_is_on_record_like_any_turn(asked: Business) -> None:
    reply = await say(asked, QUESTION)
    again = await say(asked, QUESTION, conversation_id=reply["conversation_id"])
    assert again["cached"] == "exact"
    address = f"/conversations/{reply['conversation_id']}"
    lines = (await asked.owner.get(f"{address}/messages")).json()["messages"]
    assert [line["role"] for line in lines] == ["user", "agent"] * 2
    assert lines[3]["content"] == reply["reply"]
    turn = (await asked.owner.get(f"{address}/turns/{again['message_id']}")).json()
    assert [step["step"] for step in turn["trace"]["steps"]] == ["open", "recall"]
    assert 0 < turn["first_token_ms"] <= turn["total_ms"]


async def test_a_hit_is_streamed_like_any_answer(asked: Business) -> None:
    events: list[tuple[str, Any]] = []
    async with asked.owner.stream("POST", "/chat/stream", json={"message": QUESTION}) as answer:
        name = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                events.append((name, json.loads(line.removeprefix("data: "))))
    assert [name for name, _ in events] == ["opened", "delta", "done"]
    assert events[1][1]["text"] == events[2][1]["reply"]
    assert events[2][1]["cached"] == "exact"


async def test_a_turn_that_must_take_something_back_is_thought_about(asked: Business, resources: Resources) -> None:
    reply = await say(asked, "Hello")
    async with resources.db.begin(asked.id) as connection:
        change = (
            "UPDATE conversations SET state = state || jsonb_build_object(CAST(:flag AS text), true) WHERE id = :id"
        )
        await connection.execute(text(change), {"flag": RETRACTED, "id": reply["conversation_id"]})
    assert (await say(asked, QUESTION, conversation_id=reply["conversation_id"]))["cached"] is False
