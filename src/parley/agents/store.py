"""Rows of agents and their published versions. Every query is scoped by tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.agents.agent import Agent, Definition, Version
from parley.agents.tables import agent_versions, agents

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
