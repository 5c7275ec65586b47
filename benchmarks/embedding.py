"""The local embedder beside a bare ONNX Runtime session on the same graph, and its 8-bit graph beside fp32.

Run: python -m benchmarks.embedding
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parley.providers.minilm import MiniLM, _installed_weights

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "clinc150_train_val.json"
QUERIES = [
    f"{opening} {rest}"
    for opening in ("do you", "could you please", "hello, can I ask whether you", "we wondered if you")
    for rest in (
        "have a table for four on friday evening",
        "take dogs",
        "serve breakfast after ten on sundays",
        "offer a discount for groups of more than twelve people",
        "have parking",
    )
]
SENTENCE = (
    "The room on floor {0} sleeps {1} guests, looks over the harbour and costs {0}{1} euros a night with breakfast. "
)
DOCUMENTS = ["".join(SENTENCE.format(floor, guests) for guests in range(2, 7)) for floor in range(1, 41)]
ROUNDS = 25

Vectors = NDArray[np.float32]


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        cache = Path(directory)
        build = _seconds(MiniLM(cache).load)
        embedder = MiniLM(cache)
        load = _seconds(embedder.load)
        print(f"build and load {build:.2f} s, later load {load:.2f} s")
        asyncio.run(_speed(embedder))
        _precision(embedder, MiniLM(cache, precision="fp32"))


async def _speed(embedder: MiniLM) -> None:
    bare = _bare(embedder)
    loop = asyncio.get_running_loop()
    quiet, alone, hop = [], [], []
    for query in QUERIES * ROUNDS:  # interleaved, so that noise of the machine meets all three alike
        alone.append(_seconds(partial(bare, query)))
        quiet.append(await _awaited(embedder, query))
        started = time.perf_counter()
        await loop.run_in_executor(None, len, query)
        hop.append(time.perf_counter() - started)
    base = float(np.median(alone))
    print(f"queries of {_pieces(embedder, QUERIES):.0f} word pieces on average")
    print(f"{'':34}{'p50 ms':>8}{'p95 ms':>8}{'ratio':>7}")
    _row("bare session and tokenizer, inline", alone, base)
    _row("await embed([query])", quiet, base)
    _row("await of an idle executor", hop, base)
    started = time.perf_counter()
    documents = asyncio.create_task(embedder.embed(DOCUMENTS * 2))
    busy: list[float] = []
    while not documents.done():
        busy.append(await _awaited(embedder, QUERIES[len(busy) % len(QUERIES)]))
    _row("the same while documents go in", busy, base)
    together = len(DOCUMENTS) * 2 / (time.perf_counter() - started)
    started = time.perf_counter()
    await embedder.embed(DOCUMENTS)
    rate = len(DOCUMENTS) / (time.perf_counter() - started)
    bare_rate = len(DOCUMENTS) / _seconds(lambda: [bare(text) for text in DOCUMENTS])
    pieces = np.mean([len(embedder._loaded()._tokenizer.encode(text).ids) for text in DOCUMENTS])
    print(
        f"documents of {pieces:.0f} word pieces: {rate:.0f}/s, bare {bare_rate:.0f}/s, {together:.0f}/s beside queries"
    )
    started = time.perf_counter()
    await asyncio.gather(*(embedder.embed([query]) for query in QUERIES * ROUNDS))
    print(f"{len(QUERIES) * ROUNDS} queries at once: {len(QUERIES) * ROUNDS / (time.perf_counter() - started):.0f}/s")


def _precision(int8: MiniLM, fp32: MiniLM) -> None:
    """Whether 8 bits change what is found: every 6th validation text looks among every 5th training text."""
    if not DATA.exists():
        print(f"ranking: skipped, {DATA.name} is not beside the repository")
        return
    sets = json.loads(DATA.read_text())
    texts, queries = [text for text, _ in sets["train"][::5]], [text for text, _ in sets["val"][::6]]
    exact = fp32.embed_now(texts), fp32.embed_now(queries)
    print(f"{len(queries)} queries, {len(texts)} texts, against fp32:  cosine mean / least, same first, same ten")
    _compare("8 bits per block (ours)", exact, (int8.embed_now(texts), int8.embed_now(queries)))
    dynamic = _dynamic(fp32)
    _compare("dynamic int8 per channel", exact, (_stack(dynamic, texts), _stack(dynamic, queries)))


def _compare(label: str, exact: tuple[Vectors, Vectors], other: tuple[Vectors, Vectors]) -> None:
    cosine = np.concatenate([(a * b).sum(axis=1) for a, b in zip(exact, other, strict=True)])
    wanted, found = (np.argsort(-(queries @ texts.T), axis=1, kind="stable") for texts, queries in (exact, other))
    first = np.mean(wanted[:, 0] == found[:, 0])
    ten = np.mean([len({*a[:10]} & {*b[:10]}) / 10 for a, b in zip(wanted, found, strict=True)])
    print(f"  {label:28}{cosine.mean():.4f} / {cosine.min():.4f}, {first:.1%}, {ten:.1%}")


def _bare(embedder: MiniLM) -> Callable[[str], Vectors]:
    """The embedder's own session: a second one would push the first one's weights out of the processor's cache."""
    encoder = embedder._loaded()
    return _running(encoder._session, encoder._tokenizer.encode)


def _dynamic(fp32: MiniLM) -> Callable[[str], Vectors]:
    """What onnxruntime.quantization makes of the fp32 graph."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory) / "int8.onnx"
        quantize_dynamic(
            fp32._graph(_installed_weights()),
            target,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": 1},
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(target.read_bytes(), options, providers=["CPUExecutionProvider"])
    return _running(session, fp32._loaded()._tokenizer.encode)


def _running(session: Any, tokenize: Callable[[str], Any]) -> Callable[[str], Vectors]:
    def run(text: str) -> Vectors:
        vectors: Vectors = session.run(None, {"ids": np.array([tokenize(text).ids], np.int64)})[0]
        return vectors

    return run


def _pieces(embedder: MiniLM, texts: list[str]) -> float:
    return float(np.mean([len(embedder._loaded()._tokenizer.encode(text).ids) for text in texts]))


def _stack(run: Callable[[str], Vectors], texts: list[str]) -> Vectors:
    return np.concatenate([run(text) for text in texts])


async def _awaited(embedder: MiniLM, query: str) -> float:
    started = time.perf_counter()
    await embedder.embed([query])
    return time.perf_counter() - started


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _row(label: str, seconds: list[float], base: float) -> None:
    p50, p95 = (float(value) for value in np.quantile(seconds, [0.5, 0.95]))
    print(f"{label:34}{p50 * 1e3:8.2f}{p95 * 1e3:8.2f}{p50 / base:7.2f}")


if __name__ == "__main__":
    main()
