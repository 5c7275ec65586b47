"""The examples that clients start from, run as they are against a server as `parley dev` starts it."""

from __future__ import annotations

import os
import shutil
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


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """`parley dev` with its embedded database in a folder of its own; its start costs more than both tests."""
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
        assert process.returncode == 128 + signal.SIGTERM
        assert not (Path(folder) / "postgres" / "postmaster.pid").exists(), "its PostgreSQL is left running"


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


CURL = r"""
# Create an experiment prompt
curl -X POST http://localhost:8000/api/prompts \
  -H "Content-Type: application/json" \
  -d '{
    "name": "Friendly Sales Agent",
    "agent_config": "customerServiceRetail",
    "agent_name": "Sales Agent",
    "system_prompt": "You are a friendly and helpful sales agent.",
    "temperature": 0.8,
    "tags": ["friendly", "sales"],
    "is_active": true
  }'

# Get all active prompts
curl http://localhost:8000/api/prompts?is_active=true

# Record a conversation
curl -X POST http://localhost:8000/api/conversations \
  -H "Content-Type: application/json" \
  -d '{
    "session_id": "test-session-1",
    "agent_config": "customerServiceRetail",
    "agent_name": "Sales Agent",
    "transcript": {"messages": []},
    "duration": 120,
    "turn_count": 5,
    "task_completed": true
  }'
"""

CLIENT = """
import requests

# Create prompt
response = requests.post(
    "http://localhost:8000/api/prompts",
    json={
        "name": "Test Experiment",
        "agent_config": "customerServiceRetail",
        "agent_name": "Sales Agent",
        "system_prompt": "You are helpful.",
        "is_active": True
    }
)
prompt = response.json()["prompt"]
print(f"Created prompt: {prompt['id']}")

# Get active prompts
response = requests.get(
    "http://localhost:8000/api/prompts",
    params={"is_active": True}
)
prompts = response.json()["prompts"]
print(f"Found {len(prompts)} active prompts")
"""


def test_clients_of_the_prompt_api_work_as_they_are(served: str) -> None:
    """Only the address is put in."""
    curl = shutil.which("curl")
    if curl is not None:
        script = f"set -e\n{CURL.replace('curl ', 'curl -sSf ')}".replace("http://localhost:8000", served)
        done = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", script], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
    python = CLIENT.replace("http://localhost:8000", served)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", python], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"Found {1 if curl is None else 2} active prompts" in done.stdout
    prompts = httpx.get(f"{served}/api/prompts?tags=friendly,other").json()["prompts"]
    assert [one["name"] for one in prompts] == ([] if curl is None else ["Friendly Sales Agent"])
    if curl is not None:
        [logged] = httpx.get(f"{served}/api/conversations?agent_config=customerServiceRetail").json()["conversations"]
        assert (logged["duration"], logged["turn_count"], logged["task_completed"]) == (120, 5, True)
