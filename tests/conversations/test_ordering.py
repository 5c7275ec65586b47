"""Turns of one conversation happen one after the other, whoever asks and through whichever process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest

from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from parley.conversations import Ask, Delta, Done, Responder
from parley.conversations.ordering import LocalOrder, TurnHolder
from parley.inference.scripted import ScriptedChat
from parley.kit.errors import TooMany
from tests.conftest import SECRET, Business

pytestmark = pytest.mark.anyio


@pytest.fixture
async def second_process(database_url: str, settings: Settings) -> AsyncIterator[Resources]:
    """Another server on the same database, as another process would be: its own pool, its own turn holder."""
    async with open_resources(settings, database_url, SECRET) as here:
        yield here


async def say(responder: Responder, ask: Ask) -> Done:
    async with aclosing(responder.respond(ask)) as events:
        async for event in events:
            if isinstance(event, Done):
                return event
    raise AssertionError("a turn ends with Done")


async def begun(business: Business, resources: Resources) -> str:
    await business.owner.post("/agents", json={"name": "Front Desk"})
    return (await say(resources.responder, Ask(business.id, "Good morning"))).conversation_id


async def roles_and_replies(
    resources: Resources, business: Business, conversation_id: str
) -> list[tuple[str, str, str]]:
    """Per turn: the caller's line, and the ids by which its reply is tied to it."""
    lines = await resources.transcripts.messages(business.id, conversation_id, 500, 0)
    assert [line.role for line in lines] == ["user", "agent"] * (len(lines) // 2)
    assert [line.ordinal for line in lines] == list(range(1, len(lines) + 1))
    return [(user.content, user.id, agent.reply_to or "") for user, agent in zip(lines[::2], lines[1::2], strict=True)]


async def test_fifty_messages_at_once_are_answered_in_the_order_they_came(
    business: Business, resources: Resources
) -> None:
    conversation = await begun(business, resources)
    said = [f"And what about number {number}?" for number in range(50)]
    asks = [Ask(business.id, message, conversation_id=conversation) for message in said]
    await asyncio.gather(*(say(resources.responder, ask) for ask in asks))
    turns = await roles_and_replies(resources, business, conversation)
    assert [message for message, _, _ in turns[1:]] == said
    assert all(question == reply_to for _, question, reply_to in turns)


async def test_two_processes_take_turns_on_one_conversation(
    business: Business, resources: Resources, second_process: Resources
) -> None:
    conversation = await begun(business, resources)
    responders: Sequence[Responder] = (resources.responder, second_process.responder)
    said = [f"And what about number {number}?" for number in range(20)]
    asks = [Ask(business.id, message, conversation_id=conversation) for message in said]
    await asyncio.gather(*(say(responders[number % 2], ask) for number, ask in enumerate(asks)))
    turns = await roles_and_replies(resources, business, conversation)
    assert sorted(message for message, _, _ in turns[1:]) == sorted(said)
    for process in range(2):
        own = [message for message, _, _ in turns if message in said[process::2]]
        assert own == said[process::2], "a process keeps the order in which its messages came"
    assert all(question == reply_to for _, question, reply_to in turns)


async def test_many_conversations_do_not_wait_for_one_another(business: Business, resources: Resources) -> None:
    await business.owner.post("/agents", json={"name": "Front Desk"})
    answers = await asyncio.gather(*(say(resources.responder, Ask(business.id, "Good morning")) for _ in range(40)))
    assert len({answer.conversation_id for answer in answers}) == 40


async def test_a_turn_of_a_dead_process_does_not_hold_its_conversation(
    business: Business, resources: Resources, database_url: str
) -> None:
    conversation = await begun(business, resources)
    dead = TurnHolder(database_url)
    await dead.open()
    async with resources.db.begin(business.id) as connection:
        from parley.conversations import store

        assert await store.claim_turn(connection, business.id, conversation, dead.number)
    blocked = asyncio.create_task(say(resources.responder, Ask(business.id, "Hello?", conversation_id=conversation)))
    done, _ = await asyncio.wait([blocked], timeout=0.15)
    assert not done, "while its process lives, the turn is the other's"
    await dead.aclose()
    assert (await asyncio.wait_for(blocked, 5)).reply


async def test_who_leaves_in_the_middle_leaves_a_settled_answer_and_frees_the_turn(
    business: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await begun(business, resources)
    chat = ScriptedChat(("We are open daily. ", "We close at nine. ", "And so on."))

    async def scripted(*_: object) -> ScriptedChat:
        return chat

    monkeypatch.setattr(resources.models, "for_agent", scripted)
    events = resources.responder.respond(Ask(business.id, "When are you open, please?", conversation_id=conversation))
    async for event in events:
        if isinstance(event, Delta):
            break
    await events.aclose()
    monkeypatch.undo()
    assert chat.closed_early == 1
    lines = await resources.transcripts.messages(business.id, conversation, 500, 0)
    assert lines[-1].content == "We are open daily."
    turn = await resources.transcripts.turn(business.id, conversation, lines[-1].id)
    assert turn["trace"]["cut_short"] is True
    assert (await say(resources.responder, Ask(business.id, "Hello?", conversation_id=conversation))).reply


async def test_a_queue_that_is_full_says_so() -> None:
    order = LocalOrder()
    release = asyncio.Event()
    entered = 0

    async def wait() -> None:
        nonlocal entered
        async with order.turn("one"):
            entered += 1
            await release.wait()

    waiting = [asyncio.create_task(wait()) for _ in range(200)]
    done, _ = await asyncio.wait(waiting, timeout=0.05)
    assert entered == 1
    assert done
    assert all(isinstance(task.exception(), TooMany) for task in done)
    async with order.turn("another"):
        release.set()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert entered == len(waiting) - len(done)
    assert not order._locks
