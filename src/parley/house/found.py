"""What was found for a question, and how well a word is met by the words of a unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from parley.house.passages import Unit
from parley.house.question import Question

LISTED = frozenset({"item", "row", "pair"})  # forms of a unit that are one of several


@dataclass(frozen=True, slots=True)
class Found:
    """What answers one question. `certain` says that the unit's own words cover all that was asked.

    `items` are the names of a "list" or "count" of records, or the one of a "pick", each with what tells it apart.
    "none": records were asked for and none is such.
    """

    shape: Literal["units", "list", "headings", "days", "count", "pick", "none"]
    question: Question
    units: tuple[Unit, ...]
    score: float
    certain: bool
    days: tuple[int, ...] = ()
    items: tuple[str, ...] = ()


def strength(found: Mapping[str, float], stems: frozenset[str]) -> float:
    common = found.keys() & stems
    return max(found[key] for key in common) if common else 0.0
