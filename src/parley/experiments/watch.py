"""What happens by itself where the rules want it: an arm that harms is stopped, a winner answers alone. Audited."""

from __future__ import annotations

from collections.abc import Sequence

from parley.experiments import store
from parley.experiments.prompts import Prompts, Scope
from parley.kit import log
from parley.kit.db import Database
from parley.kit.jobs import Job
from parley.tenants import Principal

_PAGE = 500
_EVERY_MINUTE = "* * * * *"
_ITSELF = Principal("job", "experiments.watch", "", "admin", frozenset())
_log = log.get("experiments")


class Watch:
    """The job that looks at watched experiments every minute. Looking often costs nothing: the test allows for it."""

    def __init__(self, db: Database, prompts: Prompts) -> None:
        self._db = db
        self._prompts = prompts

    def background(self) -> Sequence[Job]:
        """The job, to be registered with the queue."""
        return [Job("experiments.watch", self.run, attempts=1, cron=_EVERY_MINUTE)]

    async def run(self, timestamp: int = 0) -> None:  # noqa: ARG002 - the queue's: when it was due
        """Every watched experiment, one after the other."""
        after: str | None = None
        while True:
            async with self._db.begin_platform("watched experiments") as connection:
                found = await store.find_watched(connection, after, _PAGE)
            for tenant_id, rules_id in found:
                await self.look(tenant_id, rules_id)
            if len(found) < _PAGE:
                return
            after = found[-1][1]

    async def look(self, tenant_id: str, rules_id: str) -> None:
        """Look at one experiment and do what its rules want."""
        async with self._db.begin(tenant_id) as connection:
            known = await store.get_rules(connection, tenant_id, rules_id)
        if known is None:
            return
        kind, _, name = known.scope.partition(":")
        verdict = await self._prompts.compare(tenant_id, Scope(**{kind: name}))
        active = [one for one in verdict.arms if one.arm.is_active]
        harmful = [one for one in active if one.harms]
        if known.rules.auto_stop and len(active) > len(harmful):
            for one in harmful:
                measures = [harm.measure for harm in one.harms]
                await self._prompts.stop(_ITSELF, tenant_id, one.arm.prompt_id, measures)
                _log.info("experiment.stopped", tenant_id=tenant_id, prompt_id=one.arm.prompt_id, measures=measures)
        if known.rules.auto_promote and verdict.winner is not None and len(active) > 1:
            await self._prompts.promote(_ITSELF, tenant_id, verdict.winner, reason="better beyond doubt")
            _log.info("experiment.promoted", tenant_id=tenant_id, prompt_id=verdict.winner)
