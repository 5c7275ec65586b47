"""Incidents over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict, StringConstraints

from parley.frontdesk.incidents import Incidents, Severity
from parley.kit.web import ERRORS, Body, Pages, Read, given, list_model, page_of
from parley.tenants import AccessHere, MayRead, MayWrite, TenantFilter

router = APIRouter(tags=["incidents"], responses=ERRORS)

IncidentStatus = Literal["open", "acknowledged", "closed"]


async def _incidents(request: Request) -> Incidents:
    incidents: Incidents = request.state.incidents
    return incidents


IncidentsHere = Annotated[Incidents, Depends(_incidents)]


class IncidentPatch(Body):
    status: IncidentStatus | None = None
    severity: Severity | None = None
    location: Annotated[str, StringConstraints(max_length=500)] | None = None
    notes: Annotated[str, StringConstraints(max_length=10_000)] | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "acknowledged"}]})


class IncidentOut(Read):
    id: str
    tenant_id: str
    kind: str
    severity: Severity
    status: IncidentStatus
    conversation_id: str | None
    excerpt: str
    evidence: dict[str, Any]
    location: str | None
    notes: str
    created_at: datetime
    updated_at: datetime


@router.get("/incidents", response_model=list_model("incidents", IncidentOut))
async def list_incidents(
    who: MayRead,
    incidents: IncidentsHere,
    access: AccessHere,
    paging: Pages,
    tenant_id: TenantFilter = None,
    status: IncidentStatus | None = None,
    kind: str | None = None,
    severity: Severity | None = None,
    conversation_id: str | None = None,
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"incidents": [], "next_cursor": None}
    filters = {"status": status, "kind": kind, "severity": severity, "conversation_id": conversation_id}
    page = page_of(await incidents.page(tenant, paging.limit, paging.cursor, **filters), paging.limit)
    return {"incidents": page.items, "next_cursor": page.next_cursor}


@router.get("/incidents/{incident_id}", response_model=IncidentOut)
async def get_incident(incident_id: str, who: MayRead, incidents: IncidentsHere, access: AccessHere) -> Any:
    return await incidents.get(await access.owner_of(who, "incidents", incident_id), incident_id)


@router.patch("/incidents/{incident_id}", response_model=IncidentOut)
async def change_incident(
    incident_id: str, body: IncidentPatch, who: MayWrite, incidents: IncidentsHere, access: AccessHere
) -> Any:
    """Acknowledge, close, or add what is known."""
    tenant = await access.owner_of(who, "incidents", incident_id)
    return await incidents.change(who, tenant, incident_id, given(body, nullable=frozenset({"location"})))
