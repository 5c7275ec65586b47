"""Splits a message into tokens with their place in the text: the alphabet of the slot grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_CHARACTERS = 10_000

_PATTERN = re.compile(r"[ap]\.\s?m\b\.?|\d+|[^\W\d_]+(?:['’´`][^\W\d_]+)*|\S", re.IGNORECASE)
_POSSESSIVE_DAYS = tuple(
    f"{day}'s" for day in ("onday", "uesday", "nesday", "ursday", "riday", "turday", "unday", "tomorrow")
)
_APOSTROPHES = str.maketrans("’´`", "'''")


@dataclass(slots=True)
class Token:
    """A word, a number or a punctuation mark.

    `start`/`end` are character offsets. `value` is set for numbers, whether written in digits or in words (`spelled`);
    `ordinal` for "third", "3rd". `glued` says that no white space stands before the token.
    """

    low: str
    start: int
    end: int
    glued: bool = False
    value: int | None = None
    ordinal: bool = False
    spelled: bool = False
    digits: int = 0

    @property
    def is_word(self) -> bool:
        return self.value is None and self.low[:1].isalpha()


def tokenize(text: str) -> list[Token]:
    """Tokens of the first `MAX_CHARACTERS` characters, lower-cased, apostrophes unified. Linear in the text."""
    tokens: list[Token] = []
    end = -1
    for match in _PATTERN.finditer(text[:MAX_CHARACTERS]):
        start = match.start()
        raw = match.group()
        glued = start == end
        end = match.end()
        if raw[0].isdecimal():
            # A run of digits too long for any quantity stays text: it can only be an identifier or a telephone number.
            value = int(raw) if len(raw) <= 9 else None
            tokens.append(Token(raw, start, end, glued, value, digits=len(raw)))
        else:
            low = raw.lower()
            if len(low) > 1 and low[1] == "." and low[0] in "ap":
                low = low[0] + "m"
            elif not low.isascii():
                low = low.translate(_APOSTROPHES)
            if low.endswith(_POSSESSIVE_DAYS):
                low = low[:-2]  # "Friday's good"
            tokens.append(Token(low, start, end, glued))
    return tokens
