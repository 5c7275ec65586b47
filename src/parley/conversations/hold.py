"""Holding a conversation still while something outside a turn adds to it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations import store
from parley.privacy import Busy, Mode


class HeldConversations:
    """What the vault asks of this room; see `privacy.Conversations`."""

    async def hold(self, connection: AsyncConnection, tenant_id: str, conversation_id: str) -> Mode | None:
        """Lock the conversation's row, so that no turn begins before the transaction ends."""
        found = await store.lock_conversation(connection, tenant_id, conversation_id)
        if found is None:
            return None
        mode, in_turn = found
        if in_turn:
            raise Busy
        return mode

    async def mode_of(self, connection: AsyncConnection, tenant_id: str, conversation_id: str) -> Mode | None:
        """The mode it was begun in."""
        found = await store.get_conversation(connection, tenant_id, conversation_id)
        return None if found is None else found.privacy
