"""Agents over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from parley.agents.agent import Agent, AgentType, Definition, ScenarioType
from parley.agents.publish import Agents
from parley.agents.types import LANGUAGES, defaults, flow_source
from parley.kit.errors import NotAllowed
from parley.kit.web import ERRORS, Body, Pages, Read, given, list_model, page_of
from parley.tenants import AccessHere, MayRead, MayWrite, Name, TenantFilter

router = APIRouter(tags=["agents"], responses=ERRORS)

Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]


async def agents_of(request: Request) -> Agents:
    """The app's one `Agents`."""
    agents: Agents = request.state.agents
    return agents


AgentsHere = Annotated[Agents, Depends(agents_of)]


class AgentIn(Definition, Body):
    name: Name
    type: AgentType | None = None
    config_key: Key | None = None
    scenario_type: ScenarioType | None = None
    is_active: bool = True
    tenant_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Front Desk", "type": "receptionist", "voice": "en-US-Neural2-A"},
                {
                    "name": "Check-in",
                    "scenario_type": "check_in",
                    "prompts": {"greeting": "Hello driver, how is the load?"},
                    "voice_settings": {"speed": 1.0},
                    "conversation_flow": {"start": "greet", "nodes": {"greet": {}}},
                    "is_active": True,
                },
            ]
        }
    )


class AgentPatch(AgentIn):
    name: Name | None = None  # type: ignore[assignment]


class AgentOut(Definition, Read):
    id: str
    tenant_id: str
    name: str
    type: AgentType
    config_key: str | None
    scenario_type: ScenarioType | None
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime

    model_config = ConfigDict(extra="ignore")


class VersionOut(Definition, Read):
    agent_id: str
    version: int
    name: str
    type: AgentType
    config_key: str | None
    scenario_type: ScenarioType | None
    published_at: datetime

    model_config = ConfigDict(extra="ignore")


class WordsOut(Read):
    """`{business}` stands for the tenant's name."""

    system_prompt: str
    greeting: str


class AgentTypeOut(BaseModel):
    type: AgentType
    words: dict[str, WordsOut]
    conversation_flow: dict[str, Any]


class AgentTypesOut(BaseModel):
    agent_types: list[AgentTypeOut]


_NULLABLE = frozenset(
    {"voice", "language", "llm", "stt", "tts", "extraction_schema", "privacy", "config_key", "scenario_type"}
)


def _out(agent: Agent) -> AgentOut:
    head = {name: getattr(agent, name) for name in AgentOut.model_fields if hasattr(agent, name)}
    return AgentOut(**agent.definition.model_dump(), **head)


@router.get("/agents", response_model=list_model("agents", AgentOut))
async def list_agents(
    who: MayRead,
    agents: AgentsHere,
    access: AccessHere,
    paging: Pages,
    tenant_id: TenantFilter = None,
    type: Annotated[AgentType | None, Query()] = None,  # noqa: A002 - the contract's name
    config_key: str | None = None,
    is_active: bool | None = None,
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"agents": [], "next_cursor": None}
    found = await agents.page(
        tenant, paging.limit, paging.cursor, type=type, config_key=config_key, is_active=is_active
    )
    page = page_of(found, paging.limit)
    return {"agents": [_out(agent) for agent in page.items], "next_cursor": page.next_cursor}


@router.post("/agents", status_code=201)
async def create_agent(body: AgentIn, who: MayWrite, agents: AgentsHere, access: AccessHere) -> AgentOut:
    tenant = await access.tenant_for(who, body.tenant_id)
    return _out(await agents.create(who, tenant, body.model_dump(mode="json", exclude={"tenant_id"})))


@router.get("/agent-types")
async def list_agent_types(_: MayRead) -> AgentTypesOut:
    """What each type brings: words in each language and a flow, to be read, copied into an agent and changed."""
    kinds: tuple[AgentType, ...] = get_args(AgentType)
    shown = [
        AgentTypeOut(
            type=kind,
            words={language: WordsOut.model_validate(defaults(kind, language)) for language in LANGUAGES},
            conversation_flow=flow_source(kind),
        )
        for kind in kinds
    ]
    return AgentTypesOut(agent_types=shown)


@router.get("/agents/{agent_id}")
async def get_agent(agent_id: str, who: MayRead, agents: AgentsHere, access: AccessHere) -> AgentOut:
    return _out(await agents.get(await access.owner_of(who, "agents", agent_id), agent_id))


@router.put("/agents/{agent_id}")
async def replace_agent(
    agent_id: str, body: AgentIn, who: MayWrite, agents: AgentsHere, access: AccessHere
) -> AgentOut:
    """Put this definition in place of the present one; fields left out return to their defaults."""
    tenant = await access.owner_of(who, "agents", agent_id)
    _check_same_tenant(body.tenant_id, tenant)
    values = body.model_dump(mode="json", exclude={"tenant_id"})
    return _out(await agents.change(who, tenant, agent_id, values, replace=True))


@router.patch("/agents/{agent_id}")
async def change_agent(
    agent_id: str, body: AgentPatch, who: MayWrite, agents: AgentsHere, access: AccessHere
) -> AgentOut:
    """Merge these fields into the present definition."""
    tenant = await access.owner_of(who, "agents", agent_id)
    _check_same_tenant(body.tenant_id, tenant)
    values = given(body, nullable=_NULLABLE | {"tenant_id"})
    values.pop("tenant_id", None)
    return _out(await agents.change(who, tenant, agent_id, values))


@router.delete("/agents/{agent_id}", status_code=204)
async def delete_agent(agent_id: str, who: MayWrite, agents: AgentsHere, access: AccessHere) -> None:
    await agents.delete(who, await access.owner_of(who, "agents", agent_id), agent_id)


@router.get("/agents/{agent_id}/versions", response_model=list_model("versions", VersionOut))
async def list_versions(agent_id: str, who: MayRead, agents: AgentsHere, access: AccessHere, paging: Pages) -> Any:
    """Published versions, newest first. They never change."""
    tenant = await access.owner_of(who, "agents", agent_id)
    before = int(paging.cursor) if paging.cursor and paging.cursor.isdecimal() else None
    found = await agents.versions(tenant, agent_id, paging.limit, before)
    shown = [
        {**version.definition.model_dump(), "agent_id": agent_id, "version": version.number, "name": version.name}
        | {"type": version.type, "config_key": version.config_key, "scenario_type": version.scenario_type}
        | {"published_at": version.published_at}
        for version in found[: paging.limit]
    ]
    more = len(found) > paging.limit
    return {"versions": shown, "next_cursor": str(found[paging.limit - 1].number) if more else None}


def _check_same_tenant(named: str | None, tenant: str) -> None:
    if named is not None and named != tenant:
        raise NotAllowed("tenant_id names another tenant; an agent stays with its own.", code="auth.other_tenant")
