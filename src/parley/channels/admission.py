"""How many live sessions a process takes on. Exactly so many: one more is refused, and nobody's sound suffers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from parley.kit.errors import TooMany


class Admission:
    """Counts the sessions under way; `most` None takes any number."""

    def __init__(self, most: int | None = None) -> None:
        self.most = most
        self.live = 0

    @property
    def is_full(self) -> bool:
        """Whether one more would be refused."""
        return self.most is not None and self.live >= self.most

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """One session. Raises `TooMany` where there are as many already."""
        if self.is_full:
            raise TooMany(
                f"All {self.most} lines are busy. Please try again later.", code="voice.all_lines_busy", retry_after=10
            )
        self.live += 1
        try:
            yield
        finally:
            self.live -= 1
