"""A person steps in: takes the conversation over, speaks, hands it back. The agent is silent meanwhile."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations import store
from parley.conversations.unwritten import Unwritten
from parley.kit.db import Database
from parley.kit.errors import Conflict, NotFound
from parley.kit.events import Event, publish
from parley.kit.ids import new_id
from parley.privacy import Vaults
from parley.tenants import Principal, record_audit

MESSAGE = "conversation.message"
CHANGED = "conversation.changed"  # a line was cut to what was heard of it, or taken back
HELD = "conversation.held"
RELEASED = "conversation.released"
ENDED = "conversation.ended"


class Takeover:
    """The verbs of a person on a conversation."""

    def __init__(self, db: Database, vaults: Vaults, unwritten: Unwritten) -> None:
        self._db = db
        self._vaults = vaults
        self._unwritten = unwritten

    async def take(self, who: Principal, tenant_id: str, conversation_id: str) -> store.Conversation:
        """Silence the agent. Raises `Conflict` where another person has it already."""
        async with self._db.begin(tenant_id) as connection:
            before = await _open_conversation(connection, tenant_id, conversation_id)
            if before.held_by not in (None, who.id):
                raise Conflict("Another person has taken this conversation over.", code="conversation.held")
            return await self._hold(connection, who, before, who.id, HELD)

    async def release(self, who: Principal, tenant_id: str, conversation_id: str) -> store.Conversation:
        """Hand the conversation back to the agent. Handing it back twice is fine."""
        async with self._db.begin(tenant_id) as connection:
            before = await _open_conversation(connection, tenant_id, conversation_id)
            return await self._hold(connection, who, before, None, RELEASED)

    async def reply(self, who: Principal, tenant_id: str, conversation_id: str, content: str) -> store.Message:
        """Say something to the caller. Raises `Conflict` unless this person has taken the conversation over.

        Who speaks is answered with the words as they were said; they are kept as the conversation's mode has it.
        """
        async with self._vaults.between_turns(tenant_id, conversation_id) as (connection, masking):
            conversation = await _open_conversation(connection, tenant_id, conversation_id)
            if conversation.held_by != who.id:
                raise Conflict("Take the conversation over first.", code="conversation.not_held")
            talk = None if masking.keeps_words else self._unwritten.talk(conversation_id)
            masked = (talk.masking if talk else masking).hide(content)
            message_id, length = new_id(), None if talk is None else len(content)
            line = store.Line(message_id, masking.stored(masked), length)
            await store.add_message(connection, tenant_id, conversation_id, "operator", line)
            if talk is not None:
                self._unwritten.add(talk, "operator", masked)
            data = {"conversation_id": conversation_id, "message_id": message_id, "by": "person"}
            await publish(connection, Event(tenant_id, MESSAGE, data))
            [message] = await store.last_messages(connection, tenant_id, conversation_id, 1)
        return replace(message, content=content)

    @staticmethod
    async def _hold(
        connection: AsyncConnection, who: Principal, before: store.Conversation, holder: str | None, event: str
    ) -> store.Conversation:
        if before.held_by == holder:
            return before
        changed = await store.change_conversation(connection, before.tenant_id, before.id, {"held_by": holder})
        await record_audit(connection, who, before.tenant_id, event, before.id)
        await publish(connection, Event(before.tenant_id, event, {"conversation_id": before.id}))
        return changed or before


async def _open_conversation(connection: AsyncConnection, tenant_id: str, conversation_id: str) -> store.Conversation:
    found = await store.get_conversation(connection, tenant_id, conversation_id)
    if found is None:
        raise NotFound("conversation")
    if found.status == "ended":
        raise Conflict("The conversation has ended.", code="conversation.ended")
    return found
