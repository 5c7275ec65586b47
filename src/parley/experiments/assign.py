"""Which arm a conversation gets: a pure choice, the same for the same unit.

Weighted: rendezvous hashing with weights (Thaler and Ravishankar 1998; weights as in Schindelhauer and Schomaker
2005). Every unit ranks the arms by a hash of both; adding an arm moves only the units that it wins, removing one only
those it had. Adaptive: Thompson sampling (Thompson 1933) with the unit's own dice, so that the choice can be repeated.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from parley.experiments.prompt import Tally

_FULL = 2.0**64


@dataclass(frozen=True, slots=True)
class Option:
    """An arm that may be chosen."""

    prompt_id: str
    weight: float


def pick(options: Sequence[Option], unit: bytes) -> str | None:
    """The prompt that `unit` gets, by weight; None where no option has any."""
    best, chosen = -1.0, None
    for option in options:
        if option.weight <= 0:
            continue
        digest = blake2b(unit, key=option.prompt_id.encode()[:64], digest_size=8).digest()
        share = (int.from_bytes(digest, "big") + 0.5) / _FULL
        score = -option.weight / math.log(share)
        if score > best:
            best, chosen = score, option.prompt_id
    return chosen


def pick_adaptively(options: Sequence[Option], tallies: Mapping[str, Tally], unit: bytes) -> str | None:
    """The prompt whose drawn success rate is the highest. An option without weight is left out."""
    dice = random.Random(unit)
    best, chosen = -1.0, None
    for option in sorted(options, key=lambda one: one.prompt_id):
        tally = tallies.get(option.prompt_id, Tally())
        drawn = dice.betavariate(1 + tally.successes, 1 + tally.outcomes - tally.successes)
        if option.weight > 0 and drawn > best:
            best, chosen = drawn, option.prompt_id
    return chosen
