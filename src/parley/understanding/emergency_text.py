"""Bringing a message into the form the emergency grammar reads: ASCII words and marks, contractions spelled out.

Written and recognised speech meet here: casing, umlauts, apostrophes, fillers and the usual misspellings of the words
that matter disappear, so that one grammar serves them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MARKS = frozenset(",.!?")

_FOLD = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "ê": "e", "à": "a", "’": "'", "‘": "'", "´": "'"}
    | {";": ",", ":": ",", "–": ",", "—": ",", "…": ".", "(": ",", ")": ",", "\n": "."}
)
_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|[,.!?]")
_CLOCK = re.compile(r"(?<=\d)[.,:](?=\d)")
_CODE = re.compile(r"(?<=[a-z])-(?=(?:999|911|112|110|144)\b)")  # a flat "Z-999" calls nobody
_TYPO_LENGTH = 6


class Speller:
    """Repairs one slip (a letter missing, added, changed or two swapped) in words that decide about an emergency.

    `words` are the right spellings, at least six letters each; `ordinary` are near neighbours to leave alone.
    """

    def __init__(self, words: Iterable[str], ordinary: Iterable[str]) -> None:
        self._right = {word for word in words if len(word) >= _TYPO_LENGTH}
        self._ordinary = frozenset(ordinary)
        self._by_deletion: dict[str, str] = {}
        for word in sorted(self._right):
            for reduced in _deletions(word):
                self._by_deletion.setdefault(reduced, word)

    def repair(self, token: str) -> str:
        """The right spelling of `token` when it is one slip away, else `token` itself."""
        if len(token) < _TYPO_LENGTH - 1 or token in self._right or token in self._ordinary:
            return token
        for reduced in (token, *_deletions(token)):
            word = self._by_deletion.get(reduced)
            if word is not None and word[0] == token[0] and _one_slip(token, word):
                return word
        return token


def _deletions(word: str) -> list[str]:
    return [word, *(word[:i] + word[i + 1 :] for i in range(len(word)))]


def _one_slip(left: str, right: str) -> bool:
    """Whether `left` becomes `right` by one insertion, deletion, change or swap of neighbours."""
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    a, b = left[start:], right[start:]
    if a[2:] == b[2:] and a[:2] == b[1::-1]:
        return True
    return a[1:] == b[1:] or a == b[1:] or a[1:] == b


def normalise(message: str, expansions: Mapping[str, str], fillers: frozenset[str], speller: Speller) -> list[str]:
    """The words and marks (`,` `.` `!` `?`) of `message`, folded to lower-case ASCII, contractions spelled out.

    `expansions` maps a token to the words it stands for; a key that starts with an apostrophe is an ending.
    """
    folded = _CODE.sub("", _CLOCK.sub("", message.lower().translate(_FOLD)))
    tokens: list[str] = []
    for token in _TOKEN.findall(folded):
        if token in fillers:
            continue
        if token in expansions:
            tokens.extend(expansions[token].split())
        elif "'" in token:
            tokens.extend(_split_apostrophe(token, expansions))
        else:
            tokens.append(speller.repair(token))
    return tokens


def _split_apostrophe(token: str, expansions: Mapping[str, str]) -> list[str]:
    stem, ending = token.split("'", 1)
    plain = stem + ending
    if plain in expansions:
        return expansions[plain].split()
    if ending == "t" and stem.endswith("n"):
        return [stem[:-1], *expansions.get("'t", "").split()]
    return [stem, *expansions.get("'" + ending, ending).split()]
