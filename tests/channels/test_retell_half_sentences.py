"""Half a sentence that already led to a deed: whatever the whole of it wants is done, and once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from parley.app.resources import Resources
from parley.channels import retell_reply
from parley.channels.retell_party import Party
from parley.conversations import Acting, Action, Ask, Delta, Done, Event, Opened, Withdrawals
from parley.frontdesk import NewLead
from parley.kit.ids import new_id
from tests.channels.retell_peer import Peer, content_of
from tests.channels.test_chat import furnish
from tests.channels.test_retell_talk import GREETING, Stage
from tests.conftest import Business
from tests.journeys.conftest import coming, open_desk, rows

pytestmark = pytest.mark.anyio

DAY = coming("saturday").isoformat()
MARIA = "Maria Lopez, 212 555 0134"


@pytest.fixture
async def stage(business: Business, resources: Resources) -> Stage:
    agent = await furnish(business)
    await open_desk(business)
    return Stage(business, resources, Party(business.id, agent, new_id(), new_id(), greeting=GREETING))


async def say_on(peer: Peer, *ways: str) -> str:
    """The caller goes on talking while each answer but the last is made; returns the last answer, which is heard."""
    peer.heard(ways[0])
    answer = content_of(await peer.answer(await peer.ask()))
    for more in ways[1:]:
        peer.transcript[-1]["content"] = more
        answer = content_of(await peer.answer(await peer.ask()))
    peer.spoken(answer)
    return answer


async def about_to_book(peer: Peer, party: int = 2, time: str = "19:30") -> None:
    await peer.greeted()
    await peer.say(f"I want to book a table for {party} on {DAY} at {time}")


def shown(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["party_size"], row["time"][:5], row["status"]


async def test_the_whole_sentence_wants_it_otherwise(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await about_to_book(peer)
        answer = await say_on(peer, MARIA, f"{MARIA}, no wait, make it for three people at eight pm")
    (row,) = await rows(stage.business, "reservations")
    assert shown(row) == (3, "20:00", "confirmed")
    assert row["reference"] in answer
    assert "8 pm" in answer
    users = [content for role, content in await stage.lines() if role == "user"]
    assert users[1:] == [f"{MARIA}, no wait, make it for three people at eight pm"]


async def test_a_sentence_in_many_halves(stage: Stage) -> None:
    """Each asked about on its own: three deeds, one reservation."""
    async with stage.line() as (peer, _):
        await about_to_book(peer)
        await say_on(
            peer,
            MARIA,
            f"{MARIA}, for three people",
            f"{MARIA}, for three people, no, for four people",
            f"{MARIA}, for three people, no, for four people at eight pm",
        )
        await peer.say("Thank you, that is all")
    (row,) = await rows(stage.business, "reservations")
    assert shown(row) == (4, "20:00", "confirmed")


async def test_what_the_whole_sentence_does_not_want_is_undone(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await about_to_book(peer)
        await say_on(
            peer, MARIA, f"{MARIA}. But first, how much is the lasagna?", "Never mind, how much is the lasagna?"
        )
    assert {row["status"] for row in await rows(stage.business, "reservations")} == {"cancelled"}
    assert not (await stage.state())["retracted"]
    assert "book_table" not in (await stage.state())["done"]


async def test_what_was_undone_can_be_done_after_all(stage: Stage) -> None:
    """Undone, and then wanted with the very same words: a new one, not the memory of the old."""
    async with stage.line() as (peer, _):
        await about_to_book(peer)
        await say_on(peer, MARIA, "How much is the lasagna?")
        confirmed = await peer.say(MARIA)
    alive = [row for row in await rows(stage.business, "reservations") if row["status"] == "confirmed"]
    assert [row["reference"] in confirmed for row in alive] == [True]


async def test_a_cancellation_that_is_taken_back(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await about_to_book(peer)
        await peer.say(MARIA)
        (row,) = await rows(stage.business, "reservations")
        await say_on(peer, f"Please cancel my reservation {row['reference']}", "Never mind, how much is the lasagna?")
    (row,) = await rows(stage.business, "reservations")
    assert shown(row) == (2, "19:30", "confirmed")
    assert row["cancelled_at"] is None


async def test_a_change_that_is_said_otherwise(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await about_to_book(peer)
        await peer.say(MARIA)
        await say_on(
            peer,
            "Please change my reservation to four people",
            "Please change my reservation to four people, no sorry, to eight pm",
        )
    (row,) = await rows(stage.business, "reservations")
    assert shown(row)[1] == "20:00"


async def test_a_lead_is_noted_as_it_was_said_in_the_end(stage: Stage) -> None:
    leads = stage.resources.leads
    first = NewLead(name="Ann Lee", phone="+12125550134", notes="A flat")
    lead, is_new = await leads.capture(stage.business.id, first)
    right = NewLead(name="Ann Lee", phone="+12125550135", notes="A house")
    await leads.correct(stage.business.id, lead.id, right, is_new=is_new)
    (row,) = await rows(stage.business, "leads")
    assert (row["phone"], row["notes"]) == ("+12125550135", "A house")
    _, is_new = await leads.capture(stage.business.id, NewLead(name="Ann B. Lee", phone="+12125550135", notes="Soon"))
    assert not is_new
    await leads.correct(stage.business.id, lead.id, None, is_new=is_new)
    (row,) = await rows(stage.business, "leads")
    assert (row["name"], row["notes"], row["contacts"]) == ("Ann Lee", "A house", 1)
    await leads.correct(stage.business.id, lead.id, None, is_new=True)
    assert await rows(stage.business, "leads") == []


async def test_nobody_followed(stage: Stage) -> None:
    """The words were taken back, and the caller hung up before the whole sentence was answered."""
    async with stage.line() as (peer, _):
        await about_to_book(peer)
        peer.heard(MARIA)
        await peer.answer(await peer.ask())
    party = stage.party
    question = await stage.resources.lines.last_turn(party.tenant_id, party.conversation_id)
    assert question is not None
    await stage.resources.lines.retract(party.tenant_id, party.conversation_id, question[0].id)
    assert [row["status"] for row in await rows(stage.business, "reservations")] == ["confirmed"]
    tools = stage.resources.responder._parts.tools._desk
    for _ in range(2):
        await Withdrawals(stage.resources.db, tools).finish(party.tenant_id, party.conversation_id)  # type: ignore[arg-type]
    assert [row["status"] for row in await rows(stage.business, "reservations")] == ["cancelled"]


class Outside:
    """A responder with a tool that nothing takes back."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.reached = asyncio.Event()

    async def respond(self, ask: Ask) -> AsyncGenerator[Event, None]:
        yield Opened(ask.conversation_id or "", "")
        self.reached.set()
        yield Acting("order_taxi", lasting=True)
        self.done.append(ask.message)
        yield Action("order_taxi", {}, {}, ok=True)
        yield Delta("It is on its way.")
        yield Done(ask.conversation_id or "", "", "", "booking", "en", {})


async def test_what_cannot_be_undone_waits_for_the_end_of_the_sentence(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retell_reply, "SETTLED_AFTER", 60.0)
    stage.party = replace(stage.party, greeting="")
    stage.responder = outside = Outside()
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.heard("A taxi to the station")
        await peer.ask()
        await outside.reached.wait()
        peer.transcript[-1]["content"] = "A taxi to the station, no, to the airport"
        number = await peer.ask()
        frames = [await peer.frame()]
        while not (frames[-1].get("response_id") == number and "moment" in frames[-1]["content"]):
            frames.append(await peer.frame())
        assert outside.done == []
        await peer.send({"interaction_type": "update_only", "transcript": peer.transcript, "turntaking": "agent_turn"})
        assert "on its way" in content_of(await peer.answer(number))
    assert outside.done == ["A taxi to the station, no, to the airport"]


async def test_a_client_that_tells_of_no_turns_waits_a_moment(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retell_reply, "SETTLED_AFTER", 0.01)
    stage.party = replace(stage.party, greeting="")
    stage.responder = outside = Outside()
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.heard("A taxi please")
        assert content_of(await peer.answer(await peer.ask())) == "One moment, please. It is on its way."
    assert outside.done == ["A taxi please"]
