"""Numbers in a text: "three bedrooms", "up to twelve hundred dollars", "0.68", "84.000 km"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from parley.understanding.numbers import read_german
from parley.understanding.scan import Scan, scan_text

_ANY_DAY = datetime(2026, 1, 5, tzinfo=UTC)
_MONEY_AFTER = re.compile(r"^\s*(?:dollars?|bucks|euros?|€|usd|eur|pounds|£|cents?|k\b|grand)", re.IGNORECASE)
_MONEY_BEFORE = re.compile(r"(?:[$€£]|\b(?:eur|usd|euro))\s*$", re.IGNORECASE)
_HALF = re.compile(r"^\s+and a half\b", re.IGNORECASE)
_HUNDRED = re.compile(r"\s*hundred\b", re.IGNORECASE)
_THOUSANDS = re.compile(r"^\s*(?:k\b|grand\b|tausend\b|thousand\b)", re.IGNORECASE)
_MILLIONS = re.compile(r"^\s*(?:m\b|million(?:s|en)?\b|mio\b)", re.IGNORECASE)
_NEGATIVE_BEFORE = re.compile(r"(?:\b(?:minus|negative)\s+|(?<![\w.,)\-])[-\u2212])$", re.IGNORECASE)
_NEGATIVE_AFTER = re.compile(
    r"^\s*(?:°|degrees?|grad)?\s*[cf]?\s*(?:below zero|unter null)\b", re.IGNORECASE
)  # not "below" alone: "two below" are the neighbours


@dataclass(frozen=True, slots=True)
class NumberMention:
    """A number at `start`..`end` of the text (its sign stands outside). `money` where a currency stands at it;
    `ordinal` for "third"."""

    value: float
    start: int
    end: int
    money: bool = False
    ordinal: bool = False


@lru_cache(maxsize=64)  # every field asks for a sentence's numbers
def find_numbers(text: str, language: str) -> tuple[NumberMention, ...]:
    """Every number in order, in digits or in words."""
    text = re.sub(r"\ba(?= (?:hundred|thousand)\b)", "1", text, flags=re.IGNORECASE)  # as long as before
    text = re.sub(r"(?<=hundred) and(?= [a-z-]+ hundred\b)", " to ", text, flags=re.IGNORECASE)  # two numbers, not one
    scan = scan_text(text, language, _ANY_DAY, "US")
    found: list[NumberMention] = []
    at = 0
    while at < len(scan.tokens):
        token = scan.tokens[at]
        if token.value is None:
            if token.low.endswith("einhalb") and (whole := read_german(token.low[:-7])) is not None:
                found.append(NumberMention(whole + 0.5, token.start, token.end))
            at += 1
            continue
        value, end = float(token.value), token.end
        at += 1
        mark = "," if language == "de" else "."
        if scan.low(at) == mark and scan.glued(at) and scan.glued(at + 1) and scan.digits(at + 1):
            value += float(f"0.{scan.low(at + 1)}")
            end, at = scan.tokens[at + 1].end, at + 2
        value, end, at = _hundreds(scan, text, value, end, at)
        if half := _HALF.match(text[end:]):
            value, end = value + 0.5, end + half.end()
            at += 3
        rest = text[end:]
        for pattern, factor in ((_THOUSANDS, 1_000), (_MILLIONS, 1_000_000)):
            match = pattern.match(rest)
            if match:
                value, end = value * factor, end + match.end()
        money = bool(
            _MONEY_AFTER.match(text[end:]) or _MONEY_AFTER.match(rest) or _MONEY_BEFORE.search(text[: token.start])
        )
        if _NEGATIVE_BEFORE.search(text[: token.start]) or _NEGATIVE_AFTER.match(text[end:]):
            value = -value
        found.append(NumberMention(value, token.start, end, money, token.ordinal))
    return tuple(found)


def _hundreds(scan: Scan, text: str, value: float, end: int, at: int) -> tuple[float, int, int]:
    """A few and "hundred" and what follows, as (value, end, next token): "five hundred and twenty"."""
    hundred = _HUNDRED.match(text[end:])
    if not hundred or value >= 10:
        return value, end, at
    value, end = value * 100, end + len(hundred.group().rstrip())
    while at < len(scan.tokens) and scan.tokens[at].start < end + 6 and scan.low(at) != ",":
        more = scan.tokens[at].value
        at += 1
        if more is None:
            continue
        if more < 100:
            return value + more, scan.tokens[at - 1].end, at
        if more % 1000 == 0 and more < 100_000:  # "a hundred and forty thousand"
            return value * 1000 + more, scan.tokens[at - 1].end, at
    return value, end, at
