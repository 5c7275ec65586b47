"""Rows of recordings. Every query is scoped by tenant.

A recording without its conversation is nobody's any more: `conversation_id` becomes null when the conversation goes,
however it goes, and the row stays until the file is gone too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ARRAY, Text, and_, cast, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.recordings.tables import recordings

_R = recordings.c


@dataclass(frozen=True, slots=True)
class Recording:
    """One connection's sound. `started_at` is the moment of its first sample; `timeline` says who spoke when. `size` is
    that of the WAV. `key` seals its `pieces` of `piece_bytes` each, and is sealed itself; None for a plain file."""

    id: str
    tenant_id: str
    conversation_id: str | None
    status: Literal["writing", "ready"]
    started_at: datetime
    duration_ms: int
    size: int
    timeline: list[dict[str, Any]]
    created_at: datetime
    key: bytes | None
    pieces: int
    piece_bytes: int

    @property
    def folder(self) -> str:
        """Where its pieces lie."""
        return f"{self.tenant_id}/{self.id}"

    @property
    def plain_file(self) -> str:
        """Where it lies if it is older than sealing."""
        return f"{self.folder}.wav"

    def piece(self, number: int) -> str:
        """Where a piece lies."""
        return f"{self.folder}/{number:06}"

    def bound(self, number: int) -> str:
        """What a sealed piece is bound to: it cannot stand for another."""
        return f"{self.id}:{number}"


_OURS = ["key", "pieces", "piece_bytes", "holder", "touched_at"]  # how it lies here: nobody's personal data
_COLUMNS = tuple(_R[field.name] for field in fields(Recording))


async def add(connection: AsyncConnection, values: Mapping[str, Any]) -> Recording:
    row = (await connection.execute(insert(recordings).values(**values).returning(*_COLUMNS))).mappings().one()
    return Recording(**row)


async def change(connection: AsyncConnection, recording: Recording, values: Mapping[str, Any]) -> Recording | None:
    """What was written of it so far; None where the recording is nobody's by now."""
    own = and_(_R.tenant_id == recording.tenant_id, _R.id == recording.id, _R.conversation_id.is_not(None))
    query = update(recordings).where(own).values(**values).returning(*_COLUMNS)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Recording(**row)


async def finish_broken(connection: AsyncConnection, tenant_id: str, recording_id: str) -> Recording | None:
    """What was written of a recording that broke off is all there is of it."""
    own = and_(_R.tenant_id == tenant_id, _R.id == recording_id, _R.status == "writing")
    query = update(recordings).where(own).values(status="ready").returning(*_COLUMNS)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Recording(**row)


async def of_conversation(connection: AsyncConnection, tenant_id: str, conversation_id: str) -> list[Recording]:
    """The conversation's whole ones, oldest first."""
    own = and_(_R.tenant_id == tenant_id, _R.conversation_id == conversation_id, _R.status == "ready")
    rows = await connection.execute(select(*_COLUMNS).where(own).order_by(_R.id))
    return [Recording(**row) for row in rows.mappings()]


async def of_conversations(
    connection: AsyncConnection, tenant_id: str, conversation_ids: Collection[str]
) -> list[dict[str, Any]]:
    """All about the recordings of some conversations, as JSON."""
    own = and_(_R.tenant_id == tenant_id, _R.conversation_id.in_(conversation_ids))
    shown = func.to_jsonb(recordings.table_valued()).op("-")(cast(_OURS, ARRAY(Text)))
    query = select(shown).where(own).order_by(_R.id)
    return list((await connection.execute(query)).scalars())


async def orphan(connection: AsyncConnection, tenant_id: str, conversation_ids: Collection[str]) -> int:
    """Make the recordings of these conversations nobody's."""
    own = and_(_R.tenant_id == tenant_id, _R.conversation_id.in_(conversation_ids))
    return (await connection.execute(update(recordings).where(own).values(conversation_id=None))).rowcount


async def orphan_before(connection: AsyncConnection, tenant_id: str, cutoff: datetime) -> int:
    """Make the recordings begun before `cutoff` nobody's."""
    old = and_(_R.tenant_id == tenant_id, _R.started_at < cutoff, _R.conversation_id.is_not(None))
    return (await connection.execute(update(recordings).where(old).values(conversation_id=None))).rowcount


async def doomed(connection: AsyncConnection, tenant_id: str, recording_id: str) -> Recording | None:
    """A recording, if it is one of those whose file has to go."""
    query = select(*_COLUMNS).where(_R.tenant_id == tenant_id, _R.id == recording_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Recording(**row)


async def remove(connection: AsyncConnection, tenant_id: str, recording_id: str) -> None:
    await connection.execute(delete(recordings).where(_R.tenant_id == tenant_id, _R.id == recording_id))


async def find_doomed(connection: AsyncConnection, most: int) -> list[tuple[str, str]]:
    """Through the platform's door: (tenant, recording) of those that are nobody's, or were never finished."""
    rows = await connection.execute(text("SELECT tenant_id, id FROM find_doomed_recordings(:most)"), {"most": most})
    return [(row.tenant_id, row.id) for row in rows]


async def find_broken(connection: AsyncConnection, most: int) -> list[tuple[str, str]]:
    """Through the platform's door: (tenant, recording) of those whose process is gone."""
    rows = await connection.execute(text("SELECT tenant_id, id FROM find_broken_recordings(:most)"), {"most": most})
    return [(row.tenant_id, row.id) for row in rows]
