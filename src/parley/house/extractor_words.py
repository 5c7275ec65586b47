"""What the extractor knows of the fields of schemas, read from `words/fields.yaml`: synonyms, and senses of options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from parley.kit.yaml_text import load_yaml

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Sense:
    """What is said for the options of these names."""

    names: frozenset[str]
    said: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Ending:
    """What either side says when a talk ends as the options of these names say; None where a side says nothing."""

    names: frozenset[str]
    agent: re.Pattern[str] | None
    caller: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Moods:
    """Words of anger, of displeasure, of joy; and what options of a mood are called."""

    said: Mapping[str, re.Pattern[str]]
    options: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class FieldLexicon:
    """`stop` tell no field from another; `synonyms` of a word are what a question for it may have instead.

    `units`: by a word of a field's name what stands behind its numbers; `money`: what names a field about money;
    `plausible`: by such a word the least and the most that a number can be.
    """

    stop: frozenset[str]
    synonyms: Mapping[str, Sequence[str]]
    senses: Sequence[Sense]
    units: Mapping[str, re.Pattern[str]]
    money: re.Pattern[str]
    plausible: Mapping[str, tuple[float, float]]
    symptoms: re.Pattern[str]
    phrases: re.Pattern[str]
    endings: Sequence[Ending]
    settled: Mapping[str, re.Pattern[str]]
    moods: Moods


@lru_cache(maxsize=1)
def field_lexicon() -> FieldLexicon:
    """Read once."""
    data = load_yaml((files("parley.house") / "words" / "fields.yaml").read_text(encoding="utf-8"))
    return FieldLexicon(
        frozenset(data["stop"].split()),
        {key: tuple(words.split()) for key, words in data["synonyms"].items()},
        tuple(
            Sense(
                _names(each["names"]),
                re.compile(rf"\b(?:{each['said']})\b", re.IGNORECASE),
            )
            for each in data["senses"]
        ),
        {name: re.compile(rf"\s*-?(?:{said})(?!\w)", re.IGNORECASE) for name, said in data["units"].items()},
        re.compile(data["money"].replace(" ", ""), re.IGNORECASE),
        {word: (float(least), float(most)) for word, (least, most) in _pairs(data["plausible"])},
        re.compile(rf"\b(?:{data['symptoms'].replace('| ', '|')})\b", re.IGNORECASE),
        re.compile(rf"\b(?:{data['phrases'].replace('| ', '|')})\b", re.IGNORECASE),
        tuple(
            Ending(_names(each["names"]), _words(each.get("agent")), _words(each.get("caller")))
            for each in data["endings"]
        ),
        {side: re.compile(said, re.IGNORECASE) for side, said in data["settled"].items()},
        Moods(
            {name: re.compile(rf"\b(?:{data['moods'][name]})\b", re.IGNORECASE) for name in ("strong", "mild", "glad")},
            {name: _names(options) for name, options in data["moods"]["options"].items()},
        ),
    )


def _pairs(table: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    yield from ((word, bounds.split()) for word, bounds in table.items())


def _names(listed: str) -> frozenset[str]:
    return frozenset(folded(name).replace("_", "") for name in listed.split())


def _words(said: str | None) -> re.Pattern[str] | None:
    return re.compile(rf"\b(?:{said})", re.IGNORECASE) if said else None


def folded(text: str) -> str:
    """In small letters and with umlauts written out: "naechte" and "Nächte" are one word."""
    return text.lower().translate(_UMLAUTS)


@lru_cache(maxsize=50_000)
def alike(one: str, other: str) -> bool:
    """Whether two words share their stem, roughly."""
    if one == other:
        return True
    short, long = sorted((folded(one), folded(other)), key=len)
    if long in ("hundred", "hundert"):
        return False  # no "hund"
    if short == long or (len(short) >= 4 and long.startswith(short)):
        return True
    shared = min(len(short), max(5, len(short) - 2))
    return len(short) >= 5 and short[:shared] == long[:shared]


@lru_cache(maxsize=5_000)
def related(word: str) -> tuple[str, ...]:
    """Words that a question may have instead of this one."""
    return tuple(other for key, others in field_lexicon().synonyms.items() if alike(word, key) for other in others)
