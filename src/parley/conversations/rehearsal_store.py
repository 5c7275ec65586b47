"""Rows of a talk that is practised: lines of both sides at once, without turns of an agent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.db import fetch
from parley.privacy import Mode

_LOCK_TALK = """
    SELECT privacy, message_count FROM conversations WHERE tenant_id = %s AND id = %s FOR UPDATE
"""


async def lock_talk(connection: AsyncConnection, tenant_id: str, conversation_id: str) -> tuple[Mode, int] | None:
    """Its privacy mode and the place of its last line; the row is locked until the transaction ends."""
    rows = await fetch(connection, _LOCK_TALK, (tenant_id, conversation_id))
    return (rows[0][0], rows[0][1]) if rows else None


_ADD_LINES = """
    WITH place AS (
      UPDATE conversations SET message_count = message_count + cardinality(%(ids)s::text[]), last_message_at = now(),
        turn_count = turn_count + %(turns)s
      WHERE tenant_id = %(tenant_id)s AND id = %(conversation_id)s
      RETURNING message_count - cardinality(%(ids)s::text[]) AS before)
    INSERT INTO messages (id, tenant_id, conversation_id, ordinal, role, content)
    SELECT line.id, %(tenant_id)s, %(conversation_id)s, before + line.place, line.role, line.words
    FROM place, unnest(%(ids)s::text[], %(roles)s::text[], %(words)s::text[])
      WITH ORDINALITY AS line (id, role, words, place)
    RETURNING created_at
"""


async def add_lines(
    connection: AsyncConnection,
    tenant_id: str,
    conversation_id: str,
    lines: Sequence[tuple[str, str, str]],
    turns: int,
) -> datetime:
    """Append lines (id, role, words) that end so many turns; returns when."""
    ids, roles, words = (list(column) for column in zip(*lines, strict=True))
    said = {"ids": ids, "roles": roles, "words": words, "turns": turns}
    rows = await fetch(connection, _ADD_LINES, {"tenant_id": tenant_id, "conversation_id": conversation_id, **said})
    at: datetime = rows[0][0]
    return at
