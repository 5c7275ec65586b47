"""Calls whose sound a carrier hands to us: whose they are, and the stream on which each is held.

The carrier asks what to do with a call; it is told to open a stream, and gets a one-time token for it. Whichever
process the stream then reaches takes the token from the database and holds the call from there on. A holder that dies,
or whose stream breaks, leaves the call as it is: the carrier asks again, and the talk goes on over a new stream.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from parley.agents import Agents
from parley.calls import store
from parley.calls.carriers import TWILIO
from parley.calls.numbers import e164_or_empty
from parley.calls.outcome import is_over
from parley.calls.progress import Progress
from parley.calls.record import ACTIVE, CallRecord
from parley.calls.stream_store import drop_stream, expect_stream, hand_over, is_held, take_stream, transfer_of
from parley.inference.carrier import CarrierCall
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import Conflict, NotFound
from parley.kit.secrets import digest, new_token

TOKEN_LIFE: Final = timedelta(seconds=60)  # the carrier opens the stream as soon as it is told to
_SOON: Final = timedelta(seconds=30)  # by then the process that holds a call has written down its end
_TOKEN: Final = re.compile(r"st_([0-9a-f-]{36})\.[\w-]{43}", re.ASCII)


class Switchboard:
    """Takes calls. `holder`: this process as the database knows it."""

    def __init__(self, db: Database, clock: Clock, agents: Agents, progress: Progress, holder: int) -> None:
        self._db = db
        self._clock = clock
        self._agents = agents
        self._progress = progress
        self._holder = holder

    async def owner(self, told: CarrierCall) -> str | None:
        """The tenant whose call it is: one on record (`told.call_id`), or one to a number of ours."""
        async with self._db.begin_platform("carrier's call → tenant") as connection:
            found = await store.find_line(connection, "call", told.id)
            if found is None and told.call_id is not None:
                return await store.find_owner(connection, told.call_id)
            if found is None and told.direction == "inbound":
                found = await store.find_line(connection, "number", e164_or_empty(told.to_number))
        return None if found is None else found[0]

    async def ring(self, tenant_id: str, told: CarrierCall) -> CallRecord:
        """The record of a call that rings, or that the carrier asks about again. Raises `NotFound` where nobody answers
        it, `Conflict` where its agent is not active."""
        call = await self._known(tenant_id, told) or await self._new(tenant_id, told)
        if call.agent_config_id is None:
            raise NotFound("agent")
        if not (await self._agents.get(tenant_id, call.agent_config_id)).is_active:
            raise Conflict("The agent of this number is not active.", code="agent.inactive")
        return call

    async def token(self, call: CallRecord) -> str:
        """The one-time token of the call's next stream; the one before is void. Raises `Conflict` where the call is
        over, or a living process holds it."""
        if not call.is_active:
            raise Conflict("The call is over.", code="call.over")
        token = new_token(f"st_{call.tenant_id}.")
        until = self._clock.now() + TOKEN_LIFE
        async with self._db.begin(call.tenant_id) as connection:
            if not await expect_stream(connection, call.tenant_id, call.id, digest(token), until):
                raise Conflict("The call is being held.", code="call.held")
        return token

    async def admit(self, token: str, carrier_call_id: str) -> CallRecord:
        """Take a call by its token, which is used up; it is in progress from now on. Raises `NotFound`."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            raise NotFound("call")
        tenant_id = found[1]
        async with self._db.begin(tenant_id) as connection:
            call_id = await take_stream(connection, tenant_id, digest(token), self._clock.now(), self._holder)
        if call_id is None:
            raise NotFound("call")
        call = await self._progress.started(tenant_id, call_id)
        if not call.is_active or call.retell_call_id != carrier_call_id:
            await self.release(call)
            raise NotFound("call")
        return call

    async def release(self, call: CallRecord) -> None:
        """This process holds the call no longer."""
        async with self._db.begin(call.tenant_id) as connection:
            await drop_stream(connection, call.tenant_id, call.id, self._holder)

    async def hand_over(self, call: CallRecord, number: str) -> bool:
        """This process lets go of the call, for the carrier to connect it with a person at `number` when it asks what
        comes next. False where the call is not ours any more."""
        async with self._db.begin(call.tenant_id) as connection:
            return await hand_over(connection, call.tenant_id, call.id, self._holder, number)

    async def transfer_of(self, call: CallRecord) -> str | None:
        """The number at which a call that was handed over is to go on; None for any other."""
        if not call.is_active:
            return None
        async with self._db.begin(call.tenant_id) as connection:
            return await transfer_of(connection, call.tenant_id, call.id)

    async def lost(self, call: CallRecord) -> None:
        """The stream broke: unless the carrier comes back with the call, it is asked about soon."""
        await self.release(call)
        await self._look_soon(call)

    async def told(self, tenant_id: str, told: CarrierCall) -> None:
        """Take in what the carrier reports. The end of a call that is held is written by who holds it: the carrier may
        be faster than the last words."""
        call = await self._known(tenant_id, told)
        if call is None:
            return
        if is_over(told) and call.status == "in_progress" and await self._is_held(call):
            await self._look_soon(call)
            return
        await self._progress.apply(tenant_id, call.id, told)

    async def _known(self, tenant_id: str, told: CarrierCall) -> CallRecord | None:
        if told.call_id is not None:
            call = await self._progress.adopt(tenant_id, told.call_id, told)
            if call.retell_call_id != told.id:
                raise NotFound("call")
            return call
        async with self._db.begin(tenant_id) as connection:
            return await store.calls.by(connection, tenant_id, retell_call_id=told.id)

    async def _new(self, tenant_id: str, told: CarrierCall) -> CallRecord:
        async with self._db.begin(tenant_id) as connection:
            number = await store.numbers.by(connection, tenant_id, number=e164_or_empty(told.to_number))
        if number is None or told.direction != "inbound":
            raise NotFound("phone number")
        return await self._progress.opened(tenant_id, number.agent_id, TWILIO, told)

    async def _is_held(self, call: CallRecord) -> bool:
        async with self._db.begin(call.tenant_id) as connection:
            return await is_held(connection, call.tenant_id, call.id)

    async def _look_soon(self, call: CallRecord) -> None:
        async with self._db.begin(call.tenant_id) as connection:
            await store.advance(connection, call, ACTIVE, {"check_at": self._clock.now() + _SOON})
