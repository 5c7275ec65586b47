"""What happens on a call, written down once, however often and in whatever order it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.calls import store
from parley.calls.close import Closing
from parley.calls.numbers import e164_or_empty
from parley.calls.outcome import is_over, outcome_of, seconds_of
from parley.calls.record import ACTIVE, CallRecord, Status, before
from parley.calls.shown import tell_of_facts, tell_of_status
from parley.inference.carrier import CarrierCall, CarrierLine
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import NotFound
from parley.kit.events import Event, publish
from parley.kit.ids import new_id

HEARD: Final = "call.heard"  # {"call_id"}: more was said
CHANGED: Final = "call.changed"  # {"call_id", "status"}: a call's status or record changed
ASK_AGAIN: Final = timedelta(minutes=5)  # an active call of which nothing was heard for so long is asked about
_UNANNOUNCED: Final = timedelta(minutes=3)  # in which a call that was announced must arrive


class Progress:
    """Moves calls along their legal ways. Every verb may come twice, late or never."""

    def __init__(self, db: Database, clock: Clock, closing: Closing) -> None:
        self._db = db
        self._clock = clock
        self._closing = closing

    async def get(self, tenant_id: str, call_id: str) -> CallRecord:
        """The call, or `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            return await _get(connection, tenant_id, call_id)

    async def started(self, tenant_id: str, call_id: str, at: datetime | None = None) -> CallRecord:
        """Somebody is on the line. A call that is in progress, or over, stays as it is."""
        async with self._db.begin(tenant_id) as connection:
            call = await _get(connection, tenant_id, call_id)
            return await self._start(connection, call, at) or call

    async def talks(self, tenant_id: str, call_id: str, conversation_id: str) -> CallRecord:
        """The conversation that is held on the call."""
        async with self._db.begin(tenant_id) as connection:
            changed = await store.calls.change(connection, tenant_id, call_id, {"conversation_id": conversation_id})
            if changed is None:
                raise NotFound("call")
            await tell(connection, changed)
        return changed

    async def heard(self, tenant_id: str, call_id: str, lines: Sequence[CarrierLine]) -> None:
        """The carrier's transcript of a call that goes on, for those who follow it."""
        call = await self.get(tenant_id, call_id)
        if not call.is_active:
            return
        kept = [asdict(line) for line in await self._closing.kept(call, lines)]
        async with self._db.begin(tenant_id, durable=False) as connection:
            if await store.advance(connection, call, ACTIVE, {"lines": kept}) is not None:
                await publish(connection, Event(tenant_id, HEARD, {"call_id": call_id}))

    async def announced(
        self, tenant_id: str, agent_id: str, agent_version: int, carrier: str, caller: str | None, own: str | None
    ) -> CallRecord:
        """Somebody is calling one of our numbers; the call itself is told of later."""
        row = self._inbound(tenant_id, agent_id, carrier, caller, own)
        row |= {"placement": "unknown", "agent_version": agent_version, "check_at": self._clock.now() + _UNANNOUNCED}
        return await self._add(row)

    async def opened(self, tenant_id: str, agent_id: str, carrier: str, told: CarrierCall) -> CallRecord:
        """A call we had not heard of, at an agent of ours: on record from now on."""
        inbound = told.direction == "inbound"
        caller, own = (told.from_number, told.to_number) if inbound else (told.to_number, told.from_number)
        row = self._inbound(tenant_id, agent_id, carrier, caller, own)
        row |= {"direction": told.direction, "placement": "placed", "retell_call_id": told.id}
        return await self._add({**row, "check_at": self._clock.now() + ASK_AGAIN})

    async def apply(self, tenant_id: str, call_id: str, told: CarrierCall) -> CallRecord:
        """Bring the record to where the carrier says the call is. Another call's news changes nothing."""
        call = await self.adopt(tenant_id, call_id, told)
        if call.retell_call_id != told.id:
            return call
        if is_over(told):
            return await self._end(call, told)
        if told.status == "ongoing":
            call = await self.started(tenant_id, call_id, told.started_at)
        return await self._note_lines(call, told)

    async def adopt(self, tenant_id: str, call_id: str, told: CarrierCall) -> CallRecord:
        """Note the carrier's id of a call whose placing was not answered, or that was announced."""
        async with self._db.begin(tenant_id) as connection:
            call = await store.calls.get(connection, tenant_id, call_id, lock=True)
            if call is None:
                raise NotFound("call")
            if call.retell_call_id is not None:
                return call
            values: dict[str, Any] = {"retell_call_id": told.id, "placement": "placed"}
            if call.is_active:
                values["check_at"] = self._clock.now() + ASK_AGAIN
            return await store.calls.change(connection, tenant_id, call_id, values) or call

    async def failed(self, tenant_id: str, call_id: str, reason: str) -> CallRecord:
        """The call came to nothing. One that is over stays as it is."""
        async with self._db.begin(tenant_id) as connection:
            call = await _get(connection, tenant_id, call_id)
            values = {"reason": reason, "completed_at": self._clock.now(), "check_at": None}
            changed = await move(connection, call, "failed", values)
        return await self._closing.close(changed) if changed is not None else call

    async def cancelled(self, tenant_id: str, call_id: str) -> CallRecord:
        """Nobody wants the call any more; who placed it has to stop it. One that is over stays as it is."""
        async with self._db.begin(tenant_id) as connection:
            call = await _get(connection, tenant_id, call_id)
            now = self._clock.now()
            values: dict[str, Any] = {"reason": "cancelled", "completed_at": now, "stop_wanted": True}
            if call.started_at is not None:
                values["duration"] = max(1, round((now - call.started_at).total_seconds()))
            if call.retell_call_id is not None:
                values["check_at"] = now
            changed = await move(connection, call, "cancelled", values)
            if changed is not None:
                await self._closing.want(connection, changed)
        return changed or await self.get(tenant_id, call_id)

    async def _end(self, call: CallRecord, told: CarrierCall) -> CallRecord:
        """Facts first, status last: who sees that a call is completed finds its transcript and its record there."""
        outcome = outcome_of(told)
        values: dict[str, Any] = {
            "reason": told.reason,
            "completed_at": told.ended_at or self._clock.now(),
            "duration": seconds_of(told, call),
            "check_at": None,
            "stop_wanted": False,
        }
        if call.is_active and outcome == "completed":
            call = await self.started(call.tenant_id, call.id, told.started_at)
        values |= await self._closing.facts(call, told)
        async with self._db.begin(call.tenant_id) as connection:
            ended = await move(connection, call, outcome, values)
            if ended is None:
                ended = await self._fill(connection, call, values)
            await self._closing.want(connection, ended)
        return ended

    async def _fill(self, connection: AsyncConnection, call: CallRecord, values: Mapping[str, Any]) -> CallRecord:
        """A call that is over stays what it is; what was not known of it is added."""
        now = await _get(connection, call.tenant_id, call.id)
        kept = ("duration", "raw_transcript", "lines", "structured_data")
        missing = {name: values[name] for name in kept if values.get(name) and not getattr(now, name)}
        if (heard := values.get("raw_transcript")) and heard != now.raw_transcript:
            missing["raw_transcript"] = heard  # by the carrier's own transcript, which knows what was heard
        if "structured_data" in missing:
            missing["extracted_from"] = values.get("extracted_from")
        if now.stop_wanted:
            missing |= {"stop_wanted": False, "check_at": None}
        if not missing:
            return now
        changed = await store.calls.change(connection, call.tenant_id, call.id, missing) or now
        await tell(connection, changed)
        await tell_of_facts(connection, now, changed)
        return changed

    async def _start(self, connection: AsyncConnection, call: CallRecord, at: datetime | None) -> CallRecord | None:
        now = self._clock.now()
        values = {"started_at": at or call.started_at or now, "check_at": now + ASK_AGAIN, "placement": "placed"}
        return await move(connection, call, "in_progress", values)

    async def _note_lines(self, call: CallRecord, told: CarrierCall) -> CallRecord:
        """The carrier's own transcript so far, where no conversation of ours is held. An older one is shorter."""
        if call.conversation_id is not None or len(told.lines) <= len(call.lines) or not call.is_active:
            return call
        lines = await self._closing.kept(call, told.lines)
        async with self._db.begin(call.tenant_id) as connection:
            changed = await store.advance(connection, call, ACTIVE, {"lines": [asdict(line) for line in lines]})
            if changed is not None:
                await tell(connection, changed)
        return changed or call

    def _inbound(
        self, tenant_id: str, agent_id: str, carrier: str, caller: str | None, own: str | None
    ) -> dict[str, Any]:
        row = {"id": new_id(), "tenant_id": tenant_id, "agent_config_id": agent_id, "carrier": carrier}
        numbers = {"phone_number": e164_or_empty(caller), "own_number": e164_or_empty(own)}
        return {**row, **numbers, "direction": "inbound", "status": "initiated", "created_at": self._clock.now()}

    async def _add(self, row: Mapping[str, Any]) -> CallRecord:
        """A new record; the one that is there where another was faster."""
        tenant_id: str = row["tenant_id"]
        async with self._db.begin(tenant_id) as connection:
            try:
                async with connection.begin_nested():
                    made = await store.calls.add(connection, row)
            except IntegrityError as error:  # the agent was deleted this moment
                raise NotFound("agent") from error
            if made is None:
                made = await store.calls.by(connection, tenant_id, retell_call_id=row["retell_call_id"])
            if made is None:
                raise NotFound("call")
            await tell(connection, made)
        return made


async def move(
    connection: AsyncConnection, call: CallRecord, status: Status, values: Mapping[str, Any]
) -> CallRecord | None:
    """Enter `status` if that is legal from where the call stands now; None, and nothing changed, where it is not."""
    changed = await store.advance(connection, call, before(status), {**values, "status": status})
    if changed is not None:
        await tell(connection, changed)
        await tell_of_status(connection, changed)
        await tell_of_facts(connection, call, changed)
    return changed


async def tell(connection: AsyncConnection, call: CallRecord) -> None:
    """Tell whoever follows the call to look at it again."""
    await publish(connection, Event(call.tenant_id, CHANGED, {"call_id": call.id, "status": call.status}))


async def _get(connection: AsyncConnection, tenant_id: str, call_id: str) -> CallRecord:
    call = await store.calls.get(connection, tenant_id, call_id)
    if call is None:
        raise NotFound("call")
    return call
