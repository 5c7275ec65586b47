"""Answers made of several things: all that stands under a name, the cheapest of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from parley.house.figures import amount
from parley.house.found import LISTED, Found, strength
from parley.house.lexicon import Lexicon
from parley.house.passages import Unit
from parley.house.question import Question

_SAME = 0.88  # a synonym or better; a special kind of the thing is not its name


def find_extreme(
    question: Question, units: Sequence[Unit], spread: Mapping[str, Mapping[str, float]], words: Lexicon
) -> Found | None:
    """The cheapest or dearest of the things asked about: of list items where there are any."""
    pick = next(
        (pick for name, pick in (("cheapest", min), ("dearest", max)) if words.patterns[name].search(question.text)),
        None,
    )
    if not pick:
        return None
    about = [
        unit for unit in units if all(strength(found, unit.own | unit.head | unit.around) for found in spread.values())
    ]
    listed = [unit for unit in about if unit.form in LISTED] or about
    priced = _main_prices([(figure, unit) for unit in listed if (figure := amount(unit.text)) is not None], words)
    return (
        Found("units", question, (pick(priced, key=lambda pair: pair[0])[1],), 1.0, certain=False) if priced else None
    )


def _main_prices(priced: Sequence[tuple[float, Unit]], words: Lexicon) -> Sequence[tuple[float, Unit]]:
    """The prices proper where labels tell prices from side costs: the label of a price with the highest amounts."""
    rule = next(rule for kind, rule in words.kinds if kind == "price")
    groups: dict[str, list[tuple[float, Unit]]] = {}
    for figure, unit in priced:
        if rule.search(unit.label):
            groups.setdefault(unit.label, []).append((figure, unit))
    return max(
        groups.values(), key=lambda group: (len(group) > 1, median(figure for figure, _ in group)), default=priced
    )


def find_inside(
    question: Question, units: Sequence[Unit], spread: Mapping[str, Mapping[str, float]], words: Lexicon
) -> Found | None:
    """What stands under a heading, or else in a document, that is named just as the question names it."""
    if set(question.kinds) & {"time", "place", "phone", "email"}:
        return None
    if any(
        unit.form in {"item", "row"} and all(strength(found, unit.own) for found in spread.values()) for unit in units
    ):
        return None
    named = [found for key, found in spread.items() if key not in words.weak] or list(spread.values())
    headed = [unit for unit in units if unit.head and all(strength(found, unit.head) >= _SAME for found in named)]
    items = [unit for unit in headed if unit.form in LISTED]
    if len(items) > 1:
        return Found("list", question, tuple(items), 1.0, certain=True)
    if headed:
        return None
    titled = [unit for unit in units if all(strength(found, unit.around) >= _SAME for found in named)]
    names = list(dict.fromkeys((unit.section[-1:] or ("",))[0] for unit in titled))
    if len([name for name in names if name]) > 1:
        firsts = [next(unit for unit in titled if unit.section and unit.heading == name) for name in names if name]
        return Found("headings", question, tuple(firsts), 1.0, certain=True)
    items = [unit for unit in titled if unit.form in LISTED]
    return Found("list", question, tuple(items), 1.0, certain=True) if len(items) > 1 else None
