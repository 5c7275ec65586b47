"""What differs between two revisions of a prompt, field by field."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from parley.experiments.prompt import TEXT, Arm


@dataclass(frozen=True, slots=True)
class Change:
    """One field. `lines` is a unified diff where the field is text, without its header."""

    field: str
    before: Any
    after: Any
    lines: list[str]


def changes_between(before: Arm, after: Arm) -> list[Change]:
    """The fields that differ, in the order a prompt has them."""
    found = []
    for name in TEXT:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            found.append(Change(name, old, new, _lines(old, new)))
    return found


def _lines(old: Any, new: Any) -> list[str]:
    if not isinstance(old or "", str) or not isinstance(new or "", str):
        return []
    diff = difflib.unified_diff((old or "").splitlines(), (new or "").splitlines(), lineterm="", n=2)
    return list(diff)[2:]
