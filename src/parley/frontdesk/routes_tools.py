"""Declared tools over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict, Field, StringConstraints

from parley.frontdesk.declared import DeclaredTools
from parley.kit.web import ERRORS, Body, Pages, Read, given, list_model, page_of
from parley.tenants import AccessHere, MayManage, MayRead, TenantFilter

router = APIRouter(tags=["tools"], responses=ERRORS)

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
ToolName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z][a-zA-Z0-9_]{0,62}$")]
Description = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Headers = Annotated[dict[str, str], Field(max_length=20)]
Seconds = Annotated[float, Field(gt=0, le=20)]


async def _tools(request: Request) -> DeclaredTools:
    tools: DeclaredTools = request.state.declared_tools
    return tools


ToolsHere = Annotated[DeclaredTools, Depends(_tools)]


def _no_parameters() -> dict[str, Any]:
    return {"type": "object", "properties": {}}


class ToolIn(Body):
    """`headers` may hold secrets: they are stored sealed and never shown again."""

    name: ToolName
    description: Description
    parameters: dict[str, Any] = Field(default_factory=_no_parameters, description="A JSON Schema of type object.")
    url: Url
    method: Method = "POST"
    headers: Headers = Field(default_factory=dict)
    timeout_seconds: Seconds = 10
    is_active: bool = True
    tenant_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "order_status",
                    "description": "Says where an order is.",
                    "parameters": {
                        "type": "object",
                        "properties": {"order": {"type": "string", "description": "The order's number."}},
                        "required": ["order"],
                    },
                    "url": "https://shop.example.com/api/order-status",
                    "method": "GET",
                    "headers": {"Authorization": "Bearer …"},
                    "timeout_seconds": 5,
                }
            ]
        }
    )


class ToolPatch(Body):
    name: ToolName | None = None
    description: Description | None = None
    parameters: dict[str, Any] | None = None
    url: Url | None = None
    method: Method | None = None
    headers: Headers | None = None
    timeout_seconds: Seconds | None = None
    is_active: bool | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"description": "Says where a parcel is.", "is_active": True}]}
    )


class ToolOut(Read):
    id: str
    tenant_id: str
    name: str
    description: str
    parameters: dict[str, Any]
    url: str
    method: Method
    header_names: list[str]
    timeout_seconds: float
    is_active: bool
    created_at: datetime
    updated_at: datetime


class TestIn(Body):
    arguments: dict[str, Any] = Field(default_factory=dict)

    model_config = ConfigDict(json_schema_extra={"examples": [{"arguments": {"order": "4711"}}]})


class OutcomeOut(Read):
    ok: bool
    status: int | None
    content: Any
    code: str | None
    detail: str
    took_ms: float


@router.get("/tools", response_model=list_model("tools", ToolOut))
async def list_tools(
    who: MayRead, tools: ToolsHere, access: AccessHere, paging: Pages, tenant_id: TenantFilter = None
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"tools": [], "next_cursor": None}
    page = page_of(await tools.page(tenant, paging.limit, paging.cursor), paging.limit)
    return {"tools": page.items, "next_cursor": page.next_cursor}


@router.post("/tools", status_code=201, response_model=ToolOut)
async def create_tool(body: ToolIn, who: MayManage, tools: ToolsHere, access: AccessHere) -> Any:
    """Declare an HTTP endpoint that this business's agents may call. It has to be a public address."""
    tenant = await access.tenant_for(who, body.tenant_id)
    return await tools.add(who, tenant, body.model_dump(exclude={"tenant_id"}))


@router.get("/tools/{tool_id}", response_model=ToolOut)
async def get_tool(tool_id: str, who: MayRead, tools: ToolsHere, access: AccessHere) -> Any:
    return await tools.get(await access.owner_of(who, "tools", tool_id), tool_id)


@router.patch("/tools/{tool_id}", response_model=ToolOut)
async def change_tool(tool_id: str, body: ToolPatch, who: MayManage, tools: ToolsHere, access: AccessHere) -> Any:
    """Change fields; `headers` are put in place of all present ones."""
    return await tools.change(who, await access.owner_of(who, "tools", tool_id), tool_id, given(body))


@router.delete("/tools/{tool_id}", status_code=204)
async def delete_tool(tool_id: str, who: MayManage, tools: ToolsHere, access: AccessHere) -> None:
    await tools.delete(who, await access.owner_of(who, "tools", tool_id), tool_id)


@router.post("/tools/{tool_id}/test", response_model=OutcomeOut)
async def test_tool(tool_id: str, body: TestIn, who: MayManage, tools: ToolsHere, access: AccessHere) -> Any:
    """Call the endpoint once, as an agent would, and show what came of it."""
    tenant = await access.owner_of(who, "tools", tool_id)
    return await tools.run(tenant, await tools.get(tenant, tool_id), body.arguments)
