"""How promising a lead is: the points of every rule that applies, added up to at most 100."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Facts = Mapping[str, Any]

_SERIOUS = frozenset({"buy", "purchase", "viewing", "book", "booking", "kaufen", "kauf", "besichtigung", "buchung"})
_RENTING = frozenset({"rent", "rental", "mieten", "miete"})


def _intent(facts: Facts) -> str:
    return str(facts.get("intent") or "").strip().lower()


def _serious(facts: Facts) -> bool:
    return _intent(facts) in _SERIOUS


def _renting(facts: Facts) -> bool:
    return _intent(facts) in _RENTING


def _curious(facts: Facts) -> bool:
    return bool(_intent(facts)) and not _serious(facts) and not _renting(facts)


# (rule, points, when it applies, the reason as a person reads it)
_RULES: tuple[tuple[str, int, Callable[[Facts], bool], str], ...] = (
    ("phone", 25, lambda facts: bool(facts.get("phone")), "can be called back"),
    ("email", 10, lambda facts: bool(facts.get("email")), "can be written to"),
    ("name", 5, lambda facts: bool(facts.get("name")), "gave a name"),
    ("intent", 20, _serious, "wants to buy, book or see something"),
    ("intent", 15, _renting, "wants to rent"),
    ("intent", 5, _curious, "said what it is about"),
    ("property", 15, lambda facts: bool(facts.get("property_id")), "asked about a certain property"),
    ("budget", 15, lambda facts: facts.get("budget") is not None, "named a budget"),
    ("returning", 10, lambda facts: int(facts.get("contacts") or 1) > 1, "came back"),
)


def score(facts: Facts) -> tuple[int, list[dict[str, Any]]]:
    """Points (0..100) of a lead's fields, and the rules that gave them: [{"rule", "points", "reason"}]."""
    reasons = [
        {"rule": rule, "points": points, "reason": reason} for rule, points, applies, reason in _RULES if applies(facts)
    ]
    return min(100, sum(points for _, points, applies, _ in _RULES if applies(facts))), reasons
