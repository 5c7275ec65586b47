"""Subscriptions and deliveries as rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, Text, cast, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.db import fetch
from parley.outbox.tables import webhook_deliveries as deliveries
from parley.outbox.tables import webhook_subscriptions as subscriptions


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who wants to hear of what."""

    id: str
    tenant_id: str
    url: str
    events: Sequence[str]
    description: str
    is_active: bool
    created_at: datetime
    sealed_secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one subscription, and how far it got."""

    id: str
    tenant_id: str
    subscription_id: str
    event: str
    payload: Mapping[str, Any]
    status: str
    attempts: int
    response_status: int | None
    error: str | None
    created_at: datetime
    last_attempt_at: datetime | None
    delivered_at: datetime | None


def _columns(table: Table, shape: type) -> list[Any]:
    return [table.c[one.name] for one in fields(shape)]


_SUBSCRIPTION = _columns(subscriptions, Subscription)
_DELIVERY = _columns(deliveries, Delivery)


async def add_subscription(connection: AsyncConnection, values: Mapping[str, Any]) -> Subscription:
    row = await connection.execute(insert(subscriptions).values(**values).returning(*_SUBSCRIPTION))
    return Subscription(**row.mappings().one())


async def count_subscriptions(connection: AsyncConnection, tenant_id: str) -> int:
    query = select(func.count()).select_from(subscriptions).where(subscriptions.c.tenant_id == tenant_id)
    return int((await connection.execute(query)).scalar_one())


async def get_subscription(connection: AsyncConnection, tenant_id: str, wanted: str) -> Subscription | None:
    query = select(*_SUBSCRIPTION).where(subscriptions.c.tenant_id == tenant_id, subscriptions.c.id == wanted)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Subscription(**row)


async def page_subscriptions(
    connection: AsyncConnection, tenant_id: str, limit: int, cursor: str | None
) -> list[Subscription]:
    """Newest first, one more than `limit` where there are more."""
    query = select(*_SUBSCRIPTION).where(subscriptions.c.tenant_id == tenant_id)
    if cursor:
        query = query.where(subscriptions.c.id < cursor)
    rows = await connection.execute(query.order_by(subscriptions.c.id.desc()).limit(limit + 1))
    return [Subscription(**row) for row in rows.mappings()]


async def remove_subscription(connection: AsyncConnection, tenant_id: str, wanted: str) -> bool:
    query = delete(subscriptions).where(subscriptions.c.tenant_id == tenant_id, subscriptions.c.id == wanted)
    return (await connection.execute(query)).rowcount == 1


_FIND_LISTENERS = "SELECT id FROM webhook_subscriptions WHERE tenant_id = %s AND is_active AND events && %s::text[]"


async def find_listeners(connection: AsyncConnection, tenant_id: str, names: Sequence[str]) -> list[str]:
    """The active subscriptions that named one of these."""
    return [row[0] for row in await fetch(connection, _FIND_LISTENERS, (tenant_id, list(names)))]


async def add_delivery(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    await connection.execute(insert(deliveries).values(status="pending", attempts=0, **values))


async def get_delivery(connection: AsyncConnection, tenant_id: str, wanted: str) -> Delivery | None:
    query = select(*_DELIVERY).where(deliveries.c.tenant_id == tenant_id, deliveries.c.id == wanted)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Delivery(**row)


async def page_deliveries(
    connection: AsyncConnection, tenant_id: str, limit: int, cursor: str | None, filters: Mapping[str, str]
) -> list[Delivery]:
    """Newest first, one more than `limit` where there are more; `filters` by column."""
    query = select(*_DELIVERY).where(deliveries.c.tenant_id == tenant_id)
    for name, value in filters.items():
        query = query.where(deliveries.c[name] == value)
    if cursor:
        query = query.where(deliveries.c.id < cursor)
    rows = await connection.execute(query.order_by(deliveries.c.id.desc()).limit(limit + 1))
    return [Delivery(**row) for row in rows.mappings()]


async def change_delivery(
    connection: AsyncConnection, tenant_id: str, wanted: str, values: Mapping[str, Any]
) -> Delivery | None:
    query = update(deliveries).where(deliveries.c.tenant_id == tenant_id, deliveries.c.id == wanted)
    row = (await connection.execute(query.values(**values).returning(*_DELIVERY))).mappings().one_or_none()
    return None if row is None else Delivery(**row)


async def erase_person(
    connection: AsyncConnection, tenant_id: str, value: str, conversation_ids: Collection[str]
) -> int:
    """Delete what was told about a person: payloads that hold `value`, and those of their conversations."""
    words = cast(deliveries.c.payload, Text)
    told: list[ColumnElement[bool]] = [func.strpos(words, value) > 0]
    if conversation_ids:
        told.append(deliveries.c.payload["data"]["conversation_id"].astext.in_(list(conversation_ids)))
    query = delete(deliveries).where(deliveries.c.tenant_id == tenant_id, or_(*told))
    return (await connection.execute(query)).rowcount


async def forget_before(connection: AsyncConnection, tenant_id: str, cutoff: datetime) -> int:
    """Delete deliveries that are older; returns how many."""
    query = delete(deliveries).where(deliveries.c.tenant_id == tenant_id, deliveries.c.created_at < cutoff)
    return (await connection.execute(query)).rowcount
