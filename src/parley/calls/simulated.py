"""The simulated line: a carrier of our own that dials nobody.

It stands where Retell stands: it dials the same custom-LLM protocol, sends the same signed webhooks, answers the same
questions about its calls, and outlives us: a call whose process died is taken up by the next one where it was. Only who
picks up is a persona (`personas`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import orjson
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from parley.agents import Agents
from parley.calls import store
from parley.calls.progress import Progress
from parley.calls.record import CallRecord
from parley.calls.secrets import LineSecrets
from parley.calls.simulated_report import analysis, shown, told_of
from parley.calls.simulated_talk import SimulatedTalk, Utterance
from parley.calls.transcript import CallTranscripts
from parley.inference.carrier import AgentSpec, Carrier, CarrierCall, CarrierTraits, PlaceCall, PublishedAgent, Simulate
from parley.inference.errors import ProviderRefused
from parley.inference.retell_call import sign
from parley.kit import log
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.duplex import Duplex, connected
from parley.kit.errors import InvalidInput, NotFound, VoiceAgentException
from parley.kit.ids import new_id
from parley.personas import Caller, persona

TRAITS: Final = CarrierTraits("simulated", dials=False, publishes_agents=False)
AT_ONCE: Final = 12  # talks without a pace of their own at one time, per process
_VENDOR: Final = "simulated"
_TRIES: Final = 3
_AGAIN: Final = 0.5  # seconds, doubled each time
_LOOK_EVERY: Final = 5.0  # seconds

Answer = Callable[[Duplex, str | None, str], Coroutine[Any, Any, None]]
Deliver = Callable[[bytes, str], Awaitable[object]]

_log = log.get("calls")


@dataclass(frozen=True, slots=True)
class SimulatedParts:
    """What the line is made of. `answer`: where our engine takes a line (connection, secret, call id). `deliver`:
    where webhooks go (raw body, signature). `holder`: this process as the database knows it."""

    db: Database
    clock: Clock
    agents: Agents
    secrets: LineSecrets
    progress: Progress
    said: CallTranscripts
    answer: Answer
    deliver: Deliver
    holder: int


class SimulatedLine(Carrier):
    """See `inference.carrier.Carrier`."""

    def __init__(self, parts: SimulatedParts) -> None:
        self._parts = parts
        self._deliver = parts.deliver
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._beside_us: set[asyncio.Task[None]] = set()
        self._stopped: set[str] = set()
        self._failed: set[tuple[str, str]] = set()
        self._places = asyncio.Semaphore(AT_ONCE)

    def deliver_with(self, deliver: Deliver) -> None:
        """Send webhooks another way: through the HTTP application, once there is one."""
        self._deliver = deliver

    @property
    @override
    def traits(self) -> CarrierTraits:
        return TRAITS

    async def open(self) -> None:
        """Take up the calls of processes that are gone, now and from time to time."""
        self._beside(self._watch(await self._lost()), "calls.simulated.lost")

    async def _watch(self, lost: set[tuple[str, str]]) -> None:
        """Take up what is lost now; later on what was lost at the look before too, because a process that lives loses
        its place in the database for a moment when that is started again."""
        await self._take_up_all(lost)
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                before, lost = lost, await self._lost()
            except (DBAPIError, OSError):
                _log.warning("simulated.not_looked")
                continue
            await self._take_up_all(before & lost)
            failed, self._failed = self._failed, set()
            await self._take_up_all(failed)

    async def _lost(self) -> set[tuple[str, str]]:
        async with self._parts.db.begin_platform("simulated calls whose process is gone") as connection:
            return set(await store.find_simulated_lost(connection))

    @override
    async def place(self, call: PlaceCall) -> str:
        how = call.simulate or Simulate()
        try:
            persona(how.persona)
        except InvalidInput as error:
            raise ProviderRefused(error.detail, vendor=_VENDOR) from error
        row = {
            "id": f"sim_{new_id().replace('-', '')}",
            "tenant_id": call.tenant_id,
            "call_id": call.call_id,
            "agent_id": call.agent_id,
            "holder": self._parts.holder,
            "simulate": {"persona": how.persona, "seed": how.seed, "speed": how.speed},
            "status": "registered",
            "created_at": self._parts.clock.now(),
        }
        async with self._parts.db.begin(call.tenant_id) as connection:
            made = await store.simulated.add(connection, row)
            if made is None:  # a repetition is the same call
                known = await store.simulated.by(connection, call.tenant_id, call_id=call.call_id)
                if known is None:
                    raise ProviderRefused("call_id is taken.", vendor=_VENDOR)
                return known.id
        self._start(made)
        return made.id

    @override
    async def stop(self, carrier_call_id: str) -> None:
        task = self._tasks.get(carrier_call_id)
        if task is None:
            return  # over, or of another process, whose line to our engine is hung up when the call is cancelled
        self._stopped.add(carrier_call_id)
        task.cancel()

    @override
    async def look(self, carrier_call_id: str) -> CarrierCall | None:
        found = await self._find(carrier_call_id)
        if found is None:
            return None
        if found.reported_at is None and found.id not in self._tasks:
            await self._take_up(found.tenant_id, found.id)
        return told_of(found)

    @override
    async def find(self, call_id: str) -> CarrierCall | None:
        async with self._parts.db.begin_platform("simulated call → tenant") as connection:
            tenant_id = await store.find_owner(connection, call_id)
        if tenant_id is None:
            return None
        async with self._parts.db.begin(tenant_id) as connection:
            found = await store.simulated.by(connection, tenant_id, call_id=call_id)
        return None if found is None else told_of(found)

    @override
    async def publish_agent(self, spec: AgentSpec, existing: PublishedAgent | None) -> PublishedAgent:
        raise ProviderRefused("The simulated line has no agents of its own.", vendor=_VENDOR)

    @override
    async def drift(self, spec: AgentSpec, existing: PublishedAgent) -> Sequence[str]:
        return ()

    @override
    async def assign_number(self, number: str, agent: PublishedAgent, inbound_webhook_url: str) -> None:
        raise ProviderRefused("The simulated line has no numbers.", vendor=_VENDOR)

    @override
    async def aclose(self) -> None:
        """Let go of the calls under way: whoever comes next takes them up."""
        tasks = [*self._tasks.values(), *self._beside_us]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # A call

    def _start(self, call: store.SimulatedCall) -> None:
        task = asyncio.create_task(self._carry(call), name="calls.simulated")
        self._tasks[call.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(call.id, None))

    async def _take_up_all(self, lost: Collection[tuple[str, str]]) -> None:
        for tenant_id, call_id in sorted(lost):
            try:
                await self._take_up(tenant_id, call_id)
            except Exception:  # noqa: BLE001 - the others must not wait for it; it is looked at when it is due
                _log.exception("simulated.not_taken_up", carrier_call_id=call_id)

    def _beside(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._beside_us.add(task)
        task.add_done_callback(self._beside_us.discard)
        return task

    async def _take_up(self, tenant_id: str, call_id: str) -> None:
        if call_id in self._tasks:
            return
        async with self._parts.db.begin(tenant_id) as connection:
            claimed = await store.claim_simulated(connection, tenant_id, call_id, self._parts.holder)
        if claimed is None or claimed.id in self._tasks:
            return
        _log.info("simulated.taken_up", call_id=claimed.call_id)
        with suppress(NotFound):  # who placed it may have died before it learnt our id
            await self._parts.progress.adopt(tenant_id, claimed.call_id, told_of(claimed))
        self._start(claimed)

    async def _carry(self, call: store.SimulatedCall) -> None:
        """From ringing to the last webhook."""
        try:
            if call.status == "ended":
                await self._report_end(call, await self._said_before(await self._record(call)))
                return
            if call.simulate["speed"] > 0:
                await self._talk(call)
            else:
                async with self._places:
                    await self._talk(call)
        except Exception:  # noqa: BLE001 - nobody waits for this task; the log has it, and it is taken up again
            _log.exception("simulated.failed", call_id=call.call_id)
            self._failed.add((call.tenant_id, call.id))

    async def _talk(self, call: store.SimulatedCall) -> None:
        how = call.simulate
        record = await self._record(call)
        said = await self._said_before(record) if call.status == "ongoing" else []
        chance = Random(f"line:{how['persona']}:{how['seed']}")
        talk = SimulatedTalk(
            dial=lambda: self._dial(call),
            caller=Caller(persona(how["persona"]), how["seed"], await self._language(call)),
            details=shown(call, record, "registered"),
            speed=how["speed"],
            chance=chance,
            said=said,
            at=call.seconds,
            before=call.memory,
        )
        if call.status == "registered":
            await self._ring(talk, chance)
            call = await self._note(call, {"status": "ongoing", "started_at": self._parts.clock.now()})
            await self._send("call_started", shown(call, record, "ongoing"))
        reason = ""
        try:
            async for reason in talk.run():
                if not reason:
                    call = await self._note(call, {"seconds": talk.at, "memory": talk.memory})
        except asyncio.CancelledError:
            if call.id not in self._stopped:
                raise
            reason = "manual_stopped"
        finally:
            await talk.hang_up()
        # Whoever stops the call now comes too late: its end is told all the same.
        await asyncio.shield(self._beside(self._end(call, talk, reason or "error_unknown"), "calls.simulated.end"))

    async def _ring(self, talk: SimulatedTalk, chance: Random) -> None:
        if talk.speed > 0:
            await asyncio.sleep(chance.uniform(1, 4) / talk.speed)

    async def _end(self, call: store.SimulatedCall, talk: SimulatedTalk, reason: str) -> None:
        self._stopped.discard(call.id)
        values = {"status": "ended", "reason": reason, "ended_at": self._parts.clock.now(), "memory": None}
        call = await self._note(call, {**values, "seconds": max(1.0, talk.at)})
        await self._report_end(call, talk.said)

    async def _report_end(self, call: store.SimulatedCall, said: Sequence[Utterance]) -> None:
        record = await self._record(call)
        ended = shown(call, record, "error" if (call.reason or "").startswith("error") else "ended", said)
        await self._send("call_ended", ended)
        await self._send("call_analyzed", {**ended, "call_analysis": analysis(call, said)})
        await self._note(call, {"reported_at": self._parts.clock.now()})

    async def _dial(self, call: store.SimulatedCall) -> Duplex:
        """A line to our engine, answered beside this task."""
        ours, theirs = connected()
        answer = self._parts.answer(ours, self._parts.secrets.token(call.agent_id), call.id)
        self._beside(answer, "calls.simulated.line")
        return theirs

    async def _send(self, event: str, call: Mapping[str, Any]) -> None:
        """A webhook, signed, tried three times like Retell's."""
        raw = orjson.dumps({"event": event, "call": call})
        for number in range(_TRIES):
            try:
                await self._deliver(raw, sign(raw, self._parts.secrets.simulated_key, round(time.time() * 1000)))
            except VoiceAgentException as error:
                _log.warning("simulated.webhook_failed", event_name=event, code=error.code)
                await asyncio.sleep(_AGAIN * 2**number)
            else:
                return

    async def _said_before(self, record: CallRecord | None) -> list[Utterance]:
        """What was said on a call that another process carried: our record is all that is left of it."""
        lines = [] if record is None else await self._parts.said.of(record)
        return [Utterance("user" if one.role == "user" else "agent", one.content) for one in lines if one.content]

    async def _record(self, call: store.SimulatedCall) -> CallRecord | None:
        async with self._parts.db.begin(call.tenant_id) as connection:
            return await store.calls.get(connection, call.tenant_id, call.call_id)

    async def _language(self, call: store.SimulatedCall) -> str | None:
        try:
            agent = await self._parts.agents.get(call.tenant_id, call.agent_id)
        except NotFound:
            return None
        spoken = persona(call.simulate["persona"]).languages
        language = agent.definition.language
        return language if language in spoken else None

    async def _note(self, call: store.SimulatedCall, values: Mapping[str, Any]) -> store.SimulatedCall:
        async with self._parts.db.begin(call.tenant_id) as connection:
            return await store.simulated.change(connection, call.tenant_id, call.id, values) or call

    async def _find(self, wanted: str) -> store.SimulatedCall | None:
        async with self._parts.db.begin_platform("simulated call → tenant") as connection:
            tenant_id = await store.find_owner(connection, wanted, "simulated_calls")
        if tenant_id is None:
            return None
        async with self._parts.db.begin(tenant_id) as connection:
            return await store.simulated.get(connection, tenant_id, wanted)
