"""What a conversation says outside of its turns, and turns that never were.

A greeting, a reminder, words that the caller spoke while the agent went on: lines without a turn. Where a carrier finds
out that an answer was never spoken (the caller went on talking before it began), its turn is taken back: the next one
has the whole of what was said, and begins from the state in which this one had begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations import store
from parley.conversations.heard import Kept, correction, runs_of_speech
from parley.conversations.open import Opening
from parley.conversations.ordering import LocalOrder
from parley.conversations.takeover import CHANGED
from parley.conversations.tool_run_store import RETRACTED, retract_runs, runs_of
from parley.conversations.turn import Ask
from parley.conversations.unwritten import Unwritten
from parley.kit.db import Database
from parley.kit.errors import NotFound, TooMany
from parley.kit.events import Event, publish
from parley.privacy import Vaults

BEFORE = "before"  # of a conversation's state: the state in which its last turn began
_RECENT = 20
_BUSY_WAIT = 10.0
_BUSY_POLL = 0.02


class Lines:
    """The verbs of a live channel on what was really said."""

    def __init__(self, db: Database, vaults: Vaults, unwritten: Unwritten, opening: Opening, order: LocalOrder) -> None:
        self._db = db
        self._vaults = vaults
        self._unwritten = unwritten
        self._opening = opening
        self._order = order

    async def begin(self, ask: Ask, conversation_id: str, greeting: str) -> tuple[store.Conversation, bool]:
        """Begin a conversation that the agent opens with `greeting` ("": the caller speaks first).

        `ask.message` plays no part. One that was begun before is returned as it stands, with False. Raises `NotFound`,
        `Conflict`.
        """
        return await self._opening.greet(ask, conversation_id, greeting)

    async def say(self, tenant_id: str, conversation_id: str, words: str, role: str = "agent") -> str | None:
        """Add a line of the agent or of the `user` that belongs to no turn; returns its id."""
        async with self._between_turns(tenant_id, conversation_id) as (connection, conversation):
            masking = await self._vaults.open(connection, tenant_id, conversation_id, conversation.privacy)
            return await self._opening.speak(connection, conversation, masking, words, role)

    async def take_back(self, tenant_id: str, conversation_id: str, message_id: str) -> None:
        """Remove a line that belongs to no turn: it was never spoken."""
        async with self._between_turns(tenant_id, conversation_id) as (connection, _):
            if await store.remove_turn(connection, tenant_id, conversation_id, message_id):
                await _changed(connection, tenant_id, conversation_id, message_id)

    async def last_line(self, tenant_id: str, conversation_id: str) -> str | None:
        """The id of the newest line."""
        async with self._db.begin(tenant_id) as connection:
            lines = await store.last_messages(connection, tenant_id, conversation_id, 1)
        return lines[0].id if lines else None

    async def last_turn(self, tenant_id: str, conversation_id: str) -> tuple[store.Message, str] | None:
        """The caller's last line and what the agent said since, both as they were said; None before the first."""
        async with self._db.begin(tenant_id) as connection:
            conversation = await store.get_conversation(connection, tenant_id, conversation_id)
            if conversation is None:
                return None
            lines = await store.last_messages(connection, tenant_id, conversation_id, _RECENT)
            masking = await self._vaults.open(connection, tenant_id, conversation_id, conversation.privacy)
        place = next((at for at in reversed(range(len(lines))) if lines[at].role == "user"), None)
        if place is None:
            return None
        since = " ".join(line.content for line in lines[place + 1 :])
        return replace(lines[place], content=masking.reveal(lines[place].content)), masking.reveal(since)

    async def persons_words(self, tenant_id: str, message_id: str) -> str | None:
        """What a person who stepped in said in this line; None for lines of others, and where no words are kept."""
        async with self._db.begin(tenant_id) as connection:
            line = await store.get_message(connection, tenant_id, message_id)
            if line is None or line.role != "operator":
                return None
            conversation = await store.get_conversation(connection, tenant_id, line.conversation_id)
            if conversation is None:
                return None
            masking = await self._vaults.open(connection, tenant_id, conversation.id, conversation.privacy)
        if not masking.keeps_words:
            talk = self._unwritten.talk(conversation.id)
            said = next((one.content for one in reversed(talk.lines) if one.role == "operator"), "")
            return talk.masking.reveal(said) or None
        return masking.reveal(line.content) or None

    async def retract(self, tenant_id: str, conversation_id: str, question_id: str) -> None:
        """Take back the last turn, which answered the line `question_id` and of which nothing was heard.

        What its tools did awaits what the whole sentence wants: see `Withdrawals`. A line that is not the caller's
        last is left alone.
        """
        async with (
            self._order.turn(conversation_id),
            self._between_turns(tenant_id, conversation_id) as (connection, conversation),
        ):
            settled = await store.is_settled(connection, tenant_id, question_id)
            removed = await store.remove_turn(connection, tenant_id, conversation_id, question_id)
            if not removed:
                return
            await retract_runs(connection, tenant_id, conversation_id, question_id)
            runs = await runs_of(connection, tenant_id, conversation_id)
            before = conversation.state.get(BEFORE) if settled else None  # else the state is of the turn before it
            state = conversation.state if before is None else before
            done = {*state.get("done", ()), *(run.name for run in runs if run.standing == "stands")}
            state = {**state, "done": sorted(done), RETRACTED: any(run.standing == "retracted" for run in runs)}
            await store.restore_state(connection, tenant_id, conversation_id, state, int(settled))
            for message_id in removed:
                await _changed(connection, tenant_id, conversation_id, message_id)
            if conversation.privacy == "metadata_only":
                self._unwritten.talk(conversation_id).retract()

    async def conclude(self, tenant_id: str, conversation_id: str, said: Iterable[tuple[str, str]]) -> None:
        """Put the end of a record right by a carrier's transcript of a call that is over, as (role, words).

        What was not heard of the last answer is cut, and what the caller said after it is written down. A transcript
        that is of something else changes nothing. Where no words are kept there is nothing to put right.
        """
        talk = runs_of_speech(said)
        if not talk:
            return
        async with self._between_turns(tenant_id, conversation_id) as (connection, conversation):
            if conversation.privacy == "metadata_only":
                return
            masking = await self._vaults.open(connection, tenant_id, conversation_id, conversation.privacy)
            lines = await store.last_messages(connection, tenant_id, conversation_id, _RECENT)
            shown = [line for line in lines if line.role != "system"]
            stored = {line.id: line.content for line in shown}
            right = correction([Kept(line.id, line.role, masking.reveal(line.content)) for line in shown], talk)
            for message_id, heard in right.cut:
                kept = heard if conversation.privacy == "keep_all" else masking.beginning(stored[message_id], heard)
                if kept:
                    await store.cut_message(connection, tenant_id, conversation_id, message_id, kept)
                elif not heard:
                    await store.remove_turn(connection, tenant_id, conversation_id, message_id)
                await _changed(connection, tenant_id, conversation_id, message_id)
            for words in right.said:
                await self._opening.speak(connection, conversation, masking, words, "user")

    @asynccontextmanager
    async def _between_turns(
        self, tenant_id: str, conversation_id: str
    ) -> AsyncIterator[tuple[AsyncConnection, store.Conversation]]:
        """A transaction with the conversation's row locked while nobody answers it."""
        deadline = asyncio.get_running_loop().time() + _BUSY_WAIT
        while True:
            async with self._db.begin(tenant_id) as connection:
                found = await store.lock_conversation(connection, tenant_id, conversation_id)
                if found is None:
                    raise NotFound("conversation")
                mode, in_turn = found
                if not in_turn and (mode == "keep_all" or self._vaults.is_warm):
                    conversation = await store.get_conversation(connection, tenant_id, conversation_id)
                    assert conversation is not None  # noqa: S101 - its row is locked
                    yield connection, conversation
                    return
            if not in_turn:
                await self._vaults.warm()
            elif asyncio.get_running_loop().time() > deadline:
                raise TooMany("conversation_id is being answered.", retry_after=1)
            else:
                await asyncio.sleep(_BUSY_POLL)


async def _changed(connection: AsyncConnection, tenant_id: str, conversation_id: str, message_id: str) -> None:
    data = {"conversation_id": conversation_id, "message_id": message_id}
    await publish(connection, Event(tenant_id, CHANGED, data))
