"""One person in the sessions. A session is erased with its conversation; here it is handed out."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.privacy import Subject
from parley.training.tables import sessions


def _theirs(subject: Subject, conversation_ids: Collection[str]) -> Any:
    own = sessions.c.id.in_(list(conversation_ids))
    return or_(own, sessions.c.user_id == subject.value) if subject.kind == "user_id" else own


async def export_person(
    connection: AsyncConnection, tenant_id: str, subject: Subject, conversation_ids: Collection[str]
) -> list[dict[str, Any]]:
    """The sessions of a person, with their scores."""
    query = select(sessions).where(sessions.c.tenant_id == tenant_id, _theirs(subject, conversation_ids))
    return [dict(row) for row in (await connection.execute(query)).mappings()]
