"""Turns per second through one address, `parley serve` with one process and with two, on all cores there are.

The callers of `saturation`, house responder; every line comes over a connection of its own, so that any process answers
any line of a conversation. Database and load generator share the cores with the servers: on two cores a second process
can add no more than these leave. Run: python -m benchmarks.processes [seconds]
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from benchmarks.saturation import exchange, processor
from benchmarks.stage import questions, teach
from tests.serving import free_port
from tests.soak.installation import Tenant, clean_environment, found_tenant, installed

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 8.0
CALLERS = 16
LINES = 4


def main() -> None:
    with installed() as postgres:
        tenant = found_tenant(postgres.url, "Tony's Restaurant")
        one = _measure(postgres.url, tenant, 1)
        two = _measure(postgres.url, tenant, 2)
    print(f"two processes carry {two / one:.2f} times what one does, on {psutil.cpu_count()} cores")


def _measure(url: str, tenant: Tenant, count: int) -> float:
    with _serve(url, count) as (port, processes):
        if count == 1:
            address, headers = f"http://127.0.0.1:{port}", {"X-API-Key": tenant.key}
            with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
                teach(client)
        rate, used, all_used = asyncio.run(_load(port, tenant.key, processes, count))
    print(
        f"{count} process{'es' if count > 1 else ''}: {rate:6.1f} turns/s, {used * 1e3:5.1f} ms of the servers'"
        f" processor each; the machine was {all_used:.0%} busy"
    )
    return rate


@contextmanager
def _serve(url: str, count: int) -> Iterator[tuple[int, Sequence[psutil.Process]]]:
    """`parley serve`, ready; its port and its processes."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="parley-serve-") as folder:
        options = ["serve", "--host", "127.0.0.1", "--port", str(port), "--workers", str(count)]
        command = [sys.executable, "-c", "from parley.app.cli import main; main()", *options]
        with (Path(folder) / "serve.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own server
                command, cwd=folder, env=clean_environment(url, Path(folder)), stdout=log, stderr=log
            )
        try:
            _wait(port)
            family = psutil.Process(process.pid)
            yield port, [family, *family.children(recursive=True)]
        finally:
            process.terminate()
            process.wait(30)


def _wait(port: int) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{port}/ready", timeout=5).status_code == httpx.codes.OK:
                return
        time.sleep(0.05)
    raise TimeoutError("parley serve did not become ready")


async def _load(port: int, key: str, processes: Sequence[psutil.Process], count: int) -> tuple[float, float, float]:
    """Turns per second, processor seconds of the servers per turn, and the share of the machine that was in use."""
    asked = iter(questions(1_000_000, offset=count * 400_000))
    done, stop = 0, time.monotonic() + 3  # warm first, every process

    async def call() -> None:
        nonlocal done
        conversation, line = None, 0
        while time.monotonic() < stop:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            body = {"message": next(asked)} | ({"conversation_id": conversation} if conversation else {})
            answer = await exchange(reader, writer, "/chat/message", key, body)
            writer.close()
            line += 1
            conversation = answer["conversation_id"] if line % LINES else None
            done += 1

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    psutil.cpu_percent()
    before, began = sum(map(processor, processes)), time.monotonic()
    done, stop = 0, began + SECONDS
    await asyncio.gather(*(call() for _ in range(CALLERS)))
    rate = done / (time.monotonic() - began)
    return rate, (sum(map(processor, processes)) - before) / done, psutil.cpu_percent() / 100


if __name__ == "__main__":
    main()
