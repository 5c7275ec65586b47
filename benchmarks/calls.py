"""Telephone calls: what our engine adds to a line, and how many whole calls a core carries.

First: the time from Retell's `response_required` to the first `response` frame with words, beside the round trip of a
bare WebSocket echo on the same kind of server, in turn. The model is the house, which answers at once: what is left is
the protocol, two transactions and understanding.
Then: calls on the simulated line, as fast as possible, through all of their life (placed, dialled, talked through with
a persona, signed webhooks, facts extracted, closed), server and worker held on one core.
Run: python -m benchmarks calls
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import websockets
from sqlalchemy import text

from benchmarks.measure import head, quantile, row, verdict
from parley.calls import LineSecrets
from parley.kit.db import Database
from parley.kit.ids import new_id
from parley.kit.secrets import Keyring
from tests.serving import free_port
from tests.soak.installation import SECRET, Tenant, found_tenant, installed, serving, working

CALLS_WARM, CALLS = 4, 50
WHOLE_CALLS = 45
PERSONAS = ("on_time", "delayed", "unloading", "blow_out", "medical", "hostile", "silent", "voicemail", "bad_line")
LINES = (
    "Running late.",
    "I-94 outside Milwaukee, around 7 pm.",
    "Heavy traffic, we're crawling.",
    "Okay, I'll get you the paperwork.",
)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """The bare echo, served by the same server as ours."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


@contextmanager
def echoing() -> Iterator[str]:
    """The echo's address while the context is open."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.calls:echo", "--port", str(port), "--log-level", "error"]
    with subprocess.Popen(command, cwd=Path(__file__).parent.parent) as process:  # noqa: S603 - this module
        try:
            yield f"ws://127.0.0.1:{port}/"
        finally:
            process.terminate()


def main() -> None:
    with installed() as postgres:
        tenant = found_tenant(postgres.url, "Interstate Freight")
        with serving(postgres.url) as [server]:
            agent = _agent(server.base_url, tenant)
            with echoing() as bare:
                used = _seconds([server.usage])
                asyncio.run(_first_frames(postgres.url, tenant, agent, server.base_url, bare))
                used = (_seconds([server.usage]) - used) / ((CALLS_WARM + CALLS) * len(LINES))
        print(f"server's processor time per answer, its share of the call's begin and end in it: {used * 1e3:.1f} ms")
        with serving(postgres.url) as [server], working(postgres.url) as worker:
            core = min(os.sched_getaffinity(0))
            for process in (server.usage, worker.usage):
                process.cpu_affinity([core])
            asyncio.run(_whole_calls(server.base_url, tenant, agent, [server.usage, worker.usage]))


def _agent(base_url: str, tenant: Tenant) -> str:
    body = {"name": "Check-in", "type": "dispatch", "scenario_type": "check_in"}
    with httpx.Client(base_url=base_url, headers={"X-API-Key": tenant.key}, timeout=60) as client:
        return str(client.post("/agents", json=body).raise_for_status().json()["id"])


async def _first_frames(url: str, tenant: Tenant, agent: str, base_url: str, bare: str) -> None:
    address = f"{base_url.replace('http', 'ws')}/retell/llm/{LineSecrets(Keyring(SECRET)).token(agent)}"
    ours: list[float] = []
    theirs: list[float] = []
    async with await _connected(bare) as wire:
        for number in range(CALLS_WARM + CALLS):
            if number == CALLS_WARM:
                ours.clear()
                theirs.clear()
            call = await _a_call(url, tenant, agent)
            async with websockets.connect(f"{address}/{call}") as line:
                await _call(line, wire, ours, theirs)
    head()
    base = row("bare WebSocket echo, round trip", theirs)
    middle = row("response_required to the first words", ours, base)
    added = [mine - echoed for mine, echoed in zip(ours, theirs, strict=True)]
    print(f"added, pair by pair: p50 {quantile(added, 0.5) * 1e3:.2f} ms, p95 {quantile(added, 0.95) * 1e3:.2f} ms")
    verdict("added time to the first frame, p50", (middle - base) * 1e3, 10, "ms")


async def _connected(address: str) -> websockets.ClientConnection:
    for _ in range(200):
        try:
            return await websockets.connect(address)
        except OSError:
            await asyncio.sleep(0.05)
    raise TimeoutError("the echo did not start")


async def _a_call(url: str, tenant: Tenant, agent: str) -> str:
    """A call of ours in progress, as if Retell had just told of it."""
    made = {"id": new_id(), "tenant": tenant.id, "agent": agent, "carrier": f"call_{new_id()}"}
    insert = text(
        "INSERT INTO call_records (id, tenant_id, direction, agent_config_id, carrier, retell_call_id, status,"
        " placement) VALUES (:id, :tenant, 'inbound', :agent, 'retell', :carrier, 'in_progress', 'placed')"
    )
    db = Database(url, pool_size=1)
    async with db.begin(tenant.id) as connection:
        await connection.execute(insert, made)
    await db.aclose()
    return made["carrier"]


async def _call(
    line: websockets.ClientConnection, wire: websockets.ClientConnection, ours: list[float], theirs: list[float]
) -> None:
    """One check-in; before each line of the caller the same frame is echoed."""
    transcript = []
    await line.recv()
    transcript.append({"role": "agent", "content": json.loads(await line.recv())["content"]})
    for number, words in enumerate(LINES, start=1):
        transcript.append({"role": "user", "content": words})
        asked = {"interaction_type": "response_required", "response_id": number, "transcript": transcript}
        frame = json.dumps(asked)
        began = time.perf_counter()
        await wire.send(frame)
        await wire.recv()
        theirs.append(time.perf_counter() - began)
        said, taken = "", 0.0
        began = time.perf_counter()
        await line.send(frame)
        while True:
            answer = json.loads(await line.recv())
            if answer["response_type"] == "response" and answer["response_id"] == number:
                if answer["content"] and not taken:
                    taken = time.perf_counter() - began
                said += answer["content"]
                if answer["content_complete"]:
                    break
        ours.append(taken)
        transcript.append({"role": "agent", "content": said.strip()})


async def _whole_calls(base_url: str, tenant: Tenant, agent: str, processes: list[psutil.Process]) -> None:
    async with httpx.AsyncClient(base_url=base_url, headers={"X-API-Key": tenant.key}, timeout=60) as client:
        await _carry(client, agent, len(PERSONAS), seed=1000)
        used, began = _seconds(processes), time.perf_counter()
        turns = await _carry(client, agent, WHOLE_CALLS, seed=0)
        took, used = time.perf_counter() - began, _seconds(processes) - used
    print(f"\n{WHOLE_CALLS} whole calls of {len(PERSONAS)} personas, {turns / WHOLE_CALLS:.1f} lines each")
    print(f"on one core: {WHOLE_CALLS / took:.2f} calls per second by the clock")
    print(f"processor time per call, server and worker: {used / WHOLE_CALLS * 1e3:.0f} ms", end="")
    print(f" = {WHOLE_CALLS / used:.2f} calls per second of a core, {used / turns * 1e3:.1f} ms per line")


async def _carry(client: httpx.AsyncClient, agent: str, count: int, *, seed: int) -> int:
    """Place calls, wait for their ends; returns how many lines were said."""
    ids = []
    for number in range(count):
        body: dict[str, Any] = {
            "driver_name": "Mo",
            "phone_number": "+16085550117",
            "load_number": "1",
            "agent_config_id": agent,
        }
        body |= {"simulate": {"persona": PERSONAS[number % len(PERSONAS)], "seed": seed + number}}
        ids.append((await client.post("/calls/initiate", json=body)).raise_for_status().json()["id"])
    lines = 0
    for one in ids:
        while (await client.get(f"/calls/{one}")).json()["status"] in ("initiated", "in_progress"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        lines += len((await client.get(f"/calls/{one}/transcript")).json()["messages"])
    return lines


def _seconds(processes: list[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (process.cpu_times() for process in processes))


if __name__ == "__main__":
    main()
