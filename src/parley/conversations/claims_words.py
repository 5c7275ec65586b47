"""What the readers of claims share: the word lists, and where a clause begins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from parley.kit.yaml_text import load_yaml


@dataclass(frozen=True, slots=True)
class Claims:
    """What a sentence says, by kinds of action. `done`: it has happened. `promised`: it happens at this very moment.
    `offered`: it is about to happen, and what is still missing may be asked for first."""

    done: frozenset[str] = frozenset()
    promised: frozenset[str] = frozenset()
    offered: frozenset[str] = frozenset()

    @property
    def coming(self) -> frozenset[str]:
        """What is not done yet."""
        return self.promised | self.offered


NONE = Claims()
_BOUNDARY = re.compile(r"[,;:–—!.]| - | (?:and|but|so|und|aber|also) ")


def word_lists(language: str) -> Mapping[str, Any]:
    """The lists of one language."""
    return _all_lists()[language]


@cache
def _all_lists() -> Mapping[str, Mapping[str, Any]]:
    text = resources.files("parley.conversations").joinpath("claims.yaml").read_text(encoding="utf-8")
    lists: Mapping[str, Mapping[str, Any]] = load_yaml(text)
    return lists


def one_of(rules: Mapping[str, str]) -> str:
    """Rules by kind as one pattern with a group per kind."""
    return "(?:" + "|".join(f"(?P<{kind}>{rule})" for kind, rule in rules.items()) + ")"


def states(lists: Mapping[str, Any]) -> list[tuple[re.Pattern[str], str]]:
    """The rules for states of one language, with the kind that each claims."""
    things, when = f"(?:{lists['things']})", lists["when"]
    return [
        (re.compile(rule.replace("@things@", things).replace("@when@", when)), kind)
        for kind, rules in lists["states"].items()
        for rule in rules
    ]


def kind_of(match: re.Match[str], kinds: Iterable[str]) -> str:
    """The kind whose group matched."""
    return next(kind for kind in kinds if match.group(kind) is not None)


def clause_before(text: str, place: int) -> str:
    """What stands before `place` in the same clause."""
    start = 0
    for boundary in _BOUNDARY.finditer(text, 0, place):
        start = boundary.end()
    return text[start:place]


def without_question(text: str, asks: re.Pattern[str]) -> str:
    """The part of a sentence that states something: nothing of a question, all but the last clause of a tag."""
    if not text.endswith("?"):
        return text
    if asks.match(text):
        return ""
    *_, last = [0, *(boundary.start() for boundary in _BOUNDARY.finditer(text, 0, len(text) - 1))]
    return text[:last]
