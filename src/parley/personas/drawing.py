"""What a seed decides: the values a persona has in this call, and which of several phrases it uses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random

from parley.personas.definition import Script

_BRACE = re.compile(r"\{(\w+)\}")


def draw(script: Script, random: Random) -> dict[str, str]:
    """A value for each pool and for one of the cases; values may refer to each other's pools."""
    values = {name: random.choice(pool) for name, pool in sorted(script.pools.items())}
    if script.cases:
        values |= random.choice(script.cases)
    digits = {name: re.sub("#", lambda _: str(random.randint(0, 9)), value) for name, value in values.items()}
    return {name: fill(value, digits) for name, value in digits.items()}


def fill(text: str, values: Mapping[str, str]) -> str:
    """Fill known braces, in one pass."""
    return _BRACE.sub(lambda match: values.get(match.group(1), match.group()), text)


class Deck:
    """Phrases dealt without repetition: all variants of a name come up before one comes up again.

    `dealt`: how often each name came up; with the seed it is all that a deck is.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self.dealt: dict[str, int] = {}

    def deal(self, name: str, variants: Sequence[str]) -> str:
        """The next variant of `name`."""
        dealt = self.dealt.get(name, 0)
        self.dealt[name] = dealt + 1
        order = list(range(len(variants)))
        Random(f"{self._seed}:{name}").shuffle(order)
        return variants[order[dealt % len(variants)]]

    def chance(self, name: str, share: float) -> bool:
        """Whether something with this chance happens now."""
        return self._next(name).random() < share

    def between(self, name: str, least: int, most: int) -> int:
        """A whole number within bounds, both included."""
        return self._next(name).randint(min(least, most), max(least, most))

    def _next(self, name: str) -> Random:
        dealt = self.dealt.get(name, 0)
        self.dealt[name] = dealt + 1
        return Random(f"{self._seed}:{name}:{dealt}")
