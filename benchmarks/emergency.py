"""How well emergencies are recognised: recall and false alarms on written and on real everyday utterances.

`python -m benchmarks.emergency` prints the table; `--tuning` lists what goes wrong in the tuning half.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from parley.providers.minilm import MiniLM
from parley.understanding.emergency import KINDS, read_emergency

Vectors = Mapping[str, NDArray[np.float32]]

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = ROOT / "tests" / "understanding"
PUBLIC = ROOT.parent / "shared" / "data"


def written(language: str, half: str, part: str) -> Iterator[tuple[str, str]]:
    """(theme, utterance) of one half (tuning, held_out) and part (emergency, harmless) of the written utterances."""
    data = yaml.safe_load((WRITTEN / f"emergency_{language}.yaml").read_text(encoding="utf-8"))
    for theme, block in data[half][part].items():
        for line in block.strip().splitlines():
            yield theme, line.strip()


def fresh(language: str, half: str) -> Iterator[tuple[str, str, str]]:
    """(part, kind, utterance) of a second author's set, who had not seen the rules: parts plain, odd and harmless."""
    data = yaml.safe_load((WRITTEN / f"emergency_fresh_{language}.yaml").read_text(encoding="utf-8"))
    groups = [(part, kind, block) for part in ("plain", "odd") for kind, block in data[part].items()]
    for part, kind, block in [*groups, ("harmless", "", data["harmless"])]:
        for line in block.strip().splitlines()[half == "held_out" :: 2]:
            yield part, kind, line.strip()


def measured_only(everyday_text: str) -> bool:
    """Whether an everyday utterance belongs to the half on which nothing is fitted."""
    return bool(hashlib.sha256(everyday_text.encode()).digest()[0] & 1)


def everyday() -> Iterator[tuple[str, str]]:
    """(data set, utterance) of the public booking dialogues and assistant requests; empty where they are missing."""
    for path in sorted(PUBLIC.glob("sgd_*.json")):
        for dialogue in json.loads(path.read_text(encoding="utf-8")):
            for turn in dialogue["turns"]:
                if turn["speaker"] == "user":
                    yield "booking dialogues", turn["text"]
    requests = PUBLIC / "clinc150_train_val.json"
    if requests.exists():
        for examples in json.loads(requests.read_text(encoding="utf-8")).values():
            for text, _intent in examples:
                yield "assistant requests", text


def embed(texts: Sequence[str]) -> Vectors:
    """The local embedder's vector of every text, as an English conversation has it."""
    return dict(zip(texts, MiniLM(Path(tempfile.gettempdir()) / "parley-minilm").embed_now(texts), strict=True))


def table(language: str, half: str, vectors: Vectors) -> tuple[list[str], list[str]]:
    """Two rows of the table, the rules' author's utterances and the second author's, and what went wrong."""
    mine = [("emergency", *row) for row in written(language, half, "emergency")]
    mine += [("harmless", *row) for row in written(language, half, "harmless")]
    found: dict[str, list[bool]] = {}
    named: list[bool] = []
    wrong: list[str] = []
    rows = []
    for name, utterances in (("first author", mine), ("second author", list(fresh(language, half)))):
        found.clear()
        named.clear()
        for part, kind, text in utterances:
            reading = read_emergency(text, language=language, vector=vectors.get(text))
            found.setdefault(part, []).append(reading.emergency)
            if reading.emergency and kind in KINDS and part != "harmless":
                named.append(reading.kind == kind)
            if reading.emergency == (part == "harmless"):
                wrong.append(f"{part} {kind}: {text}  [{reading.kind}: {reading.evidence}]")
        parts = "   ".join(
            f"{'false alarms' if part == 'harmless' else part} {sum(hits)}/{len(hits)} = {sum(hits) / len(hits):6.1%}"
            for part, hits in found.items()
        )
        rows.append(f"{language} {half:9} {name:13} {parts}   kind right {sum(named) / len(named):6.1%}")
    return rows, wrong


def alarms_in(utterances: Iterable[tuple[str, str]], vectors: Vectors) -> tuple[Counter[str], list[str]]:
    """How many utterances each data set has, and those that raised an alarm."""
    counts: Counter[str] = Counter()
    raised: list[str] = []
    for source, text in utterances:
        counts[source] += 1
        reading = read_emergency(text, language="en", vector=vectors.get(text))
        if reading.emergency:
            raised.append(f"{source}: {text}  [{reading.kind}: {reading.evidence}]")
    return counts, raised


def first_call(language: str) -> str:
    """Time of the first message: reading the lexicon and the models."""
    start = time.perf_counter()
    read_emergency("there is smoke in the room", language=language)
    return f"{language} first message {(time.perf_counter() - start) * 1000:.0f} ms"


def cost(texts: Sequence[str], language: str, vectors: Vectors) -> str:
    """Time per utterance beyond the embedding."""
    times: list[float] = []
    for text in texts:
        start = time.perf_counter()
        read_emergency(text, language=language, vector=vectors.get(text))
        times.append((time.perf_counter() - start) * 1000)
    p99 = sorted(times)[len(times) * 99 // 100]
    return f"{language} ms per utterance: p50 {statistics.median(times):.3f}, p99 {p99:.3f}"


def all_texts(language: str) -> list[str]:
    """Every written utterance of both authors and both halves."""
    halves = ("tuning", "held_out")
    first = [text for half in halves for part in ("emergency", "harmless") for _, text in written(language, half, part)]
    return first + [text for half in halves for *_, text in fresh(language, half)]


def main() -> None:
    """Print recall, false alarms and time, in English with and without embeddings."""
    listed = "--tuning" in sys.argv
    print(first_call("en"), first_call("de"), sep="\n")
    for language, meaning in (("en", True), ("en", False), ("de", False)):
        texts = all_texts(language)
        vectors = embed(texts) if meaning else {}
        print(f"{language} {'with' if meaning else 'without'} embedding")
        for half in ("tuning", "held_out"):
            rows, wrong = table(language, half, vectors)
            print("\n".join(rows))
            if listed and half == "tuning":
                print("\n".join(f"   {line}" for line in wrong))
        print(cost(texts, language, vectors))
    utterances = list(everyday())
    if not utterances:
        print(f"everyday utterances: skipped, no data in {PUBLIC}")
        return
    unseen = [(source, text) for source, text in utterances if measured_only(text)]
    for name, vectors in (("with", embed([text for _, text in unseen])), ("without", {})):
        counts, raised = alarms_in(unseen, vectors)
        print(f"everyday, {name} embedding: {dict(counts)}, alarms {len(raised)} = {len(raised) / counts.total():.2%}")
        if listed:
            print("\n".join(f"   {line}" for line in raised))


if __name__ == "__main__":
    main()
