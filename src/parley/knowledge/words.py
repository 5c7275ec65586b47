"""Search words: what a text is found by in full-text search.

Every word gives its stem; German words also the root shared by verb and noun ("reservieren", "Reservierung"), and
compounds their parts. Questions add words of the same meaning. Misspellings meet at *fuzzy keys*: a word's stem with
one letter left out (the symmetric-delete idea of SymSpell), which differ from character n-grams in being nearly
unique: a key finds a handful of chunks where a trigram finds thousands.

Umlauts are folded to the plain vowel, and "ae", "oe", "ue" with them (the Snowball stemmer for German reads them as
umlauts): "Frühstück", "Fruehstueck" and "Fruhstuck" are one word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from parley.kit import stems as snowball
from parley.kit.yaml_text import load_yaml
from parley.knowledge.compounds import compound_parts, fold

Weight = Literal["A", "B", "C", "D"]
"""A: a word of the heading. B: of the text. C: a root or a part of a compound. D: a fuzzy key."""

_DATA = Path(__file__).parent / "data"
_ALGORITHMS = {"de": "german", "en": "english"}
_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*(?:-[^\W\d_]+(?:['’][^\W\d_]+)*)*|[^\W_]+")
_LONGEST = 60  # characters of a word that are looked at
_FUZZY_FROM = 5  # letters: shorter words have too many neighbours
_FUZZY_LETTERS = 12  # letters in which a slip is forgiven
_ROOT_FROM = 4

_EXACT, _ROOT, _SYNONYM, _FUZZY = 1.0, 0.8, 0.5, 0.8
_WHOLE_COMPOUND, _PARTS = 0.4, 0.6  # the parts of a compound share theirs


@dataclass(frozen=True, slots=True)
class QueryWord:
    """One word of a question: the lexemes it may be found by, best first, each with its weight in 0..1.

    A chunk scores with the best of them that it contains, not with their sum.
    """

    alternatives: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class _Language:
    code: str
    stop: frozenset[str]
    synonyms: Mapping[str, frozenset[str]]  # stem -> stems


def search_terms(text: str, language: str) -> list[str]:
    """The stems of `text` in order, lower-case and without accents, stop words left out.

    `language` is an ISO 639-1 code; others than "de" and "en" are neither stemmed nor freed of stop words.
    """
    known = _language(language)
    return [_stem(token, known.code) for token in _tokens(text, known)]


def document_lexemes(text: str, heading: str, language: str) -> list[tuple[str, Weight]]:
    """What a chunk is indexed by: distinct (lexeme, weight) in order of first appearance, the best weight of each."""
    found: dict[str, Weight] = {}
    known = _language(language)
    for part, weight in ((heading, "A"), (text, "B")):
        for token in dict.fromkeys(_tokens(part, known)):
            for lexeme, own in _index_entry(token, known.code):
                better: Weight = own or ("A" if weight == "A" else "B")
                if better < found.get(lexeme, "E"):
                    found[lexeme] = better
    return list(found.items())


def query_words(text: str, language: str) -> list[QueryWord]:
    """What a question asks for, word by word; the parts of a compound are words of their own with smaller weights."""
    known = _language(language)
    return [word for token in dict.fromkeys(_tokens(text, known)) for word in _query_entry(token, known.code)]


def _lower(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", fold(word))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _tokens(text: str, language: _Language) -> Iterator[str]:
    """Lower-case words; a hyphenated one gives its parts and the whole without hyphens ("check-in": check, checkin)."""
    for match in _TOKEN.finditer(_lower(text)):
        token = match.group()[:_LONGEST].replace("’", "'")
        if "-" in token:
            yield token.replace("-", "")
            yield from (part for part in token.split("-") if part not in language.stop)
        elif token not in language.stop:
            yield token


@lru_cache(maxsize=100_000)
def _stem(word: str, language: str) -> str:
    if language not in _ALGORITHMS or not word[0].isalpha():
        return _plain(word)
    return _plain(snowball.stem(word.removesuffix("'s"), _ALGORITHMS[language]))


def _german_stem(word: str) -> str:
    return _stem(word, "de")


def _language(name: str) -> _Language:
    code = name[:2].lower()
    return _load(code) if code in _ALGORITHMS else _Language("", frozenset(), {})


@cache
def _load(code: str) -> _Language:
    data = load_yaml((_DATA / f"words_{code}.yaml").read_text("utf-8"))
    synonyms: dict[str, frozenset[str]] = {}
    for line in data["synonyms"]:
        stems = {_stem(word.replace("-", ""), code) for word in line.split()}
        for stem in stems:
            synonyms[stem] = synonyms.get(stem, frozenset()) | (stems - {stem})
    return _Language(code, frozenset(data["stop"].split()), synonyms)


def _root(stem: str) -> str:
    """What a German verb, its participle and its noun share: reservi, reserviert, reservier(ung); offn, geoffn."""
    root = stem.removesuffix("ung")
    for ending in ("et", "t"):
        if root.endswith(ending) and len(root) >= _ROOT_FROM + len(ending):
            root = root.removesuffix(ending)
            break
    if root.startswith("ge") and len(root) >= _ROOT_FROM + 2:
        root = root[2:]
    if root.endswith("ier"):
        root = root[:-2]
    return root if len(root) >= _ROOT_FROM else stem


def _fuzzy_keys(stem: str) -> tuple[str, ...]:
    """ "~" and the stem with each letter left out in turn, and the whole stem."""
    if len(stem) < _FUZZY_FROM or not stem.isalpha():
        return ()
    slips = range(min(len(stem), _FUZZY_LETTERS))
    return tuple(dict.fromkeys(["~" + stem, *(f"~{stem[:i]}{stem[i + 1 :]}" for i in slips)]))


@lru_cache(maxsize=50_000)
def _index_entry(token: str, language: str) -> tuple[tuple[str, Weight | None], ...]:
    """The lexemes of a word in a document; None stands for the weight of a word where it is."""
    stem = _stem(token, language)
    entry: list[tuple[str, Weight | None]] = [(stem, None)]
    if language == "de":
        parts = compound_parts(token, _german_stem)
        roots = map(_root, parts or (stem,))
        entry += [(part, "C") for part in dict.fromkeys((*parts, *roots)) if part != stem]
    entry += [(key, "D") for key in _fuzzy_keys(stem)]
    return tuple(entry)


@lru_cache(maxsize=20_000)
def _query_entry(token: str, language: str) -> tuple[QueryWord, ...]:
    stem = _stem(token, language)
    parts = compound_parts(token, _german_stem) if language == "de" else ()
    whole = QueryWord(_alternatives(stem, language, _WHOLE_COMPOUND if parts else _EXACT, has_root=not parts))
    share = _PARTS / max(1, len(parts))
    return (whole, *(QueryWord(_alternatives(part, language, share)) for part in parts))


def _alternatives(stem: str, language: str, weight: float, *, has_root: bool = True) -> tuple[tuple[str, float], ...]:
    scored = {stem: _EXACT}
    if language == "de" and has_root:
        scored.setdefault(_root(stem), _ROOT)
    for other in _language(language).synonyms.get(stem, ()):
        scored.setdefault(other, _SYNONYM)
    for key in _fuzzy_keys(stem):
        scored.setdefault(key, _FUZZY)
    ranked = sorted(scored.items(), key=lambda item: -item[1])
    return tuple((lexeme, round(value * weight, 3)) for lexeme, value in ranked)
