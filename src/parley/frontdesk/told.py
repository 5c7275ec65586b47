"""What webhooks are told of a record: its fields as the API shows them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from parley.frontdesk.store import Incident, Lead, Reservation

_OURS = frozenset({"tenant_id", "idempotency_key", "history"})


def told(record: Reservation | Lead | Incident) -> dict[str, Any]:
    """Its fields by name, without what is only ours to know."""
    return {one.name: getattr(record, one.name) for one in fields(record) if one.name not in _OURS}
