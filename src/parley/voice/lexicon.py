"""The word lists of words.yaml, by language, loaded once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

Phrases = frozenset[tuple[str, ...]]
_LANGUAGES = ("en", "de")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Phrases as tuples of words; for a language without lists, those of all languages together."""

    backchannel: Phrases
    stop: Phrases
    goes_on: Phrases
    filler: Phrases
    closes: Phrases
    question: Phrases
    wh: Phrases
    pronoun: Phrases
    relative: Phrases
    stranded: Phrases
    subordinate: Phrases
    number_word: Phrases
    mail: Phrases
    mail_goes_on: Phrases
    mail_end: Phrases
    spelt: Phrases
    month: Phrases
    dictated: tuple[tuple[tuple[str, ...], int], ...]


@cache
def lexicon(language: str) -> Lexicon:
    """The lists for an ISO 639-1 code (a region after it does not matter)."""
    code = language[:2].lower()
    chosen = (code,) if code in _LANGUAGES else _LANGUAGES
    lists = yaml.safe_load(files(__package__).joinpath("words.yaml").read_text("utf-8"))
    entries = {name: [entry for one in chosen for entry in table[one].split()] for name, table in lists.items()}
    dictated = [entry.split("=") for entry in entries.pop("dictated")]
    return Lexicon(
        **{name: frozenset(tuple(entry.split("_")) for entry in found) for name, found in entries.items()},
        dictated=tuple((tuple(cue.split("_")), int(least)) for cue, least in dictated),
    )


def ends_in(words: list[str], phrases: Phrases, *, longest: int = 4) -> bool:
    """Whether the last words are one of the phrases."""
    return any(tuple(words[-size:]) in phrases for size in range(1, min(longest, len(words)) + 1))


def holds(words: list[str], phrase: tuple[str, ...]) -> bool:
    """Whether the phrase stands somewhere in the words."""
    size = len(phrase)
    return any(tuple(words[start : start + size]) == phrase for start in range(len(words) - size + 1))
