"""Who did what to which thing, written on the transaction that does it. The app cannot change or remove a line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.ids import new_id
from parley.tenants.principal import Principal
from parley.tenants.tables import audit_log


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log."""

    id: str
    tenant_id: str
    actor: str
    action: str
    target: str
    detail: dict[str, Any]
    created_at: datetime


async def record(
    connection: AsyncConnection, who: Principal, tenant_id: str, action: str, target: str = "", **detail: Any
) -> None:
    """Write one line. `action` is dotted, `target` an id; `detail` must hold no secret and no caller's words."""
    row = {"id": new_id(), "tenant_id": tenant_id, "actor": f"{who.kind}:{who.id}", "action": action}
    await connection.execute(insert(audit_log).values(**row, target=target, detail=detail))


async def entries(connection: AsyncConnection, tenant_id: str, limit: int, cursor: str | None) -> list[AuditEntry]:
    """The newest `limit` + 1 lines before `cursor`."""
    query = select(audit_log).where(audit_log.c.tenant_id == tenant_id)
    if cursor:
        query = query.where(audit_log.c.id < cursor)
    rows = await connection.execute(query.order_by(audit_log.c.id.desc()).limit(limit + 1))
    return [AuditEntry(**row) for row in rows.mappings()]
