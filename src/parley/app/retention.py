"""Forgetting what is older than a tenant wants it kept, every night.

`retention_days` in a tenant's settings bounds conversations: their lines, traces, tool runs and vault go with them, and
what an incident or a call's record quotes of them. A recording goes with
its conversation, or after `recording_retention_days`. `record_retention_days` bounds what the business wrote down:
reservations and calls after their end, leads and incidents after their last change. Without a number neither is
forgotten. What was sent to webhooks is kept for thirty days at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from parley import calls, conversations, frontdesk, outbox
from parley.conversations import Unwritten
from parley.experiments import Arms
from parley.kit import log
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.jobs import Job
from parley.recordings import Recordings
from parley.tenants import Businesses

_PAGE = 200
_AT_ONCE = 500  # conversations of one transaction
_TOLD_DAYS = 30  # what was sent to a webhook can be replayed this long
_EVERY_NIGHT = "17 3 * * *"
_log = log.get("retention")


class Retention:
    """The nightly job."""

    def __init__(
        self,
        db: Database,
        businesses: Businesses,
        unwritten: Unwritten,
        arms: Arms,
        recordings: Recordings,
        clock: Clock,
    ) -> None:
        self._db = db
        self._businesses = businesses
        self._unwritten = unwritten
        self._arms = arms
        self._recordings = recordings
        self._clock = clock

    def background(self) -> Sequence[Job]:
        """The job, to be registered with the queue."""
        return [Job("privacy.retention", self.run, attempts=3, wait=60, cron=_EVERY_NIGHT)]

    async def run(self, timestamp: int = 0) -> None:  # noqa: ARG002 - the queue's: when it was due
        """Every tenant, one after the other."""
        cursor: str | None = None
        while True:
            tenants = await self._businesses.page(_PAGE, cursor)
            for tenant in tenants[:_PAGE]:
                await self.forget(tenant.id, tenant.settings)
            if len(tenants) <= _PAGE:
                return
            cursor = tenants[_PAGE - 1].id

    async def forget(self, tenant_id: str, settings: Mapping[str, Any]) -> None:
        """Forget what one tenant wants forgotten."""
        counts: dict[str, int] = {}
        if days := settings.get("retention_days"):
            counts["conversations"] = await self._forget_conversations(tenant_id, days)
        if days := settings.get("recording_retention_days"):
            cutoff = self._clock.now() - timedelta(days=days)
            async with self._db.begin(tenant_id) as connection:
                counts["recordings"] = await self._recordings.forget_before(connection, tenant_id, cutoff)
        if days := settings.get("record_retention_days"):
            cutoff = self._clock.now() - timedelta(days=days)
            async with self._db.begin(tenant_id) as connection:
                counts |= await frontdesk.forget_before(connection, tenant_id, cutoff)
                counts |= await calls.forget_before(connection, tenant_id, cutoff)
        async with self._db.begin(tenant_id) as connection:
            told = self._clock.now() - timedelta(days=min(_TOLD_DAYS, settings.get("retention_days") or _TOLD_DAYS))
            counts["webhook_deliveries"] = await outbox.forget_before(connection, tenant_id, told)
        if any(counts.values()):
            _log.info("retention.forgotten", tenant_id=tenant_id, **counts)

    async def _forget_conversations(self, tenant_id: str, days: int) -> int:
        cutoff, forgotten = self._clock.now() - timedelta(days=days), 0
        while True:
            async with self._db.begin(tenant_id) as connection:
                gone = await conversations.forget_before(connection, tenant_id, cutoff, _AT_ONCE)
                await self._arms.forget_before(connection, tenant_id, cutoff)
                await frontdesk.forget_words_of(connection, tenant_id, gone)
                await calls.forget_words_before(connection, tenant_id, cutoff)
            self._unwritten.forget(gone)
            forgotten += len(gone)
            if len(gone) < _AT_ONCE:
                return forgotten
