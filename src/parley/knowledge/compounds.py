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
from pathlib import Path

Stemmer = Callable[[str], str]

_DATA = Path(__file__).parent / "data"
_SHORTEST_PIECE = 3  # letters: Rad, Tee, Eis
_LONGEST_PIECE = 20
_SHORTEST_WORD = 7
_LONGEST_WORD = 40
_SHORTEST_UNKNOWN = 4
_SHORTEST_ANCHOR = 4  # a known piece beside an unknown one is at least this long
_LINKS = ("", "s", "n", "en", "es", "er", "e")
_FOLD = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})
_VOWELS = frozenset("aeiouy")
_UNKNOWN_COST = 1.2  # per letter; a known piece costs 1 to 2 in all


@dataclass(frozen=True, slots=True)
class _Words:
    first: Mapping[str, str]  # written form of a first piece, link included -> stem
    last: Mapping[str, tuple[str, ...]]  # stem of a noun -> how its forms begin
    openings: frozenset[str]  # the first three letters of all nouns, to look before stemming


@dataclass(frozen=True, slots=True)
class _Cut:
    """A word cut up to some letter."""

    cost: float
    pieces: tuple[str, ...]
    unknown: bool  # one of the pieces is


def fold(word: str) -> str:
    """Lower-case ä, ö, ü, ß as a, o, u, ss."""
    return word.translate(_FOLD)


@cache
def _words(stem: Stemmer) -> _Words:
    nouns, modifiers = (_listed((_DATA / f"{name}_de.txt").read_text("utf-8")) for name in ("nouns", "modifiers"))
    first = {fold(word): fold(stem(word)) for word in modifiers if len(word) >= _SHORTEST_PIECE}
    last: dict[str, tuple[str, ...]] = {}
    for noun in nouns:
        if len(noun) < _SHORTEST_PIECE:
            continue
        folded, stemmed = fold(noun), fold(stem(noun))
        last[stemmed] = (*last.get(stemmed, ()), folded.removesuffix("e"))
        for link in _LINKS:
            first.setdefault(folded + link, stemmed)
        if noun.endswith("e") and len(noun) > _SHORTEST_PIECE + 1:
            first.setdefault(folded[:-1], stemmed)
            first.setdefault(folded[:-1] + "s", stemmed)
    return _Words(first, last, frozenset(opening[:3] for forms in last.values() for opening in forms))


def _listed(text: str) -> list[str]:
    return [word for line in text.splitlines() if not line.startswith("#") for word in line.split()]


@lru_cache(maxsize=50_000)
def compound_parts(word: str, stem: Stemmer) -> tuple[str, ...]:
    """The stems of the pieces of a lower-case German word, in order; () for a word that is no compound.

    An unknown piece comes back as it is written, folded, without link.
    """
    words = _words(stem)
    whole = fold(word)[:_LONGEST_WORD]
    if len(whole) < _SHORTEST_WORD or fold(stem(word)) in words.last or not whole.isalpha():
        return ()
    best = _cheapest(whole, words, stem)
    return best if len(best) > 1 else ()


def _cheapest(word: str, words: _Words, stem: Stemmer) -> tuple[str, ...]:
    """Dynamic programming over prefixes: the fewest pieces, the least unknown text."""
    best: list[_Cut | None] = [_Cut(0.0, (), False)]
    for end in range(1, len(word) + 1):
        options = [
            option
            for start in range(max(0, end - _LONGEST_PIECE), end)
            if (before := best[start]) is not None
            and (option := _extended(word, start, end, before, words, stem)) is not None
        ]
        best.append(min(options, key=lambda option: option.cost, default=None))
    return best[-1].pieces if best[-1] is not None else ()


def _extended(word: str, start: int, end: int, before: _Cut, words: _Words, stem: Stemmer) -> _Cut | None:
    piece, is_last = word[start:end], end == len(word)
    if len(piece) < _SHORTEST_PIECE or (is_last and start == 0):
        return None
    known = _last_piece(piece, words, stem) if is_last else words.first.get(piece)
    if known and not (before.unknown and len(piece) < _SHORTEST_ANCHOR):
        return _Cut(before.cost + 1 + 2 / len(piece), (*before.pieces, known), before.unknown)
    anchored = start == 0 or (is_last and start > _SHORTEST_ANCHOR)
    if not anchored or before.unknown or len(piece) < _SHORTEST_UNKNOWN or not _VOWELS & set(piece):
        return None
    unknown = fold(stem(piece)) if is_last else _without_link(piece)
    return _Cut(before.cost + 1 + _UNKNOWN_COST * len(piece), (*before.pieces, unknown), True)


def _last_piece(piece: str, words: _Words, stem: Stemmer) -> str | None:
    """The stem of a noun in any inflection: it begins as the noun does, so that "tragen" is not taken for "Träger"."""
    if piece[:3] not in words.openings:
        return None
    stemmed = fold(stem(piece))
    return stemmed if piece.startswith(words.last.get(stemmed, "-")) else None


def _without_link(piece: str) -> str:
    return piece[:-1] if len(piece) > _SHORTEST_UNKNOWN + 1 and piece[-1] in "sn" else piece
