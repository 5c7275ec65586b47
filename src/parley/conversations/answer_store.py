"""The rows of remembered answers and of those that were called wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, LargeBinary, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations.tables import conversations, messages
from parley.kit.db import fetch, metadata

_When = DateTime(timezone=True)

remembered_answers = Table(
    "remembered_answers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("exact_key", LargeBinary, nullable=False),
    Column("gist_key", LargeBinary),
    Column("claim", LargeBinary, nullable=False),
    Column("reply", Text, nullable=False),
    Column("intent", Text, nullable=False),
    Column("sources", JSONB, nullable=False),
    Column("expires_at", _When, nullable=False),
    Column("created_at", _When, nullable=False),
)

rejected_answers = Table(
    "rejected_answers",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("agent_id", Text, nullable=False),
    Column("claim", LargeBinary, primary_key=True),
    Column("rejected_by", Text, nullable=False),
    Column("created_at", _When, nullable=False),
)


_ADD = """
    INSERT INTO remembered_answers
        (id, tenant_id, agent_id, exact_key, gist_key, claim, reply, intent, sources, expires_at)
    VALUES (%(id)s, %(tenant_id)s, %(agent_id)s, %(exact_key)s, %(gist_key)s, %(claim)s, %(reply)s, %(intent)s,
        %(sources)s::jsonb, %(expires_at)s)
    ON CONFLICT (tenant_id, exact_key) DO UPDATE SET id = excluded.id, reply = excluded.reply,
        intent = excluded.intent, sources = excluded.sources, claim = excluded.claim,
        expires_at = excluded.expires_at"""


async def add_answer(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Keep an answer; one with the same key is replaced. `sources` is JSON's text."""
    await fetch(connection, _ADD, values)


async def get_answers(
    connection: AsyncConnection, tenant_id: str, *, after: datetime, most: int, answer_id: str | None = None
) -> list[dict[str, Any]]:
    """The newest answers that are good beyond `after`, or the one of an id."""
    table = remembered_answers
    query = select(table).where(table.c.tenant_id == tenant_id, table.c.expires_at > after)
    if answer_id is not None:
        query = query.where(table.c.id == answer_id)
    rows = await connection.execute(query.order_by(table.c.id.desc()).limit(most))
    return [dict(row) for row in rows.mappings()]


async def get_rejected(connection: AsyncConnection, tenant_id: str) -> list[bytes]:
    """What of this tenant's answers was called wrong."""
    rows = await connection.execute(select(rejected_answers.c.claim).where(rejected_answers.c.tenant_id == tenant_id))
    return list(rows.scalars())


async def reject(
    connection: AsyncConnection, tenant_id: str, agent_id: str, claims: Sequence[bytes], rejected_by: str
) -> None:
    """Note what is wrong, and forget it. Once is as good as twice."""
    values = [
        {"tenant_id": tenant_id, "agent_id": agent_id, "claim": claim, "rejected_by": rejected_by} for claim in claims
    ]
    await connection.execute(insert(rejected_answers).values(values).on_conflict_do_nothing())
    table = remembered_answers
    await connection.execute(delete(table).where(table.c.tenant_id == tenant_id, table.c.claim.in_(claims)))


async def forget_answers(
    connection: AsyncConnection, tenant_id: str, *, agent_id: str | None = None, before: datetime | None = None
) -> int:
    """Delete a tenant's answers, one agent's, or those no longer good at `before`; returns how many."""
    table = remembered_answers
    query = delete(table).where(table.c.tenant_id == tenant_id)
    if agent_id is not None:
        query = query.where(table.c.agent_id == agent_id)
    if before is not None:
        query = query.where(table.c.expires_at <= before)
    return (await connection.execute(query)).rowcount


async def get_exchange(
    connection: AsyncConnection, tenant_id: str, message_id: str
) -> tuple[str | None, str, str, str | None] | None:
    """(agent id, question, reply, language) of an agent's answer; None for anything else."""
    asked = messages.alias("asked")
    query = (
        select(conversations.c.agent_id, asked.c.content, messages.c.content, conversations.c.language)
        .select_from(messages)
        .join(asked, (asked.c.id == messages.c.reply_to) & (asked.c.tenant_id == tenant_id))
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .where(messages.c.tenant_id == tenant_id, messages.c.id == message_id, messages.c.role == "agent")
    )
    row = (await connection.execute(query)).first()
    return None if row is None else (row[0], row[1], row[2], row[3])
