"""Stems of words, by Snowball."""

from __future__ import annotations

import threading

import snowballstemmer


class _Stemmers(threading.local):
    """A stemmer keeps the word it works on in itself: two threads with one stemmer spoil each other's stems."""

    def __init__(self) -> None:
        self.by_algorithm: dict[str, snowballstemmer.stemmer] = {}


_own = _Stemmers()


def stem(word: str, algorithm: str) -> str:
    """The stem of a lower-case word; `algorithm` is Snowball's name for a language, such as "german"."""
    stemmer = _own.by_algorithm.get(algorithm)
    if stemmer is None:
        stemmer = _own.by_algorithm[algorithm] = snowballstemmer.stemmer(algorithm)
    stemmed: str = stemmer.stemWord(word)
    return stemmed
