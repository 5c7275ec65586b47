"""Trigram language models with back-off: count sentences, mix two models, prune one.

Counted sentences are smoothed by interpolated absolute discounting (Ney, Essen, Kneser 1994). The mixture is the linear
one, n-gram by n-gram over all that either model holds, as SRILM's `-mix-lm` makes it; back-off weights (Katz 1987) are
worked out anew, so that every history's probabilities add up to one. Pruning is by weighted difference (Seymore,
Rosenfeld 1996).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]
Logs = NDArray[Any]  # natural logarithms, single or double precision

START, END = "<s>", "</s>"
_DISCOUNT = 0.6
_LEFT = 1e-4  # at least, for words that are not known to follow a history
_LEAST = 1e-9
_NEVER = -228.0  # 10^-99, as ARPA files write what cannot be


@dataclass(frozen=True, slots=True)
class Ngrams:
    """A model over `words`. With V words, the key of a pair is `first * V + second`, of a triple `pair * V + third`;
    keys ascend. The first two words of a triple are a pair of the model, and its last two are."""

    words: tuple[str, ...]
    ones: Logs  # per word: its probability
    rest: Logs  # per word: its back-off weight as a history
    pairs: Keys
    twos: Logs
    rest_of_pair: Logs
    triples: Keys
    threes: Logs

    def after_one(self, pairs: Keys) -> Logs:
        """The probability of each pair's second word after its first."""
        before, word = np.divmod(pairs, len(self.words))
        return _known(self.pairs, self.twos, pairs, self.rest[before] + self.ones[word])

    def after_two(self, triples: Keys) -> Logs:
        """The probability of each triple's last word after the two before it."""
        size = len(self.words)
        history, word = np.divmod(triples, size)
        lower = _known(self.pairs, self.rest_of_pair, history, np.zeros(len(triples)))
        return _known(self.triples, self.threes, triples, lower + self.after_one(history % size * size + word))


def _known(keys: Keys, values: Logs, wanted: Keys, otherwise: Logs) -> Logs:
    if not len(keys):
        return otherwise
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], otherwise)


def counted(sentences: Iterable[tuple[str, int]], words: Sequence[str]) -> Ngrams:
    """What sentences, each with its weight, say of the next word; `words` holds theirs, `START` and `END`."""
    number = {word: place for place, word in enumerate(words)}
    size = len(words)
    one, two, three = Counter[int](), Counter[int](), Counter[int]()
    for sentence, weight in sentences:
        line = [number[START], *(number[word] for word in sentence.split()), number[END]]
        for place in range(1, len(line)):
            pair = line[place - 1] * size + line[place]
            one[line[place]] += weight
            two[pair] += weight
            if place > 1:
                three[line[place - 2] * size * size + pair] += weight
    known, counts = _ascending(one)
    share = np.zeros(size)
    share[known] = counts / max(1.0, counts.sum())
    pairs, counts = _ascending(two)
    before, word = np.divmod(pairs, size)
    twos, rest = _discounted(counts, before, share[word], size)
    triples, counts = _ascending(three)
    history, word = np.divmod(triples, size)
    lower = twos[np.searchsorted(pairs, history % size * size + word)]
    threes, rest_of_pair = _discounted(counts, np.searchsorted(pairs, history), lower, len(pairs))
    with np.errstate(divide="ignore"):
        logs = [np.log(values) for values in (share, rest, twos, rest_of_pair, threes)]
    return Ngrams(tuple(words), logs[0], logs[1], pairs, logs[2], logs[3], triples, logs[4])


def _ascending(counts: Mapping[int, int]) -> tuple[Keys, Logs]:
    keys = sorted(counts)
    return np.array(keys, np.int64), np.array([counts[key] for key in keys], float)


def _discounted(counts: Logs, history: Keys, lower: Logs, histories: int) -> tuple[Logs, Logs]:
    """Probabilities, and each history's share that goes to the lower order."""
    total = np.bincount(history, counts, histories)
    kinds = np.bincount(history, minlength=histories)
    rest = np.where(total > 0, _DISCOUNT * kinds / np.maximum(total, 1.0), 1.0)
    return np.maximum(counts - _DISCOUNT, 0.0) / total[history] + rest[history] * lower, rest


def widened(model: Ngrams, words: Iterable[str]) -> Ngrams:
    """The model with further words, which it does not expect."""
    known = set(model.words)
    new = [word for word in dict.fromkeys(words) if word not in known]
    every = (*model.words, *new)
    first, second = np.divmod(model.pairs, len(model.words))
    history, third = np.divmod(model.triples, len(model.words))
    earliest, middle = np.divmod(history, len(model.words))
    return replace(
        model,
        words=every,
        ones=np.concatenate([model.ones, np.full(len(new), _NEVER)]),
        rest=np.concatenate([model.rest, np.zeros(len(new))]),
        pairs=first * len(every) + second,
        triples=(earliest * len(every) + middle) * len(every) + third,
    )


def mixed(own: Ngrams, general: Ngrams, share: float) -> Ngrams:
    """The linear mixture of two models of the same words; `share` of it is `own`."""

    def mix(one: Logs, other: Logs) -> Logs:
        with np.errstate(divide="ignore"):
            return np.log(share * np.exp(one) + (1 - share) * np.exp(other))

    pairs, triples = _together(own.pairs, general.pairs), _together(own.triples, general.triples)
    return balanced(
        Ngrams(
            own.words,
            mix(own.ones, general.ones),
            np.zeros(len(own.words)),
            pairs,
            mix(own.after_one(pairs), general.after_one(pairs)),
            np.zeros(len(pairs)),
            triples,
            mix(own.after_two(triples), general.after_two(triples)),
        )
    )


def common(model: Ngrams, keep: NDArray[np.bool_]) -> Ngrams:
    """The model of some of its words only."""
    size, left = len(model.words), int(keep.sum())
    number = np.cumsum(keep) - 1
    first, second = np.divmod(model.pairs, size)
    pair_kept = keep[first] & keep[second]
    history, third = np.divmod(model.triples, size)
    earliest, middle = np.divmod(history, size)
    kept = keep[earliest] & keep[middle] & keep[third]
    words = tuple(word for word, stays in zip(model.words, keep.tolist(), strict=True) if stays)
    ones = np.exp(model.ones[keep])
    ones[words.index(START)] = 0.0
    return Ngrams(
        words,
        np.maximum(np.log(np.maximum(ones / ones.sum(), np.exp(_NEVER))), _NEVER),
        model.rest[keep],
        (number[first] * left + number[second])[pair_kept],
        model.twos[pair_kept],
        model.rest_of_pair[pair_kept],
        ((number[earliest] * left + number[middle]) * left + number[third])[kept],
        model.threes[kept],
    )


def pruned(model: Ngrams, least: float) -> Ngrams:
    """The model without the n-grams that tell little: how often one occurs, times the difference in logarithms between
    its probability and what the lower order says, is less than `least`."""
    size = len(model.words)
    heads = model.ones.copy()
    heads[model.words.index(START)] = model.ones[model.words.index(END)]  # as many sentences begin as end
    history, word = np.divmod(model.triples, size)
    suffix = history % size * size + word
    lower = model.rest_of_pair[np.searchsorted(model.pairs, history)] + model.after_one(suffix)
    often = np.exp(heads[history // size] + model.after_one(history) + model.threes)
    kept = often * (model.threes - lower) > least
    first, second = np.divmod(model.pairs, size)
    telling = np.exp(heads[first] + model.twos) * (model.twos - model.rest[first] - model.ones[second]) > least
    for needed in (history[kept], suffix[kept]):
        at = np.minimum(np.searchsorted(model.pairs, needed), len(telling) - 1)
        telling[at[model.pairs[at] == needed]] = True
    return balanced(
        replace(
            model,
            pairs=model.pairs[telling],
            twos=model.twos[telling],
            rest_of_pair=model.rest_of_pair[telling],
            triples=model.triples[kept],
            threes=model.threes[kept],
        )
    )


def balanced(model: Ngrams) -> Ngrams:
    """The model with its back-off weights worked out anew, and with the pair that ends each triple."""
    size = len(model.words)
    before, word = np.divmod(model.pairs, size)
    rest = _rest(before, model.twos, model.ones[word], size)
    model = replace(model, rest=rest)
    history, word = np.divmod(model.triples, size)
    suffix = history % size * size + word
    pairs = _together(model.pairs, suffix)
    model = replace(model, pairs=pairs, twos=model.after_one(pairs), rest_of_pair=np.zeros(len(pairs)))
    at = np.searchsorted(model.pairs, history)
    return replace(model, rest_of_pair=_rest(at, model.threes, model.after_one(suffix), len(pairs)))


def _together(one: Keys, other: Keys) -> Keys:
    """Every key of the two, once, ascending; `one` ascends."""
    both = np.sort(np.concatenate([one, other]), kind="stable")
    return both[np.append(True, both[1:] != both[:-1])] if len(both) else both


def _rest(history: Keys, higher: Logs, lower: Logs, histories: int) -> Logs:
    """Back-off weights: what a history's known words leave over, as a share of what the lower order leaves."""
    left = 1 - np.bincount(history, np.exp(higher), histories)
    below = 1 - np.bincount(history, np.exp(lower), histories)
    return np.log(np.maximum(left, _LEFT) / np.maximum(below, _LEAST))
