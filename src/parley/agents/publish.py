"""The verbs on agents. Saving a change publishes it: a new immutable version that new conversations start with."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.agents import store
from parley.agents.agent import Agent, Definition, Version, check_recording
from parley.agents.flow import parse_flow
from parley.agents.learn import Learning
from parley.kit.db import Database
from parley.kit.errors import Conflict, NotFound
from parley.kit.ids import new_id
from parley.tenants import Principal, record_audit
from parley.understanding import parse_schema

Follower = Callable[[AsyncConnection, str, str], Awaitable[None]]

_KEPT_VERSIONS = 512
_COLUMNS = ("name", "type", "config_key", "scenario_type", "is_active")


class Agents:
    """Agents of all tenants, and a bounded memory of published versions (which never change).

    `check` raises `InvalidInput` for a choice of model, ears or voice that cannot be had.
    """

    def __init__(self, db: Database, learning: Learning, check: Callable[[Definition], None]) -> None:
        self._db = db
        self._learning = learning
        self._check = check
        self._versions: OrderedDict[tuple[str, str, int], Version] = OrderedDict()
        self._followers: list[Follower] = []

    def followed_by(self, follower: Follower) -> None:
        """Tell `follower` (tenant, agent) of every new version, on the transaction that publishes it."""
        self._followers.append(follower)

    async def create(self, who: Principal, tenant_id: str, values: Mapping[str, Any]) -> Agent:
        """A new agent, published as version 1."""
        columns, definition = _split(values)
        made = Definition.model_validate(definition)
        self._check(made)
        check_recording(made)
        columns["type"] = columns.get("type") or ("dispatch" if columns.get("scenario_type") else "receptionist")
        row = {"id": new_id(), "tenant_id": tenant_id, **columns, "definition": definition, "version": 1}
        async with self._db.begin(tenant_id) as connection:
            agent = await store.add_agent(connection, row)
            await self._publish(connection, agent)
            await self._learning.want(connection, tenant_id, agent.id, agent.definition.understanding)
            await record_audit(connection, who, tenant_id, "agent.created", agent.id)
        return agent

    async def get(self, tenant_id: str, agent_id: str) -> Agent:
        """The agent, or `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            agent = await store.get_agent(connection, tenant_id, agent_id)
        if agent is None:
            raise NotFound("agent")
        return agent

    async def first_active(self, tenant_id: str) -> Agent:
        """The tenant's oldest active agent, or `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            agent = await store.oldest_active_agent(connection, tenant_id)
        if agent is None:
            raise NotFound("agent")
        return agent

    async def page(self, tenant_id: str, limit: int, cursor: str | None, **filters: Any) -> list[Agent]:
        """The newest `limit` + 1 agents before `cursor`; filters that are None do not filter."""
        wanted = {name: value for name, value in filters.items() if value is not None}
        async with self._db.begin(tenant_id) as connection:
            return await store.page_agents(connection, tenant_id, limit, cursor, wanted)

    async def change(
        self, who: Principal, tenant_id: str, agent_id: str, values: Mapping[str, Any], *, replace: bool = False
    ) -> Agent:
        """Merge `values` (or put them in place of everything) and publish, if that changes what conversations see."""
        columns, given = _split(values)
        async with self._db.begin(tenant_id) as connection:
            before = await store.get_agent(connection, tenant_id, agent_id, lock=True)
            if before is None:
                raise NotFound("agent")
            kept = {} if replace else before.definition.model_dump(mode="json")
            merged = Definition.model_validate({**kept, **given})
            self._check(merged)
            check_recording(merged)
            definition = merged.model_dump(mode="json")
            if replace:
                columns["type"] = columns.get("type") or before.type
            draft = {**columns, "definition": definition}
            agent = await store.change_agent(connection, tenant_id, agent_id, draft)
            if _published_part(agent) != _published_part(before):
                agent = await store.change_agent(connection, tenant_id, agent_id, {"version": before.version + 1})
                await self._publish(connection, agent)
            await self._learning.want(connection, tenant_id, agent.id, agent.definition.understanding)
            await record_audit(connection, who, tenant_id, "agent.changed", agent_id, version=agent.version)
        return agent

    async def delete(self, who: Principal, tenant_id: str, agent_id: str) -> None:
        """Remove the agent and its versions. Its conversations stay."""
        async with self._db.begin(tenant_id) as connection:
            if not await store.remove_agent(connection, tenant_id, agent_id):
                raise NotFound("agent")
            await record_audit(connection, who, tenant_id, "agent.deleted", agent_id)

    async def versions(self, tenant_id: str, agent_id: str, limit: int, before: int | None) -> list[Version]:
        """Published versions, newest first, one more than `limit` where there are more."""
        async with self._db.begin(tenant_id) as connection:
            if await store.get_agent(connection, tenant_id, agent_id) is None:
                raise NotFound("agent")
            return await store.list_versions(connection, tenant_id, agent_id, limit, before)

    async def newest_version(self, connection: Any, tenant_id: str, agent_id: str | None) -> Version:
        """What a new conversation begins with: of the agent named, else of the tenant's oldest active one.

        Raises `NotFound`, and `Conflict` for an agent that is not active.
        """
        head = await store.get_head(connection, tenant_id, agent_id)
        if head is None:
            raise NotFound("agent")
        found, number, is_active = head
        if not is_active:
            raise Conflict("agent_id names an agent that is not active.", code="agent.inactive")
        return await self.recall_version(connection, tenant_id, found, number)

    async def _publish(self, connection: AsyncConnection, agent: Agent) -> None:
        await store.add_version(connection, agent)
        for follow in self._followers:
            await follow(connection, agent.tenant_id, agent.id)

    async def recall_version(self, connection: Any, tenant_id: str, agent_id: str, number: int) -> Version:
        """A published version, on the caller's transaction; from memory where it was read before."""
        key = (tenant_id, agent_id, number)
        version = self._versions.get(key)
        if version is None:
            version = await store.get_version(connection, tenant_id, agent_id, number)
            if version is None:
                raise NotFound("agent")
            self._versions[key] = version
            if len(self._versions) > _KEPT_VERSIONS:
                self._versions.popitem(last=False)
        return version


def _split(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns and definition of a request body; the flow is checked here, once for every way in."""
    columns = {name: values[name] for name in _COLUMNS if name in values}
    definition = {name: value for name, value in values.items() if name in Definition.model_fields}
    if flow := definition.get("conversation_flow"):
        parse_flow(flow)
    if (schema := definition.get("extraction_schema")) is not None:
        parse_schema(schema, where="extraction_schema")
    return columns, definition


def _published_part(agent: Agent) -> tuple[Any, ...]:
    return agent.name, agent.type, agent.config_key, agent.scenario_type, agent.definition
