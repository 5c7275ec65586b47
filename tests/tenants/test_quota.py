"""One tenant's haste is bounded, and nobody else pays for it."""

from __future__ import annotations

import pytest

from parley.kit.errors import TooMany
from parley.tenants import Quota


class Hands:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def test_a_burst_passes_then_requests_come_at_the_rate() -> None:
    clock = Hands()
    quota = Quota(600, 5, clock)  # ten a second, sixty at once
    for _ in range(60):
        quota.take("t1")
    with pytest.raises(TooMany) as refused:
        quota.take("t1")
    assert refused.value.retry_after == 1
    quota.take("t2")
    clock.time += 0.5
    for _ in range(5):
        quota.take("t1")
    with pytest.raises(TooMany):
        quota.take("t1")


def test_turns_at_a_time_are_counted_until_they_end() -> None:
    quota = Quota(600, 2)
    with quota.turn("t1"), quota.turn("t1"):
        with pytest.raises(TooMany), quota.turn("t1"):
            pass
        with quota.turn("t2"):
            pass
    with quota.turn("t1"):
        pass
