"""What a sentence says and takes back: "not on Friday", "Friday, no wait, Saturday", "instead of seven", "7 or 8"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from parley.understanding.scan import Scan

_PREPOSITIONS = frozenset({
    "on", "at", "for", "the", "in", "a", "by", "um", "am", "für", "den", "dem", "der", "auf", "von", "mit", "it", "is",
    "be", "do", "make", "come", "this", "want", "to", "can", "have", "go",
})  # fmt: skip
_PRONOUNS = frozenset({"we", "you", "i", "they", "there", "mind"})
_STOPS = frozenset(".!?,;:")


class Placed(Protocol):
    """A mention with its token range."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


M = TypeVar("M", bound=Placed)


def is_negated(scan: Scan, start: int, end: int) -> bool:
    """Whether the mention at tokens start..end is ruled out: "not 6", "can't do Friday", "Friday doesn't work"."""
    return _refused_before(scan, start) or _refused_after(scan, end) or _replaced(scan, start)


def _refused_before(scan: Scan, start: int) -> bool:
    for i in range(start - 1, max(-1, start - 5), -1):
        word = scan.low(i)
        if word in ("not", "nicht", "kein", "keine", "keinen") or word.endswith("n't") or word == "cannot":
            return scan.low(i + 1) not in _PRONOUNS and scan.low(i + 1) not in ("later", "before", "until", "after")
        if word not in _PREPOSITIONS:
            return False
    return False


def _refused_after(scan: Scan, end: int) -> bool:
    for i in range(end, min(end + 5, len(scan.tokens))):
        word = scan.low(i)
        if word in _STOPS:
            return False
        if word.endswith("n't") or word == "cannot":
            return i <= end + 2 and scan.low(i + 1) not in _PRONOUNS
        if word == "nicht":
            return any(scan.has("cannot", j) for j in range(end, i)) and scan.low(i + 1) != "nur"
    return False


def _replaced(scan: Scan, start: int) -> bool:
    """ "instead of Friday", "statt um sieben"."""
    i = start - 1
    while i >= 0 and scan.low(i) in _PREPOSITIONS:
        i -= 1
    for phrase in scan.lexicon.phrases["instead_of"]:
        for last in (i, start - 1, start - 2):
            if scan.phrase(last - len(phrase) + 1, *phrase):
                return True
    return False


def is_retracted(scan: Scan, first: Placed, second: Placed) -> bool:
    """Whether words between two mentions take the first back, or the sentence moves from the first to the second."""
    for i in range(first.end, second.start):
        for phrase in scan.lexicon.phrases["retract"]:
            if scan.phrase(i, *phrase):
                return True
    return scan.changes_before(first.start) and any(
        scan.low(i) in ("to", "auf") for i in range(first.end, second.start)
    )


def is_alternative(scan: Scan, first: Placed, second: Placed) -> bool:
    """Two mentions joined by "or"."""
    gap = range(first.end, second.start)
    return len(gap) <= 4 and any(scan.has("or", i) for i in gap)


def pick(scan: Scan, mentions: Sequence[M], key: Callable[[M], object]) -> tuple[M | None, M | None, bool]:
    """(taken, taken back, ambiguous) of the mentions of one slot, in order of their place.

    The last one counts, unless the last two are joined by "or" and differ: then none does.
    """
    left = [mention for mention in mentions if not is_negated(scan, mention.start, mention.end)]
    if not left:
        return None, None, False
    kept = {id(mention) for mention in left}
    dropped = next((mention for mention in mentions if id(mention) not in kept), None)
    last = left[-1]
    if len(left) > 1 and key(left[-2]) != key(last):
        if any(scan.has("reasons", i) for i in range(left[-2].end, last.start)):
            return left[-2], None, False  # "at 7 because the show starts at 9"
        if is_alternative(scan, left[-2], last):
            return last, None, True
        if is_retracted(scan, left[-2], last):
            dropped = left[-2]
    return last, dropped, False
