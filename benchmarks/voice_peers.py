"""Live voice over `/voice/stream`, many sessions in one process: processor, memory and added latency per session.

Beside it, in the same run: a bare ASGI socket with one Silero per session, which is what no engine can go below, and
Pipecat and LiveKit Agents, installed on demand into ~/.cache/parley-bench (skipped with a sentence where that fails).
All hear the same recording (3 s of speech, 2 s of pause, looped, frames of 20 ms in real time) and have a transcriber,
a model and a speaker that answer at once. Added latency of ours is counted at the caller's, from sending the frame with
which the turn could be taken to the arrival of the first sound; the peers are fed without a socket, and theirs is only
counted from the moment at which their detector has said "stopped". "late": frames that this machine could not send in
time; with many of them it is the machine that is measured.
Run: python -m benchmarks.voice_peers [sessions…]
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.measure import quantile, verdict
from parley.app.load import Caller, Load, put_on
from tests.soak.installation import free_port

COUNTS = (1, 20, 40, 100, 150)
BARE, MOST_OF_PEERS = (20, 100), 40  # sessions
SECONDS, SETTLING = 13.0, 6.0
HERE = Path(__file__).parent
RECORDING = HERE.parent / "tests" / "channels" / "sounds" / "how_much_is_the_risotto.wav"
CACHE = Path("~/.cache/parley-bench").expanduser()
PEERS = {
    "pipecat": ("Pipecat", ["pipecat-ai[silero]==1.14.0"]),
    "livekit": ("LiveKit Agents", ["livekit-agents==1.8.9", "livekit-plugins-silero==1.8.9"]),
}


@dataclass(frozen=True)
class Measured:
    """Cores and kilobytes per session, latencies in milliseconds."""

    cores: float
    kilobytes: float
    latencies: Sequence[float]
    late: float = float("nan")


def main(counts: Sequence[int]) -> None:
    print(f"{'':18}{'sessions':>9}{'core/session':>14}{'kB/session':>12}{'added p50 ms':>14}{'p95 ms':>9}{'late':>8}")
    pcm = _recording()
    last: Measured | None = None
    for kind in ("bare", "ours"):
        with _serving(kind) as port:
            for count in counts if kind == "ours" else [count for count in counts if count in BARE]:
                last = asyncio.run(_measure(port, count, pcm, ours=kind == "ours"))
                _show(kind, count, last)
    for name, (label, packages) in PEERS.items():
        _peer(name, label, packages, [count for count in counts if 1 < count <= MOST_OF_PEERS])
    if last is None or not last.latencies:
        sys.exit("Nobody was answered: nothing was measured.")
    verdict("processor per session", last.cores * 1000, 5.0, "thousandths of a core")
    verdict("memory per session", last.kilobytes, 500, "kB")
    verdict("added latency, p95", quantile(last.latencies, 0.95), 10, "ms")


def _show(label: str, count: int, found: Measured) -> None:
    p50, p95 = (quantile(found.latencies, share) if found.latencies else float("nan") for share in (0.5, 0.95))
    print(
        f"{label:18}{count:9}{found.cores:14.5f}{found.kilobytes:12.0f}{p50:14.1f}{p95:9.1f}{found.late:8.1%}",
        flush=True,
    )


def _recording() -> bytes:
    with wave.open(str(RECORDING)) as sound:
        pcm: bytes = sound.readframes(sound.getnframes())
    return (pcm * 2)[: 3 * 32_000]


@contextmanager
def _serving(kind: str) -> Iterator[int]:
    """The stand-ins' server on a core of its own."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.voice_stand_ins", kind, str(port)]
    with subprocess.Popen(command, cwd=HERE.parent) as process:  # noqa: S603 - ours
        try:
            _wait(port)
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(process.pid, {0})
            yield port
        finally:
            process.terminate()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/use")
            return
        time.sleep(0.05)
    raise TimeoutError("the server did not start")


async def _measure(port: int, count: int, pcm: bytes, *, ours: bool) -> Measured:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as server:
        before = (await server.get("/use")).json()
        path = "/voice/stream" if ours else "/bare"
        load = Load(f"ws://127.0.0.1:{port}{path}", count, SECONDS, pcm)
        calling = asyncio.create_task(put_on(load))
        await asyncio.sleep(SETTLING)
        first = (await server.get("/use")).json()
        await asyncio.sleep(SECONDS - SETTLING - 1)
        second = (await server.get("/use")).json()
        callers: list[Caller] = await calling
    if lost := [caller.refused for caller in callers if caller.refused]:
        print(f"  {len(lost)} of {count} calls were lost: {sorted(set(lost))}")
    return Measured(
        (second["cpu"] - first["cpu"]) / (second["at"] - first["at"]) / count,
        (second["rss"] - before["rss"]) / 1024 / count,
        [latency for caller in callers for latency in caller.latencies],
        sum(caller.late_frames for caller in callers) / max(1, sum(caller.frames for caller in callers)),
    )


def _peer(name: str, label: str, packages: list[str], counts: Sequence[int]) -> None:
    """What the peer measures in its own environment."""
    script = HERE / f"{name}_peer.py"
    environment = CACHE / name
    python = environment / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)  # noqa: S603 - ours
        quiet = ["-q", "--disable-pip-version-check"]
        subprocess.run([python, "-m", "pip", "install", *quiet, *packages], check=True, capture_output=True)  # noqa: S603
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"{label}: skipped, it could not be installed into {environment} ({error}).")
        return
    for count in counts:
        command = [str(python), str(script), str(RECORDING), str(count), str(SECONDS), str(SETTLING)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            print(f"{label}: failed ({done.stderr.strip().splitlines()[-1:]}).")
            return
        told = json.loads(done.stdout.strip().splitlines()[-1])
        _show(label, count, Measured(told["cores"], told["kilobytes"], told["latencies"]))


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]] or COUNTS)
