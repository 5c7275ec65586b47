"""What an emergency's wording tells a linear model: hashed words, word pairs, kinds of words and letter groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BUCKETS = 1 << 15
BLOCKS = 3
"""Words, with pairs; the same with words replaced by their kind; letter groups. Each has length one."""

_GRAMS = (3, 4, 5)
_KINDS = ("child", "kin", "staff", "folk", "weapon", "limb", "body", "vehicle", "machine", "road", "place")
_DIGITS = "<digits>"
_COMMON = 4.0
"""Inverse document frequency: one sentence in twenty has such a word."""


def word_kinds(classes: Mapping[str, str]) -> dict[str, str]:
    """What a word of the lexicon names: a child, a weapon, a place; the first of `_KINDS` that has it."""
    kinds: dict[str, str] = {}
    for kind in _KINDS:
        for word in classes.get(kind, "").split():
            if word.isalpha():
                kinds.setdefault(word, f"<{kind}>")
    return kinds


def wording(tokens: Sequence[str], kinds: Mapping[str, str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Distinct features of normalised words and marks as (bucket, block), two arrays of one length."""
    words = [_DIGITS if token.isdigit() else token for token in tokens]
    blocks = (_in_sequence(words), _abstract(words, kinds), _letters(words))
    pairs = [(bucket, block) for block, features in enumerate(blocks) for bucket in dict.fromkeys(features)]
    table = np.array(pairs, np.intp).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def bucket_of(feature: str) -> int:
    """Where a feature's weight is kept."""
    return crc32(feature.encode()) % BUCKETS


def _in_sequence(words: Sequence[str]) -> Iterator[int]:
    for word in words:
        yield _bucket("w", word)
    for left, right in pairwise(["<", *words, ">"]):
        yield _bucket("p", f"{left} {right}")


def _abstract(words: Sequence[str], kinds: Mapping[str, str]) -> Iterator[int]:
    abstract = [kinds.get(word, word) for word in words]
    for word in abstract:
        yield _bucket("k", word)
    for left, right in pairwise(abstract):
        yield _bucket("l", f"{left} {right}")
    for left, right in zip(abstract, abstract[2:], strict=False):
        yield _bucket("m", f"{left} {right}")


def _letters(words: Iterable[str]) -> Iterator[int]:
    for word in words:
        yield from _grams(word)


@lru_cache(maxsize=20_000)
def _grams(word: str) -> tuple[int, ...]:
    padded = f" {word} "
    return tuple(
        bucket_of("c:" + padded[at : at + size]) for size in _GRAMS for at in range(max(1, len(padded) - size + 1))
    )


@lru_cache(maxsize=50_000)
def _bucket(block: str, feature: str) -> int:
    return bucket_of(f"{block}:{feature}")


def word_weights(tokens: Sequence[str], weights: NDArray[np.float32], idf: NDArray[np.float32]) -> list[float]:
    """What each word adds by itself: its own weight and the mean of its letter groups'; nothing where it is common."""
    return [
        float(weights[_bucket("w", token)]) + float(np.mean(weights[list(_grams(token))]))
        if token.isalnum() and idf[_bucket("w", token)] > _COMMON
        else 0.0
        for token in tokens
    ]
