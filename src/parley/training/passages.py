"""A scenario's documents as passages, and the one that is about something: shared stems, rare ones weighing more."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from parley.kit.stems import stem

_ALGORITHMS = {"en": "english", "de": "german"}
_WORD = re.compile(r"[^\W\d_]{2,}|\d+")
_BLANK_LINE = re.compile(r"\n\s*\n|\n(?=[-*#•]|\d+[.)] )")
_LEAST = 0.15
_MOST_CHARACTERS = 700


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph or list item of a document."""

    filename: str
    title: str
    text: str


def passages_of(filename: str, title: str, text: str) -> list[Passage]:
    """The paragraphs of a document; headings stand with what follows them."""
    made: list[Passage] = []
    heading = ""
    for block in (part.strip() for part in _BLANK_LINE.split(text)):
        if not block:
            continue
        if block.startswith("#"):
            heading, _, block = block.lstrip("# ").partition("\n")
            if not block.strip():
                continue
        words = f"{heading}: {block.strip()}" if heading else block
        made.append(Passage(filename, title, words[:_MOST_CHARACTERS]))
    return made


def ranked(query: str, passages: Sequence[Passage], language: str, most: int = 3) -> list[tuple[float, Passage]]:
    """The passages nearest to a query, best first, each with the share 0..1 of the query's weight that it holds."""
    wanted = _stems(query, language)
    held = [_stems(passage.text, language) for passage in passages]
    spread = Counter(one for words in held for one in words)
    weight = {one: math.log(1 + len(passages) / spread[one]) for one in wanted if spread[one]}
    whole = sum(weight.values()) + math.log(1 + len(passages)) * sum(not spread[one] for one in wanted)
    if not whole:
        return []
    scored = [
        (sum(weight.get(one, 0.0) for one in words & wanted) / whole, -place, passage)
        for place, (words, passage) in enumerate(zip(held, passages, strict=True))
    ]
    best = sorted(scored, key=lambda one: one[:2], reverse=True)[:most]
    return [(round(share, 4), passage) for share, _, passage in best if share >= _LEAST]


def best_passage(query: str, passages: Sequence[Passage], language: str) -> Passage | None:
    """The nearest one, or None where none is about it."""
    found = ranked(query, passages, language, most=1)
    return found[0][1] if found else None


@lru_cache(maxsize=4096)
def _stems(text: str, language: str) -> frozenset[str]:
    """The stems of a text, made once: every score asks for those of the same documents."""
    words = (word for word in _WORD.findall(text.lower()) if len(word) > 3 or word.isdigit())
    return frozenset(stem(word, _ALGORITHMS[language]) for word in words)
