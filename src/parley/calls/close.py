"""The end of a call: its conversation closed, its transcript and the facts in it written to the record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.agents import Agents, Version
from parley.calls import store
from parley.calls.outcome import OPTED_OUT, outcome_of, seconds_of, task_completed
from parley.calls.record import CallRecord, Status
from parley.calls.shown import tell_of_facts
from parley.calls.suppress import HEARD, opted_out, suppress
from parley.calls.transcript import CallTranscripts, Said, as_text
from parley.conversations import Outcomes
from parley.inference.carrier import CarrierCall, CarrierLine
from parley.inference.errors import ProviderError
from parley.kit import log
from parley.kit.db import Database
from parley.kit.errors import InvalidInput, NotFound, VoiceAgentException
from parley.kit.jobs import Enqueue, Job
from parley.privacy import Masking, Mode, Vaults

CLOSE: Final = "calls.close"
READ_AGAIN: Final = "calls.read_again"
_MOST_AGAIN: Final = 200  # calls of an agent whose facts are read again when its schema changes, the newest ones
_PATIENCE: Final = 8.0  # seconds; a record is not kept waiting for a slow model: the facts follow
_log = log.get("calls")


class FactFinder(Protocol):
    """Gets the facts out of what was said. Given by the wiring."""

    async def find(self, tenant_id: str, version: Version | None, lines: Sequence[Said]) -> Mapping[str, Any]:
        """Field → value or None, and `evidence`. Raises `ProviderError`."""
        ...

    def mark(self, version: Version | None) -> str:
        """What tells one set of wanted fields from another: a record made for another one is made again."""
        ...


class Closing:
    """Writes down what a call came to."""

    def __init__(
        self,
        db: Database,
        jobs: Enqueue,
        agents: Agents,
        transcripts: CallTranscripts,
        outcomes: Outcomes,
        vaults: Vaults,
        finder: FactFinder | None,
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._agents = agents
        self._transcripts = transcripts
        self._outcomes = outcomes
        self._vaults = vaults
        self._finder = finder

    def background(self) -> Sequence[Job]:
        """The job, to be registered with the queue."""
        return [Job(CLOSE, self.run, attempts=6, wait=4), Job(READ_AGAIN, self.read_again, attempts=4, wait=10)]

    async def follow(self, connection: AsyncConnection, tenant_id: str, agent_id: str) -> None:
        """A new version of an agent: where it wants other facts, those of its calls are read again."""
        if self._finder is not None and await store.has_facts(connection, tenant_id, agent_id):
            once = f"{READ_AGAIN}:{agent_id}"
            await self._jobs.enqueue(connection, READ_AGAIN, once=once, tenant_id=tenant_id, agent_id=agent_id)

    async def read_again(self, tenant_id: str, agent_id: str) -> None:
        """The job: the facts of the agent's newest calls that were read by another schema than its present one."""
        if self._finder is None:
            return
        try:
            newest = (await self._agents.get(tenant_id, agent_id)).version
            async with self._db.begin(tenant_id) as connection:
                version = await self._agents.recall_version(connection, tenant_id, agent_id, newest)
                mark = self._finder.mark(version)
                stale = await store.read_otherwise(connection, tenant_id, agent_id, mark, _MOST_AGAIN)
            for call in stale:
                await self.find_again(call)
        except (NotFound, InvalidInput) as error:
            _log.warning("calls.not_read_again", agent_id=agent_id, code=error.code)

    async def want(self, connection: AsyncConnection, call: CallRecord) -> None:
        """Close the call in the background, on the caller's transaction, where something of its record is missing."""
        if call.raw_transcript is None or call.structured_data is None:
            await self._jobs.enqueue(connection, CLOSE, once=f"{CLOSE}:{call.id}", tenant_id=call.tenant_id,
                                     call_id=call.id)  # fmt: skip

    async def run(self, tenant_id: str, call_id: str) -> None:
        """The job. A failing model is asked again later."""
        async with self._db.begin(tenant_id) as connection:
            call = await store.calls.get(connection, tenant_id, call_id)
        if call is not None and not call.is_active:
            await self.close(call, patient=True)

    async def close(self, call: CallRecord, *, patient: bool = False) -> CallRecord:
        """Write what is missing of a call that is over. `patient`: wait for a slow model, and raise where it fails."""
        values = await self._values(call, (), call.status, call.duration, patient=patient)
        return await self._write(call, values) if values else call

    async def facts(self, call: CallRecord, told: CarrierCall) -> dict[str, Any]:
        """The values of a record whose call ends now, by what the carrier tells."""
        if told.reason == OPTED_OUT:
            await self._suppress(call)
        return await self._values(call, told.lines, outcome_of(told), seconds_of(told, call))

    async def find_again(self, call: CallRecord) -> CallRecord:
        """Read the facts once more. Raises `ProviderError`."""
        if self._finder is None:
            return call
        lines = await self._transcripts.of(call)
        version = await self._version(call, newest=True)
        found = await self._finder.find(call.tenant_id, version, lines)
        if not call.is_active:
            await self._judge(call, call.status, found)
        return await self._write(call, {"structured_data": dict(found), "extracted_from": self._finder.mark(version)})

    async def kept(self, call: CallRecord, lines: Sequence[CarrierLine]) -> list[CarrierLine]:
        """A carrier's lines as the agent keeps what callers say: as spoken, masked for good, or not at all."""
        mode = await self._mode(call)
        if mode == "metadata_only" or not lines:
            return []
        if mode == "keep_all":
            return list(lines)
        await self._vaults.warm()
        masking = Masking("masked")
        return [replace(line, content=masking.hide(line.content)) for line in lines]

    async def _values(
        self,
        call: CallRecord,
        told: Sequence[CarrierLine],
        status: Status,
        seconds: int | None,
        *,
        patient: bool = False,
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        await self._transcripts.end(call, seconds, told)
        if call.conversation_id is None and len(told) > len(call.lines):
            values["lines"] = [asdict(line) for line in await self.kept(call, told)]
            call = replace(call, lines=values["lines"])
        said = await self._transcripts.of(call)
        if call.raw_transcript is None or told:
            values["raw_transcript"] = as_text(said)
        if opted_out(line.content for line in said if line.role == "user"):
            await self._suppress(call)
        if any(line.content for line in said):
            values |= await self._find(call, said, patient=patient)
        await self._judge(call, status, values.get("structured_data", call.structured_data))
        return {name: value for name, value in values.items() if value is not None}

    async def _find(self, call: CallRecord, said: Sequence[Said], *, patient: bool) -> dict[str, Any]:
        if self._finder is None:
            return {}
        version = await self._version(call)
        if call.structured_data is not None:
            return {}
        try:
            mark = self._finder.mark(version)
            async with asyncio.timeout(None if patient else _PATIENCE):
                found = await self._finder.find(call.tenant_id, version, said)
        except (VoiceAgentException, TimeoutError) as error:  # a schema that is none must not keep a call from ending
            if patient and isinstance(error, ProviderError):
                raise
            _log.warning("call.without_facts", call_id=call.id, error=type(error).__name__)
            return {}
        return {"structured_data": dict(found), "extracted_from": mark}

    async def _judge(self, call: CallRecord, status: Status, facts: Mapping[str, Any] | None) -> None:
        """Have the conversation know what the call came to. Before the call is written: news that was taken in by
        halves comes again."""
        completed = task_completed(status, facts)
        if call.conversation_id is not None and completed is not None:
            await self._outcomes.tell(call.tenant_id, call.conversation_id, task_completed=completed)

    async def _write(self, call: CallRecord, values: Mapping[str, Any]) -> CallRecord:
        async with self._db.begin(call.tenant_id) as connection:
            changed = await store.calls.change(connection, call.tenant_id, call.id, values)
            if changed is not None:
                await tell_of_facts(connection, call, changed)
        return changed or call

    async def _suppress(self, call: CallRecord) -> None:
        if call.phone_number:
            async with self._db.begin(call.tenant_id) as connection:
                await suppress(connection, call.tenant_id, call.phone_number, "call", HEARD, call.id)

    async def _mode(self, call: CallRecord) -> Mode:
        version = await self._version(call)
        return "keep_all" if version is None else version.definition.privacy_on("phone")

    async def _version(self, call: CallRecord, *, newest: bool = False) -> Version | None:
        """The version the call was begun with, else (or where that is not on record) the newest. None: the agent is
        gone."""
        if call.agent_config_id is None:
            return None
        try:
            number = (None if newest else call.agent_version) or (
                await self._agents.get(call.tenant_id, call.agent_config_id)
            ).version
            async with self._db.begin(call.tenant_id) as connection:
                return await self._agents.recall_version(connection, call.tenant_id, call.agent_config_id, number)
        except NotFound:
            return None
