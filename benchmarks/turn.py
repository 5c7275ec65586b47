"""A turn over HTTP, beside the bare openai SDK on the same zero-latency server: time to first token.

The whole way is in it: HTTP in and out, understanding, cache look-up, retrieval, two transactions, the gate, the SDK.
Every question begins a conversation of its own, or goes on with one; no question comes twice.
Run: python -m benchmarks.turn
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx

from benchmarks.measure import head, quantile, row, verdict
from benchmarks.stage import Stage, questions, staged
from benchmarks.wire import wire

PAIRS = 300
WARM = 30
LINES = 4  # per conversation


def main() -> None:
    with wire() as base_url:
        environment = {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": "sk-test", "OPENAI_MODEL": "gpt-5.4-mini"}
        with staged(environment) as stage:
            asyncio.run(_compare(stage, base_url))


async def _compare(stage: Stage, base_url: str) -> None:
    from openai import AsyncOpenAI

    bare: list[float] = []
    sentences: list[float] = []
    ours: list[float] = []
    timings: list[dict[str, float]] = []
    async with (
        AsyncOpenAI(base_url=base_url, api_key="sk-test") as sdk,
        httpx.AsyncClient(base_url=stage.server.base_url, headers=stage.headers, timeout=60) as client,
    ):
        conversation: str | None = None
        used = 0.0
        for number, question in enumerate(questions(WARM + PAIRS)):
            if number == WARM:
                bare.clear()
                sentences.clear()
                ours.clear()
                timings.clear()
                used = _processor(stage)
            token, sentence = await _first_token(sdk, question)
            bare.append(token)
            sentences.append(sentence)
            taken, done = await _first_delta(client, question, conversation)
            assert (done["cached"], done["model"].partition("/")[0]) == (False, "openai"), done
            ours.append(taken)
            timings.append(done["timings"])
            conversation = None if number % LINES == LINES - 1 else done["conversation_id"]
        used = (_processor(stage) - used) / PAIRS
    head()
    base = row("bare openai SDK, first token", bare)
    row("bare openai SDK, first whole sentence", sentences, base)
    middle = row("POST /chat/stream, first delta (a sentence)", ours, base)
    for step in ("open", "understand", "recall", "find", "follow", "write", "first_token", "total"):
        values = [timing[f"{step}_ms"] / 1e3 for timing in timings if f"{step}_ms" in timing]
        if values:
            row(f"  of that, by the trace: {step}", values)
    print(f"server's processor time per turn: {used * 1e3:.2f} ms")
    added = [mine - theirs for mine, theirs in zip(ours, bare, strict=True)]
    print(f"added, pair by pair: p50 {quantile(added, 0.5) * 1e3:.2f} ms, p95 {quantile(added, 0.95) * 1e3:.2f} ms")
    verdict("added time to first token, p50", (middle - base) * 1e3, 6, "ms")


def _processor(stage: Stage) -> float:
    times = stage.server.usage.cpu_times()
    return times.user + times.system


async def _first_token(sdk: Any, question: str) -> tuple[float, float]:
    """Seconds until the first word, and until the first sentence is whole; the reply is read to its end."""
    began, taken, whole, text = time.perf_counter(), 0.0, 0.0, ""
    messages = [{"role": "system", "content": "You are a receptionist."}, {"role": "user", "content": question}]
    stream = await sdk.chat.completions.create(model="gpt-5.4-mini", messages=messages, stream=True)
    async for chunk in stream:
        if chunk.choices and (word := chunk.choices[0].delta.content):
            taken = taken or time.perf_counter() - began
            if not whole and ". " in f"{text}{word}":
                whole = time.perf_counter() - began
            text += word
    return taken, whole


async def _first_delta(
    client: httpx.AsyncClient, question: str, conversation: str | None
) -> tuple[float, dict[str, Any]]:
    """Seconds until the first released text, and the last event; the stream is read to its end."""
    body = {"message": question} | ({"conversation_id": conversation} if conversation else {})
    began, taken, event = time.perf_counter(), 0.0, ""
    done: dict[str, Any] = {}
    async with client.stream("POST", "/chat/stream", json=body) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
                if event == "delta" and not taken:
                    taken = time.perf_counter() - began
            elif line.startswith("data: ") and event == "done":
                done = json.loads(line.removeprefix("data: "))
    return taken, done


if __name__ == "__main__":
    main()
