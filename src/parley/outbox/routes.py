"""Webhook subscriptions and deliveries over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict, Field, StringConstraints

from parley.kit.web import ERRORS, Body, Pages, Read, list_model, page_of
from parley.outbox.subscribe import Outbox
from parley.tenants import AccessHere, MayManage, MayRead, TenantFilter

router = APIRouter(tags=["webhooks"], responses=ERRORS)

Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]


async def _outbox(request: Request) -> Outbox:
    outbox: Outbox = request.state.outbox
    return outbox


OutboxHere = Annotated[Outbox, Depends(_outbox)]


class SubscriptionIn(Body):
    """`events`: names such as reservation.created, all of a kind as in reservation.*, or * for everything."""

    url: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    events: Annotated[list[Name], Field(min_length=1, max_length=50)]
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    tenant_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"url": "https://crm.example.com/hooks/parley", "events": ["reservation.*", "lead.created"]}]
        }
    )


class SubscriptionOut(Read):
    id: str
    tenant_id: str
    url: str
    events: list[str]
    description: str
    is_active: bool
    created_at: datetime


class SubscriptionMade(SubscriptionOut):
    """`secret` signs every delivery (header Parley-Signature) and is shown this once."""

    secret: str


class DeliveryOut(Read):
    """`status`: pending, retrying (it failed and will be tried again), delivered, or dead (no attempt is left)."""

    id: str
    tenant_id: str
    subscription_id: str
    event: str
    payload: dict[str, Any]
    status: Literal["pending", "retrying", "delivered", "dead"]
    attempts: int
    response_status: int | None
    error: str | None
    created_at: datetime
    last_attempt_at: datetime | None
    delivered_at: datetime | None


@router.post("/webhook-subscriptions", response_model=SubscriptionMade, status_code=201)
async def subscribe(body: SubscriptionIn, who: MayManage, outbox: OutboxHere, access: AccessHere) -> Any:
    """Be told of what happens. Private addresses are refused."""
    tenant = await access.tenant_for(who, body.tenant_id)
    made, secret = await outbox.subscribe(who, tenant, body.url, body.events, body.description)
    return {**SubscriptionOut.model_validate(made).model_dump(), "secret": secret}


@router.get("/webhook-subscriptions", response_model=list_model("webhook_subscriptions", SubscriptionOut))
async def list_subscriptions(
    who: MayRead, outbox: OutboxHere, access: AccessHere, paging: Pages, tenant_id: TenantFilter = None
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"webhook_subscriptions": [], "next_cursor": None}
    page = page_of(await outbox.page(tenant, paging.limit, paging.cursor), paging.limit)
    return {"webhook_subscriptions": page.items, "next_cursor": page.next_cursor}


@router.delete("/webhook-subscriptions/{subscription_id}", status_code=204, response_class=Response)
async def unsubscribe(subscription_id: str, who: MayManage, outbox: OutboxHere, access: AccessHere) -> None:
    tenant = await access.owner_of(who, "webhook_subscriptions", subscription_id)
    await outbox.unsubscribe(who, tenant, subscription_id)


@router.post("/webhook-subscriptions/{subscription_id}/ping", response_model=DeliveryOut, status_code=201)
async def ping(subscription_id: str, who: MayManage, outbox: OutboxHere, access: AccessHere) -> Any:
    """Send a test event."""
    tenant = await access.owner_of(who, "webhook_subscriptions", subscription_id)
    return await outbox.ping(tenant, subscription_id)


@router.get("/webhook-deliveries", response_model=list_model("webhook_deliveries", DeliveryOut))
async def list_deliveries(
    who: MayRead,
    outbox: OutboxHere,
    access: AccessHere,
    paging: Pages,
    tenant_id: TenantFilter = None,
    subscription_id: str | None = None,
    event: str | None = None,
    status: Annotated[str | None, Query(description="pending, retrying, delivered or dead.")] = None,
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"webhook_deliveries": [], "next_cursor": None}
    wanted = {"subscription_id": subscription_id, "event": event, "status": status}
    filters = {name: value for name, value in wanted.items() if value is not None}
    page = page_of(await outbox.deliveries(tenant, paging.limit, paging.cursor, filters), paging.limit)
    return {"webhook_deliveries": page.items, "next_cursor": page.next_cursor}


@router.post("/webhook-deliveries/{delivery_id}/replay", response_model=DeliveryOut)
async def replay(delivery_id: str, who: MayManage, outbox: OutboxHere, access: AccessHere) -> Any:
    """Send it once more, whatever became of it."""
    tenant = await access.owner_of(who, "webhook_deliveries", delivery_id)
    return await outbox.replay(who, tenant, delivery_id)
