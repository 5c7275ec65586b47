"""Remembered answers found by other words: ours beside GPTCache, and a semantic hit over HTTP.

Run: python -m benchmarks.semantic_cache

Held-out questions of callers (every second group of tests/understanding/asked_of_business_*.yaml): three other wordings
of each, which should be hits, and four that look alike and want another answer, which must not be. GPTCache has the
same local embedder, its own stores, evaluation and default threshold; it is installed on demand into an environment of
its own under the user's cache directory. Embeddings are computed beforehand: its look-ups cost that on top.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measure import head, row, verdict
from benchmarks.stage import Stage, staged
from parley.kit.yaml_text import load_yaml
from parley.providers.minilm import MiniLM
from parley.understanding import gist

QUESTIONS = Path(__file__).parent.parent / "tests" / "understanding"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "parley-bench"
NEEDED = ("gptcache==0.1.44", "faiss-cpu", "sqlalchemy", "numpy", "setuptools<81")
FIRST = "How much is the mushroom risotto?"
OTHERS = (
    "What does the mushroom risotto cost?",
    "What is the price of the mushroom risotto?",
    "How expensive is the mushroom risotto?",
    "Could you tell me how much the mushroom risotto is?",
)
PAIRS = 400
WARM = 40


def main() -> None:
    for language in ("en", "de"):
        _compare(language)
    with staged() as stage:
        asyncio.run(_over_http(stage))


def _compare(language: str) -> None:
    text = (QUESTIONS / f"asked_of_business_{language}.yaml").read_text(encoding="utf-8")
    groups: list[dict[str, Any]] = load_yaml(text)[1::2]
    texts = [asked for group in groups for asked in (group["ask"], *group["same"], *group["other"])]
    embedding = [time.perf_counter()]
    vectors = {}
    model = MiniLM(CACHE)
    for asked in texts:
        vectors[asked] = asyncio.run(model.embed([asked]))[0].tolist()
        embedding.append(time.perf_counter())
    peer = _peer({"groups": groups, "vectors": vectors})
    hits = [gist(same, language) == gist(group["ask"], language) for group in groups for same in group["same"]]
    wrong = [gist(other, language) == gist(group["ask"], language) for group in groups for other in group["other"]]
    seconds = []
    for asked in texts:
        began = time.perf_counter()
        gist(asked, language)
        seconds.append(time.perf_counter() - began)
    print(f"\n{language}: {len(groups)} held-out questions")
    print(f"{'':44}{'hits':>12}{'false hits':>14}")
    theirs = _share(peer["hits"], peer["same"]) + _share(peer["false"], peer["other"], 14)
    print(f"{'GPTCache ' + peer['version']:44}{theirs}")
    print(f"{'ours':44}{_share(sum(hits), len(hits))}{_share(sum(wrong), len(wrong), 14)}")
    head()
    base = row("GPTCache, a look-up without its embedding", peer["seconds"])
    row("ours, a gist", seconds, base)
    row("an embedding", [late - early for early, late in pairwise(embedding[1:])], base)
    verdict("false hits of ours", sum(wrong), 0, "of them")


def _share(part: int, whole: int, width: int = 12) -> str:
    return f"{f'{part}/{whole} {part / whole:.0%}':>{width}}"


def _peer(asked: dict[str, Any]) -> dict[str, Any]:
    """GPTCache's result, from a process in its own environment."""
    folder = CACHE / "gptcache" / "env"
    python = folder / "bin" / "python"
    if not python.exists():
        print("installing GPTCache …")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)  # noqa: S603 - fixed words
        subprocess.run([str(python), "-m", "pip", "install", "-q", *NEEDED], check=True)  # noqa: S603 - fixed words
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "asked.json"
        file.write_text(json.dumps(asked), encoding="utf-8")
        command = [str(python), str(Path(__file__).with_name("gptcache_peer.py")), str(file)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


async def _over_http(stage: Stage) -> None:
    exact: list[float] = []
    semantic: list[float] = []
    async with httpx.AsyncClient(base_url=stage.server.base_url, headers=stage.headers, timeout=60) as client:
        first = (await client.post("/chat/message", json={"message": FIRST})).json()
        assert first["sources"], f"only an answer from knowledge is remembered: {first['reply']}"
        for number in range(WARM + PAIRS):
            if number == WARM:
                exact.clear()
                semantic.clear()
            for question, kind, seconds in (
                (FIRST, "exact", exact),
                (OTHERS[number % len(OTHERS)], "semantic", semantic),
            ):
                began = time.perf_counter()
                answer = (await client.post("/chat/message", json={"message": question})).json()
                seconds.append(time.perf_counter() - began)
                assert answer["cached"] == kind, (question, answer["cached"])
    print("\nPOST /chat/message")
    head()
    base = row("exact hit", exact)
    middle = row("semantic hit", semantic, base)
    verdict("semantic hit over HTTP, p50", middle * 1e3, 5, "ms")


if __name__ == "__main__":
    main()
