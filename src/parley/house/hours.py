"""Reads the days a line of text speaks of: "Mon–Sat 11–22, Sunday closed" says one thing for Sunday, one for Monday."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from parley.house.lexicon import Lexicon, lexicon

TIME = re.compile(
    r"\b\d{1,2}[:.]\d{2}\b|\b\d{1,2}\s?(?:[ap]\.?m\b|Uhr\b|h\b|o'clock)|\b\d{1,2}\s?(?:-|–|—|to|bis)\s?\d{1,2}\b(?!\s?[€$£%])|"
    r"\b(?:noon|midday|midnight|mitternacht|24 ?hours|24/7|rund um die uhr|around the clock)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class DayRow:
    """What is said for `days` (Monday 0): `value` and `name` are the document's words; `closed` is certain."""

    days: frozenset[int]
    name: str
    value: str
    closed: bool


@lru_cache(maxsize=2048)
def day_rows(text: str, language: str) -> tuple[DayRow, ...]:
    """The rows of a text, in its order; () where it ties no time to a day."""
    words = lexicon(language)
    rows: list[DayRow] = []
    for clause in re.split(r";\s*|\.\s+(?=[A-ZÄÖÜ])|\n", text):
        rows.extend(_clause(clause.strip(" ."), words))
    return tuple(rows)


def _clause(clause: str, words: Lexicon) -> list[DayRow]:
    specs = list(_day_pattern(words.language).finditer(clause))
    if not specs:
        return []
    before = clause[: specs[0].start()]
    after = clause[specs[0].end() : specs[1].start() if len(specs) > 1 else None]
    joined = re.match(r"\s*(?:$|[,;]|and\b|und\b|sowie\b)", after)
    leads = not _says(before, words) or (not joined and _says(after, words))
    rows: list[DayRow] = []
    for index, spec in enumerate(specs):
        if leads:
            end = specs[index + 1].start() if index + 1 < len(specs) else len(clause)
            value = clause[spec.end() : end]
        else:
            value = clause[specs[index - 1].end() if index else 0 : spec.start()]
        if _says(value, words):
            closed = bool(words.patterns["closed"].search(value)) and not TIME.search(value)
            rows.append(DayRow(_days(spec.group(), words), spec.group(), _trim(value), closed))
    return rows


def _says(text: str, words: Lexicon) -> bool:
    return bool(TIME.search(text) or words.patterns["closed"].search(text))


def _trim(value: str) -> str:
    value = value.strip(" ,:;.|–—-")
    return re.sub(
        r"(?:[\s,]+(?:and|und|on|am|an|sowie|only|nur))*[\s,]*$", "", re.sub(r"^(?:and|und|from|von)\s+", "", value)
    )


@lru_cache
def _day_pattern(language: str) -> re.Pattern[str]:
    words = lexicon(language)
    full = "|".join(sorted((name for name in words.days if len(name) > 3), key=len, reverse=True))
    short = "|".join(name.title() for name in words.days if len(name) <= 4)
    follows = r"$|[-–—,:/&+|\d]|and\b|und\b|to\b|bis\b|from\b|von\b|ab\b|[Cc]losed|geschl|Ruhe"
    day = rf"(?:(?i:\b(?:{full})\b)|\b(?:{short})\b\.?(?=\s*(?:{follows})))"
    group = "|".join(sorted(words.day_groups, key=len, reverse=True))
    span = rf"{day}(?:\s*(?:{words.day_range})\s*{day})?"
    return re.compile(rf"(?:{span}|(?i:\b(?:{group})\b))(?:\s*(?:,|/|&|\+|and|und|sowie)\s*(?:and |und )?{span})*")


def _days(spec: str, words: Lexicon) -> frozenset[int]:
    lowered = spec.lower()
    days: set[int] = set()
    for name, group in words.day_groups.items():
        if re.search(rf"\b{name}\b", lowered):
            days |= group
    for part in re.split(r"\s*(?:,|/|&|\+|\band\b|\bund\b|\bsowie\b)\s*", lowered):
        named = [words.days[token] for token in re.findall(r"[^\W\d_]+", part) if token in words.days]
        if len(named) >= 2:
            days |= {(named[0] + offset) % 7 for offset in range((named[1] - named[0]) % 7 + 1)}
        else:
            days |= set(named)
    return frozenset(days)
