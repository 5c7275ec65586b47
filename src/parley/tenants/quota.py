"""What one tenant may ask of one process: requests a minute, and turns at a time. Nobody starves the others.

Requests come from a bucket that refills steadily and holds a tenth of a minute's worth, so that bursts pass. Counts are
of this process: with several, a tenant may have as many times that.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from parley.kit.errors import TooMany

_MOST_BUCKETS = 10_000


class Quota:
    """The limits of every tenant."""

    def __init__(
        self, requests_per_minute: int, concurrent_turns: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = requests_per_minute / 60
        self._burst = max(1.0, requests_per_minute / 10)
        self._turns = concurrent_turns
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # tenant → (left, when)
        self._live: Counter[str] = Counter()

    def take(self, tenant_id: str) -> None:
        """One request. Raises `TooMany` saying when the next one is free."""
        now = self._clock()
        left, when = self._buckets.get(tenant_id, (self._burst, now))
        left = min(self._burst, left + (now - when) * self._rate)
        if left < 1:
            raise TooMany("Too many requests.", retry_after=math.ceil((1 - left) / self._rate))
        if len(self._buckets) >= _MOST_BUCKETS and tenant_id not in self._buckets:
            self._buckets.clear()  # everybody begins with a full one again
        self._buckets[tenant_id] = (left - 1, now)

    @contextmanager
    def turn(self, tenant_id: str) -> Iterator[None]:
        """One turn, as long as this is open. Raises `TooMany` where as many as allowed are under way."""
        if self._live[tenant_id] >= self._turns:
            raise TooMany("Too many turns at a time.", retry_after=1)
        self._live[tenant_id] += 1
        try:
            yield
        finally:
            self._live[tenant_id] -= 1
            if not self._live[tenant_id]:
                del self._live[tenant_id]
