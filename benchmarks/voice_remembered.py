"""A remembered answer by voice: from the decision that the caller has finished to the first sound of the answer.

The true app over a true database, with its own ears and its own voice; the answer is in the cache of answers and its
sound is kept. The question is written (no ears in it) and spoken (a recording, sent at once). Beside it, in the same
session, questions that nobody has asked before, so that everything is made anew; and the same remembered answer over
HTTP without any sound. At the caller means: from the arrival of `transcript_final` to that of the first sound.
Run: python -m benchmarks.voice_remembered
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.measure import head, quantile, row, verdict
from benchmarks.stage import Stage, questions, staged

ROUNDS, SPOKEN, NEW, WARM = 60, 12, 24, 3
QUESTION = "How much is the mushroom risotto?"
RECORDING = Path(__file__).parent.parent / "tests" / "channels" / "sounds" / "how_much_is_the_risotto.wav"
MOST_MS = 20


@dataclass
class Taken:
    """Seconds: by the server's own account, and as it looks from outside."""

    server: list[float] = field(default_factory=list)
    caller: list[float] = field(default_factory=list)


def main() -> None:
    with staged() as stage:
        written, spoken, new, bare = asyncio.run(_compare(stage))
    head()
    base = row("POST /chat/message, exact hit, no sound", bare)
    row("question written, first sound at the caller", written.caller, base)
    row("  the same by the server's metrics", written.server, base)
    row("question spoken, first sound at the caller", spoken.caller, base)
    row("  the same by the server's metrics", spoken.server, base)
    row("a new question, first sound at the caller", new.caller, base)
    taken = [*written.caller, *spoken.caller]
    verdict("first sound of a remembered answer, p95", quantile(taken, 0.95) * 1e3, MOST_MS, "ms")


async def _compare(stage: Stage) -> tuple[Taken, Taken, Taken, list[float]]:
    bare: list[float] = []
    url = f"ws://127.0.0.1:{stage.server.port}/voice/stream"
    sound = base64.b64encode(RECORDING.read_bytes()).decode()
    start = {"event": "start", "output": {"encoding": "pcm16", "sample_rate": 16_000}}
    async with (
        httpx.AsyncClient(base_url=stage.server.base_url, headers=stage.headers, timeout=60) as client,
        connect(url, additional_headers=stage.headers, max_size=None, compression=None) as line,
    ):
        await line.send(json.dumps(start))
        await _until(line, "reply_heard")  # the greeting
        written, spoken, new = Taken(), Taken(), Taken()
        for number in range(WARM + ROUNDS):
            if number == WARM:
                written, bare = Taken(), []
            await _ask(line, {"event": "text", "text": QUESTION}, written)
            began = time.perf_counter()
            answer = (await client.post("/chat/message", json={"message": QUESTION})).json()
            bare.append(time.perf_counter() - began)
            assert number < WARM or answer["cached"] == "exact", answer
        for number in range(WARM + SPOKEN):
            if number == WARM:
                spoken = Taken()
            await _ask(line, {"event": "audio_chunk", "data": sound}, spoken)
        for question in questions(NEW):
            await _ask(line, {"event": "text", "text": question}, new)
        await line.send('{"event":"end"}')
    return written, spoken, new, bare


async def _ask(line: ClientConnection, question: dict[str, Any], taken: Taken) -> None:
    """Ask, wait for the first sound of the answer, and press the button that stops it."""
    await line.send(json.dumps(question))
    await _until(line, "transcript_final")
    began = time.perf_counter()
    await _until(line, "audio_response")
    taken.caller.append(time.perf_counter() - began)
    await line.send('{"event":"interrupt"}')
    told = await _until(line, "metrics")
    taken.server.append(told["first_audio_ms"] / 1e3)


async def _until(line: ClientConnection, name: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            event: dict[str, Any] = json.loads(await line.recv())
            if event["event"] == name:
                return event


if __name__ == "__main__":
    main()
