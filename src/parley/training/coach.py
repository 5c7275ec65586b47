"""Hints during the talk: what the rubric asks for and has not been heard yet, each whispered once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from parley.kit.sentences import split_sentences
from parley.training.hearing import shows
from parley.training.scenario import Item, Scenario


def next_hint(scenario: Scenario, lines: Sequence[str], given: Collection[str]) -> Item | None:
    """The first item with a hint that is due after these lines of the trainee's and was not given before."""
    said = [sentence for line in lines for sentence in split_sentences(line, scenario.language)]
    for item in scenario.rubric.items:
        if item.hint is None or item.id in given or len(lines) < item.hint_after:
            continue
        if not _is_met(item, said, scenario.language):
            return item
    return None


def _is_met(item: Item, said: Sequence[str], language: str) -> bool:
    """Whether nothing is left to be whispered, by cues alone."""
    if item.kind == "compound":
        return all(_is_met(part, said, language) for part in item.parts)
    if item.kind == "scaled":
        best = max(item.levels, key=lambda level: level.points)
        return any(shows(best, sentence, language) for sentence in said)
    heard = any(shows(item, sentence, language) for sentence in said)
    return heard != (item.absent or (item.kind == "blocker" and not item.required))
