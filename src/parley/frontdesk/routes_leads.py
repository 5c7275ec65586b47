"""Leads over HTTP."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from parley.frontdesk.leads import Leads, NewLead
from parley.frontdesk.store import Lead
from parley.kit.web import ERRORS, Body, Pages, Read, given, list_model, page_of
from parley.tenants import AccessHere, MayRead, MayWrite, TenantFilter

router = APIRouter(tags=["leads"], responses=ERRORS)

LeadStatus = Literal["new", "contacted", "qualified", "won", "lost"]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Money = Annotated[Decimal, Field(ge=0, le=10**12, allow_inf_nan=False)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{3}$")]
Phone = Annotated[str, StringConstraints(max_length=40)]
Email = Annotated[str, StringConstraints(max_length=320)]

CSV_COLUMNS = (
    "id", "name", "phone", "email", "intent", "property_id", "score", "status", "budget", "currency", "notes",
    "conversation_id", "contacts", "created_at", "updated_at",
)  # fmt: skip
# A cell that begins so is a formula to a spreadsheet; a telephone number or an amount alone does no harm.
_FORMULA = re.compile(r"\s*[=+\-@\t\r\n]")
_HARMLESS = re.compile(r"[+-]?[\d.]+")


async def _leads(request: Request) -> Leads:
    leads: Leads = request.state.leads
    return leads


LeadsHere = Annotated[Leads, Depends(_leads)]


class LeadIn(Body):
    name: Short = ""
    phone: Phone | None = None
    email: Email | None = None
    intent: Annotated[str, StringConstraints(max_length=100)] = ""
    property_id: Short | None = None
    budget: Money | None = None
    currency: Currency | None = None
    notes: Annotated[str, StringConstraints(max_length=5000)] = ""
    conversation_id: Short | None = None
    tenant_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Mo Reyes",
                    "phone": "+16085550117",
                    "intent": "buy",
                    "property_id": "A-102",
                    "budget": 430000,
                    "currency": "USD",
                }
            ]
        }
    )


class LeadPatch(Body):
    name: Short | None = None
    phone: Phone | None = None
    email: Email | None = None
    intent: Annotated[str, StringConstraints(max_length=100)] | None = None
    property_id: Short | None = None
    budget: Money | None = None
    currency: Currency | None = None
    notes: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    status: LeadStatus | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "contacted", "notes": "Called back."}]})


class Reason(BaseModel):
    rule: str
    points: int
    reason: str


class LeadOut(Read):
    id: str
    tenant_id: str
    name: str
    phone: str | None
    email: str | None
    intent: str
    property_id: str | None
    budget: float | None
    currency: str | None
    notes: str
    conversation_id: str | None
    status: LeadStatus
    score: int
    reasons: list[Reason]
    contacts: int
    history: list[dict[str, Any]]
    created_at: datetime
    updated_at: datetime


@router.get("/leads", response_model=list_model("leads", LeadOut))
async def list_leads(
    who: MayRead,
    leads: LeadsHere,
    access: AccessHere,
    paging: Pages,
    tenant_id: TenantFilter = None,
    status: LeadStatus | None = None,
    phone: str | None = None,
    email: str | None = None,
    intent: str | None = None,
    property_id: str | None = None,
    conversation_id: str | None = None,
    min_score: Annotated[int | None, Query(ge=0, le=100)] = None,
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"leads": [], "next_cursor": None}
    filters = {"status": status, "phone": phone, "email": email, "intent": intent, "property_id": property_id}
    found = await leads.page(tenant, paging.limit, paging.cursor, min_score, conversation_id=conversation_id, **filters)
    page = page_of(found, paging.limit)
    return {"leads": page.items, "next_cursor": page.next_cursor}


@router.post(
    "/leads",
    status_code=201,
    response_model=LeadOut,
    responses={200: {"model": LeadOut, "description": "Added to the lead of the same person."}},
)
async def create_lead(body: LeadIn, who: MayWrite, leads: LeadsHere, access: AccessHere, response: Response) -> Any:
    """Write a lead down. 200 where it was added to a known person's (same telephone number or e-mail)."""
    tenant = await access.tenant_for(who, body.tenant_id)
    lead, new = await leads.capture(tenant, NewLead(**body.model_dump(exclude={"tenant_id"})), who=who)
    response.status_code = 201 if new else 200
    return lead


@router.get("/leads/export.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
async def export_leads(
    who: MayRead, leads: LeadsHere, access: AccessHere, tenant_id: TenantFilter = None
) -> StreamingResponse:
    """Every lead, newest first, as CSV (RFC 4180)."""
    tenant = await access.tenant_for(who, tenant_id)
    headers = {"Content-Disposition": 'attachment; filename="leads.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_lines(leads.everyone(tenant)), media_type="text/csv", headers=headers)


async def _lines(leads: AsyncIterator[Lead]) -> AsyncIterator[str]:
    yield csv_line(CSV_COLUMNS)
    async for lead in leads:
        yield csv_line([getattr(lead, name) for name in CSV_COLUMNS])


def csv_line(values: Any) -> str:
    """One line; no cell of it is a formula to a spreadsheet."""
    out = io.StringIO()
    csv.writer(out).writerow([_cell(value) for value in values])
    return out.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if _FORMULA.match(text) and not _HARMLESS.fullmatch(text) else text


@router.get("/leads/{lead_id}", response_model=LeadOut)
async def get_lead(lead_id: str, who: MayRead, leads: LeadsHere, access: AccessHere) -> Any:
    return await leads.get(await access.owner_of(who, "leads", lead_id), lead_id)


@router.patch("/leads/{lead_id}", response_model=LeadOut)
async def change_lead(lead_id: str, body: LeadPatch, who: MayWrite, leads: LeadsHere, access: AccessHere) -> Any:
    """Change fields; the score follows."""
    tenant = await access.owner_of(who, "leads", lead_id)
    nullable = frozenset({"phone", "email", "property_id", "budget", "currency"})
    return await leads.change(who, tenant, lead_id, given(body, nullable=nullable))


@router.delete("/leads/{lead_id}", status_code=204)
async def delete_lead(lead_id: str, who: MayWrite, leads: LeadsHere, access: AccessHere) -> None:
    await leads.delete(who, await access.owner_of(who, "leads", lead_id), lead_id)
