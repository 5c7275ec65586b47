"""What a call is, and which way its status may go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

Status = Literal["initiated", "in_progress", "completed", "failed", "cancelled"]
Placement = Literal["claimed", "unknown", "placed", "refused"]

LEGAL: Final[Mapping[Status, frozenset[Status]]] = {
    "initiated": frozenset({"in_progress", "failed", "cancelled"}),
    "in_progress": frozenset({"completed", "failed", "cancelled"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}
ACTIVE: Final[tuple[Status, ...]] = ("initiated", "in_progress")


def before(status: Status) -> tuple[Status, ...]:
    """The statuses from which `status` may be entered."""
    return tuple(earlier for earlier, later in LEGAL.items() if status in later)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One telephone call, placed or taken.

    `phone_number` is the other side's (E.164; empty where it was withheld), `own_number` ours. `retell_call_id` is the
    carrier's id, whichever carrier it is. placement: claimed (a process is at it), unknown (its answer was lost),
    placed, refused. `stop_wanted`: the carrier has yet to be told to hang up. `lines` is the carrier's transcript, used
    where there is no conversation. `duration` in whole seconds. `check_at`: when to ask the carrier how it stands.
    """

    id: str
    tenant_id: str
    direction: str
    driver_name: str
    phone_number: str
    own_number: str
    load_number: str
    agent_config_id: str | None
    agent_version: int | None
    carrier: str
    retell_call_id: str | None
    conversation_id: str | None
    status: Status
    placement: Placement
    stop_wanted: bool
    raw_transcript: str | None
    lines: list[dict[str, Any]]
    structured_data: dict[str, Any] | None
    extracted_from: str | None
    duration: int | None
    reason: str | None
    warnings: list[str]
    consent: dict[str, Any] | None
    simulate: dict[str, Any] | None
    idempotency_key: str | None
    request_digest: str | None
    check_at: datetime | None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def is_active(self) -> bool:
        """Whether it may still go on."""
        return self.status in ACTIVE
