"""A business at work: people write, speak and are called, all at once, over two servers and a worker on one database,
of which one is killed every minute and started again.

Nothing acknowledged is lost, every call ends as it would have ended undisturbed and loses no more than its current
turn, and whoever was cut off goes on through the other server. SOAK_KILLS and SOAK_KILL_EVERY (seconds) make it longer.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from tests.soak.installation import Postgres, ServerProcess, Tenant, WorkerProcess, serving, working
from tests.soak.talk import Caller, client_of, faults, report, teach, transcript
from tests.soak.test_calls import PERSONAS, told

pytestmark = [pytest.mark.soak, pytest.mark.anyio]

KILLS = int(os.environ.get("SOAK_KILLS", "4"))
KILL_EVERY = float(os.environ.get("SOAK_KILL_EVERY", "60"))
WRITERS, SPEAKERS = 12, 4
SEEDS = 2
SPEED = 6.0  # times as fast as people speak on the simulated line: a check-in takes some ten seconds
BETWEEN_CALLS = 2.0
SPEECH = Path(__file__).parent.parent / "data" / "speech"
SPOKEN = ("awb_open_on_saturday", "kal_lasagna", "rms_dog_fast")
Record = dict[str, Any]


@dataclass
class House:
    """The processes, and clients that go to the other server where one does not answer."""

    servers: Sequence[ServerProcess]
    worker: WorkerProcess
    clients: Sequence[httpx.AsyncClient]
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, path: str, body: Record | None = None) -> Record:
        """GET, or POST where there is a body, until one of the servers answers."""
        for client in itertools.cycle(self.clients):
            try:
                answer = await (client.get(path) if body is None else client.post(path, json=body))
            except httpx.TransportError:
                await asyncio.sleep(0.2)
                continue
            if answer.status_code in (429, 503):
                await asyncio.sleep(0.5)
                continue
            return dict(answer.raise_for_status().json())
        raise AssertionError

    async def kill_one_after_another(self, chance: random.Random) -> list[str]:
        """Every minute another process, at a moment of chance; a supervisor would start it again at once."""
        killed = []
        turns = itertools.cycle(["one server", "the worker", "the other server"])
        for name in itertools.islice(turns, KILLS):
            await asyncio.sleep(chance.uniform(0.7, 1.0) * KILL_EVERY)
            process = {"one server": self.servers[0], "the other server": self.servers[1]}.get(name, self.worker)
            await asyncio.to_thread(process.kill)
            await asyncio.to_thread(process.start)
            killed.append(name)
        await asyncio.sleep(KILL_EVERY / 4)
        self.over.set()
        return killed


async def write(house: House, number: int) -> tuple[Caller, list[float]]:
    """Talk by text until the end; a line that got no answer is followed by the next one, to the other server."""
    caller, waits, chance = Caller(number), list[float](), random.Random(number)
    at = number % 2
    while not house.over.is_set():
        began = time.monotonic()
        if await caller.say(house.clients[at]):
            waits.append(time.monotonic() - began)
        else:
            at = 1 - at
        await asyncio.sleep(chance.uniform(0.2, 1.5))
    return caller, waits


@dataclass
class Speaker:
    """Somebody on a live voice session: the turns whose answers were heard to the end, and how often the line broke."""

    number: int
    conversation_id: str = ""
    heard: list[tuple[str, str]] = field(default_factory=list)
    breaks: int = 0

    async def speak(self, house: House, tenant: Tenant) -> None:
        """Speak until the end; where the line breaks, go on with the same conversation through the other server."""
        at = self.number % 2
        while not house.over.is_set():
            address = house.servers[at].base_url.replace("http", "ws") + "/voice/stream"
            try:
                async with websockets.connect(address, additional_headers={"X-API-Key": tenant.key}) as wire:
                    await self._talk(house, wire)
            except (OSError, websockets.WebSocketException):
                self.breaks += 1
                at = 1 - at
                await asyncio.sleep(0.2)

    async def _talk(self, house: House, wire: websockets.ClientConnection) -> None:
        known = {"conversation_id": self.conversation_id} if self.conversation_id else {}
        await wire.send(json.dumps({"event": "start", **known}))
        for name in itertools.islice(itertools.cycle(SPOKEN), self.number, None):
            if house.over.is_set():
                return
            sound = base64.b64encode((SPEECH / f"{name}.wav").read_bytes()).decode()
            await wire.send(json.dumps({"event": "audio_chunk", "data": sound}))
            await self._listen(wire)

    async def _listen(self, wire: websockets.ClientConnection) -> None:
        """To the end of the answer to what was just said."""
        said = ""
        async with asyncio.timeout(90):
            while True:
                event = json.loads(await wire.recv())
                if event["event"] == "conversation":
                    self.conversation_id = event["conversation_id"]
                elif event["event"] == "transcript_final":
                    said = event["text"]
                elif event["event"] == "error":
                    raise AssertionError(event)
                elif event["event"] == "reply_heard" and said and event["complete"]:
                    self.heard.append((said, event["text"]))
                    return

    async def faults(self, client: httpx.AsyncClient) -> list[str]:
        """What was heard to the end and is not on record, in this order."""
        lines = [(line["role"], line["content"]) for line in await transcript(client, self.conversation_id)]
        wanted = [one for said, reply in self.heard for one in (("user", said), ("agent", reply))]
        left = iter(lines)
        lost = [one for one in wanted if one not in left]
        return [f"{self.conversation_id}: {one} is not on record" for one in lost]


async def place_calls(house: House, agent: str) -> dict[str, tuple[str, int]]:
    """A call every other second until the end, each placed once however often it was asked for."""
    placed: dict[str, tuple[str, int]] = {}
    for number in itertools.count():
        if house.over.is_set():
            return placed
        persona, seed = PERSONAS[number % len(PERSONAS)], number // len(PERSONAS) % SEEDS
        call = await house.ask("/calls/initiate", _wish(agent, persona, seed, f"mixed-{number}", SPEED))
        placed[call["id"]] = (persona, seed)
        await asyncio.sleep(BETWEEN_CALLS)
    raise AssertionError


def _wish(agent: str, persona: str, seed: int, key: str, speed: float) -> Record:
    about = {"driver_name": "Mo Reyes", "phone_number": "+16085550117", "load_number": "7891-B"}
    how = {"persona": persona, "seed": seed, "speed": speed}
    return {**about, "agent_config_id": agent, "simulate": how, "idempotency_key": key}


async def _over(house: House, call: str) -> tuple[Record, list[tuple[str, str]]]:
    """The record of a call that has ended, and what was said."""
    while True:
        record = await house.ask(f"/calls/{call}")
        if record["status"] not in ("initiated", "in_progress"):
            said = await house.ask(f"/calls/{call}/transcript")
            return told(record), [(line["role"], line["content"]) for line in said["messages"]]
        await asyncio.sleep(0.2)


async def _all_over(house: House, placed: Iterable[str]) -> dict[str, tuple[Record, list[tuple[str, str]]]]:
    ends = {}
    for call in placed:
        try:
            async with asyncio.timeout(120):
                ends[call] = await _over(house, call)
        except TimeoutError:
            raise AssertionError(f"this call does not end: {await house.ask(f'/calls/{call}')}") from None
    return ends


async def test_a_business_at_work_while_its_processes_die(
    postgres: Postgres, tenant: Tenant, chance: random.Random
) -> None:
    async with AsyncExitStack() as stack:
        servers = stack.enter_context(serving(postgres.url, processes=2))
        worker = stack.enter_context(working(postgres.url))
        clients = [await stack.enter_async_context(client_of(one.base_url, tenant.key)) for one in servers]
        house = House(servers, worker, clients)
        await teach(clients[0])
        agent = (await house.ask("/agents", {"name": "Check-in", "type": "dispatch", "scenario_type": "check_in"}))[
            "id"
        ]
        undisturbed = {}
        for persona, seed in itertools.product(PERSONAS, range(SEEDS)):
            call = await house.ask("/calls/initiate", _wish(agent, persona, seed, f"quiet-{persona}-{seed}", 0))
            undisturbed[persona, seed] = await _over(house, call["id"])
        speakers = [Speaker(number) for number in range(SPEAKERS)]
        async with asyncio.TaskGroup() as tasks:
            killing = tasks.create_task(house.kill_one_after_another(chance))
            placing = tasks.create_task(place_calls(house, agent))
            writing = [tasks.create_task(write(house, number)) for number in range(WRITERS)]
            for speaker in speakers:
                tasks.create_task(speaker.speak(house, tenant))
        placed, wrote = placing.result(), [one.result() for one in writing]
        ends = await _all_over(house, placed)
        _report(killing.result(), wrote, speakers, ends)
        assert [error for caller, _ in wrote for error in caller.errors] == []
        assert await faults(clients[0], [caller for caller, _ in wrote]) == []
        assert [fault for speaker in speakers for fault in await speaker.faults(clients[0])] == []
        assert all(speaker.heard for speaker in speakers)
        _as_undisturbed(ends, placed, undisturbed)


def _report(
    killed: list[str],
    wrote: Sequence[tuple[Caller, list[float]]],
    speakers: Sequence[Speaker],
    ends: dict[str, tuple[Record, list[tuple[str, str]]]],
) -> None:
    waits = sorted(wait for _, some in wrote for wait in some)
    broken = sum(len(caller.unanswered) for caller, _ in wrote)
    report(f"killed, {KILL_EVERY:g} s apart: {', '.join(killed)}")
    report(f"{len(waits)} lines answered, {broken} cut off; p50 {waits[len(waits) // 2] * 1e3:.0f} ms")
    turns, breaks = sum(len(one.heard) for one in speakers), sum(one.breaks for one in speakers)
    report(f"{turns} spoken turns heard to the end, {breaks} times a line broke")
    report(f"{len(ends)} calls: {dict(Counter(record['status'] for record, _ in ends.values()))}")


def _as_undisturbed(
    ends: dict[str, tuple[Record, list[tuple[str, str]]]],
    placed: dict[str, tuple[str, int]],
    undisturbed: dict[tuple[str, int], tuple[Record, list[tuple[str, str]]]],
) -> None:
    """Every record is the one of a call that nothing disturbed; of the words no more than a turn is missing."""
    shortened, wrong = 0, []
    for call, how in placed.items():
        (record, said), (wanted, whole) = ends[call], undisturbed[how]
        missing = Counter(whole) - Counter(said)
        shortened += bool(missing)
        if record != wanted or missing.total() > 2:  # a turn is a line of each side
            wrong.append(how)
            report(f"{how}: {record} instead of {wanted}; said: {said} instead of {whole}")
    report(f"{shortened} of {len(placed)} calls lost some of a turn")
    assert wrong == []
