"""Talks without an agent: practice between a trainee (role user) and a simulated customer (role agent).

They are conversations like any other, of the channel training: masked before the disk, listed in the log, counted. Who
answers is decided above; here lines are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations import store
from parley.conversations.takeover import ENDED, MESSAGE
from parley.conversations.told import tell_of_end
from parley.kit.events import Event, publish
from parley.kit.ids import new_id
from parley.privacy import Vaults

_MOST_LINES = 2000


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line as it is kept."""

    id: str
    ordinal: int
    role: str
    content: str
    at: datetime


class RehearsedTalks:
    """The lines of practice."""

    def __init__(self, vaults: Vaults) -> None:
        self._vaults = vaults

    async def warm(self) -> None:
        """Build what masking needs; not inside a transaction."""
        if not self._vaults.is_warm:
            await self._vaults.warm()

    async def begin(
        self,
        connection: AsyncConnection,
        tenant_id: str,
        conversation_id: str,
        *,
        name: str,
        user_id: str,
        language: str,
        privacy: Literal["keep_all", "masked"],
    ) -> None:
        """A new talk on the caller's transaction. `name` is what is played, in an agent's place in the log."""
        values: dict[str, Any] = {
            "id": conversation_id,
            "tenant_id": tenant_id,
            "agent_id": None,
            "agent_version": None,
            "agent_config": None,
            "agent_name": name,
            "experiment_id": None,
            "experiment_revision": None,
            "channel": "training",
            "session_id": conversation_id,
            "user_id": user_id,
            "language": language,
            "turn_holder": None,
            "privacy": privacy,
            "metadata": orjson.dumps({}).decode(),
        }
        await store.add_conversation(connection, values)
        await store.change_conversation(connection, tenant_id, conversation_id, {"message_count": 0})

    async def say(
        self,
        connection: AsyncConnection,
        tenant_id: str,
        conversation_id: str,
        role: Literal["user", "agent"],
        words: str,
    ) -> str:
        """Add a line, masked where the talk is; returns its id. An agent's line ends an exchange."""
        conversation = await store.lock_conversation(connection, tenant_id, conversation_id)
        assert conversation is not None  # noqa: S101 - the session's row keeps it there
        kept = await store.get_conversation(connection, tenant_id, conversation_id)
        assert kept is not None  # noqa: S101
        masking = await self._vaults.open(connection, tenant_id, conversation_id, kept.privacy)
        hidden = masking.hide(words) if role == "user" else words
        line = store.Line(new_id(), masking.stored(hidden))
        await store.add_message(connection, tenant_id, conversation_id, role, line)
        if role == "agent" and kept.message_count:
            turns = {"turn_count": kept.turn_count + 1}
            await store.change_conversation(connection, tenant_id, conversation_id, turns)
        await self._vaults.save(connection, tenant_id, conversation_id, masking)
        news = {"conversation_id": conversation_id, "message_id": line.id}
        await publish(connection, Event(tenant_id, MESSAGE, news))
        return line.id

    async def lines(
        self, connection: AsyncConnection, tenant_id: str, conversation_id: str, after: int = 0
    ) -> Sequence[Spoken]:
        """The lines after a place, oldest first."""
        found = await store.page_messages(connection, tenant_id, conversation_id, _MOST_LINES, after)
        return [Spoken(one.id, one.ordinal, one.role, one.content, one.created_at) for one in found]

    async def end(
        self,
        connection: AsyncConnection,
        tenant_id: str,
        conversation_id: str,
        *,
        now: datetime,
        passed: bool | None,
    ) -> None:
        """Close a talk; `passed` is its outcome, None for one that was left."""
        conversation = await store.get_conversation(connection, tenant_id, conversation_id)
        if conversation is None or conversation.status == "ended":
            return
        duration = round(max(0.0, (now - conversation.started_at).total_seconds()), 3)
        values = {"status": "ended", "ended_at": now, "duration": duration, "task_completed": passed}
        await store.change_conversation(connection, tenant_id, conversation_id, values)
        await publish(connection, Event(tenant_id, ENDED, {"conversation_id": conversation_id}))
        await tell_of_end(connection, tenant_id, conversation)
