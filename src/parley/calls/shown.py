"""A call as the outside sees it: over the API, and in what webhooks are told of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.calls.record import CallRecord, Status
from parley.kit.web import Read
from parley.outbox import announce


class CallOut(Read):
    """A call. `retell_call_id` is the carrier's id, whichever carrier it is; `duration` is in whole seconds."""

    id: str
    tenant_id: str
    direction: Literal["outbound", "inbound"]
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
    reason: str | None = Field(description="The carrier's word for how it ended, or why it came to nothing.")
    raw_transcript: str | None
    structured_data: dict[str, Any] | None
    duration: int | None
    warnings: list[str]
    consent: dict[str, Any] | None
    simulate: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


async def tell_of_status(connection: AsyncConnection, call: CallRecord) -> None:
    """On the transaction in which a call enters a status: somebody is on the line, or it is over."""
    if call.status != "initiated":
        await _announce(connection, "call.started" if call.is_active else "call.ended", call)


async def tell_of_facts(connection: AsyncConnection, before: CallRecord, call: CallRecord) -> None:
    """On the transaction in which the facts of a call are written: they are there, or are others than before."""
    if call.structured_data is not None and call.structured_data != before.structured_data:
        await _announce(connection, "call.analyzed", call)


async def _announce(connection: AsyncConnection, event: str, call: CallRecord) -> None:
    await announce(connection, call.tenant_id, event, CallOut.model_validate(call).model_dump(mode="json"))
