"""Incidents: what a person must look at now. Raising one tells the rest of the house, when it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.frontdesk import store
from parley.frontdesk.store import Incident
from parley.frontdesk.told import told
from parley.kit.db import Database
from parley.kit.errors import NotFound
from parley.kit.events import Event, publish
from parley.kit.ids import new_id
from parley.outbox import announce
from parley.tenants import Principal, record_audit

Severity = Literal["low", "medium", "high", "critical"]
RAISED = "incident.raised"
CHANGED = "incident.changed"

_I = store.incidents
_MOST_EXCERPT = 2000


async def raise_incident(
    connection: AsyncConnection,
    tenant_id: str,
    *,
    kind: str,
    severity: Severity = "high",
    conversation_id: str | None = None,
    excerpt: str = "",
    evidence: Mapping[str, Any] | None = None,
    location: str | None = None,
) -> tuple[Incident, bool]:
    """Write an incident on the caller's transaction; the event leaves with its commit.

    A conversation raises one incident of a kind: raising it again gives the first, and False.
    """
    if not await store.hold_conversation(connection, tenant_id, conversation_id):
        excerpt, evidence = "", None  # the emergency stays on record, the words of who was erased do not
    row = {
        "id": new_id(),
        "tenant_id": tenant_id,
        "kind": kind,
        "severity": severity,
        "conversation_id": conversation_id,
        "excerpt": excerpt[:_MOST_EXCERPT],
        "evidence": dict(evidence or {}),
        "location": location,
    }
    made = await _I.add_unless_known(connection, row)
    if made is None:
        column = _I.table.c
        known = await _I.first(
            connection, tenant_id, column.conversation_id == conversation_id, column.kind == kind, lock=True
        )
        if known is None:
            raise NotFound("incident")
        if location and not known.location:
            known = await _I.change(connection, tenant_id, known.id, {"location": location}) or known
        return known, False
    data = {"id": made.id, "kind": kind, "severity": severity, "conversation_id": conversation_id}
    await publish(connection, Event(tenant_id, RAISED, data))
    await announce(connection, tenant_id, RAISED, told(made))
    return made, True


class Incidents:
    """Incidents of all tenants."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def raise_now(self, tenant_id: str, **incident: Any) -> tuple[Incident, bool]:
        """`raise_incident` on a transaction of its own."""
        async with self._db.begin(tenant_id) as connection:
            return await raise_incident(connection, tenant_id, **incident)

    async def get(self, tenant_id: str, incident_id: str) -> Incident:
        """The incident, or `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            found = await _I.get(connection, tenant_id, incident_id)
        if found is None:
            raise NotFound("incident")
        return found

    async def page(self, tenant_id: str, limit: int, cursor: str | None, **filters: Any) -> list[Incident]:
        """The newest `limit` + 1 before `cursor`; filters that are None do not filter."""
        conditions = [_I.table.c[name] == value for name, value in filters.items() if value is not None]
        async with self._db.begin(tenant_id) as connection:
            return await _I.page(connection, tenant_id, limit, cursor, *conditions)

    async def change(self, who: Principal, tenant_id: str, incident_id: str, values: Mapping[str, Any]) -> Incident:
        """Set status, severity, location or notes."""
        async with self._db.begin(tenant_id) as connection:
            changed = await _I.change(connection, tenant_id, incident_id, values)
            if changed is None:
                raise NotFound("incident")
            await record_audit(connection, who, tenant_id, "incident.changed", incident_id, fields=sorted(values))
            data = {"id": changed.id, "status": changed.status}
            await publish(connection, Event(tenant_id, CHANGED, data))
            await announce(connection, tenant_id, CHANGED, told(changed))
        return changed
