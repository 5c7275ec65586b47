"""Which language a message is in: English or German, from the words that only one of them uses."""

from __future__ import annotations

import re
from functools import lru_cache

from parley.understanding.lexicon import read_yaml
from parley.understanding.tokens import tokenize

_CODE = re.compile(r"[-./]?\d")
_UMLAUTS = frozenset("äöüß")


@lru_cache(maxsize=1)
def _words() -> tuple[frozenset[str], frozenset[str], tuple[str, ...], tuple[str, ...]]:
    data = read_yaml("language.yaml")
    english, german = frozenset(data["en"]), frozenset(data["de"])
    return english - german, german - english, tuple(data["suffixes_en"]), tuple(data["suffixes_de"])


@lru_cache(maxsize=1)
def function_words() -> frozenset[str]:
    """The common words of both languages: none of them is a name."""
    data = read_yaml("language.yaml")
    return frozenset(data["en"]) | frozenset(data["de"])


@lru_cache(maxsize=32)  # several readers of one message ask, one after the other
def detect_language(text: str, default: str = "en") -> str:
    """ "en" or "de". A tie, or no evidence at all, gives `default`: the language spoken so far."""
    english, german, english_ends, german_ends = _words()
    score = 0.0
    before = ""
    for token in tokenize(text[:2000]):
        word = token.low
        if word == "am" and before.isdecimal():  # "12 am", but "am 12."
            score += 1
        elif word.isdecimal() and before == "am":
            score -= 1
        before = word
        if len(word) == 1 and _CODE.match(text, token.end):  # "A-102" is no article
            continue
        if word in english:
            score += 1
        elif word in german:
            score -= 1
        elif len(word) > 4 and word[0].isalpha():
            if not word.isascii() and not _UMLAUTS.isdisjoint(word):
                score -= 0.8
            elif word.endswith(german_ends):
                score -= 0.5
            elif word.endswith(english_ends):
                score += 0.5
    if score == 0:
        return default if default in ("en", "de") else "en"
    return "en" if score > 0 else "de"
