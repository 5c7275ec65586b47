from __future__ import annotations

import pytest

from parley.inference.breaker import Breaker
from parley.inference.errors import (
    ProviderBusy,
    ProviderError,
    ProviderKeyRejected,
    ProviderModelUnknown,
    ProviderRefused,
    ProviderUnavailable,
)

DOWN = ProviderUnavailable("down", vendor="a")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(after=3, skip_s=15, long_skip_s=300, trial_s=3, clock=clock)


def test_skips_after_failures_in_a_row(breaker: Breaker, clock: Clock) -> None:
    for _ in range(2):
        breaker.failed("a/one", DOWN)
    assert breaker.allows("a/one")
    assert breaker.health("a/one").state == "failing"
    breaker.failed("a/one", DOWN)
    assert not breaker.allows("a/one")
    assert breaker.allows("b/two"), "other models are not concerned"
    clock.now = 14.9
    assert not breaker.allows("a/one")


def test_a_success_starts_the_count_anew(breaker: Breaker) -> None:
    for _ in range(2):
        breaker.failed("a/one", DOWN)
    breaker.succeeded("a/one")
    breaker.failed("a/one", DOWN)
    assert breaker.allows("a/one")
    assert breaker.health("a/one").failures == 1


def test_after_the_skip_one_trial_at_a_time(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        breaker.failed("a/one", DOWN)
    clock.now = 15
    assert breaker.allows("a/one")
    assert not breaker.allows("a/one"), "the trial is under way"
    clock.now = 18
    assert breaker.allows("a/one"), "a trial without an outcome does not block for ever"
    breaker.failed("a/one", DOWN)
    assert not breaker.allows("a/one"), "one more failure is enough now"
    clock.now = 33
    assert breaker.allows("a/one")
    breaker.succeeded("a/one")
    assert breaker.allows("a/one")


@pytest.mark.parametrize("kind", [ProviderKeyRejected, ProviderModelUnknown])
def test_what_needs_a_person_is_skipped_for_long(breaker: Breaker, clock: Clock, kind: type[ProviderError]) -> None:
    breaker.failed("a/one", kind("wrong", vendor="a"))
    clock.now = 299
    assert not breaker.allows("a/one")


def test_an_empty_account_is_skipped_for_long(breaker: Breaker, clock: Clock) -> None:
    error = ProviderBusy("no quota", vendor="a")
    error.retryable = False
    breaker.failed("a/one", error)
    clock.now = 299
    assert not breaker.allows("a/one")


@pytest.mark.parametrize(("retry_after", "left"), [(7.0, 7.0), (86_400.0, 300.0)])
def test_retry_after_is_kept_to(breaker: Breaker, retry_after: float, left: float) -> None:
    breaker.failed("a/one", ProviderBusy("busy", vendor="a", retry_after=retry_after))
    assert not breaker.allows("a/one")
    assert breaker.health("a/one").retry_in_s == left


def test_a_refusal_means_the_vendor_is_up(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        breaker.failed("a/one", DOWN)
    breaker.failed("a/one", ProviderRefused("no", vendor="a"))
    assert breaker.allows("a/one")
    health = breaker.health("a/one")
    assert (health.state, health.error) == ("ok", "provider.refused")


def test_an_unknown_name_is_well(breaker: Breaker) -> None:
    assert breaker.health("x/y").state == "ok"
