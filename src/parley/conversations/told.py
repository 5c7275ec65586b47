"""What webhooks are told of a conversation: that a person is wanted, and that it has ended."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations.store import Conversation
from parley.conversations.turn import Answer, Turn
from parley.outbox import announce


async def tell_of_turn(connection: AsyncConnection, turn: Turn, answer: Answer, *, ended: bool) -> None:
    """On the transaction that settles the turn: the first escalation of a conversation, and its end."""
    if answer.escalate and not turn.conversation.state.get("escalated"):
        data = {**_about(turn.conversation), "emergency": answer.emergency, "intent": answer.intent}
        await announce(connection, turn.tenant.id, "escalation.requested", data)
    if ended:
        data = {**_about(turn.conversation), "turn_count": turn.conversation.turn_count + 1}
        await announce(connection, turn.tenant.id, "conversation.ended", data)


async def tell_of_end(connection: AsyncConnection, tenant_id: str, conversation: Conversation) -> None:
    """A conversation that was closed from outside a turn."""
    data = {**_about(conversation), "turn_count": conversation.turn_count}
    await announce(connection, tenant_id, "conversation.ended", data)


def _about(conversation: Conversation) -> dict[str, Any]:
    names = ("agent_id", "agent_name", "channel", "session_id", "user_id", "language", "experiment_id", "started_at")
    return {"conversation_id": conversation.id, **{name: getattr(conversation, name) for name in names}}
