"""Cues: phrases by which a line is recognised, safe to take from anyone.

A cue is a row of words that follow each other: "load number". `a|b` is either word, `word*` any word that begins so,
`*word` any that ends so, `..` up to four words in between, `^` and `$` the ends of the sentence. Case and punctuation
do not count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_PART = re.compile(r"\*?[^\W_]+(?:'[^\W_]+)*\*?")


def normalised(sentence: str) -> str:
    """The sentence as cues see it: lower-case words between single blanks."""
    return f" {' '.join(_WORD.findall(sentence.lower().replace('’', chr(39))))} "


def check_cue(cue: object) -> None:
    """Raise `ValueError` for a cue that cannot be read."""
    if not isinstance(cue, str) or not cue.strip():
        raise ValueError("a cue is a phrase of one or more words")
    for place in cue.lower().split():
        if place not in ("..", "^", "$") and not all(_PART.fullmatch(word) for word in place.split("|")):
            raise ValueError(f"{place!r} is no word of a cue")


@lru_cache(maxsize=4096)
def pattern(cues: tuple[str, ...]) -> re.Pattern[str] | None:
    """One pattern for any of the cues, over `normalised` sentences; None for no cues."""
    return re.compile("|".join(_pattern(cue) for cue in cues)) if cues else None


def _pattern(cue: str) -> str:
    parts = [" "]
    for place in cue.lower().split():
        if place == "^":
            parts = ["^ "]
        elif place == "$":
            parts.append("$")
        elif place == "..":
            parts.append(r"(?:\S+ ){0,4}?")
        else:
            parts.append(f"(?:{'|'.join(_word(word) for word in place.split('|'))}) ")
    return "".join(parts)


def _word(word: str) -> str:
    before = r"\S*" if word.startswith("*") else ""
    after = r"\S*" if word.endswith("*") else ""
    return f"{before}{re.escape(word.strip('*'))}{after}"


def place_of(cues: Sequence[str], sentence: str) -> int | None:
    """Where the first of the cues stands in a normalised sentence; None where none does."""
    compiled = pattern(tuple(cues))
    found = compiled.search(sentence) if compiled else None
    return None if found is None else found.start()


def recognises(cues: Sequence[str], text: str) -> bool:
    """Whether one of the cues stands in a text."""
    return place_of(cues, normalised(text)) is not None
