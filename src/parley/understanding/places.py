"""Where and which: the city, the listing's own number, and the tenant's own slots by their known values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from parley.understanding.names import _is_name_word
from parley.understanding.scan import Scan

_PROPERTY_CUES = frozenset({
    "listing", "property", "id", "ref", "reference", "unit", "objekt", "objektnummer", "immobilie", "inserat", "number",
    "nr", "no", "nummer", "anzeige", "expose", "exposé", "referenz", "home", "apartment", "house", "flat", "wohnung",
})  # fmt: skip
_PROPERTY = re.compile(r"\b[A-Za-z]{1,4}-?\d{1,6}[A-Za-z]?\b")
Known = Mapping[str, Sequence[str] | re.Pattern[str]]

_CITY_CUES = frozenset({"in", "near", "nach", "around", "bei", "to", "from"})


def read_property(scan: Scan) -> str | None:
    """ "listing A-102", "Objekt B12", "property 4711": letters and digits as said, upper case."""
    for match in _PROPERTY.finditer(scan.text):
        code = match.group()
        before = re.findall(r"\w+", scan.text[max(0, match.start() - 30) : match.start()].lower())[-2:]
        cued = any(word in _PROPERTY_CUES for word in before)
        if cued or ("-" in code and code.split("-")[0].isupper()):
            return code.upper()
    for i, token in enumerate(scan.tokens):
        if token.low in ("listing", "property", "objekt", "objektnummer", "inserat", "id", "ref", "referenznummer"):
            j = i + 1
            while scan.low(j) in ("number", "nummer", "no", "nr", ".", "#", "id", "is", "ist"):
                j += 1
            if scan.digits(j) >= 2 or (scan.digits(j) and j > i + 1):
                return scan.low(j)
    return None


def read_city(scan: Scan, *, asked: bool) -> str | None:
    """A capitalised place after "in" or "near", or the bare answer when the agent asked where."""
    for i, token in enumerate(scan.tokens):
        if token.low in _CITY_CUES - {"to", "from", "nach"} or (token.low == "nach" and asked):
            found = _capitalised(scan, i + 1)
            if found:
                return found
    if asked:
        i = 0
        while i < len(scan.tokens) and not (_is_name_word(scan, i) and scan.text[scan.tokens[i].start].isupper()):
            i += 1
        if i < len(scan.tokens) and i < 6:
            return _capitalised(scan, i) or None
        words = [token.low for token in scan.tokens if token.is_word]
        if 0 < len(words) <= 3 and all(_is_name_word(scan, j) for j, token in enumerate(scan.tokens) if token.is_word):
            return " ".join(word.capitalize() for word in words)
    return None


def _capitalised(scan: Scan, i: int) -> str:
    end = i
    while end < len(scan.tokens) and end < i + 4 and _is_name_word(scan, end):
        if not scan.text[scan.tokens[end].start].isupper():
            break
        end += 1
    if end == i or scan.value(end) is not None:  # "in Rosenweg 5" is an address, not a city
        return ""
    return scan.quote(i, end)


@lru_cache(maxsize=256)
def _known_pattern(values: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted({value for value in values if value}, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(re.escape(value) for value in longest_first) + r")(?!\w)", re.IGNORECASE)


def read_known(text: str, known: Known) -> dict[str, str]:
    """Slot → what the text names of it: a listed value in its listed spelling (the longest wins), or what the pattern
    finds (its first group where it has one)."""
    found: dict[str, str] = {}
    for slot, values in known.items():
        if isinstance(values, re.Pattern):
            match = values.search(text)
            if match:
                found[slot] = (match.group(1) if values.groups else match.group()) or match.group()
        elif values:
            match = _known_pattern(tuple(values)).search(text)
            if match:
                said = match.group().lower()
                found[slot] = next((value for value in values if value.lower() == said), match.group())
    return found
