"""What the benchmarks are compared with: a bare FastAPI application that echoes JSON, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import BaseModel

from tests.serving import free_port

app = FastAPI()


class Anything(BaseModel):
    message: str = ""
    reply: str = ""


@app.post("/echo", response_model=Anything)
async def give_back(body: Anything) -> Any:
    return body


@contextmanager
def echo() -> Iterator[str]:
    """The application's base URL while the context is open."""
    port = free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", "--no-access-log"]
    command = [sys.executable, "-m", "uvicorn", "benchmarks.peers:app", *options]
    with subprocess.Popen(command, cwd=Path(__file__).parent.parent) as process:  # noqa: S603 - ours
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(url)
            yield url
        finally:
            process.terminate()


def _wait(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            httpx.post(f"{url}/echo", json={})
            return
        time.sleep(0.02)
    raise TimeoutError(url)
