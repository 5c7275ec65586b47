"""Turns per second of one server process held on one core, beside a bare FastAPI echo held on the same core.

Sixteen callers talk without pause, each in conversations of four lines, no question twice. The load comes from another
core, which the database's processes share with it. Run: python -m benchmarks.saturation [seconds]
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from benchmarks.peers import echo
from benchmarks.stage import Stage, questions, staged
from benchmarks.wire import wire

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 8.0
CALLERS = 16
LINES = 4
SERVER_CORE, LOAD_CORE = 0, (os.cpu_count() or 1) - 1


def main() -> None:
    os.sched_setaffinity(0, {LOAD_CORE})
    with echo() as url:
        hold(_listener(url), SERVER_CORE)
        rate, used = asyncio.run(_load(url, "", "/echo", lambda question, _: {"message": question}, _listener(url)))
    bare = _show("bare FastAPI, JSON echo", rate, used)
    with staged() as stage:
        _turns(stage, "turns, house responder", bare)
    with wire() as base_url:
        environment = {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": "sk-test", "OPENAI_MODEL": "gpt-5.4-mini"}
        with staged(environment) as stage:
            _turns(stage, "turns, hosted model on a zero-latency server", bare)


def _turns(stage: Stage, label: str, bare: float) -> None:
    hold(stage.server.usage, SERVER_CORE)
    rate, used = asyncio.run(_load(stage.server.base_url, stage.tenant.key, "/chat/message", _line, stage.server.usage))
    _show(label, rate, used, bare)


def _line(question: str, conversation: str | None) -> dict[str, str]:
    return {"message": question} | ({"conversation_id": conversation} if conversation else {})


def hold(process: psutil.Process, core: int) -> None:
    """Keep all threads of a process on one core."""
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


def _listener(url: str) -> psutil.Process:
    """The process of ours that listens at `url`."""
    port = urlsplit(url).port
    for process in psutil.Process().children(recursive=True):
        if any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in process.net_connections()):
            return process
    raise LookupError(url)


def _show(label: str, rate: float, used: float, bare: float | None = None) -> float:
    ratio = f", {rate / bare:.3f} of the echo's rate" if bare else ""
    print(f"{label:46}{rate:8.0f}/s, {used * 1e3:6.2f} ms of processor each{ratio}")
    return rate


async def _load(
    url: str, key: str, path: str, body: Callable[[str, str | None], dict[str, str]], process: psutil.Process
) -> tuple[float, float]:
    """Answers per second, and the process's processor seconds per answer."""
    asked = iter(questions(1_000_000))
    done = 0
    stop = time.monotonic() + 2  # warm first

    async def call() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        conversation, line = None, 0
        while time.monotonic() < stop:
            answer = await exchange(reader, writer, path, key, body(next(asked), conversation))
            line += 1
            conversation = answer.get("conversation_id") if line % LINES else None
            done += 1
        writer.close()

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    before, began = processor(process), time.monotonic()
    done, stop = 0, began + SECONDS
    await asyncio.gather(*(call() for _ in range(CALLERS)))
    return done / (time.monotonic() - began), (processor(process) - before) / done


def processor(process: psutil.Process) -> float:
    """Seconds it has used."""
    times = process.cpu_times()
    return times.user + times.system


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, key: str, body: dict[str, str]
) -> dict[str, str]:
    """HTTP/1.1 by hand: a client library would be busier than the server."""
    content = json.dumps(body).encode()
    head = [f"POST {path} HTTP/1.1", "host: localhost", f"x-api-key: {key}", "content-type: application/json"]
    writer.write("\r\n".join([*head, f"content-length: {len(content)}", "", ""]).encode() + content)
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    answer = await reader.readexactly(_length(iter(lines)))
    if " 200 " not in lines[0]:
        raise RuntimeError(f"{lines[0]}: {answer[:300]!r}")
    decoded: dict[str, str] = json.loads(answer)
    return decoded


def _length(lines: Iterator[str]) -> int:
    return next(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:"))


if __name__ == "__main__":
    main()
