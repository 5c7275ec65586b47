"""Everything the room offers, put together once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parley.agents import Agents
from parley.calls.answer import Answering
from parley.calls.carriers import CarrierChoice
from parley.calls.close import Closing, FactFinder
from parley.calls.initiate import Initiation
from parley.calls.lines import LineAgents
from parley.calls.log import CallLog
from parley.calls.numbers import PhoneNumbers
from parley.calls.place import Placing
from parley.calls.progress import Progress
from parley.calls.reconcile import Reconciliation
from parley.calls.report import Reports
from parley.calls.secrets import LineSecrets
from parley.calls.suppress import Suppressions
from parley.calls.switchboard import Switchboard
from parley.calls.transcript import CallTranscripts
from parley.conversations import Outcomes
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.jobs import Enqueue, Job
from parley.privacy import Vaults


@dataclass(frozen=True, slots=True)
class CallParts:
    """What the room is handed by the wiring. `public_url`: where carriers reach this installation. `holder`:
    this process as the database knows it."""

    db: Database
    clock: Clock
    jobs: Enqueue
    agents: Agents
    said: CallTranscripts
    outcomes: Outcomes
    vaults: Vaults
    choice: CarrierChoice
    secrets: LineSecrets
    finder: FactFinder | None
    public_url: str | None
    holder: int


@dataclass(frozen=True, slots=True)
class Calls:
    """The verbs on calls.

    `initiation` begins them, `log` shows and cancels them, `progress` is told what happens on them, `reports` takes
    carriers' webhooks, `answering` says which call a carrier dials us for, `lines` are our agents at carriers,
    `switchboard` takes calls whose sound the carrier hands to us.
    """

    initiation: Initiation
    log: CallLog
    progress: Progress
    reports: Reports
    answering: Answering
    reconciliation: Reconciliation
    lines: LineAgents
    numbers: PhoneNumbers
    suppressions: Suppressions
    closing: Closing
    switchboard: Switchboard
    secrets: LineSecrets

    def background(self) -> Sequence[Job]:
        """Every job of the room, to be registered with the queue."""
        parts = (self.reports, self.closing, self.reconciliation, self.lines)
        return [job for part in parts for job in part.background()]


def open_calls(parts: CallParts) -> Calls:
    """The room over its parts."""
    p = parts
    closing = Closing(p.db, p.jobs, p.agents, p.said, p.outcomes, p.vaults, p.finder)
    progress = Progress(p.db, p.clock, closing)
    lines = LineAgents(p.db, p.clock, p.jobs, p.agents, p.choice, p.secrets, p.public_url)
    placing = Placing(p.db, p.clock, lines)
    reports = Reports(p.db, p.clock, p.jobs, p.agents, p.choice, progress, p.secrets)
    return Calls(
        initiation=Initiation(p.db, p.clock, p.agents, p.choice, placing),
        log=CallLog(p.db, p.choice, placing, progress, closing, p.said),
        progress=progress,
        reports=reports,
        answering=Answering(p.db, p.choice, progress, p.secrets),
        reconciliation=Reconciliation(p.db, p.clock, p.jobs, p.choice, placing, progress, reports),
        lines=lines,
        numbers=PhoneNumbers(p.db, lines.want),
        suppressions=Suppressions(p.db),
        closing=closing,
        switchboard=Switchboard(p.db, p.clock, p.agents, progress, p.holder),
        secrets=p.secrets,
    )
