"""Prices by season: a question that names a month is about the column whose months hold it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from parley.house.lexicon import Lexicon, stem
from parley.house.passages import Unit
from parley.house.question import Question
from parley.house.wording import phrases


def in_season(question: Question, units: Sequence[Unit], words: Lexicon) -> tuple[Question, Sequence[Unit]]:
    """The question without its month, and the units without the columns of other months ("April to October").

    Both as they are where no column goes by months, or where not just one month is asked about.
    """
    months = [name.lower() for name in phrases(words.language)["months"]]
    stems = [stem(name, words.language) for name in months]
    lowered = question.text.lower()
    asked = [at for at, name in enumerate(months) if re.search(rf"\b{name}\b", lowered)]
    asked = asked or [at for at, one in enumerate(stems) if one in question.keys]
    seasons = {unit: season for unit in units if unit.record and (season := _season(unit.label, months))}
    if len(asked) != 1 or not seasons:
        return question, units
    days = set(_days_of(months[asked[0]], lowered))
    keys = tuple(key for key in question.keys if key not in stems and key not in days)
    kept = [unit for unit in units if unit not in seasons or asked[0] in seasons[unit]]
    return (replace(question, keys=keys), kept) if keys else (question, units)


def _season(label: str, months: Sequence[str]) -> frozenset[int]:
    """ "November to March" as months, January 0; empty for anything else."""
    names = "|".join(months)
    match = re.fullmatch(rf"\W*({names})\s*(?:to|through|until|bis|–|—|-)\s*({names})\W*", label.lower())
    if match is None:
        return frozenset()
    first, last = months.index(match[1]), months.index(match[2])
    return frozenset((first + offset) % 12 for offset in range((last - first) % 12 + 1))


def _days_of(month: str, lowered: str) -> list[str]:
    """The day said with a month: "5" of "on 5 December", "December 5th", "am 5. Dezember"."""
    found = re.search(rf"(\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{month}\b|\b{month}\s+(\d{{1,2}})", lowered)
    return [day for day in found.groups() if day] if found else []
