"""What a passage is worth to a question: words weighed by how rare they are, ranks fused, relevance from 0 to 1.

The formulas of `search`, whoever found the candidates. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set

from parley.knowledge.words import QueryWord

CANDIDATES = 50
"""How many chunks each way of searching names."""

SLIPS = 3
"""Spellings of an unknown word that are looked for."""

_RRF = 60
_WORDS_SHARE = 0.3  # of a passage's relevance, where its cosine is known; set on the tuning half of the retrieval set

Scores = Mapping[str, float]
Spelt = Sequence[Sequence[tuple[str, float]]]


def _idf(total: int, count: int) -> float:
    return math.log(1 + (total - count + 0.5) / (count + 0.5))


def as_spelt(asked: Sequence[QueryWord], counts: Mapping[str, int]) -> Spelt:
    """Per word the lexemes to look for: slips of the pen are forgiven only in words the tenant knows in no form."""
    return [_wanted(word, counts) for word in asked]


def _wanted(word: QueryWord, counts: Mapping[str, int]) -> Sequence[tuple[str, float]]:
    plain = [(lexeme, weight) for lexeme, weight in word.alternatives if not lexeme.startswith("~")]
    if any(lexeme in counts for lexeme, _ in plain):
        return plain
    return [(lexeme, weight) for lexeme, weight in word.alternatives if lexeme in counts][:SLIPS] or plain[:1]


def weights_of(spelt: Spelt, counts: Mapping[str, int], total: int) -> dict[str, float]:
    """What finding each known lexeme in a chunk is worth."""
    best: dict[str, float] = {}
    for lexeme, weight in (pair for word in spelt for pair in word if pair[0] in counts):
        best[lexeme] = max(best.get(lexeme, 0.0), weight * _idf(total, counts[lexeme]))
    return best


class Coverage:
    """Which share of a question a chunk holds, 0..1: each word once, by its best form; unknown words as the rarest."""

    def __init__(self, spelt: Spelt, weights: Mapping[str, float], total: int) -> None:
        self._words = [{lexeme: weights[lexeme] for lexeme, _ in word if lexeme in weights} for word in spelt]
        unknown = (
            word[0][1] * _idf(total, 0) for word, known in zip(spelt, self._words, strict=True) if word and not known
        )
        self._reach = sum(max(known.values()) for known in self._words if known) + sum(unknown)

    def of(self, lexemes: Set[str]) -> float:
        found = sum(
            max((worth for name, worth in known.items() if name in lexemes), default=0) for known in self._words
        )
        return min(1.0, found / self._reach) if self._reach > 0 else 0.0


def fused(by_words: Scores, by_vector: Scores) -> list[str]:
    """Chunks in the order of reciprocal rank fusion."""
    order: dict[str, float] = {}
    for scores in (by_words, by_vector):
        for rank, name in enumerate(sorted(scores, key=lambda key: (-scores[key], key))[:CANDIDATES]):
            order[name] = order.get(name, 0.0) + 1 / (_RRF + rank)
    return sorted(order, key=lambda name: (-order[name], name))


def relevance(covered: float, cosine: float | None) -> float:
    """How surely a chunk is about the question: the share of its words found, and nearness where it is known."""
    if cosine is None:
        return round(covered, 4)
    return round(_WORDS_SHARE * covered + (1 - _WORDS_SHARE) * min(1.0, max(0.0, cosine)), 4)
