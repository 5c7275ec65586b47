"""The wording of a sentence as features: words, pairs of words and character n-grams."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_DIGITS = re.compile(r"\d+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "’": "'"})

_GRAM_SIZES = (3, 4, 5)

MAX_CHARACTERS = 1_000
"""Intents are read from this many characters: a longer message says what it wants early, or is pasted text."""


def fold(text: str) -> str:
    """Lower case, compatibility forms resolved, umlauts spelt out, so that one word has one spelling."""
    return spell_out_umlauts(unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower())


def spell_out_umlauts(text: str) -> str:
    """`ä` as `ae`, `ß` as `ss`, as people type them on a foreign keyboard; a curly apostrophe as a straight one."""
    return text.translate(_UMLAUTS)


def words(text: str) -> list[str]:
    """The words of a folded text, digits replaced by `0`: which number it is says nothing about the intent."""
    return [_DIGITS.sub("0", token) for token in _TOKEN.findall(text)]


def features(text: str) -> Mapping[str, int]:
    """Counts of words (`w:`), word pairs (`p:`), and character n-grams of 3 to 5 within words (`c:`)."""
    tokens = words(fold(text))
    counts: dict[str, int] = {}
    for feature in _features(tokens):
        counts[feature] = counts.get(feature, 0) + 1
    return counts


def _features(tokens: list[str]) -> Iterator[str]:
    previous = "<"
    for token in tokens:
        yield "w:" + token
        yield f"p:{previous} {token}"
        yield from _grams(token)
        previous = token
    yield f"p:{previous} >"


@lru_cache(maxsize=20_000)
def _grams(token: str) -> tuple[str, ...]:
    padded = f" {token} "
    return tuple("c:" + padded[at : at + size] for size in _GRAM_SIZES for at in range(max(1, len(padded) - size + 1)))
