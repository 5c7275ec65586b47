"""Numbers that name something: an order, a policy, a ticket. They are spelled out, not counted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parley.house.extractor_words import alike

_CODES = re.compile(
    r"(?:^|[\s_])(?:zip|zipcode|postcode|plz|postleitzahl|pin|id|ids|code|codes|ref|reference|referenz|tag|vin|sku|"
    r"iban|number|nummer|no|nr|plate|"
    r"\w+(?:nummer|nr|code|kennzeichen))(?:$|[\s_.])|kennzeichen|aktenzeichen",
    re.IGNORECASE,
)
_COUNTS = re.compile(r"number_?of|anzahl|(?<![a-z])count|how_?many|quantity|menge", re.IGNORECASE)
_DIGITS = (
    {word: str(value) for value, word in enumerate("zero one two three four five six seven eight nine".split())}
    | {word: str(value) for value, word in enumerate("null eins zwei drei vier fünf sechs sieben acht neun".split())}
    | {"oh": "0", "zwo": "2"}
)
_MARKS = {
    "dash": "-",
    "hyphen": "-",
    "minus": "-",
    "slash": "/",
    "bindestrich": "-",
    "strich": "-",
    "schrägstrich": "/",
}
_TIMES = {"double": 2, "triple": 3, "doppel": 2}
_AS_IN = re.compile(r"\b([A-Za-z])(?:,)? (?:as in|like|for|wie) [A-Za-zäöüß]+\b", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-zÄÖÜäöüß]+|\d+|[-/#]")
_MOST_LETTERS = 4  # of a prefix said in one: "HX", "INV"


def is_code(name: str) -> bool:
    """Whether a field of this name holds a code."""
    return _CODES.search(name.replace(".", " ")) is not None and not _COUNTS.search(name)


def spelled_code(text: str) -> str | None:
    """The last code spelled in a text, as one writes it: "7 7 0 dash 31 9 2" → "770-3192"; None without digits."""
    found: list[str] = []
    parts, times = list[str](), 1
    for match in _TOKEN.finditer(_AS_IN.sub(lambda one: one[1].upper(), text)):
        word = match.group()
        low = word.lower()
        if low in _TIMES:
            times = _TIMES[low]
            continue
        piece = _piece(word, low, started=bool(parts))
        if piece is not None:
            parts += [piece] * times
        elif parts:
            found.append("".join(parts))
            parts = []
        times = 1
    codes = [code.strip("-/") for code in (*found, "".join(parts))]
    good = [code for code in codes if sum(map(str.isdigit, code)) >= 2]
    return good[-1] if good else None


_BEHIND = re.compile(
    r"(?P<word>[^\W\d_]+)(?:[- ]?(?:number|nummer|no|nr|id|code|#)\b\.?)?\W{0,3}(?:(?:is|ist|was|lautet|it's|number|"
    r"nummer|"
    r"no|nr|die|the)\b\W*)*(?P<code>#?(?=[\w\s-]{0,12}\d)(?:[A-Z0-9][A-Z0-9]*[-/ ]?)+)",
)


def code_behind(words: Sequence[str], text: str) -> str | None:
    """The code that stands right behind one of the words: "it's room 1412", "the report number is 26-8841"."""
    found: str | None = None
    for match in _BEHIND.finditer(text):
        low = match["word"].lower()
        if any(alike(word, low) for word in words) and (code := spelled_code(match["code"])) is not None:
            found = code
    return found


def _piece(word: str, low: str, *, started: bool) -> str | None:
    if low in _DIGITS:
        return _DIGITS[low]
    if low in _MARKS:
        return _MARKS[low] if started else None
    if word.isdigit():
        return word
    if word in "-/":
        return word if started else None
    spelled = len(word) == 1 and (word.isupper() or started) and word not in ("I", "a")
    return word.upper() if spelled or (1 < len(word) <= _MOST_LETTERS and word.isupper()) else None
