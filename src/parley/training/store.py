"""Scenarios, documents and sessions as rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.db import fetch
from parley.training.tables import scenario_documents, scenario_versions, scenarios, sessions


@dataclass(frozen=True, slots=True)
class Filed:
    """A scenario as it is kept."""

    id: str
    tenant_id: str
    slug: str
    title: str
    language: str
    config: Mapping[str, Any]
    version: int
    file_path: str | None
    folder_hash: str | None
    is_active: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Paper:
    """A document of a scenario, without its content."""

    scenario_id: str
    filename: str
    title: str
    type: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Session:
    """A trainee's play of a scenario. `asked` and `answered` count the trainee's lines and those replied to."""

    id: str
    tenant_id: str
    scenario_id: str
    scenario_version: int
    user_id: str
    owner: str
    status: str
    data: Mapping[str, Any]
    score: Mapping[str, Any] | None
    asked: int
    answered: int
    created_at: datetime
    deadline_at: datetime | None
    completed_at: datetime | None


def _columns(table: Table, shape: type) -> list[Any]:
    return [table.c[one.name] for one in fields(shape)]


def _names(shape: type) -> str:
    return ", ".join(one.name for one in fields(shape))


_FILED, _PAPER, _SESSION = (
    _columns(scenarios, Filed),
    _columns(scenario_documents, Paper),
    _columns(sessions, Session),
)


# Scenarios


async def page_scenarios(connection: AsyncConnection, tenant_id: str, limit: int, cursor: str | None) -> list[Filed]:
    """Newest first, one more than `limit` where there are more."""
    query = select(*_FILED).where(scenarios.c.tenant_id == tenant_id, scenarios.c.is_active)
    if cursor:
        query = query.where(scenarios.c.id < cursor)
    rows = await connection.execute(query.order_by(scenarios.c.id.desc()).limit(limit + 1))
    return [Filed(**row) for row in rows.mappings()]


_GET_SCENARIO = f"""
    SELECT {_names(Filed)} FROM scenarios WHERE tenant_id = %(tenant_id)s AND is_active
      AND (id = %(wanted)s OR slug = %(wanted)s)
"""  # noqa: S608 - only constants


async def get_scenario(connection: AsyncConnection, tenant_id: str, wanted: str, *, lock: bool = False) -> Filed | None:
    """By id or slug."""
    query = f"{_GET_SCENARIO} FOR UPDATE" if lock else _GET_SCENARIO
    rows = await fetch(connection, query, {"tenant_id": tenant_id, "wanted": wanted})
    return Filed(*rows[0]) if rows else None


_FOLDER_HASHES = "SELECT slug, id, folder_hash, is_active FROM scenarios WHERE tenant_id = %s"


async def folder_hashes(connection: AsyncConnection, tenant_id: str) -> dict[str, tuple[str, str | None, bool]]:
    """Of each slug: the scenario's id, the hash of the folder it came from, and whether it is in use."""
    rows = await fetch(connection, _FOLDER_HASHES, (tenant_id,))
    return {slug: (scenario_id, digest, active) for slug, scenario_id, digest, active in rows}


async def lock_library(connection: AsyncConnection, tenant_id: str) -> None:
    """One at a time brings a business's scenarios up to date."""
    key = func.hashtextextended(f"scenarios:{tenant_id}", 0)
    await connection.execute(select(func.pg_advisory_xact_lock(key)))


async def add_scenario(connection: AsyncConnection, values: Mapping[str, Any]) -> Filed:
    row = await connection.execute(insert(scenarios).values(**values).returning(*_FILED))
    filed = Filed(**row.mappings().one())
    await _keep_version(connection, filed)
    return filed


async def change_scenario(
    connection: AsyncConnection, tenant_id: str, scenario_id: str, values: Mapping[str, Any]
) -> Filed:
    """Set columns; a new config is a new version."""
    query = update(scenarios).where(scenarios.c.tenant_id == tenant_id, scenarios.c.id == scenario_id)
    more = {"version": scenarios.c.version + 1} if "config" in values else {}
    row = await connection.execute(query.values(**values, **more, updated_at=func.now()).returning(*_FILED))
    filed = Filed(**row.mappings().one())
    if more:
        await _keep_version(connection, filed)
    return filed


async def _keep_version(connection: AsyncConnection, filed: Filed) -> None:
    values = {
        "scenario_id": filed.id,
        "version": filed.version,
        "tenant_id": filed.tenant_id,
        "config": dict(filed.config),
    }
    await connection.execute(insert(scenario_versions).values(**values))


async def get_version(
    connection: AsyncConnection, tenant_id: str, scenario_id: str, version: int
) -> Mapping[str, Any] | None:
    """The config of a version."""
    query = select(scenario_versions.c.config).where(
        scenario_versions.c.tenant_id == tenant_id,
        scenario_versions.c.scenario_id == scenario_id,
        scenario_versions.c.version == version,
    )
    found: Mapping[str, Any] | None = (await connection.execute(query)).scalar_one_or_none()
    return found


# Documents


_LIST_PAPERS = f"""
    SELECT {_names(Paper)} FROM scenario_documents WHERE tenant_id = %s AND scenario_id = ANY(%s) ORDER BY filename
"""  # noqa: S608 - only constants


async def list_papers(connection: AsyncConnection, tenant_id: str, scenario_ids: Sequence[str]) -> list[Paper]:
    return [Paper(*row) for row in await fetch(connection, _LIST_PAPERS, (tenant_id, list(scenario_ids)))]


async def get_paper(
    connection: AsyncConnection, tenant_id: str, scenario_id: str, filename: str
) -> tuple[Paper, bytes] | None:
    """A document and its content."""
    query = select(*_PAPER, scenario_documents.c.content).where(
        scenario_documents.c.tenant_id == tenant_id,
        scenario_documents.c.scenario_id == scenario_id,
        scenario_documents.c.filename == filename,
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    return Paper(**{name: value for name, value in row.items() if name != "content"}), bytes(row["content"])


_CONTENTS = f"""
    SELECT {_names(Paper)}, content FROM scenario_documents
    WHERE tenant_id = %s AND scenario_id = %s AND (%s::text[] IS NULL OR type = ANY(%s)) ORDER BY filename
"""  # noqa: S608 - only constants


async def contents(
    connection: AsyncConnection, tenant_id: str, scenario_id: str, types: Collection[str] | None = None
) -> list[tuple[Paper, bytes]]:
    """Every document with its content; with `types` those only."""
    wanted = None if types is None else list(types)
    rows = await fetch(connection, _CONTENTS, (tenant_id, scenario_id, wanted, wanted))
    return [(Paper(*paper), content) for *paper, content in rows]


async def replace_papers(
    connection: AsyncConnection, tenant_id: str, scenario_id: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Put these documents in the place of all there are."""
    table = scenario_documents
    await connection.execute(delete(table).where(table.c.tenant_id == tenant_id, table.c.scenario_id == scenario_id))
    if rows:
        scope = {"tenant_id": tenant_id, "scenario_id": scenario_id}
        await connection.execute(insert(table), [{**row, **scope} for row in rows])


# Sessions


_ADD_SESSION = f"""
    INSERT INTO sessions (id, tenant_id, scenario_id, scenario_version, user_id, owner, data, created_at,
      last_active_at, deadline_at)
    VALUES (%(id)s, %(tenant_id)s, %(scenario_id)s, %(scenario_version)s, %(user_id)s, %(owner)s, %(data)s::jsonb,
      %(created_at)s, %(created_at)s, %(deadline_at)s)
    RETURNING {_names(Session)}
"""  # noqa: S608 - only constants


async def add_session(connection: AsyncConnection, values: Mapping[str, Any]) -> Session:
    """`created_at` is when it was last active, too."""
    rows = await fetch(connection, _ADD_SESSION, {**values, "data": orjson.dumps(values["data"]).decode()})
    return Session(*rows[0])


_GET_SESSION = f"""
    SELECT {_names(Session)} FROM sessions WHERE tenant_id = %s AND id = %s
"""  # noqa: S608 - only constants


async def get_session(
    connection: AsyncConnection, tenant_id: str, session_id: str, *, lock: bool = False
) -> Session | None:
    query = f"{_GET_SESSION} FOR UPDATE" if lock else _GET_SESSION
    rows = await fetch(connection, query, (tenant_id, session_id))
    return Session(*rows[0]) if rows else None


_KEEP_TALK = """
    UPDATE sessions SET asked = %s, answered = %s, data = %s::jsonb, last_active_at = %s
    WHERE tenant_id = %s AND id = %s
"""


async def keep_talk(connection: AsyncConnection, session: Session, at: datetime) -> None:
    """Write down how far a session's talk has come: its counts and its data."""
    data = orjson.dumps(dict(session.data)).decode()
    place = (session.tenant_id, session.id)
    await fetch(connection, _KEEP_TALK, (session.asked, session.answered, data, at, *place))


_CLOSE_SESSION = """
    UPDATE sessions SET status = %s, completed_at = %s, score = %s::jsonb, data = %s::jsonb
    WHERE tenant_id = %s AND id = %s
"""


async def close_session(connection: AsyncConnection, session: Session) -> None:
    """Write down how a session ended."""
    score = None if session.score is None else orjson.dumps(session.score).decode()
    data = orjson.dumps(dict(session.data)).decode()
    place = (session.tenant_id, session.id)
    await fetch(connection, _CLOSE_SESSION, (session.status, session.completed_at, score, data, *place))


async def page_sessions(
    connection: AsyncConnection, tenant_id: str, limit: int, cursor: str | None, filters: Mapping[str, str]
) -> list[Session]:
    """Newest first, one more than `limit` where there are more."""
    query = select(*_SESSION).where(sessions.c.tenant_id == tenant_id)
    for name, value in filters.items():
        query = query.where(sessions.c[name] == value)
    if cursor:
        query = query.where(sessions.c.id < cursor)
    rows = await connection.execute(query.order_by(sessions.c.id.desc()).limit(limit + 1))
    return [Session(**row) for row in rows.mappings()]


async def idle_sessions(connection: AsyncConnection, tenant_id: str, before: datetime, most: int) -> list[str]:
    """Active sessions in which nothing happened since."""
    query = select(sessions.c.id).where(
        sessions.c.tenant_id == tenant_id, sessions.c.status == "active", sessions.c.last_active_at < before
    )
    return list((await connection.execute(query.limit(most))).scalars())
