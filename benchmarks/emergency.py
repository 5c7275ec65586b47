"""How well emergencies are recognised: recall and false alarms on written and on real everyday utterances.

`python -m benchmarks.emergency` prints the table; `--tuning` lists what goes wrong in the tuning half.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from parley.understanding.emergency import KINDS, read_emergency

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = ROOT / "tests" / "understanding"
PUBLIC = ROOT.parent / "shared" / "data"


def written(language: str, half: str, part: str) -> Iterator[tuple[str, str]]:
    """(theme, utterance) of one half (tuning, held_out) and part (emergency, harmless) of the written utterances."""
    data = yaml.safe_load((WRITTEN / f"emergency_{language}.yaml").read_text(encoding="utf-8"))
    for theme, block in data[half][part].items():
        for line in block.strip().splitlines():
            yield theme, line.strip()


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


def table(language: str, half: str) -> tuple[str, list[str]]:
    """A row of the table and the utterances that went wrong."""
    wrong: list[str] = []
    found = named = labelled = calm = 0
    emergencies = list(written(language, half, "emergency"))
    harmless = list(written(language, half, "harmless"))
    for kind, text in emergencies:
        reading = read_emergency(text, language=language)
        found += reading.emergency
        labelled += kind in KINDS
        named += reading.kind == kind
        if not reading.emergency:
            wrong.append(f"missed  {kind}: {text}  [{reading.evidence}]")
    for theme, text in harmless:
        reading = read_emergency(text, language=language)
        calm += not reading.emergency
        if reading.emergency:
            wrong.append(f"alarmed {theme}: {text}  [{reading.kind}: {reading.evidence}]")
    alarms = len(harmless) - calm
    row = (
        f"{language} {half:9} recall {found}/{len(emergencies)} = {found / len(emergencies):6.1%}   "
        f"kind right {named / max(labelled, 1):6.1%}   "
        f"false alarms {alarms}/{len(harmless)} = {alarms / len(harmless):5.1%}"
    )
    return row, wrong


def alarms_in(utterances: Iterable[tuple[str, str]], language: str) -> tuple[Counter[str], list[str]]:
    """How many utterances each data set has, and those that raised an alarm."""
    counts: Counter[str] = Counter()
    raised: list[str] = []
    for source, text in utterances:
        counts[source] += 1
        reading = read_emergency(text, language=language)
        if reading.emergency:
            raised.append(f"{source}: {text}  [{reading.kind}: {reading.evidence}]")
    return counts, raised


def cost(language: str) -> str:
    """Time per utterance over both halves."""
    texts = [
        text
        for half in ("tuning", "held_out")
        for part in ("emergency", "harmless")
        for _, text in written(language, half, part)
    ]
    times: list[float] = []
    for text in texts:
        start = time.perf_counter()
        read_emergency(text, language=language)
        times.append((time.perf_counter() - start) * 1000)
    p99 = sorted(times)[len(times) * 99 // 100]
    return f"{language} ms per utterance: p50 {statistics.median(times):.3f}, p99 {p99:.3f}"


def main() -> None:
    """Print recall, false alarms and time."""
    listed = "--tuning" in sys.argv
    for language in ("en", "de"):
        for half in ("tuning", "held_out"):
            row, wrong = table(language, half)
            print(row)
            if listed and half == "tuning":
                print("\n".join(f"   {line}" for line in wrong))
        print(cost(language))
    counts, raised = alarms_in(everyday(), "en")
    if not counts:
        print(f"everyday utterances: skipped, no data in {PUBLIC}")
        return
    print(f"everyday utterances: {dict(counts)}, alarms {len(raised)} = {len(raised) / counts.total():.2%}")
    if listed:
        print("\n".join(f"   {line}" for line in raised))


if __name__ == "__main__":
    main()
