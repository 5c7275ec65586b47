"""`parley dev` until the first answer: on an empty data directory, and again on a used one.

Beside it, what a bare interpreter takes to import the libraries that any such server needs. Processor time is shown
too, because a busy machine stretches the other. Run: python -m benchmarks.start
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from benchmarks.measure import quantile, verdict
from tests.serving import free_port

ROUNDS = 3
WITHIN = 90.0
LIBRARIES = (
    "import fastapi, uvicorn, sqlalchemy.ext.asyncio, psycopg, numpy, onnxruntime, tokenizers, pydantic_settings"
)


def main() -> None:
    cold, warm, bare = [], [], []
    for _ in range(ROUNDS):
        bare.append(_imports())
        with tempfile.TemporaryDirectory(prefix="parley-", ignore_cleanup_errors=True) as folder:
            cold.append(_first_answer(Path(folder)))
            warm.append(_first_answer(Path(folder)))
    base = quantile([seconds for seconds, _ in bare], 0.5)
    print(f"{'':46}{'wall s':>8}{'CPU s':>8}{'ratio':>8}")
    for label, runs in (("importing the libraries", bare), ("empty directory", cold), ("used directory", warm)):
        wall, cpu = (quantile([run[part] for run in runs], 0.5) for part in (0, 1))
        print(f"{label:46}{wall:8.2f}{cpu:8.2f}{wall / base:8.2f}")
    verdict("empty directory to first answer", quantile([wall for wall, _ in cold], 0.5), 4, "s")


def _imports() -> tuple[float, float]:
    before, began = os.times(), time.perf_counter()
    subprocess.run([sys.executable, "-c", LIBRARIES], check=True)  # noqa: S603 - a constant
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, used


def _first_answer(folder: Path) -> tuple[float, float]:
    """Seconds of wall and processor until the first question is answered."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("parley")), "dev", "--port", str(port), "--data-dir", str(folder)]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    began = time.perf_counter()
    with subprocess.Popen(command, env=kept, cwd=folder, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        try:
            reply = _ask(port)
            taken = time.perf_counter() - began
            times = psutil.Process(process.pid).cpu_times()
            used = times.user + times.system + times.children_user + times.children_system
            assert "9" in reply, reply
        finally:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
    return taken, used


def _ask(port: int) -> str:
    deadline = time.monotonic() + WITHIN
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=WITHIN) as client:
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                answer = client.post("/chat/message", json={"message": "What time do you close on Sunday?"})
                return str(answer.raise_for_status().json()["reply"])
            time.sleep(0.01)
    raise TimeoutError("parley dev did not answer")


if __name__ == "__main__":
    main()
