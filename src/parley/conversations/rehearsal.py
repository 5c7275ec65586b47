"""Talks without an agent: practice between a trainee (role user) and a simulated customer (role agent).

They are conversations like any other, of the channel training: masked before the disk, listed in the log, counted. Who
answers is decided above; here lines are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations import rehearsal_store, store
from parley.conversations.takeover import ENDED, MESSAGE
from parley.conversations.told import tell_of_end
from parley.kit.errors import NotFound
from parley.kit.events import Event, publish
from parley.kit.ids import new_id
from parley.privacy import Masking, Vaults

_MOST_LINES = 2000


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line as it is kept."""

    id: str
    ordinal: int
    role: str
    content: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OpenTalk:
    """A talk that is locked until the transaction ends. `place` is that of its last line, 0 before the first."""

    id: str
    tenant_id: str
    place: int
    masking: Masking

    def heard(self, words: str) -> str:
        """A trainee's words as they are kept, and as the customer hears them."""
        return self.masking.stored(self.masking.hide(words))


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
    ) -> OpenTalk:
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
            "metadata": "{}",
            "message_count": 0,
        }
        await store.add_conversation(connection, values)
        return OpenTalk(conversation_id, tenant_id, 0, Masking(privacy))

    async def open(self, connection: AsyncConnection, tenant_id: str, conversation_id: str) -> OpenTalk:
        """The talk, for lines to be added on the caller's transaction. Raises `NotFound` once it is gone."""
        found = await rehearsal_store.lock_talk(connection, tenant_id, conversation_id)
        if found is None:
            raise NotFound("session")
        privacy, place = found
        return OpenTalk(
            conversation_id,
            tenant_id,
            place,
            await self._vaults.open(connection, tenant_id, conversation_id, privacy),
        )

    async def add(
        self, connection: AsyncConnection, talk: OpenTalk, *said: tuple[Literal["user", "agent"], str]
    ) -> list[Spoken]:
        """Add lines (role, words as they are kept); a customer's line ends an exchange, but for the first of all."""
        lines = [(new_id(), role, words) for role, words in said]
        begun = talk.place == 0 and said[0][0] == "agent"
        turns = sum(role == "agent" for role, _ in said) - begun
        at = await rehearsal_store.add_lines(connection, talk.tenant_id, talk.id, lines, turns)
        await self._vaults.save(connection, talk.tenant_id, talk.id, talk.masking)
        news = {"conversation_id": talk.id, "message_id": lines[-1][0]}
        await publish(connection, Event(talk.tenant_id, MESSAGE, news))
        return [Spoken(one, talk.place + n, role, words, at) for n, (one, role, words) in enumerate(lines, 1)]

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
