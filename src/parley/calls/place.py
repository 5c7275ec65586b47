"""Handing a call that is on record to its carrier, outside any transaction; stopping it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from parley.calls import store
from parley.calls.carriers import CarrierAccount
from parley.calls.failures import CallInitiationError, not_placed
from parley.calls.lines import LineAgents
from parley.calls.progress import ASK_AGAIN, move, tell
from parley.calls.record import ACTIVE, CallRecord
from parley.inference.carrier import Carrier, PlaceCall, PlacingUnknown, Simulate
from parley.inference.errors import ProviderError
from parley.kit import log
from parley.kit.clock import Clock
from parley.kit.db import Database

CLAIM: Final = timedelta(seconds=90)  # longer than placing may take: by then the process that was at it is gone
UNSURE: Final = timedelta(seconds=60)  # when to ask the carrier whether it took a call whose answer was lost
STOP_AGAIN: Final = timedelta(seconds=15)
_log = log.get("calls")


class Placing:
    """Hands recorded calls to their carrier."""

    def __init__(self, db: Database, clock: Clock, lines: LineAgents) -> None:
        self._db = db
        self._clock = clock
        self._lines = lines

    async def place(self, call: CallRecord, account: CarrierAccount) -> CallRecord:
        """Place a call whose placing this process has claimed. Raises `CallInitiationError`.

        Where the carrier refused, nobody was dialled: the call has failed and its key may be used again. Where its
        answer was lost, the call waits to be reconciled.
        """
        carrier = account.carrier
        try:
            order = await self._order(call, account)
            carrier_id = await carrier.place(order)
        except PlacingUnknown as error:
            await self._note(call, {"placement": "unknown", "check_at": self._clock.now() + UNSURE})
            raise CallInitiationError(
                f"{error.detail} Whether the call was placed is being found out; see its status.",
                code=error.code,
                status=502,
            ) from error
        except ProviderError as error:
            await self._refused(call, error.code)
            raise not_placed(error) from error
        except CallInitiationError as error:
            await self._refused(call, error.code)
            raise
        return await self.placed(call, carrier_id, carrier)

    async def placed(self, call: CallRecord, carrier_id: str, carrier: Carrier) -> CallRecord:
        """Note the carrier's id; a call that was cancelled meanwhile is stopped at once."""
        values = {"retell_call_id": carrier_id, "placement": "placed", "check_at": self._clock.now() + ASK_AGAIN}
        try:
            noted = await self._note(call, values)
        except IntegrityError as error:
            await self._refused(call, "carrier.same_id")
            raise CallInitiationError(
                "The carrier answered with the id of another call.", code="carrier.same_id", status=502
            ) from error
        return await self.stop(noted, carrier) if noted.stop_wanted else noted

    async def stop(self, call: CallRecord, carrier: Carrier) -> CallRecord:
        """Tell the carrier to hang up; where it cannot be told, it is told again later."""
        if call.retell_call_id is None:
            return call
        try:
            await carrier.stop(call.retell_call_id)
        except ProviderError as error:
            _log.warning("call.not_stopped", call_id=call.id, code=error.code)
            return await self._note(call, {"check_at": self._clock.now() + STOP_AGAIN})
        return await self._note(call, {"stop_wanted": False, "check_at": None})

    async def _order(self, call: CallRecord, account: CarrierAccount) -> PlaceCall:
        agent = None
        if account.carrier.traits.publishes_agents and call.agent_config_id is not None:
            agent = await self._lines.published(call.tenant_id, call.agent_config_id, account.carrier)
        variables = {"driver_name": call.driver_name, "load_number": call.load_number, "call_id": call.id}
        return PlaceCall(
            tenant_id=call.tenant_id,
            call_id=call.id,
            agent_id=call.agent_config_id or "",
            to_number=call.phone_number,
            from_number=call.own_number or account.from_number,
            agent=agent,
            variables=variables,
            simulate=None if call.simulate is None else Simulate(**call.simulate),
        )

    async def _refused(self, call: CallRecord, reason: str) -> None:
        now = self._clock.now()
        values: dict[str, Any] = {"placement": "refused", "reason": reason, "idempotency_key": None, "check_at": None}
        async with self._db.begin(call.tenant_id) as connection:
            if await move(connection, call, "failed", {**values, "completed_at": now, "stop_wanted": False}) is None:
                await store.calls.change(connection, call.tenant_id, call.id, {"check_at": None, "stop_wanted": False})

    async def _note(self, call: CallRecord, values: Mapping[str, Any]) -> CallRecord:
        """Write down what is known of the placing, whatever the status has become meanwhile.

        An ended call is asked about no more, unless it is still to be stopped.
        """
        async with self._db.begin(call.tenant_id) as connection:
            now = await store.calls.get(connection, call.tenant_id, call.id, lock=True)
            if now is None:
                return replace(call, stop_wanted="retell_call_id" in values)
            if now.status not in ACTIVE and not now.stop_wanted:
                values = {**values, "check_at": None}
            changed = await store.calls.change(connection, call.tenant_id, call.id, values)
            await tell(connection, changed or now)
        return changed or now
