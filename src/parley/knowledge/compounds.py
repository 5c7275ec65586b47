"""Taking German compounds apart: "Stellplatzmiete" is found by "Miete", "Öffnungszeiten" by "Zeiten".

A word is cut into known pieces: first pieces are a noun with a linking element (Gast-, Gäste-, Zimmer-, Küchen-,
Miet-) or a modifier (Park-, Nicht-, Früh-), the last piece is a noun in any inflection. One piece at either end may be
unknown, so that names and loan words ("Carportmiete") come apart too; a word of which no long piece is known stays
whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

Stemmer = Callable[[str], str]

_SHORTEST_PIECE = 3  # letters: Rad, Tee, Eis
_SHORTEST_WORD = 7
_SHORTEST_UNKNOWN = 4
_SHORTEST_ANCHOR = 4  # a known piece beside an unknown one is at least this long
_LINKS = ("", "s", "n", "en", "es", "er", "e")
_FOLD = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})
_VOWELS = frozenset("aeiouy")
_UNKNOWN_COST = 1.2  # per letter; a known piece costs 1 to 2 in all


@dataclass(frozen=True, slots=True)
class _Words:
    first: Mapping[str, str]  # written form of a first piece, link included -> stem
    last: frozenset[str]  # stems of nouns


def fold(word: str) -> str:
    """Lower-case ä, ö, ü, ß as a, o, u, ss."""
    return word.translate(_FOLD)


@cache
def _words(stem: Stemmer) -> _Words:
    data = files(__package__) / "data"
    nouns, modifiers = (_listed((data / f"{name}_de.txt").read_text("utf-8")) for name in ("nouns", "modifiers"))
    first = {fold(word): fold(stem(word)) for word in modifiers if len(word) >= _SHORTEST_PIECE}
    last: set[str] = set()
    for noun in nouns:
        if len(noun) < _SHORTEST_PIECE:
            continue
        folded, stemmed = fold(noun), fold(stem(noun))
        last.add(stemmed)
        for link in _LINKS:
            first.setdefault(folded + link, stemmed)
        if noun.endswith("e") and len(noun) > _SHORTEST_PIECE + 1:
            first.setdefault(folded[:-1], stemmed)
            first.setdefault(folded[:-1] + "s", stemmed)
    return _Words(first, frozenset(last))


def _listed(text: str) -> list[str]:
    return [word for line in text.splitlines() if not line.startswith("#") for word in line.split()]


@lru_cache(maxsize=50_000)
def compound_parts(word: str, stem: Stemmer) -> tuple[str, ...]:
    """The stems of the pieces of a lower-case German word, in order; () for a word that is no compound.

    An unknown piece comes back as it is written, folded, without link.
    """
    words = _words(stem)
    whole = fold(stem(word))
    if len(whole) < _SHORTEST_WORD or whole in words.last or not whole.isalpha():
        return ()
    best = _cheapest(whole[:40], words)
    return best if len(best) > 1 else ()


def _cheapest(word: str, words: _Words) -> tuple[str, ...]:
    """Dynamic programming over prefixes: the fewest pieces, the least unknown text."""
    costs: list[tuple[float, tuple[str, ...], bool]] = [(0.0, (), False)]  # cost, pieces, whether one is unknown
    for end in range(1, len(word) + 1):
        options = [
            option
            for start in range(max(0, end - 20), end)
            if costs[start][0] < 99 and (option := _extended(word, start, end, costs[start], words)) is not None
        ]
        costs.append(min(options, key=lambda option: option[0], default=(99.0, (), False)))
    return costs[-1][1]


def _extended(
    word: str, start: int, end: int, before: tuple[float, tuple[str, ...], bool], words: _Words
) -> tuple[float, tuple[str, ...], bool] | None:
    cost, pieces, has_unknown = before
    piece, is_last = word[start:end], end == len(word)
    known = piece if is_last and piece in words.last else None if is_last else words.first.get(piece)
    if known and len(piece) >= _SHORTEST_PIECE and not (is_last and start == 0):
        if has_unknown and len(piece) < _SHORTEST_ANCHOR:
            return None
        return cost + 1 + 2 / len(piece), (*pieces, known), has_unknown
    at_an_end = start == 0 or (is_last and bool(pieces))
    if not at_an_end or has_unknown or len(piece) < _SHORTEST_UNKNOWN or (start == 0 and is_last):
        return None
    if is_last and len(word) - len(piece) < _SHORTEST_ANCHOR + 1:
        return None
    if not _VOWELS & set(piece):
        return None
    return cost + 1 + _UNKNOWN_COST * len(piece), (*pieces, _unlinked(piece, is_last)), True


def _unlinked(piece: str, is_last: bool) -> str:
    if not is_last and len(piece) > _SHORTEST_UNKNOWN + 1 and piece[-1] in "sn":
        return piece[:-1]
    return piece
