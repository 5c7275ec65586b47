"""Several statements of one fact, weighed: the latest of the likeliest counts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parley.house.extractor_talk import Statement
from parley.understanding import Finding

ENDS = re.compile(r"\s*(?:,\s*|\band\b\s*|\bthen\b\s*|\bbut\b\s*|\bso\b\s*|\bund\b\s*|\baber\b\s*|;\s*|[–—]\s*)")
"""Where a clause ends."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that a statement may mean. `quote` and `message_id` where its proof is another line."""

    value: str
    statement: Statement
    score: float
    quote: str = ""
    message_id: str = ""

    def finding(self) -> Finding:
        """As a finding, the surer the higher its score."""
        confidence = min(0.97, 0.5 + 0.08 * self.score)
        return Finding(
            self.value,
            self.quote or self.statement.quote(),
            self.message_id or self.statement.line.id,
            round(confidence, 2),
        )


def capital(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def best_of(candidates: list[Candidate], slack: float) -> Candidate | None:
    """The latest of those within `slack` of the best: a later statement takes an earlier one's place."""
    if not candidates:
        return None
    most = max(one.score for one in candidates)
    near = [one for one in candidates if one.score >= most - slack and one.score > 0]
    if not near:
        return None
    same = [one for one in near if one.statement.place == near[-1].statement.place]
    return max(reversed(same), key=lambda one: one.score)
