"""What the numbers say about the arms of one experiment. Pure: tallies and rules in, a verdict out.

Every pair of arms is compared, each at alpha divided by the number of pairs (Bonferroni), so that the chance of any
wrong claim about success stays at alpha, however often one looks. The guards have an alpha of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from parley.experiments.posterior import chances
from parley.experiments.prompt import Rules, Tally
from parley.experiments.sequential import (
    Difference,
    adaptive_difference,
    difference,
    fixed_sample,
    mean_sample,
    rate_interval,
    rate_sample,
)

Standing = Literal["winner", "loser", "harmful", "undecided"]
_STARS = 0.5  # the difference of satisfaction at which its guard is sharpest


@dataclass(frozen=True, slots=True)
class Contender:
    """An arm with what it came to."""

    prompt_id: str
    name: str
    revision: int
    is_active: bool
    weight: float
    tally: Tally


@dataclass(frozen=True, slots=True)
class Harm:
    """A guarded measure on which an arm is worse than the others together, beyond doubt and beyond the margin."""

    measure: Literal["success", "escalation", "satisfaction"]
    least: float


@dataclass(frozen=True, slots=True)
class ArmVerdict:
    """One arm. Rates and losses are 0..1. `missing`: outcomes until the minimum sample."""

    arm: Contender
    interval: tuple[float, float]
    probability_best: float
    expected_loss: float
    missing: int
    standing: Standing
    harms: tuple[Harm, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`better` lies above `worse` by `difference`; `is_decided`: beyond doubt, with both samples large enough."""

    better: str
    worse: str
    difference: Difference
    is_decided: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """All of it. `planned`: outcomes per arm that a test with a single look would need for `min_effect`."""

    arms: tuple[ArmVerdict, ...]
    comparisons: tuple[Comparison, ...]
    winner: str | None
    planned: int | None
    rules: Rules


def judge_arms(arms: Sequence[Contender], rules: Rules) -> Verdict:
    """The verdict on these arms."""
    comparisons = _compare_all(arms, rules)
    decided = [one for one in comparisons if one.is_decided]
    beaten = {one.worse for one in decided}
    winner = next((a.prompt_id for a in arms if sum(d.better == a.prompt_id for d in decided) == len(arms) - 1), None)
    winner = winner if len(arms) > 1 else None
    best, losses = chances([(arm.tally.successes, arm.tally.outcomes) for arm in arms])
    judged = []
    for arm, probability, loss in zip(arms, best, losses, strict=True):
        tally, harms = arm.tally, _harms(arm, arms, rules)
        standing: Standing = "undecided"
        if harms:
            standing = "harmful"
        elif arm.prompt_id == winner:
            standing = "winner"
        elif arm.prompt_id in beaten:
            standing = "loser"
        interval = rate_interval(tally.successes, tally.outcomes, rules.alpha)
        missing = max(0, rules.min_outcomes - tally.outcomes)
        judged.append(ArmVerdict(arm, interval, probability, loss, missing, standing, harms))
    return Verdict(tuple(judged), comparisons, winner, _planned(arms, rules), rules)


def _compare_all(arms: Sequence[Contender], rules: Rules) -> tuple[Comparison, ...]:
    pairs = list(combinations(arms, 2))
    return tuple(_compare(first, second, rules, rules.alpha / len(pairs)) for first, second in pairs)


def _compare(first: Contender, second: Contender, rules: Rules, alpha: float) -> Comparison:
    if _rate(first.tally) > _rate(second.tally):
        first, second = second, first
    a, b = first.tally, second.tally
    if rules.allocation == "adaptive":
        found = adaptive_difference((a.successes, a.outcomes), (b.successes, b.outcomes), alpha)
    else:
        samples = rate_sample(a.successes, a.outcomes), rate_sample(b.successes, b.outcomes)
        found = difference(*samples, rules.min_effect, alpha, rates=True)
    found = Difference(found.estimate, max(found.low, -1.0), min(found.high, 1.0), found.p_value)
    enough = min(a.outcomes, b.outcomes) >= rules.min_outcomes
    return Comparison(second.prompt_id, first.prompt_id, found, enough and found.low > 0)


def _rate(tally: Tally) -> float:
    return tally.successes / tally.outcomes if tally.outcomes else 0.0


def _planned(arms: Sequence[Contender], rules: Rules) -> int | None:
    outcomes = sum(arm.tally.outcomes for arm in arms)
    if not outcomes:
        return None
    rate = sum(arm.tally.successes for arm in arms) / outcomes
    return fixed_sample(rate, rules.min_effect, rules.alpha)


def _harms(arm: Contender, arms: Sequence[Contender], rules: Rules) -> tuple[Harm, ...]:
    """What the arm does worse than all the others together."""
    rest = [one.tally for one in arms if one is not arm]
    if not rest:
        return ()
    alpha = rules.alpha / (3 * len(arms))
    mine = arm.tally
    others = {name: sum(getattr(one, name) for one in rest) for name in Tally.__dataclass_fields__}
    found = []
    pairs = (
        ("success", (mine.outcomes, mine.successes), (others["outcomes"], others["successes"]), 1),
        ("escalation", (mine.judged, mine.escalations), (others["judged"], others["escalations"]), -1),
    )
    for measure, (n, hits), (n_rest, hits_rest), sign in pairs:
        if min(n, n_rest) < rules.min_outcomes:
            continue
        apart = difference(rate_sample(hits, n), rate_sample(hits_rest, n_rest), rules.min_effect, alpha, rates=True)
        least = apart.low if sign > 0 else -apart.high
        if least > rules.harm_margin:
            found.append(Harm("success" if measure == "success" else "escalation", least))
    if min(mine.ratings, others["ratings"]) >= rules.min_outcomes:
        stars = mean_sample(mine.ratings, mine.rating_sum, mine.rating_squares)
        stars_rest = mean_sample(others["ratings"], others["rating_sum"], others["rating_squares"])
        apart = difference(stars, stars_rest, _STARS, alpha)
        if apart.low > rules.satisfaction_margin:
            found.append(Harm("satisfaction", apart.low))
    return tuple(found)
