"""What tools that change something have done in a conversation, and whether that still stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations.tables import tool_runs

Standing = Literal["stands", "retracted", "undone"]
RETRACTED = "retracted"  # of a conversation's state: something was done for words that were taken back
_T = tool_runs.c


@dataclass(frozen=True, slots=True)
class ToolRun:
    """A tool that changes something and what it confirmed. `key` tells a call from the next one.

    standing: stands; retracted (it ran for words that turned out to be half a sentence, and what they came to is not
    decided); undone (what it did is no more, or was made into something else). `undo`: what taking it back needs.
    """

    key: str
    name: str
    result: dict[str, Any]
    standing: Standing = "stands"
    undo: dict[str, Any] | None = None


async def runs_of(connection: AsyncConnection, tenant_id: str, conversation_id: str) -> list[ToolRun]:
    """All of a conversation, oldest first."""
    query = (
        select(_T.key, _T.name, _T.result, _T.standing, _T.undo)
        .where(_T.tenant_id == tenant_id, _T.conversation_id == conversation_id)
        .order_by(_T.finished_at)
    )
    rows = await connection.execute(query)
    return [ToolRun(row.key, row.name, row.result, row.standing, row.undo) for row in rows]


async def add_run(connection: AsyncConnection, tenant_id: str, conversation_id: str, values: Mapping[str, Any]) -> None:
    """Remember what a tool confirmed. The first memory stays."""
    query = upsert(tool_runs).values(
        tenant_id=tenant_id, conversation_id=conversation_id, ok=True, finished_at=func.now(), **values
    )
    await connection.execute(query.on_conflict_do_nothing())


async def set_standing(
    connection: AsyncConnection, tenant_id: str, conversation_id: str, key: str, standing: Standing, **values: Any
) -> None:
    """Say whether a run stands, and of which line it is from now on."""
    own = (_T.tenant_id == tenant_id, _T.conversation_id == conversation_id, _T.key == key)
    await connection.execute(update(tool_runs).where(*own).values(standing=standing, **values))


async def retract_runs(connection: AsyncConnection, tenant_id: str, conversation_id: str, question_id: str) -> None:
    """What ran for this line of the caller is no longer wanted for its sake."""
    own = (_T.tenant_id == tenant_id, _T.conversation_id == conversation_id, _T.question_id == question_id)
    await connection.execute(update(tool_runs).where(*own, _T.standing == "stands").values(standing="retracted"))
