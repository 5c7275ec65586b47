"""What was found: typed spans, and how overlapping ones become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Entity:
    """A span of personal data. `start` and `end` are character offsets into the text given; `score` is 0..1."""

    type: str
    start: int
    end: int
    score: float


def merge_overlaps(found: Iterable[Entity]) -> list[Entity]:
    """Non-overlapping entities in text order.

    Overlapping spans become their union under the type of the most certain (then longest) one: a character that any
    recogniser holds to be personal stays covered.
    """
    merged: list[Entity] = []
    for entity in sorted(found, key=lambda e: (e.start, -e.end)):
        if merged and entity.start < merged[-1].end:
            merged[-1] = _union(merged[-1], entity)
        else:
            merged.append(entity)
    return merged


def _union(one: Entity, other: Entity) -> Entity:
    best = max(one, other, key=lambda e: (e.score, e.end - e.start))
    return replace(best, start=min(one.start, other.start), end=max(one.end, other.end))
