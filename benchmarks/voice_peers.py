"""Live voice over `/voice/stream`, many sessions in one process: processor, memory and added latency per session.

Beside it, in the same run: a bare ASGI socket with one Silero per session, which is what no engine can go below, and
Pipecat and LiveKit Agents, installed on demand into ~/.cache/parley-bench (skipped with a sentence where that fails).
All hear the same recording (3 s of speech, 2 s of pause, looped, frames of 20 ms in real time) and have a transcriber,
a model and a speaker that answer at once. Added latency of ours is counted at the caller's, from sending the frame with
which the turn could be taken to the arrival of the first sound; the peers are fed without a socket, and theirs is only
counted from the moment at which their detector has said "stopped". "late": frames that this machine could not send in
time; with many of them it is the machine that is measured. The server has the first core to itself, the callers have
the others; the peers may use all of them.
Run: python -m benchmarks.voice_peers [sessions…]; all of it takes six minutes, and one or two more the first time.
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
from tests.serving import free_port

COUNTS = (1, 20, 40, 100, 150)
BESIDE, MOST_OF_PEERS = (20, 100), 40  # sessions
SECONDS, SETTLING, ROUND = 13.0, 6.0, 5.0
INSTALLED_WITHIN, MEASURED_WITHIN = 600, 180  # seconds; a peer that hangs is passed over
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


LABELS = {"bare": "bare socket", "ours": "Parley", "binary": "Parley, binary"}


def main(counts: Sequence[int]) -> None:
    began, few = time.monotonic(), [count for count in counts if count in BESIDE]
    peers = [count for count in counts if 1 < count <= MOST_OF_PEERS]
    about = (len(counts) + 2 * len(few)) * (ROUND + SECONDS + 3) + len(PEERS) * len(peers) * (SECONDS + 22)
    _say(f"This takes about {about / 60:.0f} minutes, and one or two more where peers have to be installed.")
    print(f"{'':18}{'sessions':>9}{'core/session':>14}{'kB/session':>12}{'added p50 ms':>14}{'p95 ms':>9}{'late':>8}")
    pcm, found = _recording(), dict[int, Measured]()
    for kind, some in (("bare", few), ("ours", counts), ("binary", few)):
        if not some:
            continue
        with _serving("bare" if kind == "bare" else "ours") as port, _on_the_other_cores():
            for count in some:
                measured = asyncio.run(_measure(port, count, pcm, kind))
                _show(LABELS[kind], count, measured)
                if kind == "ours":
                    found[count] = measured
    for name, (label, packages) in PEERS.items():
        _peer(name, label, packages, peers)
    _say(f"It took {time.monotonic() - began:.0f} s.")
    if not all(measured.latencies for measured in found.values()):
        sys.exit("Somebody was not answered: nothing is decided.")
    for count, measured in found.items():
        verdict(f"{count} sessions: processor per session", measured.cores * 1000, 5.0, "thousandths of a core")
        verdict(f"{count} sessions: added latency, p95", quantile(measured.latencies, 0.95), 10, "ms")
    most = max(found)
    verdict(f"{most} sessions: memory per session", found[most].kilobytes, 500, "kB")


def _say(progress: str) -> None:
    print(f"  {progress}", file=sys.stderr, flush=True)


@contextmanager
def _on_the_other_cores() -> Iterator[None]:
    """Where there are others than the server's."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores - {0} or cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


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


async def _measure(port: int, count: int, pcm: bytes, kind: str) -> Measured:
    _say(f"{LABELS[kind]}, {count} sessions, {ROUND + SECONDS:.0f} s …")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as server:
        before = (await server.get("/use")).json()
        path = "/bare" if kind == "bare" else "/voice/stream"
        load = Load(f"ws://127.0.0.1:{port}{path}", count, SECONDS, pcm, binary=kind == "binary")
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
    if not counts:
        return
    try:
        if not python.exists():
            _say(f"{label} is being installed into {environment} …")
            subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)  # noqa: S603 - ours
        quiet = ["-q", "--disable-pip-version-check"]
        install = [str(python), "-m", "pip", "install", *quiet, *packages]
        subprocess.run(install, check=True, capture_output=True, timeout=INSTALLED_WITHIN)  # noqa: S603
    except (subprocess.SubprocessError, OSError) as error:
        print(f"{label}: skipped, it could not be installed into {environment} ({error}).")
        return
    for count in counts:
        _say(f"{label}, {count} sessions, about {SECONDS + 20:.0f} s …")
        command = [str(python), str(script), str(RECORDING), str(count), str(SECONDS), str(SETTLING)]
        try:
            done = subprocess.run(  # noqa: S603
                command, check=False, capture_output=True, text=True, timeout=MEASURED_WITHIN
            )
        except subprocess.TimeoutExpired:
            print(f"{label}: {count} sessions did not end within {MEASURED_WITHIN} s.")
            return
        if done.returncode:
            print(f"{label}: failed ({done.stderr.strip().splitlines()[-1:]}).")
            return
        told = json.loads(done.stdout.strip().splitlines()[-1])
        _show(label, count, Measured(told["cores"], told["kilobytes"], told["latencies"]))


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]] or COUNTS)
