"""A text too long for one request, cut where one would draw breath."""

from __future__ import annotations

import re
from collections.abc import Sequence

_BREATHS = tuple(re.compile(pattern) for pattern in (r"(?<=[.!?…])\s+", r"(?<=[,;:–—])\s+", r"\s+"))


def breaths(text: str, longest: int) -> Sequence[str]:
    """The text in parts of at most `longest` characters, cut at sentences, else at phrases, else at words; a word that
    is longer than that is cut anywhere."""
    text = text.strip()
    if len(text) <= longest:
        return (text,) if text else ()
    for place in _BREATHS:
        cuts = [match.end() for match in place.finditer(text, 0, longest + 1) if match.start() <= longest]
        if cuts:
            return (text[: cuts[-1]].strip(), *breaths(text[cuts[-1] :], longest))
    return (text[:longest], *breaths(text[longest:], longest))
