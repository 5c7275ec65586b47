"""Words to expect, for transcribers that take a short list: names, dishes and streets out of an agent's own texts.

What counts is what a general model mishears: names of the house first, then streets, what stands before a price or as
a heading on a line of its own, and runs of capitalised words inside a sentence. English and German both; a single
capitalised noun inside a German sentence tells nothing and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

_CAP = r"[A-ZÀ-ÖØ-Þ][\w’'&-]*"
_JOIN = r"(?:(?:de|di|da|del|della|al|alla|alle|al|von|van|zum|zur|am|an der|of|and|und|la|le|el)\s+)?"
_STREET = re.compile(
    rf"\b(?:{_CAP}\s+){{0,2}}(?:{_CAP}\s+(?:Street|Avenue|Road|Lane|Boulevard|Drive|Square|Straße|Strasse|Platz|Allee|Weg|Ufer)"
    r"|[A-ZÄÖÜ][\wäöüß-]*(?:straße|strasse|platz|allee|gasse|ufer|damm|weg))\b"
)
_PRICED = re.compile(
    r"^[\s*•|#-]*([^\d\W][^|\n:;.!?€$£]{2,60}?)[\s.:|–—-]*(?:[€$£]\s?\d|\d+(?:[.,]\d\d)?\s?(?:€|EUR|USD|\$|£))", re.M
)
_RUN = re.compile(rf"(?<=[\w,;)] )({_CAP}(?:\s+{_JOIN}{_CAP}){{1,3}})")
_SPACE = re.compile(r"\s+")
_EDGES = " \t*#|•.,:;–—-()\"'“”„"


@lru_cache(maxsize=32)
def terms(hints: Sequence[str], *, most: int = 60, longest: int = 40, characters: int = 1500) -> tuple[str, ...]:
    """At most `most` terms of at most `longest` characters, `characters` in all, the likeliest first; each once."""
    found: dict[str, str] = {}
    left = characters
    for term in _candidates(hints):
        clean = _SPACE.sub(" ", term).strip(_EDGES)
        key = clean.casefold()
        if not 2 < len(clean) <= longest or key in found or len(clean) > left:
            continue
        found[key] = clean
        left -= len(clean)
        if len(found) == most:
            break
    return tuple(found.values())


def _candidates(hints: Sequence[str]) -> Iterator[str]:
    short = [hint for hint in hints if len(hint) <= 60 and "\n" not in hint.strip() and len(hint.split()) <= 6]
    yield from short
    texts = [hint for hint in hints if hint not in set(short)]
    for pattern in (_STREET, _PRICED, _RUN):
        for text in texts:
            for match in pattern.finditer(text):
                yield match.group(pattern.groups)
