"""Reads the figures of a text: amounts of money, numbers in digits and in words."""

from __future__ import annotations

import re

from parley.house.passages import MONEY, PRICE_AT_END

_NAMES = (
    "zero one two three four five six seven eight nine ten eleven twelve".split(),
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf".split(),
)
WORDS = {name: value for names in _NAMES for value, name in enumerate(names)} | {
    "eine": 1,
    "einem": 1,
    "einer": 1,
    "einen": 1,
}


def amount(text: str) -> float | None:
    """The first amount of money in a text."""
    match = MONEY.search(text) or PRICE_AT_END.search(text)
    return number(match.group()) if match else None


def number(text: str) -> float | None:
    """The first number: "£1,350" and "1.350 €" are 1350, "4,9" is 4.9, "three" is 3."""
    figure = re.search(r"\d[\d.,]*", text)
    if not figure:
        return next((float(WORDS[word]) for word in re.findall(r"\w+", text.lower()) if word in WORDS), None)
    digits = figure.group().rstrip(".,")
    whole, decimals = re.fullmatch(r"(.*?)(?:[.,](\d{1,2}))?", digits).groups()  # type: ignore[union-attr]
    return float(re.sub(r"\D", "", whole) or 0) + float(f"0.{decimals or 0}")
