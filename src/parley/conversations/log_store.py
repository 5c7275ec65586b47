"""Rows of posted conversations: many at once, in two statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.db import fetch
from parley.privacy import Mode


@dataclass(frozen=True, slots=True)
class PostedLine:
    """A line as it is kept. `length`: in characters, of one whose words are not."""

    id: str
    role: str
    words: str
    length: int | None


@dataclass(frozen=True, slots=True)
class PostedRow:
    """A conversation as it is kept. `metadata` is JSON text."""

    id: str
    agent_id: str | None
    agent_config: str | None
    agent_name: str | None
    experiment_id: str | None
    experiment_revision: int | None
    channel: str
    session_id: str | None
    user_id: str | None
    language: str | None
    privacy: Mode
    turn_count: int
    duration: float | None
    user_satisfaction: int | None
    task_completed: bool | None
    metadata: str
    started_at: datetime
    ended_at: datetime
    lines: tuple[PostedLine, ...]


_COLUMNS = {
    "id": "text",
    "agent_id": "text",
    "agent_config": "text",
    "agent_name": "text",
    "experiment_id": "text",
    "experiment_revision": "integer",
    "channel": "text",
    "session_id": "text",
    "user_id": "text",
    "language": "text",
    "privacy": "text",
    "turn_count": "integer",
    "duration": "double precision",
    "user_satisfaction": "integer",
    "task_completed": "boolean",
    "metadata": "text",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "message_count": "integer",
}
_NAMES = ", ".join(_COLUMNS)
_VALUES = ", ".join("r.metadata::jsonb" if name == "metadata" else f"r.{name}" for name in _COLUMNS)
_ARRAYS = ", ".join(f"%({name})s::{kind}[]" for name, kind in _COLUMNS.items())
_ADD_CONVERSATIONS = f"""
    INSERT INTO conversations (tenant_id, status, last_message_at, created_at, judged_at, {_NAMES})
    SELECT %(tenant_id)s, 'ended', r.ended_at, r.started_at, now(), {_VALUES}
    FROM unnest({_ARRAYS}) AS r ({_NAMES})
"""  # noqa: S608 - only constants
_ADD_LINES = """
    INSERT INTO messages (tenant_id, id, conversation_id, ordinal, role, content, created_at, metadata)
    SELECT %(tenant_id)s, r.id, r.conversation_id, r.ordinal, r.role, r.words, r.at,
           CASE WHEN r.length IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('characters', r.length) END
    FROM unnest(%(id)s::text[], %(conversation_id)s::text[], %(ordinal)s::integer[], %(role)s::text[],
                %(words)s::text[], %(at)s::timestamptz[], %(length)s::integer[])
         AS r (id, conversation_id, ordinal, role, words, at, length)
"""


async def add_posted(connection: AsyncConnection, tenant_id: str, rows: Sequence[PostedRow]) -> None:
    """Store conversations that are over, with their lines. One statement for all of them, so that the counters of
    their prompts are locked once and in order."""
    values = {name: [getattr(row, name) for row in rows] for name in _COLUMNS if name != "message_count"}
    values["message_count"] = [len(row.lines) for row in rows]
    await fetch(connection, _ADD_CONVERSATIONS, {"tenant_id": tenant_id, **values})
    lines = [(row, ordinal, line) for row in rows for ordinal, line in enumerate(row.lines, 1)]
    if lines:
        said = {
            "id": [line.id for _, _, line in lines],
            "conversation_id": [row.id for row, _, _ in lines],
            "ordinal": [ordinal for _, ordinal, _ in lines],
            "role": [line.role for _, _, line in lines],
            "words": [line.words for _, _, line in lines],
            "at": [row.started_at for row, _, _ in lines],
            "length": [line.length for _, _, line in lines],
        }
        await fetch(connection, _ADD_LINES, {"tenant_id": tenant_id, **said})
