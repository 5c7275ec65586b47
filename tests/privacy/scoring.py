"""How well spans of personal data were found, counted in letters and digits whatever their type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

from parley.privacy import find_personal_data
from tests.privacy.corpus import STRUCTURED, Marked

Finder = Callable[[str], list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Score:
    """F2 over all and over the structured kinds, and the share of every kind that was found; all 0..1."""

    f2: float
    structured_f2: float
    recall: float
    precision: float
    kinds: dict[str, float]


def ours(text: str) -> list[tuple[int, int]]:
    """The finder under test as bare spans."""
    return [(entity.start, entity.end) for entity in find_personal_data(text)]


def score(finder: Finder, corpus: Sequence[Marked]) -> Score:
    """The finder's numbers on a corpus. What it finds of other kinds does not count against the structured ones."""
    hits = wanted = given = structured_hits = structured_wanted = structured_given = 0
    kinds: dict[str, list[float]] = defaultdict(list)
    for marked in corpus:
        found = _letters(marked.text, finder(marked.text))
        gold = _letters(marked.text, ((start, end) for _, start, end in marked.spans))
        structured = _letters(marked.text, ((start, end) for kind, start, end in marked.spans if kind in STRUCTURED))
        hits, wanted, given = hits + len(found & gold), wanted + len(gold), given + len(found)
        structured_hits += len(found & structured)
        structured_wanted += len(structured)
        structured_given += len(found - (gold - structured))
        for kind, start, end in marked.spans:
            letters = _letters(marked.text, [(start, end)])
            kinds[kind].append(len(letters & found) / len(letters))
    return Score(
        f2=_f2(hits, wanted, given),
        structured_f2=_f2(structured_hits, structured_wanted, structured_given),
        recall=hits / wanted,
        precision=hits / given if given else 0.0,
        kinds={kind: mean(values) for kind, values in sorted(kinds.items())},
    )


def mask_rate(finder: Finder, texts: Sequence[str]) -> float:
    """The share of all characters that the finder would mask."""
    return sum(end - start for text in texts for start, end in finder(text)) / sum(map(len, texts))


def _letters(text: str, spans: Iterable[tuple[int, int]]) -> set[int]:
    return {i for start, end in spans for i in range(start, end) if text[i].isalnum()}


def _f2(hits: int, wanted: int, given: int) -> float:
    return 5 * hits / (4 * wanted + given)
