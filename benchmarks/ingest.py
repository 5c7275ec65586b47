"""Taking documents in: 90 kB through the API, 2 MB by a job, beside the bare embedder on the same chunks.

Run: python -m benchmarks.ingest
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.stage import Stage, staged
from parley.knowledge.split import split_text
from parley.providers.minilm import MiniLM
from tests.soak.installation import SECRET

SHORT, LONG = 90_000, 2_000_000
PARAGRAPH = (
    "Room {0} looks over the harbour, sleeps {1} guests and has a bath with a window. A night costs {0} euros with "
    "breakfast, which is served from {1} to eleven o'clock in the conservatory. Children under {1} stay free; "
    "a cot can be had at the desk. The room is cleaned every day before noon unless the sign hangs at the door.\n\n"
)


def main() -> None:
    with (
        staged() as stage,
        _worker(stage) as worker,
        httpx.Client(base_url=stage.server.base_url, headers=stage.headers, timeout=600) as client,
    ):
        for size, way, process in ((SHORT, "through the API", stage.server.usage), (LONG, "by a job", worker)):
            text = _text(size)
            with _peak(process) as peak:
                seconds, chunks = _take_in(client, text)
            print(
                f"{len(text):,} characters {way}: {seconds:.1f} s, {len(text) / seconds:,.0f} characters/s, "
                f"{chunks / seconds:.0f} chunks/s, memory peak {peak[-1] / 1e6:.0f} MB "
                f"(+{(peak[-1] - peak[0]) / 1e6:.0f})"
            )
    bare = _bare(_text(SHORT))
    print(f"bare embedder on the short text's chunks: {bare:.0f} chunks/s")


def _text(size: int) -> str:
    parts, length, number = [], 0, 100
    while length < size:
        if number % 40 == 0:
            parts.append(f"## Floor {number // 40}\n\n")
        parts.append(PARAGRAPH.format(number, 2 + number % 7))
        length += len(parts[-1])
        number += 1
    return "".join(parts)[:size]


def _take_in(client: httpx.Client, text: str) -> tuple[float, int]:
    """Seconds until the document can be found, and its chunks."""
    began = time.perf_counter()
    taken = client.post("/knowledge/ingest", json={"source": "other", "title": "Rooms", "content": text})
    taken.raise_for_status()
    document: dict[str, Any] = taken.json()
    while document["status"] == "indexing":
        time.sleep(0.05)
        document = client.get(f"/knowledge/{document['id']}").raise_for_status().json()
    assert document["status"] == "ready", document
    return time.perf_counter() - began, document["chunks"]


def _bare(text: str) -> float:
    with tempfile.TemporaryDirectory() as cache:
        embedder = MiniLM(Path(cache))
        embedder.load()
        chunks = [f"{chunk.heading}\n{chunk.content}" for chunk in split_text(text, title="Rooms")]
        began = time.perf_counter()
        embedder.embed_now(chunks)
        return len(chunks) / (time.perf_counter() - began)


@contextmanager
def _worker(stage: Stage) -> Iterator[psutil.Process]:
    """`parley worker` on the stage's database."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATABASE_URL": stage.url, "SECRET_KEY": SECRET, "DATA_DIR": folder}
        command = [str(Path(sys.executable).with_name("parley")), "worker"]
        with subprocess.Popen(command, env=environment, cwd=folder) as process:  # noqa: S603 - ours
            try:
                yield psutil.Process(process.pid)
            finally:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


@contextmanager
def _peak(process: psutil.Process) -> Iterator[list[int]]:
    """Resident bytes: the first element before, the last one the most seen."""
    seen = [process.memory_info().rss] * 2
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            seen[-1] = max(seen[-1], process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()


if __name__ == "__main__":
    main()
