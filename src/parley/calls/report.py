"""What carriers report: signed webhooks, taken in at once and worked off by a job of the same transaction.

Twice, late, out of order and about calls of nobody: all of it is absorbed. A report's words are kept until it is
applied, then only that it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from parley.agents import Agents
from parley.calls import store
from parley.calls.carriers import RETELL, SIMULATED, CarrierChoice
from parley.calls.numbers import e164_or_empty
from parley.calls.outcome import is_over
from parley.calls.progress import Progress
from parley.calls.record import CallRecord
from parley.calls.secrets import LineSecrets
from parley.inference.carrier import CarrierCall
from parley.inference.retell_call import RECORD_KEY, in_window, is_signed, read_call
from parley.kit import log
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import InvalidInput, NotAuthenticated, NotFound
from parley.kit.ids import new_id
from parley.kit.jobs import Enqueue, Job

REPORT: Final = "calls.report"
EVENTS: Final = frozenset({"call_started", "call_ended", "call_analyzed", "transcript_updated"})
INBOUND: Final = "call_inbound"
_log = log.get("calls")


@dataclass(frozen=True, slots=True)
class _Letter:
    """A webhook as it came. `carrier`: whose account of ours signed it; None where a tenant's own key has to have."""

    raw: bytes
    signature: str | None
    now_ms: int
    carrier: str | None


class Reports:
    """Takes reports in, and applies them."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        jobs: Enqueue,
        agents: Agents,
        choice: CarrierChoice,
        progress: Progress,
        secrets: LineSecrets,
    ) -> None:
        self._db = db
        self._clock = clock
        self._jobs = jobs
        self._agents = agents
        self._choice = choice
        self._progress = progress
        self._secrets = secrets

    def background(self) -> Sequence[Job]:
        """The job, to be registered with the queue."""
        return [Job(REPORT, self.apply, attempts=6, wait=2)]

    async def receive(self, raw: bytes, signature: str | None) -> Mapping[str, Any] | None:
        """Take in one webhook, by its raw body. What call_inbound is answered with; None for everything else.

        Raises `NotAuthenticated` for one that is not signed by a key that may speak of what it speaks of.
        """
        now_ms = round(self._clock.now().timestamp() * 1000)
        if not in_window(signature, now_ms):
            raise _unsigned()
        letter = _Letter(raw, signature, now_ms, await self._carrier_of(raw, signature, now_ms))
        payload = _payload(letter)
        if payload.get("event") == INBOUND:
            return await self._inbound(letter, payload)
        told = _call_of(payload)
        owner = None if told is None else await self._find(told)
        await self._require_key(letter, owner)
        event = payload.get("event")
        if owner is None or told is None or event not in EVENTS:
            _log.info("carrier_event.passed_over", event_name=str(event)[:50], known=owner is not None)
            return None
        await self._take_in(owner, told, letter, payload)
        return None

    async def apply(self, tenant_id: str, event_id: str) -> None:
        """The job: apply one report. Applying it again changes nothing."""
        async with self._db.begin(tenant_id) as connection:
            event = await store.events.get(connection, tenant_id, event_id)
        if event is None or event.payload is None:
            return
        told = _call_of(event.payload)
        if told is not None:
            await self._apply(tenant_id, event.carrier, told)
        done = {"applied_at": self._clock.now(), "payload": None}
        async with self._db.begin(tenant_id) as connection:
            await store.events.change(connection, tenant_id, event_id, done)

    async def apply_waiting(self, call: CallRecord) -> CallRecord:
        """Apply what was taken in of a call and never worked off, because a worker died over it."""
        if call.retell_call_id is None:
            return call
        async with self._db.begin(call.tenant_id) as connection:
            waiting = await store.waiting_events(connection, call.tenant_id, call.retell_call_id)
        for event_id in waiting:
            await self.apply(call.tenant_id, event_id)
        return await self._progress.get(call.tenant_id, call.id) if waiting else call

    async def _apply(self, tenant_id: str, carrier: str, told: CarrierCall) -> None:
        call_id = await self._known(tenant_id, told)
        if call_id is None:
            found = await self._at(told)
            if found is None or found[0] != tenant_id:
                return
            try:
                call_id = (await self._progress.opened(tenant_id, found[1], carrier, told)).id
            except NotFound:
                return
        await self._progress.apply(tenant_id, call_id, told)

    async def _take_in(self, tenant_id: str, told: CarrierCall, letter: _Letter, payload: Mapping[str, Any]) -> None:
        row = {
            "id": new_id(),
            "tenant_id": tenant_id,
            "carrier": letter.carrier or RETELL,
            "carrier_call_id": told.id,
            "event": payload["event"],
            "fingerprint": hashlib.sha256(letter.raw).hexdigest(),
            "payload": dict(payload),
            "received_at": self._clock.now(),
        }
        async with self._db.begin(tenant_id) as connection:
            made = await store.events.add(connection, row)
            if made is not None:
                await self._jobs.enqueue(
                    connection, REPORT, lock=f"{REPORT}:{told.id}", tenant_id=tenant_id, event_id=made.id
                )

    async def _inbound(self, letter: _Letter, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Who answers a call that comes in: the agent of the number, else the one the carrier has for it."""
        given = payload.get(INBOUND)
        given = given if isinstance(given, Mapping) else {}
        number, caller, agent = (_text(given.get(name)) for name in ("to_number", "from_number", "agent_id"))
        owner = await self._line("number", e164_or_empty(number))
        by_number = owner is not None
        if owner is None and agent is not None:
            owner = await self._line("agent", agent)
        await self._require_key(letter, None if owner is None else owner[0])
        if owner is None:
            return {INBOUND: {}}
        tenant_id, agent_id = owner
        version = (await self._agents.get(tenant_id, agent_id)).version
        carrier = letter.carrier or RETELL
        call = await self._progress.announced(tenant_id, agent_id, version, carrier, caller, number)
        answer: dict[str, Any] = {
            "dynamic_variables": {"call_id": call.id, "caller_number": call.phone_number},
            "metadata": {RECORD_KEY: call.id},
        }
        if by_number:
            async with self._db.begin(tenant_id) as connection:
                there = await store.carrier_agents.by(connection, tenant_id, agent_id=agent_id, carrier=carrier)
            if there is not None and there.carrier_agent_id is not None:
                answer["override_agent_id"] = there.carrier_agent_id
                if there.carrier_version is not None:
                    answer["override_agent_version"] = there.carrier_version
        return {INBOUND: answer}

    async def _find(self, told: CarrierCall) -> str | None:
        """The tenant whose call, agent or number a report is about."""
        known = await self._line("call", told.id)
        if known is not None:
            return known[0]
        if told.call_id is not None:
            async with self._db.begin_platform("carrier event → call") as connection:
                owner = await store.find_owner(connection, told.call_id)
            if owner is not None:
                return owner
        found = await self._at(told)
        return None if found is None else found[0]

    async def _known(self, tenant_id: str, told: CarrierCall) -> str | None:
        async with self._db.begin(tenant_id) as connection:
            call = await store.calls.by(connection, tenant_id, retell_call_id=told.id)
            if call is None and told.call_id is not None:
                call = await store.calls.get(connection, tenant_id, told.call_id)
        return None if call is None else call.id

    async def _at(self, told: CarrierCall) -> tuple[str, str] | None:
        """(tenant, agent) at which a call is: the carrier's agent, else the number of ours."""
        found = None if told.agent_id is None else await self._line("agent", told.agent_id)
        return found or await self._line("number", e164_or_empty(_own_number(told)))

    async def _line(self, kind: store.Line, wanted: str) -> tuple[str, str] | None:
        async with self._db.begin_platform("carrier event → tenant") as connection:
            return await store.find_line(connection, kind, wanted)

    async def _carrier_of(self, raw: bytes, signature: str | None, now_ms: int) -> str | None:
        """Whose signature it is, of those that may speak of every tenant's calls: this installation's own accounts."""
        if is_signed(raw, self._secrets.simulated_key, signature, now_ms):
            return SIMULATED
        keys = await self._choice.signing_keys(None)
        return RETELL if any(is_signed(raw, key, signature, now_ms) for key in keys) else None

    async def _require_key(self, letter: _Letter, tenant_id: str | None) -> None:
        """Unless this installation's account signed it: a tenant's own key speaks of that tenant's calls alone."""
        if letter.carrier is not None:
            return
        keys = [] if tenant_id is None else await self._choice.signing_keys(tenant_id)
        if not any(is_signed(letter.raw, key, letter.signature, letter.now_ms) for key in keys):
            raise _unsigned()


def _payload(letter: _Letter) -> dict[str, Any]:
    """The body. What is no JSON object can only be complained about where the signature is good."""
    try:
        payload = orjson.loads(letter.raw.replace(b"\\u0000", b""))  # PostgreSQL cannot keep it
    except orjson.JSONDecodeError as error:
        raise (InvalidInput("The body must be JSON.") if letter.carrier else _unsigned()) from error
    if not isinstance(payload, dict):
        raise InvalidInput("The body must be a JSON object.") if letter.carrier else _unsigned()
    return payload


def _call_of(payload: Mapping[str, Any]) -> CarrierCall | None:
    """The call of an event; `data` is where old payloads have it. The event's name says more than a missing status."""
    call = payload.get("call") or payload.get("data")
    if not isinstance(call, Mapping):
        return None
    more = payload.get("transcript_with_tool_calls")
    if isinstance(more, list) and "transcript_object" not in call:
        call = {**call, "transcript_with_tool_calls": more}
    told = read_call(call)
    if told is None or is_over(told):
        return told
    over = payload.get("event") in ("call_ended", "call_analyzed")
    return replace(told, status="ended" if over else "ongoing")


def _own_number(told: CarrierCall) -> str | None:
    return told.to_number if told.direction == "inbound" else told.from_number


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _unsigned() -> NotAuthenticated:
    return NotAuthenticated("x-retell-signature is missing, wrong or too old.", code="webhook.unsigned")
