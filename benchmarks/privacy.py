"""Personal data: how much is found, how much too much is masked, how long it takes; beside plain Presidio.

    python -m benchmarks.privacy

F2 over characters, whatever their type, on the made-up corpus of `tests/privacy/corpus.py` (tuned and held-out
templates and pools); the share of characters masked in ordinary booking sentences, in the user turns of the SGD
dialogues (their restaurants' names are nobody's data, so they count as too much) and in CLINC150's queries (which do
hold first names), where `../shared/data` has them.
"""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from tests.privacy.corpus import Split, bookings, generate
from tests.privacy.scoring import Finder, mask_rate, ours, score

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def plain_presidio() -> Finder:
    """Presidio with its predefined recognisers for English on a blank pipeline: no model, no network."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": spacy.blank("en")}  # type: ignore[assignment]
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    tldextract.extract = tldextract.tldextract.TLD_EXTRACTOR.__call__  # type: ignore[assignment]
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
    return lambda text: [(r.start, r.end) for r in analyzer.analyze(text, language="en")]


def sgd_user_turns() -> list[str]:
    """User turns of the SGD subsets that hold no number of a telephone and no address; every third."""
    turns = [
        turn["text"] for name in ("train", "dev") for turn in _sgd_turns(name) if turn["speaker"].lower() == "user"
    ]
    return [turn for turn in turns if not re.search(r"\d{3}[\s\-]\d{4}|@", turn)][::3]


def _sgd_turns(name: str) -> Iterator[dict[str, Any]]:
    for path in sorted(SHARED.glob(f"sgd_{name}*.json")):
        for dialogue in json.loads(path.read_text(encoding="utf-8")):
            yield from dialogue["turns"]


def clinc_queries() -> list[str]:
    """Queries of CLINC150, in small letters; every fourth."""
    path = SHARED / "clinc150_train_val.json"
    return list(_sentences(json.loads(path.read_text(encoding="utf-8"))))[::4] if path.exists() else []


def _sentences(node: Any) -> Iterator[str]:
    if isinstance(node, str) and len(node.split()) > 3:
        yield node
    elif isinstance(node, list | dict):
        for child in node.values() if isinstance(node, dict) else node:
            yield from _sentences(child)


def timing(finder: Finder, texts: Sequence[str]) -> tuple[float, float]:
    """Milliseconds per message, p50 and p95."""
    times = []
    for text in texts:
        begin = time.perf_counter()
        finder(text)
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times), sorted(times)[int(0.95 * len(times))]


def report_found(name: str, finder: Finder) -> None:
    """Prints F2, recall, precision and time per split and language, and recall per kind."""
    for split in get_args(Split):
        for language in ("en", "de"):
            corpus = list(generate(split, language, 600))
            result = score(finder, corpus)
            p50, p95 = timing(finder, [marked.text for marked in corpus[:300]])
            print(
                f"{name:9}{split:9}{language}  F2 {result.f2:.3f}  structured {result.structured_f2:.3f}  "
                f"recall {result.recall:.3f}  precision {result.precision:.3f}  {p50:.2f} ms p50, {p95:.2f} p95"
            )
            print("   " + "  ".join(f"{kind} {value:.2f}" for kind, value in result.kinds.items()))


def report_masked(name: str, finder: Finder) -> None:
    """Prints the share of characters masked in sentences of nobody in particular."""
    ordinary = {
        "bookings en": bookings("en"),
        "bookings de": bookings("de"),
        "SGD user turns": sgd_user_turns(),
        "SGD in small letters": [turn.lower() for turn in sgd_user_turns()],
        "CLINC150 queries": clinc_queries(),
    }
    for label, texts in ordinary.items():
        if texts:
            print(f"{name:9}{label:22}{100 * mask_rate(finder, texts):.2f} % masked ({len(texts)} texts)")
        else:
            print(f"{name:9}{label:22}skipped: {SHARED} has no such file")


def main() -> None:
    """Prints the table."""
    begin = time.perf_counter()
    ours("Hello, my name is John.")
    print(f"first call, everything built: {time.perf_counter() - begin:.2f} s")
    finders: dict[str, Finder] = {"parley": ours, "presidio": plain_presidio()}
    for name, finder in finders.items():
        report_found(name, finder)
        report_masked(name, finder)


if __name__ == "__main__":
    main()
