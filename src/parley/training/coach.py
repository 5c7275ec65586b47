"""Hints during the talk: what the rubric asks for and has not been heard yet, each whispered once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from parley.personas import recognises
from parley.training.scenario import Item, Scenario


def next_hint(scenario: Scenario, lines: Sequence[str], given: Collection[str]) -> Item | None:
    """The first item with a hint that is due after these lines of the trainee's and was not given before."""
    for item in scenario.rubric.items:
        if item.hint is None or item.id in given or len(lines) < item.hint_after:
            continue
        heard = any(recognises(item.cues, line) for line in lines[: item.first])
        if heard == item.absent or (item.kind == "compound" and _missing(item, lines)):
            return item
    return None


def _missing(item: Item, lines: Sequence[str]) -> bool:
    return any(not any(recognises(part.cues, line) for line in lines) for part in item.parts)
