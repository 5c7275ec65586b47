"""What is on record of how a conversation went, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.db import fetch


@dataclass(frozen=True, slots=True)
class TurnTaken:
    """One turn. `answered`: its answer stood on something that is known."""

    intent: str
    escalate: bool
    emergency: bool
    answered: bool


_FACTS = """
    SELECT coalesce(c.state -> 'done', '[]'::jsonb)::text,
           coalesce((SELECT jsonb_agg(jsonb_build_array(t.intent, t.escalate, t.emergency,
                       t.cached IS NOT NULL OR jsonb_array_length(coalesce(t.trace -> 'sources', '[]'::jsonb)) > 0)
                       ORDER BY t.created_at)
                     FROM turns t WHERE t.tenant_id = c.tenant_id AND t.conversation_id = c.id), '[]'::jsonb)::text,
           (SELECT sum(t.prompt_tokens + t.completion_tokens)
            FROM turns t WHERE t.tenant_id = c.tenant_id AND t.conversation_id = c.id)
    FROM conversations c
    WHERE c.tenant_id = %s AND c.id = %s AND c.judged_at IS NULL FOR UPDATE OF c
"""
_JUDGE = """
    UPDATE conversations SET judged_at = now(), escalated = %(escalated)s, tokens = %(tokens)s,
      task_completed = %(task_completed)s,
      duration = CASE WHEN status = 'ended' AND duration IS NOT NULL THEN duration
                      ELSE round(extract(epoch FROM last_message_at - started_at)::numeric, 3) END
    WHERE tenant_id = %(tenant_id)s AND id = %(id)s
"""
_TELL = """
    UPDATE conversations SET task_completed = %(task_completed)s WHERE tenant_id = %(tenant_id)s AND id = %(id)s
"""
_LEFT = """
    SELECT extract(epoch FROM last_message_at - started_at) FROM conversations
    WHERE tenant_id = %s AND id = %s AND channel = 'voice' AND status = 'open'
"""
_IDLE = "SELECT tenant_id, id FROM find_idle_conversations(%s, %s)"


async def unjudged(
    connection: AsyncConnection, tenant_id: str, conversation_id: str
) -> tuple[frozenset[str], list[TurnTaken], int | None] | None:
    """The tools that confirmed something, the turns in order and the tokens; the row is locked. None where the
    conversation is gone or has an outcome."""
    rows = await fetch(connection, _FACTS, (tenant_id, conversation_id))
    if not rows:
        return None
    done, turns, tokens = rows[0]
    taken = [TurnTaken(*one) for one in orjson.loads(turns)]
    return frozenset(orjson.loads(done)), taken, None if tokens is None else int(tokens)


async def keep_outcome(connection: AsyncConnection, tenant_id: str, conversation_id: str, **outcome: Any) -> None:
    """Store escalated, tokens and task_completed, and that it was judged."""
    await fetch(connection, _JUDGE, {"tenant_id": tenant_id, "id": conversation_id, **outcome})


async def tell_outcome(
    connection: AsyncConnection, tenant_id: str, conversation_id: str, *, task_completed: bool
) -> None:
    """Put the outcome right."""
    values = {"tenant_id": tenant_id, "id": conversation_id, "task_completed": task_completed}
    await fetch(connection, _TELL, values)


async def left_on_the_line(connection: AsyncConnection, tenant_id: str, conversation_id: str) -> float | None:
    """How many seconds a live conversation lasted that nobody ended, to its last line; None for any other."""
    rows = await fetch(connection, _LEFT, (tenant_id, conversation_id))
    return float(rows[0][0]) if rows else None


async def find_idle(connection: AsyncConnection, before: datetime, most: int) -> list[tuple[str, str]]:
    """(tenant_id, id) of conversations without an outcome whose last line is older. For the platform's door."""
    return [(row[0], row[1]) for row in await fetch(connection, _IDLE, (before, most))]
