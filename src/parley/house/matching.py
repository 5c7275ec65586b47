"""Which words of the passages a question's word means: the same stem, a synonym, a compound's part, a slip."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from parley.house.lexicon import Lexicon, stem

_KIN = 0.8
_NUMERALS = frozenset({"drei", "vier", "funf", "sech", "sechs", "sieb", "sieben", "acht", "neun", "zehn"})
_LINKS = ("", "s", "es", "n", "en", "er", "e")


@dataclass(frozen=True, slots=True)
class Hits:
    """A search word and the stems of the passages that stand for it, each with how well (0..1); none: unknown."""

    key: str
    found: Mapping[str, float]


def hits(key: str, vocabulary: frozenset[str], words: Lexicon, *, kin: bool = False) -> list[Hits]:
    """One entry for a word; two for a German compound of which the passages know the parts but not the whole.

    `kin`: a compound also stands for its last part alone, as a rule about fire is one about a camp-fire.
    """
    found = _known(key, vocabulary, words) or _conjugated(key, vocabulary, words)
    if found or words.language != "de":
        return [Hits(key, found or _misspelt(key, vocabulary))]
    last: dict[str, float] = {}
    for cut in range(len(key) - 3, 3, -1):
        tail = _known(key[cut:], vocabulary, words)
        if (
            not tail
            and key[cut:] not in words.light
            and not any(key[cut:] in some for some in words.announcing.values())
        ):
            continue
        for link in _LINKS:
            stemmed = stem(key[:cut].removesuffix(link), "de") if len(key) > cut > len(link) else ""
            head = _known(stemmed, vocabulary, words) if len(stemmed) > 3 else {}
            if head:
                return [Hits(stemmed, head), *([Hits(key[cut:], tail)] if tail else [])]
        if kin and not last and key[cut:] not in _NUMERALS:
            last = {
                word: _KIN for word in tail if word == key[cut:] or (len(key) - cut > 3 and word.endswith(key[cut:]))
            }
    return [Hits(key, last or _misspelt(key, vocabulary))]


def _conjugated(key: str, vocabulary: frozenset[str], words: Lexicon) -> dict[str, float]:
    """ "repariert" is about "reparieren": what a German verb without its ending is met by."""
    bare = re.sub(r"(?:ier)?e?t$", "", key)
    if words.language != "de" or bare == key or len(bare) < 4:
        return {}
    return _known(bare, vocabulary, words)


def _known(key: str, vocabulary: frozenset[str], words: Lexicon) -> dict[str, float]:
    related = {other: strength for other, strength in words.related.get(key, {}).items() if other in vocabulary}
    found = {**related, key: 1.0} if key in vocabulary else related
    if words.language == "de" and len(key) == 3:
        found |= {word: 0.87 for word in vocabulary if len(word) >= 6 and word.endswith(key)}
    elif words.language == "en" and len(key) > 4:
        found |= {word: 0.8 for word in vocabulary - found.keys() if word.startswith(key) and len(word) <= len(key) + 3}
    elif words.language == "de" and len(key) > 3:
        others = tuple(other for other in words.related.get(key, ()) if len(other) >= 4)
        for word in vocabulary - found.keys():
            if word.endswith(key):
                found[word] = 0.87
            elif word.startswith(key):  # "Hundegebühr" speaks of dogs, "Haustier" not of a house
                found[word] = 0.75
            elif word.endswith(others) or word.startswith(others):
                found[word] = 0.82
    return found


def _misspelt(key: str, vocabulary: frozenset[str]) -> dict[str, float]:
    """Stems one slip away (two in long words) with the same first letter; short words are never guessed."""
    allowed = 0 if len(key) < 6 or key[0].isdigit() else 1 if len(key) < 9 else 2
    if not allowed:
        return {}
    return {
        word: 0.8
        for word in vocabulary
        if word[0] == key[0] and abs(len(word) - len(key)) <= allowed and _distance(key, word, allowed) <= allowed
    }


def _distance(left: str, right: str, limit: int) -> int:
    """Edit distance with swapped neighbours counted once (Damerau, 1964), given up above `limit`."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        current = [i]
        for j, b in enumerate(right, 1):
            cost = min(row[j] + 1, current[-1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, row = row, current
    return row[-1]
