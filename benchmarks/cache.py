"""A remembered answer over HTTP, beside a bare FastAPI route that echoes the same JSON.

Run: python -m benchmarks.cache
"""

from __future__ import annotations

import asyncio
import time

import httpx

from benchmarks.measure import head, row, verdict
from benchmarks.peers import echo
from benchmarks.stage import Stage, staged

PAIRS = 500
WARM = 50
QUESTION = "How much is the mushroom risotto?"


def main() -> None:
    with staged() as stage, echo() as echo_url:
        asyncio.run(_compare(stage, echo_url))


async def _compare(stage: Stage, echo_url: str) -> None:
    bare: list[float] = []
    ours: list[float] = []
    body = {"message": QUESTION}
    async with (
        httpx.AsyncClient(base_url=stage.server.base_url, headers=stage.headers, timeout=60) as client,
        httpx.AsyncClient(base_url=echo_url, headers=stage.headers, timeout=60) as peer,
    ):
        first = (await client.post("/chat/message", json=body)).json()
        assert first["sources"], f"only an answer from knowledge is remembered: {first['reply']}"
        for number in range(WARM + PAIRS):
            if number == WARM:
                bare.clear()
                ours.clear()
            began = time.perf_counter()
            (await peer.post("/echo", json=first)).raise_for_status()
            bare.append(time.perf_counter() - began)
            began = time.perf_counter()
            answer = (await client.post("/chat/message", json=body)).json()
            ours.append(time.perf_counter() - began)
            assert answer["cached"] == "exact"
    head()
    base = row("bare FastAPI, JSON echo", bare)
    middle = row("POST /chat/message, exact hit", ours, base)
    print("(a hit is a turn of its own: a durable transaction, a conversation begun, its trace stored)")
    verdict("exact cache hit over HTTP, p50", middle * 1e3, 3, "ms")


if __name__ == "__main__":
    main()
