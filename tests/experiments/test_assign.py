"""Who gets which arm: in proportion, again the same, and hardly anybody moved by a new arm."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from parley.experiments import Option, Tally, pick, pick_adaptively

UNITS = [f"unit {number}".encode() for number in range(20_000)]


def shares(options: list[Option]) -> dict[str | None, float]:
    counts = Counter(pick(options, unit) for unit in UNITS)
    return {name: count / len(UNITS) for name, count in counts.items()}


def test_shares_follow_the_weights() -> None:
    found = shares([Option("a", 1), Option("b", 2), Option("c", 5)])
    for name, expected in (("a", 1 / 8), ("b", 2 / 8), ("c", 5 / 8)):
        assert abs(found[name] - expected) < 0.012


def test_a_new_arm_takes_its_share_and_moves_nobody_else() -> None:
    before = [Option("a", 1), Option("b", 1)]
    after = [*before, Option("c", 1)]
    moved = [(pick(before, unit), pick(after, unit)) for unit in UNITS]
    assert all(old == new or new == "c" for old, new in moved)
    assert abs(sum(new == "c" for _, new in moved) / len(UNITS) - 1 / 3) < 0.012


def test_removing_an_arm_moves_only_those_it_had() -> None:
    after = [Option("a", 1), Option("b", 1)]
    before = [*after, Option("c", 1)]
    assert all(pick(before, unit) in ("c", pick(after, unit)) for unit in UNITS)


def test_more_weight_takes_from_others_and_gives_nothing_away() -> None:
    before, after = [Option("a", 1), Option("b", 1)], [Option("a", 3), Option("b", 1)]
    assert all(pick(after, unit) == "a" for unit in UNITS if pick(before, unit) == "a")


@given(st.binary(min_size=1, max_size=32), st.permutations(["a", "b", "c", "d"]))
def test_the_order_of_arms_does_not_matter(unit: bytes, names: list[str]) -> None:
    options = [Option(name, 1.5) for name in names]
    assert pick(options, unit) == pick(sorted(options, key=lambda one: one.prompt_id), unit)
    assert pick_adaptively(options, {}, unit) == pick_adaptively(options[::-1], {}, unit)


def test_an_arm_without_weight_gets_nobody() -> None:
    assert pick([Option("a", 0), Option("b", 1)], b"x") == "b"
    assert pick([Option("a", 0)], b"x") is None
    assert pick([], b"x") is None
    assert pick_adaptively([Option("a", 0), Option("b", 1)], {"a": Tally(outcomes=9, successes=9)}, b"x") == "b"


def test_adaptive_assignment_goes_where_success_is() -> None:
    tallies = {"a": Tally(outcomes=200, successes=80), "b": Tally(outcomes=200, successes=140)}
    options = [Option("a", 1), Option("b", 1)]
    found = Counter(pick_adaptively(options, tallies, unit) for unit in UNITS[:2000])
    assert found["b"] > 1990
    even = Counter(pick_adaptively(options, {}, unit) for unit in UNITS[:2000])
    assert abs(even["a"] - 1000) < 100
