"""Booking references one can say on a bad line: letters and digits in turn, none that sounds or looks like another."""

from __future__ import annotations

import random
import re

_LETTERS = "CFHKLMRWXY"
_DIGITS = "346789"
_NOISE = re.compile(r"[\W_]+")
_TRIES = 6


def candidates(pairs: int) -> list[str]:
    """A few random references of `pairs` letters and digits, such as "K7F4"."""
    return ["".join(random.choice(_LETTERS) + random.choice(_DIGITS) for _ in range(pairs)) for _ in range(_TRIES)]


def normal_reference(text: str) -> str:
    """A reference as it is stored, from the way people type it: " k7-f4 " is "K7F4"."""
    return _NOISE.sub("", text).upper()
