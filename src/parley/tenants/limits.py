"""Counting attempts in a sliding window, with bounded memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import timedelta

from parley.kit.clock import Clock
from parley.kit.errors import TooMany


class AttemptLimit:
    """At most `most` attempts per key within `window`; of at most `keys` keys, the oldest are forgotten first."""

    def __init__(self, clock: Clock, *, most: int, window: timedelta, keys: int = 50_000) -> None:
        self._clock = clock
        self._most = most
        self._window = window
        self._keys = keys
        self._attempts: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, key: str) -> None:
        """Raise `TooMany` when the window is full. Does not count."""
        attempts = self._recent(key)
        if len(attempts) >= self._most:
            wait = attempts[0] + self._window.total_seconds() - self._clock.now().timestamp()
            raise TooMany("Too many attempts; wait a little.", retry_after=max(1.0, wait))

    def count(self, key: str) -> None:
        """Remember one attempt."""
        self._recent(key).append(self._clock.now().timestamp())

    def forget(self, key: str) -> None:
        """Forget a key, after a success."""
        self._attempts.pop(key, None)

    def _recent(self, key: str) -> deque[float]:
        attempts = self._attempts.setdefault(key, deque())
        self._attempts.move_to_end(key)
        while len(self._attempts) > self._keys:
            self._attempts.popitem(last=False)
        horizon = self._clock.now().timestamp() - self._window.total_seconds()
        while attempts and attempts[0] <= horizon:
            attempts.popleft()
        return attempts
