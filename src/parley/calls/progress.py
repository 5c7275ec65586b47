"""What happens on a call, written down once however often and in whatever order it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.calls import store
from parley.calls.record import CallRecord, Status, before
from parley.calls.secrets import LineSecrets
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import NotFound
from parley.kit.events import Event, publish
from parley.kit.secrets import digest, same

CHANGED = "call.changed"  # {"call_id", "status"}: a call's status or record changed
ASK_AGAIN = timedelta(minutes=5)  # an active call of which nothing was heard for so long is looked up at its carrier


class Progress:
    """Moves calls along their legal ways. Every verb may come twice, late or never."""

    def __init__(self, db: Database, clock: Clock, secrets: LineSecrets) -> None:
        self._db = db
        self._clock = clock
        self._secrets = secrets

    async def answer(self, token: str | None, carrier_call_id: str) -> CallRecord:
        """The call that a carrier dials our line for; it is in progress from now on. Raises `NotFound`.

        `token` is the secret of the agent's line. Without one only a call of ours that is in progress is answered.
        """
        async with self._db.begin_platform("carrier call → call") as connection:
            found = await store.find_line(connection, "call", carrier_call_id)
        if found is None:
            raise NotFound("call")
        call = await self.get(*found)
        if token is None:
            if call.status != "in_progress":
                raise NotFound("call")
            return call
        if call.agent_config_id is None or not same(digest(token), self._secrets.token_hash(call.agent_config_id)):
            raise NotFound("call")
        if not call.is_active:
            raise NotFound("call")
        return await self.started(*found)

    async def get(self, tenant_id: str, call_id: str) -> CallRecord:
        """The call, or `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            call = await store.calls.get(connection, tenant_id, call_id)
        if call is None:
            raise NotFound("call")
        return call

    async def started(self, tenant_id: str, call_id: str) -> CallRecord:
        """Somebody is on the line. A call that is in progress, or over, stays as it is."""
        async with self._db.begin(tenant_id) as connection:
            call = await _get(connection, tenant_id, call_id)
            now = self._clock.now()
            values = {"started_at": call.started_at or now, "check_at": now + ASK_AGAIN, "placement": "placed"}
            return await move(connection, call, "in_progress", values) or call

    async def talks(self, tenant_id: str, call_id: str, conversation_id: str) -> CallRecord:
        """The conversation that is held on the call."""
        async with self._db.begin(tenant_id) as connection:
            call = await _get(connection, tenant_id, call_id)
            values = {"conversation_id": conversation_id}
            changed = await store.calls.change(connection, tenant_id, call_id, values)
            await tell(connection, call)
            return changed or replace(call, conversation_id=conversation_id)


async def move(
    connection: AsyncConnection, call: CallRecord, status: Status, values: Mapping[str, Any]
) -> CallRecord | None:
    """Enter `status` if that is legal from where the call stands now; None, and nothing changed, where it is not."""
    changed = await store.advance(connection, call, before(status), {**values, "status": status})
    if changed is not None:
        await tell(connection, changed)
    return changed


async def tell(connection: AsyncConnection, call: CallRecord) -> None:
    """Tell whoever follows the call to look at it again."""
    await publish(connection, Event(call.tenant_id, CHANGED, {"call_id": call.id, "status": call.status}))


async def _get(connection: AsyncConnection, tenant_id: str, call_id: str) -> CallRecord:
    call = await store.calls.get(connection, tenant_id, call_id)
    if call is None:
        raise NotFound("call")
    return call
