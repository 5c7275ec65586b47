"""The examples that clients start from, run as they are against a server as `parley dev` starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
START_SECONDS = 90


@pytest.fixture
def served() -> Iterator[str]:
    """`parley dev` with its embedded database in a folder of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # A socket's path is limited, so the folder's is short.
    with tempfile.TemporaryDirectory(prefix="parley-") as folder:
        vendors = ("OPENAI_", "GROQ_", "VLLM_", "OLLAMA_", "LLAMACPP_", "EMBEDDINGS_", "DATABASE_URL", "SECRET_KEY")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(vendors)}
        parley = Path(sys.executable).with_name("parley")
        command = [str(parley), "dev", "--port", str(port), "--data-dir", folder]
        log = (Path(folder) / "log").open("w")
        process = subprocess.Popen(command, cwd=folder, env=clean, stdout=log, stderr=log)  # noqa: S603
        try:
            yield _ready(f"http://127.0.0.1:{port}", process, Path(folder) / "log")
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.close()


def _ready(url: str, process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/ready", timeout=2).status_code == 200:
                return url
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not ready after {START_SECONDS} s: {log.read_text()}")


def test_the_examples_run_against_a_fresh_server(served: str) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(ROOT / "examples.py"), served], capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("All of it worked.\n")
