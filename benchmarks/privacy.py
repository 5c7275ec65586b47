"""Personal data: how much is found, how much too much is masked, how long it takes; beside plain Presidio.

    python -m benchmarks.privacy

F2 over characters, type-agnostic, on the made-up corpus of `tests/privacy/corpus.py` (tuned and held-out templates);
mask rate on ordinary booking sentences and on the user turns of the SGD dialogues, where `../shared/data` has them.
"""

from __future__ import annotations

import json
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from parley.privacy.find import find_personal_data
from tests.privacy.corpus import STRUCTURED, Marked, generate

Spans = list[tuple[int, int]]
Finder = Callable[[str], Spans]
HERE = Path(__file__).resolve().parent.parent
SHARED = HERE.parent / "shared" / "data"


def ours(text: str) -> Spans:
    """Our finder as bare spans."""
    return [(e.start, e.end) for e in find_personal_data(text)]


def plain_presidio() -> Finder:
    """Presidio with its predefined recognisers on the same blank pipeline (no network, no model)."""
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class Blank(SpacyNlpEngine):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(models=[{"lang_code": "en", "model_name": "blank"}])
            self.nlp = {"en": spacy.blank("en")}

    _no_download()
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=Blank())
    engine = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"])
    return lambda text: [(r.start, r.end) for r in engine.analyze(text, language="en")]


def _no_download() -> None:
    import tldextract

    offline = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    tldextract.extract = offline.__call__
    tldextract.tldextract.TLD_EXTRACTOR = offline


def covered(spans: Iterable[tuple[int, int]]) -> set[int]:
    """The characters that spans cover."""
    return {i for start, end in spans for i in range(start, end)}


def f_two(hits: int, wanted: int, given: int) -> float:
    """F-beta with beta 2 from counts."""
    return 5 * hits / (4 * wanted + given) if wanted + given else 1.0


def score(finder: Finder, corpus: Sequence[Marked]) -> dict[str, Any]:
    """Character F2 over all and over structured kinds, recall and missed spans per kind."""
    hits = wanted = given = s_hits = s_wanted = s_given = 0
    kinds: dict[str, list[float]] = defaultdict(list)
    missed: list[str] = []
    for marked in corpus:
        found = covered((s, e) for s, e in finder(marked.text))
        found = {i for i in found if marked.text[i].isalnum()}
        gold = {i for i in covered((s, e) for _, s, e in marked.spans) if marked.text[i].isalnum()}
        structured = {
            i for i in covered((s, e) for k, s, e in marked.spans if k in STRUCTURED) if marked.text[i].isalnum()
        }
        hits, wanted, given = hits + len(found & gold), wanted + len(gold), given + len(found)
        s_hits, s_wanted = s_hits + len(found & structured), s_wanted + len(structured)
        s_given += len(found - (gold - structured))
        for kind, start, end in marked.spans:
            chars = {i for i in range(start, end) if marked.text[i].isalnum()}
            kinds[kind].append(len(chars & found) / len(chars))
            if len(chars & found) < 0.7 * len(chars):
                missed.append(f"{kind}: [{marked.text[start:end]}] in {marked.text!r}")
        for start, end in finder(marked.text):
            alien = {i for i in range(start, end) if marked.text[i].isalnum()} - gold
            if len(alien) > 3:
                missed.append(f"TOO MUCH: [{marked.text[start:end]}] in {marked.text!r}")
    return {
        "f2": f_two(hits, wanted, given),
        "recall": hits / max(1, wanted),
        "precision": hits / max(1, given),
        "structured_f2": f_two(s_hits, s_wanted, s_given),
        "kinds": {kind: statistics.mean(values) for kind, values in sorted(kinds.items())},
        "missed": missed,
    }


def mask_rate(finder: Finder, texts: Sequence[str]) -> tuple[float, list[str]]:
    """The share of characters masked, and what was."""
    masked, shown = 0, []
    for text in texts:
        for start, end in finder(text):
            masked += end - start
            shown.append(f"[{text[start:end]}] in {text!r}")
    return masked / max(1, sum(map(len, texts))), shown


def bookings(language: str) -> list[str]:
    """Our own ordinary sentences."""
    return (HERE / "tests" / "privacy" / f"bookings_{language}.txt").read_text(encoding="utf-8").splitlines()


def sgd_user_turns(limit: int = 4000) -> list[str]:
    """User turns of the SGD subsets without names, phones or addresses; empty where the data is missing."""
    turns: list[str] = []
    for path in sorted(SHARED.glob("sgd_*.json")):
        for dialogue in json.loads(path.read_text(encoding="utf-8")):
            turns += [turn["text"] for turn in dialogue["turns"] if turn["speaker"].lower() == "user"]
    plain = [t for t in turns if not re.search(r"\d{3}[\s\-]\d{4}|@", t)]
    return plain[:: max(1, len(plain) // limit)]


def timing(finder: Finder, texts: Sequence[str]) -> tuple[float, float]:
    """Milliseconds per message, p50 and p95."""
    times = []
    for text in texts:
        begin = time.perf_counter()
        finder(text)
        times.append((time.perf_counter() - begin) * 1000)
    ordered = sorted(times)
    return statistics.median(ordered), ordered[int(0.95 * len(ordered))]


def main() -> None:
    """Prints the table."""
    begin = time.perf_counter()
    find_personal_data("Hello, my name is John.")
    print(f"first call {time.perf_counter() - begin:.2f} s")
    finders: dict[str, Finder] = {"parley": ours, "presidio": plain_presidio()}
    sgd = sgd_user_turns()
    for name, finder in finders.items():
        for split in ("tuned", "held_out"):
            for language in ("en", "de"):
                corpus = list(generate(split, language, 600))  # type: ignore[arg-type]
                result = score(finder, corpus)
                p50, p95 = timing(finder, [m.text for m in corpus[:300]])
                print(
                    f"{name:9}{split:9}{language}  F2 {result['f2']:.3f}  structured {result['structured_f2']:.3f}  recall {result['recall']:.3f}  "
                    f"precision {result['precision']:.3f}  {p50:.2f} ms p50, {p95:.2f} p95"
                )
                if name == "parley":
                    print("   " + "  ".join(f"{kind} {value:.2f}" for kind, value in result["kinds"].items()))
        for label, texts in (("bookings en", bookings("en")), ("bookings de", bookings("de")), ("SGD user turns", sgd)):
            rate, _ = mask_rate(finder, texts)
            print(f"{name:9}{label:16} masked {100 * rate:.2f} % of characters ({len(texts)} texts)")


if __name__ == "__main__":
    main()
