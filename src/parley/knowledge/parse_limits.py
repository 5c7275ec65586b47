"""What a document may cost to read, and how its refusal is worded."""

from __future__ import annotations

import time
from dataclasses import dataclass

from parley.kit.errors import InvalidInput, TooLarge

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one document. Over one of them: `TooLarge`."""

    max_bytes: int = 100 * _MB  # of the file
    max_pages: int = 10_000
    max_seconds: float = 300.0  # of wall time, looked at between pages, rows and blocks
    max_unpacked_bytes: int = 300 * _MB  # of everything in a zip container
    max_unpacked_ratio: int = 200  # unpacked to packed, beyond the first ten megabytes
    max_markup_bytes: int = 50 * _MB  # of one XML part or one JSON file, which cost many times their size in memory
    max_chars: int = 120 * _MB  # of the text that comes out
    max_columns: int = 5_000
    max_depth: int = 100  # of JSON
    max_containers: int = 2_000_000  # arrays and objects of JSON, each of which costs ten times its text


DEFAULT_LIMITS = Limits()


class Budget:
    """One document's remaining time and room for text."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._deadline = time.monotonic() + limits.max_seconds
        self._chars = 0

    def check_time(self) -> None:
        """Raise `TooLarge` when the time is up."""
        if time.monotonic() > self._deadline:
            raise too_large(f"reading it takes longer than {self.limits.max_seconds:g} seconds")

    def take(self, text: str) -> str:
        """Count `text` as output and return it; raise `TooLarge` beyond the limit."""
        self._chars += len(text)
        if self._chars > self.limits.max_chars:
            raise too_large(f"its text is longer than {self.limits.max_chars:,} characters")
        return text


def too_large(reason: str) -> TooLarge:
    """413 with a sentence about the field `file`."""
    return TooLarge(f"The field file is refused: {reason}.", code="document.too_large")


def refused(reason: str, code: str) -> InvalidInput:
    """422 with a sentence about the field `file`; `code` is one of corrupt, empty, encrypted, no_text, type."""
    return InvalidInput(f"The field file is refused: {reason}.", code=f"document.{code}")
