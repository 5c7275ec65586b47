"""Telephone numbers of ours, and those that are not called, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict, StringConstraints

from parley.calls.room import Calls
from parley.kit.web import ERRORS, Body, Pages, Read, list_model, page_of
from parley.tenants import AccessHere, MayManage, MayRead, MayWrite, TenantFilter

router = APIRouter(responses=ERRORS)

Number = Annotated[str, StringConstraints(min_length=1, max_length=40)]
CarrierName = Literal["retell", "twilio", "simulated"]


async def _calls(request: Request) -> Calls:
    calls: Calls = request.state.calls
    return calls


CallsHere = Annotated[Calls, Depends(_calls)]


def _plus(number: str | None) -> str | None:
    """A + that was not escaped arrives as a space."""
    return None if number is None else "+" + number.strip().lstrip("+")


class NumberIn(Body):
    number: Number
    carrier: CarrierName = "retell"
    agent_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    tenant_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": "+16085550100",
                    "carrier": "retell",
                    "agent_id": "01a1f86d-5a7c-7cc1-a1b2-3d9f1f0e8a11",
                }
            ]
        }
    )


class NumberOut(Read):
    id: str
    tenant_id: str
    number: str
    carrier: CarrierName
    agent_id: str
    created_at: datetime


class SuppressionIn(Body):
    phone_number: Number
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    tenant_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"phone_number": "+16085550117", "reason": "Asked by e-mail."}]}
    )


class SuppressionOut(Read):
    id: str
    tenant_id: str
    phone_number: str
    source: Literal["manual", "call"]
    reason: str
    call_id: str | None
    created_at: datetime


@router.get("/phone-numbers", response_model=list_model("phone_numbers", NumberOut), tags=["phone numbers"])
async def list_phone_numbers(
    who: MayRead,
    calls: CallsHere,
    access: AccessHere,
    paging: Pages,
    tenant_id: TenantFilter = None,
    agent_id: str | None = None,
    carrier: CarrierName | None = None,
    number: Annotated[str | None, Query(description="E.164; its + written as %2B.")] = None,
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"phone_numbers": [], "next_cursor": None}
    filters = {"agent_id": agent_id, "carrier": carrier, "number": _plus(number)}
    page = page_of(await calls.numbers.page(tenant, paging.limit, paging.cursor, **filters), paging.limit)
    return {"phone_numbers": page.items, "next_cursor": page.next_cursor}


@router.post("/phone-numbers", status_code=201, response_model=NumberOut, tags=["phone numbers"])
async def add_phone_number(body: NumberIn, who: MayManage, calls: CallsHere, access: AccessHere) -> Any:
    """Have an agent answer a number. The agent is published at the number's carrier."""
    tenant = await access.tenant_for(who, body.tenant_id)
    return await calls.numbers.add(who, tenant, body.number, body.carrier, body.agent_id)


@router.delete("/phone-numbers/{number_id}", status_code=204, tags=["phone numbers"])
async def delete_phone_number(number_id: str, who: MayManage, calls: CallsHere, access: AccessHere) -> None:
    await calls.numbers.remove(who, await access.owner_of(who, "phone_numbers", number_id), number_id)


@router.get("/suppressions", response_model=list_model("suppressions", SuppressionOut), tags=["suppressions"])
async def list_suppressions(
    who: MayRead,
    calls: CallsHere,
    access: AccessHere,
    paging: Pages,
    tenant_id: TenantFilter = None,
    phone_number: str | None = None,
) -> Any:
    """The numbers that are not called: entered here, or heard on a call."""
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"suppressions": [], "next_cursor": None}
    number = _plus(phone_number)
    found = await calls.suppressions.page(tenant, paging.limit, paging.cursor, phone_number=number)
    page = page_of(found, paging.limit)
    return {"suppressions": page.items, "next_cursor": page.next_cursor}


@router.post(
    "/suppressions",
    status_code=201,
    response_model=SuppressionOut,
    responses={200: {"model": SuppressionOut, "description": "The number was on the list already."}},
    tags=["suppressions"],
)
async def add_suppression(
    body: SuppressionIn, who: MayWrite, calls: CallsHere, access: AccessHere, response: Response
) -> Any:
    tenant = await access.tenant_for(who, body.tenant_id)
    made, new = await calls.suppressions.add(who, tenant, body.phone_number, body.reason)
    response.status_code = 201 if new else 200
    return made


@router.delete("/suppressions/{suppression_id}", status_code=204, tags=["suppressions"])
async def delete_suppression(suppression_id: str, who: MayManage, calls: CallsHere, access: AccessHere) -> None:
    """Let the number be called again."""
    await calls.suppressions.remove(who, await access.owner_of(who, "suppressions", suppression_id), suppression_id)
