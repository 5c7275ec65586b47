"""Intents: accuracy on held-out sentences and on CLINC150's development split, training time, time a reading, memory.

Run with `python -m benchmarks.intents`. CLINC150 (Larson et al. 2019) is read from ../shared/data, beside the
repository; its `val` and `oos_val` parts are measured on, `train` and `oos_train` trained on.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from parley.providers.minilm import MiniLM
from parley.understanding import ExampleVectors, TrainedIntents, embed_examples, read_intent, train_intents

ROOT = Path(__file__).parent.parent
CLINC = ROOT.parent / "shared" / "data" / "clinc150_train_val.json"
HELD_OUT = ROOT / "tests" / "understanding"

Pairs = list[tuple[str, str]]


def held_out(language: str, embedder: MiniLM, examples: ExampleVectors) -> None:
    """Accuracy and time of the built-in intents, by agent type."""
    groups = yaml.safe_load((HELD_OUT / f"intents_heldout_{language}.yaml").read_text(encoding="utf-8"))
    for group in groups:
        rows = [(line, intent) for intent, lines in group["sentences"].items() for line in lines.strip().splitlines()]
        knows = language in embedder.languages
        vectors = embedder.embed_now([line for line, _ in rows]) if knows else [None] * len(rows)
        read_intent("warm up", language=language, agent_type=group["agent"])
        readings = []
        took = []
        for (line, _), vector in zip(rows, vectors, strict=True):
            start = time.perf_counter()
            readings.append(
                read_intent(line, language=language, agent_type=group["agent"], vector=vector, examples=examples).intent
            )
            took.append(time.perf_counter() - start)
        right = np.mean([read == intent for read, (_, intent) in zip(readings, rows, strict=True)])
        print(
            f"built-in {language} {group['agent']:12} {len(rows):4} sentences: {right:6.1%} right, "
            f"{np.median(took) * 1e6:.0f} µs median"
        )


def clinc(embedder: MiniLM, *, taught: bool) -> None:
    """Train on `train`, with or without the out-of-scope examples, and measure on the development split."""
    data = json.loads(CLINC.read_text(encoding="utf-8"))
    examples: Pairs = [(text, intent) for text, intent in data["train"]]
    if taught:
        examples += [(text, "unknown") for text, _ in data["oos_train"]]
    start = time.perf_counter()
    trained = train_intents(examples, embedder.embed_now)
    took = time.perf_counter() - start
    inside: Pairs = [(text, intent) for text, intent in data["val"]]
    outside: Pairs = [(text, "unknown") for text, _ in data["oos_val"]]
    if not taught:
        outside += [(text, "unknown") for text, _ in data["oos_train"]]
    sentences = [text for text, _ in inside + outside]
    vectors = embedder.embed_now(sentences)
    accuracy, micros = _measure(trained, inside, vectors[: len(inside)])
    recall, _ = _measure(trained, outside, vectors[len(inside) :])
    print(
        f"CLINC150 {'with' if taught else 'without'} unknown examples: in scope {accuracy:.1%}, "
        f"out of scope {recall:.1%} ({len(outside)} sentences), trained in {took:.0f} s, {micros:.0f} µs a reading, "
        f"{len(trained.to_bytes()) / 1e6:.1f} MB"
    )


def _measure(trained: TrainedIntents, rows: Pairs, vectors: NDArray[np.float32]) -> tuple[float, float]:
    start = time.perf_counter()
    found: Sequence[str] = [
        trained.classify(text, vector).intent for (text, _), vector in zip(rows, vectors, strict=True)
    ]
    took = time.perf_counter() - start
    return float(np.mean([a == b for a, (_, b) in zip(found, rows, strict=True)])), took / len(rows) * 1e6


def main() -> None:
    """Print one line per measurement."""
    with tempfile.TemporaryDirectory() as cache:
        embedder = MiniLM(Path(cache))
        start = time.perf_counter()
        examples = embed_examples(embedder.embed_now, embedder.languages)
        print(f"built-in examples embedded in {time.perf_counter() - start:.1f} s, once per process")
        for language in ("en", "de"):
            held_out(language, embedder, examples)
        if not CLINC.exists():
            print(f"CLINC150 not measured: {CLINC.name} is not in ../shared/data.")
            return
        for taught in (True, False):
            clinc(embedder, taught=taught)
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
