"""Telling what happened, on the transaction in which it happens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.ids import new_id
from parley.kit.jobs import enqueue
from parley.outbox import store

DELIVER = "outbox.deliver"
EVENTS = (
    "conversation.ended",
    "reservation.created",
    "reservation.changed",
    "reservation.cancelled",
    "lead.created",
    "lead.changed",
    "escalation.requested",
    "incident.raised",
    "incident.changed",
    "call.started",
    "call.ended",
    "call.analyzed",
    "experiment.decided",
    "webhook.ping",
)


def accepted() -> frozenset[str]:
    """What a subscription may name: an event, all of a kind ("reservation.*" or "reservation"), or "*"."""
    kinds = {event.partition(".")[0] for event in EVENTS}
    return frozenset({*EVENTS, *kinds, *(f"{kind}.*" for kind in kinds), "*"})


async def announce(connection: AsyncConnection, tenant_id: str, event: str, data: Mapping[str, Any]) -> None:
    """Tell everyone who subscribed to `event`, once the caller's transaction commits. `data` is JSON."""
    kind = event.partition(".")[0]
    for subscription_id in await store.find_listeners(connection, tenant_id, [event, kind, f"{kind}.*", "*"]):
        await send_to(connection, tenant_id, subscription_id, event, data)


async def send_to(
    connection: AsyncConnection, tenant_id: str, subscription_id: str, event: str, data: Mapping[str, Any]
) -> str:
    """One delivery; returns its id."""
    delivery_id = new_id()
    payload = {
        "id": delivery_id,
        "event": event,
        "tenant_id": tenant_id,
        "created_at": datetime.now(UTC).isoformat(),
        "data": orjson.loads(orjson.dumps(dict(data), default=str)),
    }
    values = {"id": delivery_id, "tenant_id": tenant_id, "subscription_id": subscription_id, "event": event}
    await store.add_delivery(connection, {**values, "payload": payload})
    await enqueue(connection, DELIVER, tenant_id=tenant_id, delivery_id=delivery_id)
    return delivery_id
