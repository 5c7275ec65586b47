"""The words of one language that the slot grammar and the language detection know, read from the data files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

LANGUAGES = ("en", "de")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`words` maps a class ("negations") to its words, `values` a class ("weekdays") to word → value."""

    language: str
    words: Mapping[str, frozenset[str]]
    values: Mapping[str, Mapping[str, int]]
    labels: Mapping[str, Mapping[str, str]]
    phrases: Mapping[str, tuple[tuple[str, ...], ...]]
    asks: Mapping[str, tuple[str, ...]]

    def has(self, group: str, word: str) -> bool:
        return word in self.words[group]


_LABELS = ("dayparts", "day_dayparts", "meals", "noon", "meridiem", "holidays")


def read_yaml(name: str) -> Any:
    """A data file of this package, every scalar a string."""
    text = resources.files("parley.understanding").joinpath("data", name).read_text(encoding="utf-8")
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    return yaml.load(text, Loader=loader)  # noqa: S506 - BaseLoader builds nothing but strings, lists and dicts


@lru_cache(maxsize=2)
def load_lexicon(language: str) -> Lexicon:
    """The lexicon of "en" or "de"; read once."""
    data = read_yaml(f"slots_{language}.yaml")
    words: dict[str, frozenset[str]] = {}
    values: dict[str, dict[str, int]] = {}
    labels: dict[str, dict[str, str]] = {}
    phrases: dict[str, tuple[tuple[str, ...], ...]] = {}
    for group, content in data.items():
        if group == "asks":
            continue
        if isinstance(content, dict):
            words[group] = frozenset(content)
            if group in _LABELS:
                labels[group] = content
            else:
                # -1 under companions: a plural whose number is said beside it ("three friends") or not at all.
                values[group] = {word: -1 if value == "null" else int(value) for word, value in content.items()}
        elif content and isinstance(content[0], list):
            phrases[group] = tuple(tuple(phrase) for phrase in content)
        else:
            words[group] = frozenset(content)
    starts = ("weekdays", "months", "days", "this", "next", "last", "over_next", "articles")
    holidays = frozenset(name.split(" ", 1)[0] for name in labels["holidays"])
    words["date_starts"] = holidays.union({"the", "day", "in", "am", "fortnight"}, *(words[group] for group in starts))
    asks = {slot: tuple(found) for slot, found in data["asks"].items()}
    return Lexicon(language, words, values, labels, phrases, asks)
