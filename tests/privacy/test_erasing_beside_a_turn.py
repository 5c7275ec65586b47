"""A person is erased while the agent is answering them: nothing that the turn learns is left, and nobody gets a 500."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from parley.app.resources import Resources
from parley.conversations import Ask, Done
from parley.inference.chat import ChatEvent, ChatRequest, Finished, TextDelta, ToolCall
from tests.conftest import Business
from tests.privacy.conftest import Dump, make_agent, tables_with

pytestmark = pytest.mark.anyio

DAY = (date.today() + timedelta(days=5)).isoformat()  # noqa: DTZ011 - tests and tenants share the machine's day
PHONE = "+49 30 23125017"
PRIVATE = ["Quillon", "Abernatter", "23125017", "2312 5017"]
BOOK = {"date": DAY, "time": "19:00", "party_size": 2, "name": "Quillon Abernatter", "phone": PHONE}
LEAD = {"name": "Quillon Abernatter", "phone": PHONE}
LINE = f"Please book a table for 2 on {DAY} at 7 pm for Quillon Abernatter, {PHONE}"


@dataclass
class Slow:
    """A model that calls tools once it is let on, and then says a sentence."""

    calls: tuple[tuple[str, dict[str, Any]], ...]
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    on: asyncio.Event = field(default_factory=asyncio.Event)
    name: str = "test/slow"

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        if any(message.role == "tool" for message in request.messages):
            yield TextDelta("Thank you for calling.")
            yield Finished("stop", model=self.name)
            return
        self.asked.set()
        await self.on.wait()
        for number, (tool, arguments) in enumerate(self.calls):
            yield ToolCall(f"call-{number}", tool, arguments)
        yield Finished("tool_calls", model=self.name)

    async def aclose(self) -> None: ...


@pytest.fixture
def slow(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> Slow:
    model = Slow((("book_table", BOOK), ("capture_lead", LEAD)))

    async def for_agent(*_: object) -> Slow:
        return model

    monkeypatch.setattr(resources.models, "for_agent", for_agent)
    return model


@pytest.fixture
def looked(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> asyncio.Queue[bool]:
    """What an erasure saw each time it looked: whether a turn is under way."""
    seen: asyncio.Queue[bool] = asyncio.Queue()
    real = resources.persons._lock

    async def look(*given: Any) -> Any:
        known, busy = await real(*given)
        seen.put_nowait(busy)
        return known, busy

    monkeypatch.setattr(resources.persons, "_lock", look)
    return seen


async def answer(resources: Resources, business: Business, agent: str) -> Done:
    """One turn, from inside: a client's time-outs play no part."""
    ask = Ask(tenant_id=business.id, message=LINE, agent_id=agent, user_id="quillon")
    done = [event async for event in resources.responder.respond(ask) if isinstance(event, Done)]
    return done[0]


async def free_agent(business: Business, mode: str) -> str:
    return await make_agent(business, mode, conversation_flow={"start": "free", "nodes": {"free": {}}})


@pytest.mark.parametrize("mode", ["keep_all", "masked", "metadata_only"])
async def test_erasing_waits_for_the_turn_and_takes_what_it_wrote(
    business: Business, resources: Resources, everything: Dump, slow: Slow, looked: asyncio.Queue[bool], mode: str
) -> None:
    agent = await free_agent(business, mode)
    turn = asyncio.create_task(answer(resources, business, agent))
    await slow.asked.wait()
    erasing = asyncio.create_task(business.owner.post("/privacy/erase", json={"user_id": "quillon"}))
    assert await looked.get() is True, "a turn is under way"
    assert await looked.get() is True, "it still is"
    slow.on.set()
    said = await turn
    assert [action.ok for action in said.actions] == [True, True]
    receipt = await erasing
    assert receipt.status_code == 200, receipt.text
    assert receipt.json()["counts"]["reservations"] == 1
    assert receipt.json()["counts"]["leads"] == 1
    assert tables_with(everything(business.id), [*PRIVATE, said.conversation_id]) == {}


@pytest.mark.parametrize("mode", ["keep_all", "masked", "metadata_only"])
async def test_a_turn_that_outlasts_the_patience_ends_politely_and_writes_nothing(
    business: Business,
    resources: Resources,
    everything: Dump,
    slow: Slow,
    mode: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resources.persons, "_patience", 0.0)
    agent = await free_agent(business, mode)
    turn = asyncio.create_task(answer(resources, business, agent))
    await slow.asked.wait()
    receipt = await business.owner.post("/privacy/erase", json={"user_id": "quillon"})
    assert receipt.json()["counts"]["conversations"] == 1
    slow.on.set()
    said = await turn
    assert said.reply
    assert [action.ok for action in said.actions] == [False, False]
    assert tables_with(everything(business.id), [*PRIVATE, said.conversation_id]) == {}
    after = {"conversation_id": said.conversation_id, "message": "Are you still there?", "agent_id": agent}
    assert (await business.owner.post("/chat/message", json=after)).status_code == 404


async def test_by_phone_what_was_said_in_the_running_turn_goes_too(
    business: Business, resources: Resources, everything: Dump, slow: Slow, looked: asyncio.Queue[bool]
) -> None:
    """Before the turn settles the number is only a mention; after it, the conversation is the person's own."""
    agent = await free_agent(business, "keep_all")
    turn = asyncio.create_task(answer(resources, business, agent))
    await slow.asked.wait()
    erasing = asyncio.create_task(business.owner.post("/privacy/erase", json={"phone": PHONE}))
    assert await looked.get() is True, "a turn is under way"
    slow.on.set()
    said = await turn
    assert (await erasing).json()["counts"]["conversations"] == 1
    assert tables_with(everything(business.id), [*PRIVATE, said.conversation_id]) == {}


async def test_many_turns_and_erasures_at_once_leave_nothing_and_break_nothing(
    business: Business, resources: Resources, everything: Dump, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources.persons, "_patience", 0.0)
    agent = await free_agent(business, "masked")
    turns = [asyncio.create_task(answer(resources, business, agent)) for _ in range(8)]
    await slow.asked.wait()
    slow.on.set()
    erasures = [business.owner.post("/privacy/erase", json={"user_id": "quillon"}) for _ in range(8)]
    receipts = await asyncio.gather(*erasures)
    assert {receipt.status_code for receipt in receipts} == {200}
    assert all(done.reply for done in await asyncio.gather(*turns))
    assert (await business.owner.post("/privacy/erase", json={"user_id": "quillon"})).status_code == 200
    assert tables_with(everything(business.id), PRIVATE) == {}
