"""Rows of the vault. Every query is scoped by tenant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.db import fetch
from parley.privacy.tables import vault_entries as entries

_GET_ENTRIES = """
    SELECT placeholder, sealed FROM vault_entries WHERE tenant_id = %s AND conversation_id = %s ORDER BY ordinal
"""


async def get_entries(connection: AsyncConnection, tenant_id: str, conversation_id: str) -> list[tuple[str, bytes]]:
    """Placeholder and sealed value, oldest first."""
    return [(name, sealed) for name, sealed in await fetch(connection, _GET_ENTRIES, (tenant_id, conversation_id))]


async def add_entries(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add what is not there yet."""
    await connection.execute(upsert(entries).values(list(rows)).on_conflict_do_nothing())


async def find_entries(
    connection: AsyncConnection, tenant_id: str, blinds: Sequence[bytes]
) -> list[tuple[str, str, bytes]]:
    """Conversation, placeholder and sealed value of every entry with one of these blind indexes."""
    query = select(entries.c.conversation_id, entries.c.placeholder, entries.c.sealed).where(
        entries.c.tenant_id == tenant_id, entries.c.blind.in_(blinds)
    )
    return [(row.conversation_id, row.placeholder, row.sealed) for row in await connection.execute(query)]


async def count_entries(connection: AsyncConnection, tenant_id: str, conversation_ids: Collection[str]) -> int:
    query = select(func.count()).select_from(entries)
    own = entries.c.tenant_id == tenant_id, entries.c.conversation_id.in_(conversation_ids)
    return int((await connection.execute(query.where(*own))).scalar_one())


async def remove_entry(connection: AsyncConnection, tenant_id: str, conversation_id: str, placeholder: str) -> int:
    query = delete(entries).where(
        entries.c.tenant_id == tenant_id,
        entries.c.conversation_id == conversation_id,
        entries.c.placeholder == placeholder,
    )
    return (await connection.execute(query)).rowcount
