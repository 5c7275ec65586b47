"""Reading and ending conversations: the log, the lines, the traces, feedback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parley.conversations import store
from parley.conversations.outcome import judge
from parley.conversations.takeover import CHANGED, ENDED
from parley.conversations.told import tell_of_end
from parley.conversations.unwritten import Unwritten
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import NotFound
from parley.kit.events import Event, publish
from parley.privacy import Vaults
from parley.tenants import Principal, record_audit


@dataclass(frozen=True, slots=True)
class LoggedConversation:
    """A conversation with its lines, as the log shows it. `duration` in seconds."""

    conversation: store.Conversation
    lines: list[dict[str, str]]

    @property
    def duration(self) -> float:
        """As posted or fixed at the end; else from the first to the last line so far."""
        if self.conversation.duration is not None and self.conversation.status == "ended":
            return self.conversation.duration
        return round((self.conversation.last_message_at - self.conversation.started_at).total_seconds(), 3)


class Transcripts:
    """The conversations of all tenants, for reading and closing."""

    def __init__(self, db: Database, clock: Clock, vaults: Vaults, unwritten: Unwritten) -> None:
        self._db = db
        self._clock = clock
        self._vaults = vaults
        self._unwritten = unwritten

    async def get(self, tenant_id: str, conversation_id: str) -> LoggedConversation:
        """One conversation with its lines, or `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            conversation = await store.get_conversation(connection, tenant_id, conversation_id)
            if conversation is None:
                raise NotFound("conversation")
            lines = await store.transcripts(connection, tenant_id, [conversation_id])
        return LoggedConversation(conversation, lines[conversation_id])

    async def page(
        self, tenant_id: str, limit: int, cursor: str | None, filters: Mapping[str, Any]
    ) -> list[LoggedConversation]:
        """The newest `limit` + 1 conversations before `cursor`; filters that are None do not filter."""
        wanted = {name: value for name, value in filters.items() if value is not None}
        async with self._db.begin(tenant_id) as connection:
            found = await store.page_conversations(connection, tenant_id, limit, cursor, wanted)
            lines = await store.transcripts(connection, tenant_id, [one.id for one in found])
        return [LoggedConversation(one, lines[one.id]) for one in found]

    async def messages(self, tenant_id: str, conversation_id: str, limit: int, after: int) -> list[store.Message]:
        """Lines in order from behind place `after`, one more than `limit` where there are more."""
        async with self._db.begin(tenant_id) as connection:
            if await store.get_conversation(connection, tenant_id, conversation_id) is None:
                raise NotFound("conversation")
            return await store.page_messages(connection, tenant_id, conversation_id, limit, after)

    async def turn(self, tenant_id: str, conversation_id: str, message_id: str) -> dict[str, Any]:
        """The trace of the turn that wrote `message_id`."""
        async with self._db.begin(tenant_id) as connection:
            turn = await store.get_turn(connection, tenant_id, conversation_id, message_id)
        if turn is None:
            raise NotFound("turn")
        return turn

    async def end(self, tenant_id: str, conversation_id: str, seconds: float | None = None) -> LoggedConversation:
        """Close a conversation. Closing it again changes nothing. `seconds`: how long it was by a clock of its own."""
        async with self._db.begin(tenant_id) as connection:
            conversation = await store.get_conversation(connection, tenant_id, conversation_id)
            if conversation is None:
                raise NotFound("conversation")
            if conversation.status != "ended":
                now = self._clock.now()
                lasted = (now - conversation.started_at).total_seconds() if seconds is None else seconds
                duration = round(max(0.0, lasted), 3)
                values = {"status": "ended", "ended_at": now, "duration": duration}
                await store.change_conversation(connection, tenant_id, conversation_id, values)
                await publish(connection, Event(tenant_id, ENDED, {"conversation_id": conversation_id}))
                await judge(connection, tenant_id, conversation_id)
                await tell_of_end(connection, tenant_id, conversation)
        self._unwritten.forget([conversation_id])
        return await self.get(tenant_id, conversation_id)

    async def cut(self, tenant_id: str, conversation_id: str, reply_to: str, heard: str) -> None:
        """Keep of the agent's answer to the line `reply_to`, or of that line of the agent's own, what was heard."""
        async with self._db.begin(tenant_id) as connection:
            conversation = await store.get_conversation(connection, tenant_id, conversation_id)
            if conversation is None:
                return
            kept: str | None = heard
            if conversation.privacy == "metadata_only":
                self._unwritten.talk(conversation_id).cut(heard)
            elif conversation.privacy == "masked":
                masking = await self._vaults.open(connection, tenant_id, conversation_id, "masked")
                line = await store.get_agent_line(connection, tenant_id, conversation_id, reply_to)
                kept = masking.beginning(line or "", heard)
            if kept is None:
                return
            changed = await store.cut_message(connection, tenant_id, conversation_id, reply_to, kept)
            if changed is not None:
                data = {"conversation_id": conversation_id, "message_id": changed}
                await publish(connection, Event(tenant_id, CHANGED, data))

    async def rate(self, tenant_id: str, conversation_id: str, satisfaction: int, comment: str) -> LoggedConversation:
        """Store how satisfied the caller was, 1..5."""
        async with self._vaults.between_turns(tenant_id, conversation_id) as (connection, masking):
            conversation = await store.get_conversation(connection, tenant_id, conversation_id)
            if conversation is None:
                raise NotFound("conversation")
            values: dict[str, Any] = {"user_satisfaction": satisfaction}
            if kept := masking.stored(masking.hide(comment)):
                values["metadata"] = {**conversation.metadata, "comment": kept}
            await store.change_conversation(connection, tenant_id, conversation_id, values)
        return await self.get(tenant_id, conversation_id)

    async def delete(self, who: Principal, tenant_id: str, conversation_id: str) -> None:
        """Remove a conversation, its lines and its traces."""
        async with self._db.begin(tenant_id) as connection:
            if not await store.remove_conversation(connection, tenant_id, conversation_id):
                raise NotFound("conversation")
            await record_audit(connection, who, tenant_id, "conversation.deleted", conversation_id)
        self._unwritten.forget([conversation_id])
