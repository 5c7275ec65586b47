"""Calls of which nothing was heard for too long: the carrier is asked, and the record follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from parley.calls import store
from parley.calls.carriers import CarrierAccount, CarrierChoice
from parley.calls.failures import CallInitiationError
from parley.calls.place import CLAIM, Placing
from parley.calls.progress import ASK_AGAIN, Progress
from parley.calls.record import CallRecord
from parley.calls.report import Reports
from parley.inference.errors import ProviderError
from parley.kit import log
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.jobs import Enqueue, Job

WATCH: Final = "calls.watch"
RECONCILE: Final = "calls.reconcile"
_EVERY_MINUTE: Final = "* * * * *"
_MOST: Final = 500
_STALE: Final = timedelta(minutes=10)  # what could not be placed by then is not placed any more: nobody waits for it
NEVER_PLACED: Final = "never_placed"
NOT_TAKEN: Final = "not_taken_by_carrier"
LOST: Final = "unknown_to_carrier"
_log = log.get("calls")


class Reconciliation:
    """Settles what webhooks did not tell and crashes left open."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        jobs: Enqueue,
        choice: CarrierChoice,
        placing: Placing,
        progress: Progress,
        reports: Reports,
    ) -> None:
        self._db = db
        self._clock = clock
        self._jobs = jobs
        self._choice = choice
        self._placing = placing
        self._progress = progress
        self._reports = reports

    def background(self) -> Sequence[Job]:
        """The jobs, to be registered with the queue."""
        return [
            Job(WATCH, self.watch, attempts=1, cron=_EVERY_MINUTE),
            Job(RECONCILE, self.reconcile, attempts=1),
        ]

    async def watch(self, timestamp: int = 0) -> None:  # noqa: ARG002 - the queue's: when it was due
        """Have every call that is due looked at."""
        async with self._db.begin_platform("calls nobody has heard of") as connection:
            due = await store.find_calls_due(connection, self._clock.now(), _MOST)
        for tenant_id, call_id in due:
            async with self._db.begin(tenant_id) as connection:
                await self._jobs.enqueue(
                    connection, RECONCILE, once=f"{RECONCILE}:{call_id}", tenant_id=tenant_id, call_id=call_id
                )

    async def reconcile(self, tenant_id: str, call_id: str) -> None:
        """Ask the carrier about one call that is due, and do what follows."""
        call = await self._claimed(tenant_id, call_id)
        if call is None:
            return
        call = await self._reports.apply_waiting(call)
        if call.check_at is None:
            return
        try:
            account = await self._choice.account(tenant_id, call.carrier)
            if call.retell_call_id is None:
                await self._unplaced(call, account)
            else:
                await self._placed(call, account)
        except CallInitiationError as error:
            _log.warning("call.not_reconciled", call_id=call_id, code=error.code)
        except ProviderError as error:
            _log.warning("call.not_reconciled", call_id=call_id, code=error.code)

    async def _claimed(self, tenant_id: str, call_id: str) -> CallRecord | None:
        """The call, if it is due and no other worker has taken it; it is due again if this one does not come back."""
        now = self._clock.now()
        async with self._db.begin(tenant_id) as connection:
            call = await store.calls.get(connection, tenant_id, call_id)
            if call is None or call.check_at is None or call.check_at > now:
                return None
            return await store.take_check(connection, call, now + CLAIM)

    async def _unplaced(self, call: CallRecord, account: CarrierAccount) -> None:
        """A call whose carrier's id we never learnt."""
        found = await account.carrier.find(call.id)
        if found is not None:
            call = await self._progress.adopt(call.tenant_id, call.id, found)
            await self._placed(call, account)
        elif not call.is_active:
            await self._settle(call)
        elif call.placement == "claimed" and self._clock.now() - call.created_at < _STALE:
            await self._placing.place(call, account)
        else:
            reason = NEVER_PLACED if call.placement == "claimed" else NOT_TAKEN
            await self._progress.failed(call.tenant_id, call.id, reason)

    async def _placed(self, call: CallRecord, account: CarrierAccount) -> None:
        if call.stop_wanted:
            await self._placing.stop(call, account.carrier)
            return
        found = await account.carrier.look(call.retell_call_id or "")
        if found is None:
            await self._progress.failed(call.tenant_id, call.id, LOST)
            return
        after = await self._progress.apply(call.tenant_id, call.id, found)
        if after.is_active:
            await self._ask_again(after)

    async def _settle(self, call: CallRecord) -> None:
        async with self._db.begin(call.tenant_id) as connection:
            await store.calls.change(connection, call.tenant_id, call.id, {"check_at": None, "stop_wanted": False})

    async def _ask_again(self, call: CallRecord) -> None:
        async with self._db.begin(call.tenant_id) as connection:
            values = {"check_at": self._clock.now() + ASK_AGAIN}
            await store.advance(connection, call, ("initiated", "in_progress"), values)
