"""Language models for a decoder: what few sentences say, mixed with everyday English, as an ARPA file.

The sentences' own model is a trigram with interpolated absolute discounting (Ney, Essen, Kneser 1994); everyday English
is a bigram with back-off (Katz 1987), read from `data/everyday_english.txt`. Their mixture is linear, n-gram by n-gram,
over the words of both; back-off weights are worked out anew, so that every history's probabilities add up to one.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources

START, END = "<s>", "</s>"
_DISCOUNT = 0.6
_LEAST = 1e-9

_Pairs = dict[str, dict[str, float]]


class Sentences:
    """What sentences, each with its weight, say of the next word."""

    def __init__(self, weighted: Iterable[tuple[str, int]]) -> None:
        self.words: Counter[str] = Counter()
        self.pairs: dict[str, Counter[str]] = defaultdict(Counter)
        self.triples: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for sentence, weight in weighted:
            line = [START, *sentence.split(), END]
            for place in range(1, len(line)):
                word, before = line[place], line[place - 1]
                self.words[word] += weight
                self.pairs[before][word] += weight
                if place > 1:
                    self.triples[line[place - 2], before][word] += weight
        self._total = self.words.total()
        self._after = {before: counts.total() for before, counts in self.pairs.items()}
        self._after_two = {before: counts.total() for before, counts in self.triples.items()}

    def one(self, word: str) -> float:
        """The word's probability, whatever stands before it."""
        return self.words[word] / self._total if word in self.words else 0.0

    def two(self, before: str, word: str) -> float:
        """The word's probability after another."""
        return _discounted(self.pairs.get(before), self._after.get(before, 0), word, self.one(word))

    def three(self, first: str, before: str, word: str) -> float:
        """The word's probability after two others."""
        at = (first, before)
        return _discounted(self.triples.get(at), self._after_two.get(at, 0), word, self.two(before, word))


def _discounted(counts: Counter[str] | None, total: int, word: str, lower: float) -> float:
    if not counts:
        return lower
    return max(counts[word] - _DISCOUNT, 0) / total + _DISCOUNT * len(counts) / total * lower


class Everyday:
    """What everybody says: the commonest words of spoken English, and which of them follow one another."""

    def __init__(self, words: Mapping[str, float], pairs: _Pairs) -> None:
        total = sum(words.values())
        self.words = {word: probability / total for word, probability in words.items()}
        self.pairs = pairs
        self._rest = {before: _rest(known, self.words) for before, known in pairs.items()}

    def one(self, word: str) -> float:
        """The word's probability, whatever stands before it; 0 for one that is not among the commonest."""
        return self.words.get(word, 0.0)

    def two(self, before: str, word: str) -> float:
        """The word's probability after another."""
        known = self.pairs.get(before, {})
        return known[word] if word in known else self._rest.get(before, 1.0) * self.one(word)


def _rest(known: Mapping[str, float], lower: Mapping[str, float]) -> float:
    """The back-off weight: what `known` leaves over, as a share of what the lower order gives to all others."""
    left = max(_LEAST, 1 - sum(known.values()))
    return left / max(_LEAST, 1 - sum(lower[word] for word in known))


@cache
def everyday() -> Everyday:
    """The model in the package. A line is a word, its cost, and the words that follow it with theirs; a cost is a
    negative decadic logarithm in hundredths."""
    text = resources.files("parley.providers").joinpath("data", "everyday_english.txt").read_text(encoding="utf-8")
    words: dict[str, float] = {}
    pairs: _Pairs = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        word, cost, *follow = line.split()
        if word != START:
            words[word] = _probability(cost)
        if follow:
            pairs[word] = {after: _probability(cost) for after, cost in zip(follow[::2], follow[1::2], strict=True)}
    return Everyday(words, pairs)


def _probability(cost: str) -> float:
    return float(10 ** (-int(cost) / 100))


def arpa(own: Sentences, general: Everyday, share: float) -> Iterator[str]:
    """The lines of the mixture's ARPA file; `share` of it is `own`."""
    other = 1 - share
    ones = {word: share * own.one(word) + other * general.one(word) for word in sorted({*own.words, *general.words})}
    twos: _Pairs = {}
    for before in sorted({*own.pairs, *general.pairs}):
        follow = sorted({*own.pairs.get(before, ()), *general.pairs.get(before, ())})
        twos[before] = {word: share * own.two(before, word) + other * general.two(before, word) for word in follow}
    rest = {before: _rest(follow, ones) for before, follow in twos.items()}
    threes: dict[tuple[str, str], dict[str, float]] = {}
    rest_of_two: dict[tuple[str, str], float] = {}
    for (first, before), counts in sorted(own.triples.items()):
        threes[first, before] = follow_two = {
            word: share * own.three(first, before, word) + other * general.two(before, word) for word in sorted(counts)
        }
        lower = {word: twos[before][word] if word in twos[before] else rest[before] * ones[word] for word in follow_two}
        rest_of_two[first, before] = _rest(follow_two, lower)
    yield from ("\\data\\", f"ngram 1={len(ones) + 1}", f"ngram 2={sum(map(len, twos.values()))}")
    yield from (f"ngram 3={sum(map(len, threes.values()))}", "", "\\1-grams:")
    yield f"-99.0 {START} {_log(rest.get(START, 1)):.4f}"
    for word, probability in ones.items():
        yield f"{_log(probability):.4f} {word} {_log(rest.get(word, 1)):.4f}"
    yield from ("", "\\2-grams:")
    for before, follow_one in twos.items():
        for word, probability in follow_one.items():
            yield f"{_log(probability):.4f} {before} {word} {_log(rest_of_two.get((before, word), 1)):.4f}"
    yield from ("", "\\3-grams:")
    for (first, before), follow_two in threes.items():
        for word, probability in follow_two.items():
            yield f"{_log(probability):.4f} {first} {before} {word}"
    yield from ("", "\\end\\")


def _log(probability: float) -> float:
    return math.log10(max(probability, _LEAST))
