"""Practice in one server process: many trainees at once over sockets of their own, each with its own session.

A round trip is from a trainee's line to the customer's reply, masked, stored and told. First the trainees pause between
lines as people who read and type do, then they do not: that shows the most a process carries. Beside it what one
trainee alone waits. Run: python -m benchmarks.training [sessions] [pause in seconds]
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field

import httpx
import psutil
import websockets

from benchmarks.measure import head, row
from tests.soak.installation import found_tenant, installed, serving

SESSIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 500
PAUSE = float(sys.argv[2]) if len(sys.argv) > 2 else 12.0
LINES = (
    "Hello, thank you for writing to Brightline. I'm very sorry that your order is late.",
    "I understand how frustrating that is. Could you give me your order number, please?",
    "Thank you. And which address is it going to?",
    "I will open a trace with the carrier today.",
)
_WITHIN = 60.0
_STARTING = 16


@dataclass
class Seen:
    """What the trainees saw."""

    waits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def main() -> None:
    with installed() as postgres:
        tenant = found_tenant(postgres.url, "Brightline")
        with serving(postgres.url) as [server]:
            asyncio.run(_measure(server.base_url, tenant.key, server.usage))


async def _measure(url: str, key: str, process: psutil.Process) -> None:
    async with httpx.AsyncClient(base_url=url, headers={"X-API-Key": key}, timeout=120) as client:
        await _round(client, key, 3, 0)  # warm
        alone = await _round(client, key, 1, 0)
        before, began = _processor(process), time.monotonic()
        many = await _round(client, key, SESSIONS, PAUSE)
        used, took = _processor(process) - before, time.monotonic() - began
        rush = await _round(client, key, SESSIONS, 0)
    errors = [*alone.errors, *many.errors, *rush.errors]
    print(f"errors: {len(errors)} {sorted(set(errors))[:3] if errors else ''}")
    head()
    base = row("one trainee", alone.waits)
    row(f"{SESSIONS} trainees, {PAUSE:g} s between lines", many.waits, base)
    row(f"{SESSIONS} trainees, no pause", rush.waits, base)
    lines = len(many.waits)
    print(
        f"{lines} lines and {SESSIONS} beginnings in {took:.0f} s,"
        f" {used / max(lines, 1) * 1e3:.1f} ms of the server's processor a line"
    )


async def _round(client: httpx.AsyncClient, key: str, count: int, pause: float) -> Seen:
    """`count` sessions at once; every one says all lines."""
    seen = Seen()
    door = asyncio.Semaphore(_STARTING)
    ready = asyncio.Event()
    connected = 0

    async def here() -> None:
        """Everybody begins to talk when the last one is there."""
        nonlocal connected
        connected += 1
        if connected + len(seen.errors) >= count:
            ready.set()
        await asyncio.wait_for(ready.wait(), _WITHIN)

    async def trainee(number: int) -> None:
        draw = random.Random(number)
        async with door:
            body = {"scenario_id": "customer_service", "user_id": f"trainee-{number}"}
            session = (await client.post("/api/sessions", json=body)).raise_for_status().json()["id"]
        address = f"{str(client.base_url).replace('http', 'ws', 1).rstrip('/')}/chat/{session}"
        async with websockets.connect(address, additional_headers={"X-API-Key": key}, open_timeout=60) as wire:
            await wire.send(json.dumps({"type": "session_start"}))
            await _until(wire, "assistant_message")
            await here()
            for line in LINES:
                await asyncio.sleep(draw.uniform(0, 2 * pause))
                began = time.perf_counter()
                await wire.send(json.dumps({"type": "user_message", "content": line}))
                await _until(wire, "assistant_message")
                seen.waits.append(time.perf_counter() - began)

    async def guarded(number: int) -> None:
        try:
            await trainee(number)
        except (OSError, httpx.HTTPError, websockets.WebSocketException, TimeoutError, RuntimeError) as error:
            seen.errors.append(f"{type(error).__name__}: {error}")
            if connected + len(seen.errors) >= count:
                ready.set()

    await asyncio.gather(*(guarded(number) for number in range(count)))
    return seen


async def _until(wire: websockets.ClientConnection, kind: str) -> None:
    """Read up to a frame of a kind. Raises `RuntimeError` for an error frame."""
    async with asyncio.timeout(_WITHIN):
        while True:
            frame = json.loads(await wire.recv())
            if frame["type"] == "error":
                raise RuntimeError(frame["detail"])
            if frame["type"] == kind:
                return


def _processor(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    main()
