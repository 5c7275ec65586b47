"""Prompts over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from parley.experiments.files import MOST_CHARACTERS, read_yaml, write_yaml
from parley.experiments.prompts import Prompts
from parley.experiments.written import EXAMPLE, Named, PromptIn, Words
from parley.kit.errors import InvalidInput, NotAllowed, TooLarge
from parley.kit.web import ERRORS, Pages, Read, given, list_model, page_of
from parley.tenants import AccessHere, MayRead, MayWrite, TenantFilter

router = APIRouter(prefix="/api/prompts", tags=["prompts"], responses=ERRORS)

_NULLABLE = frozenset({"agent_config", "agent_name", "agent_id", "instructions", "max_tokens", "voice", "description"})
_YAML = "application/yaml"


async def prompts_of(request: Request) -> Prompts:
    """The app's one `Prompts`."""
    prompts: Prompts = request.state.prompts
    return prompts


PromptsHere = Annotated[Prompts, Depends(prompts_of)]


class PromptPatch(PromptIn):
    """What is left out stays. Other words start a new revision."""

    name: Named | None = None  # type: ignore[assignment]
    system_prompt: Words | None = None  # type: ignore[assignment]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"system_prompt": "Updated prompt text...", "temperature": 0.9, "is_active": True}]
        }
    )


class PromptOut(Read):
    """`success_rate` in percent and `avg_duration` in seconds, over all runs of which they are known."""

    id: str
    tenant_id: str
    name: str
    agent_config: str | None
    agent_name: str | None
    agent_id: str | None
    system_prompt: str
    instructions: str | None
    temperature: float
    max_tokens: int | None
    voice: str | None
    variables: dict[str, str]
    description: str | None
    tags: list[str]
    is_active: bool
    weight: float
    revision: int
    success_rate: float | None
    avg_duration: float | None
    total_runs: int
    running: int
    created_at: datetime
    updated_at: datetime


class PromptEnvelope(BaseModel):
    prompt: PromptOut


class PromptsWritten(BaseModel):
    prompts: list[PromptOut]


@router.get("", response_model=list_model("prompts", PromptOut))
async def list_prompts(
    who: MayRead,
    prompts: PromptsHere,
    access: AccessHere,
    paging: Pages,
    tenant_id: TenantFilter = None,
    agent_config: str | None = None,
    agent_name: str | None = None,
    agent_id: str | None = None,
    is_active: bool | None = None,
    tags: Annotated[str | None, Query(description="Separated by commas; any of them.", examples=["a,b"])] = None,
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"prompts": [], "next_cursor": None}
    filters = {"agent_config": agent_config, "agent_name": agent_name, "agent_id": agent_id, "is_active": is_active}
    wanted = [tag.strip() for tag in (tags or "").split(",") if tag.strip()]
    found = await prompts.page(tenant, paging.limit, paging.cursor, wanted, **filters)
    page = page_of(found, paging.limit)
    return {"prompts": page.items, "next_cursor": page.next_cursor}


@router.post("", status_code=201, response_model=PromptEnvelope)
async def create_prompt(body: PromptIn, who: MayWrite, prompts: PromptsHere, access: AccessHere) -> Any:
    """While active it answers new conversations of the agents it is for: by agent_id, else by agent_config and, where
    given, agent_name. With no such agent it is stored and waits."""
    tenant = await access.tenant_for(who, body.tenant_id)
    return {"prompt": await prompts.create(who, tenant, body.model_dump(exclude={"tenant_id"}))}


@router.get("/export.yaml", response_class=Response, responses={200: {"content": {_YAML: {}}}})
async def export_prompts(
    who: MayRead,
    prompts: PromptsHere,
    access: AccessHere,
    tenant_id: TenantFilter = None,
    agent_config: str | None = None,
) -> Response:
    """Prompts as a YAML file that can be changed and imported again."""
    tenant = await access.tenant_for(who, tenant_id)
    found = await prompts.everything(tenant, {} if agent_config is None else {"agent_config": agent_config})
    headers = {"Content-Disposition": 'attachment; filename="prompts.yaml"'}
    return Response(write_yaml(found), media_type=_YAML, headers=headers)


@router.post(
    "/import",
    response_model=PromptsWritten,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {_YAML: {"schema": {"type": "string"}, "example": f"prompts: [{EXAMPLE}]"}},
        }
    },
)
async def import_prompts(
    request: Request, who: MayWrite, prompts: PromptsHere, access: AccessHere, tenant_id: TenantFilter = None
) -> Any:
    """Write the prompts of a YAML file, all or none. One that is there (same name, same agents) is changed; where its
    words differ, that starts a new revision."""
    tenant = await access.tenant_for(who, tenant_id)
    body = await request.body()
    if len(body) > MOST_CHARACTERS:
        raise TooLarge(f"The file must be at most {MOST_CHARACTERS:,} bytes long.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("The file must be UTF-8.") from None
    return {"prompts": await prompts.take_in(who, tenant, read_yaml(text))}


@router.get("/{prompt_id}", response_model=PromptEnvelope)
async def get_prompt(prompt_id: str, who: MayRead, prompts: PromptsHere, access: AccessHere) -> Any:
    return {"prompt": await prompts.get(await access.owner_of(who, "experiment_prompts", prompt_id), prompt_id)}


@router.patch("/{prompt_id}", response_model=PromptEnvelope)
async def change_prompt(
    prompt_id: str, body: PromptPatch, who: MayWrite, prompts: PromptsHere, access: AccessHere
) -> Any:
    tenant = await access.owner_of(who, "experiment_prompts", prompt_id)
    values = given(body, nullable=_NULLABLE | {"tenant_id"})
    if values.pop("tenant_id", None) not in (None, tenant):
        raise NotAllowed("tenant_id names another tenant; a prompt stays with its own.", code="auth.other_tenant")
    return {"prompt": await prompts.change(who, tenant, prompt_id, values)}


@router.delete("/{prompt_id}", status_code=204)
async def delete_prompt(
    prompt_id: str,
    who: MayWrite,
    prompts: PromptsHere,
    access: AccessHere,
    force: Annotated[bool, Query(description="Even while conversations are going on with it.")] = False,
) -> None:
    """Conversations keep their record of it. 409 while some are going on with it, unless `force`."""
    tenant = await access.owner_of(who, "experiment_prompts", prompt_id)
    await prompts.delete(who, tenant, prompt_id, force=force)
