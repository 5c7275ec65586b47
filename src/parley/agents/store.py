"""Rows of agents and their published versions. Every query is scoped by tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.agents.agent import Agent, Definition, Version
from parley.agents.tables import agent_understanding, agent_versions, agents
from parley.kit.db import fetch

_HEAD = ("name", "type", "config_key", "scenario_type")


def _agent(row: RowMapping) -> Agent:
    return Agent(**{**row, "definition": Definition.model_validate(row["definition"])})


async def add_agent(connection: AsyncConnection, values: Mapping[str, Any]) -> Agent:
    row = (await connection.execute(insert(agents).values(**values).returning(agents))).mappings().one()
    return _agent(row)


async def get_agent(connection: AsyncConnection, tenant_id: str, agent_id: str, *, lock: bool = False) -> Agent | None:
    query = select(agents).where(agents.c.tenant_id == tenant_id, agents.c.id == agent_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else _agent(row)


_HEADS = "SELECT id, version, is_active FROM agents WHERE tenant_id = %s AND "
_HEAD_OF = f"{_HEADS} id = %s"
_OLDEST_HEAD = f"{_HEADS} is_active ORDER BY id LIMIT 1"


async def get_head(connection: AsyncConnection, tenant_id: str, agent_id: str | None) -> tuple[str, int, bool] | None:
    """Id, newest version and activity of an agent; without an id, of the oldest active one."""
    if agent_id is None:
        rows = await fetch(connection, _OLDEST_HEAD, (tenant_id,))
    else:
        rows = await fetch(connection, _HEAD_OF, (tenant_id, agent_id))
    return rows[0] if rows else None


async def oldest_active_agent(connection: AsyncConnection, tenant_id: str) -> Agent | None:
    query = select(agents).where(agents.c.tenant_id == tenant_id, agents.c.is_active).order_by(agents.c.id).limit(1)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _agent(row)


async def page_agents(
    connection: AsyncConnection, tenant_id: str, limit: int, cursor: str | None, filters: Mapping[str, Any]
) -> list[Agent]:
    query = select(agents).where(agents.c.tenant_id == tenant_id)
    for name, value in filters.items():
        query = query.where(agents.c[name] == value)
    if cursor:
        query = query.where(agents.c.id < cursor)
    rows = await connection.execute(query.order_by(agents.c.id.desc()).limit(limit + 1))
    return [_agent(row) for row in rows.mappings()]


async def change_agent(connection: AsyncConnection, tenant_id: str, agent_id: str, values: Mapping[str, Any]) -> Agent:
    query = update(agents).where(agents.c.tenant_id == tenant_id, agents.c.id == agent_id)
    row = (await connection.execute(query.values(**values, updated_at=func.now()).returning(agents))).mappings().one()
    return _agent(row)


async def remove_agent(connection: AsyncConnection, tenant_id: str, agent_id: str) -> bool:
    query = delete(agents).where(agents.c.tenant_id == tenant_id, agents.c.id == agent_id)
    return (await connection.execute(query)).rowcount > 0


async def add_version(connection: AsyncConnection, agent: Agent) -> None:
    """Publish the agent as it stands under its version number."""
    head = {name: getattr(agent, name) for name in _HEAD}
    await connection.execute(
        insert(agent_versions).values(
            agent_id=agent.id,
            version=agent.version,
            tenant_id=agent.tenant_id,
            definition={"head": head, "body": agent.definition.model_dump(mode="json")},
        )
    )


async def get_version(connection: AsyncConnection, tenant_id: str, agent_id: str, number: int) -> Version | None:
    query = select(agent_versions).where(
        agent_versions.c.tenant_id == tenant_id,
        agent_versions.c.agent_id == agent_id,
        agent_versions.c.version == number,
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _version(row)


async def list_versions(
    connection: AsyncConnection, tenant_id: str, agent_id: str, limit: int, before: int | None
) -> list[Version]:
    query = select(agent_versions).where(agent_versions.c.tenant_id == tenant_id, agent_versions.c.agent_id == agent_id)
    if before is not None:
        query = query.where(agent_versions.c.version < before)
    rows = await connection.execute(query.order_by(agent_versions.c.version.desc()).limit(limit + 1))
    return [_version(row) for row in rows.mappings()]


def _version(row: RowMapping) -> Version:
    return Version(
        agent_id=row["agent_id"],
        tenant_id=row["tenant_id"],
        number=row["version"],
        definition=Definition.model_validate(row["definition"]["body"]),
        published_at=row["published_at"],
        **row["definition"]["head"],
    )


# What agents have learnt


@dataclass(frozen=True, slots=True)
class Learnt:
    """The state of an agent's own intents. `model_fingerprint` names the examples the ready model was trained on."""

    agent_id: str
    fingerprint: str
    status: str
    error: str | None
    examples: int
    seconds: float | None
    model_fingerprint: str | None
    updated_at: datetime


_LEARNT = tuple(agent_understanding.c[field.name] for field in fields(Learnt))


async def begin_training(
    connection: AsyncConnection, tenant_id: str, agent_id: str, fingerprint: str, examples: int
) -> None:
    """Note that a model for these examples is wanted. The last ready one stays in use."""
    values = {"fingerprint": fingerprint, "status": "training", "error": None, "examples": examples}
    query = upsert(agent_understanding).values(agent_id=agent_id, tenant_id=tenant_id, **values)
    query = query.on_conflict_do_update(index_elements=["agent_id"], set_={**values, "updated_at": func.now()})
    await connection.execute(query)


async def get_learnt(connection: AsyncConnection, tenant_id: str, agent_id: str) -> Learnt | None:
    query = select(*_LEARNT).where(
        agent_understanding.c.tenant_id == tenant_id, agent_understanding.c.agent_id == agent_id
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Learnt(**row)


async def get_model(connection: AsyncConnection, tenant_id: str, agent_id: str) -> bytes | None:
    query = select(agent_understanding.c.model).where(
        agent_understanding.c.tenant_id == tenant_id, agent_understanding.c.agent_id == agent_id
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def finish_training(
    connection: AsyncConnection, tenant_id: str, agent_id: str, fingerprint: str, values: Mapping[str, Any]
) -> bool:
    """Store what came of it, unless other examples have been given since."""
    query = update(agent_understanding).where(
        agent_understanding.c.tenant_id == tenant_id,
        agent_understanding.c.agent_id == agent_id,
        agent_understanding.c.fingerprint == fingerprint,
    )
    return (await connection.execute(query.values(**values, updated_at=func.now()))).rowcount > 0


async def forget_learnt(connection: AsyncConnection, tenant_id: str, agent_id: str) -> None:
    query = delete(agent_understanding).where(
        agent_understanding.c.tenant_id == tenant_id, agent_understanding.c.agent_id == agent_id
    )
    await connection.execute(query)
