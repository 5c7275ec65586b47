"""How likely each arm is the best, and what choosing it may cost: Beta(1, 1) posteriors of success rates, integrated
on a grid (Scott 2010, "A modern Bayesian look at the multi-armed bandit"; Stucchio 2015 for the expected loss)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_POINTS = 4001
_REACH = 9  # standard deviations around the means that the grid covers


def chances(arms: Sequence[tuple[int, int]]) -> tuple[list[float], list[float]]:
    """Per arm, given (successes, outcomes): the probability that it is the best, and how much success rate (0..1) one
    loses on average by choosing it."""
    from scipy.stats import beta  # half a second of import, for a verdict alone

    if not arms:
        return [], []
    posteriors = [beta(1 + good, 1 + n - good) for good, n in arms]
    means = np.array([one.mean() for one in posteriors])
    spread = max(float(one.std()) for one in posteriors)
    low, high = max(0.0, means.min() - _REACH * spread), min(1.0, means.max() + _REACH * spread)
    grid = np.linspace(low, high, _POINTS)
    below = np.array([one.cdf(grid) for one in posteriors])
    best = []
    for number, one in enumerate(posteriors):
        others = np.delete(below, number, axis=0).prod(axis=0)
        best.append(float(np.trapezoid(one.pdf(grid) * others, grid)))
    total = sum(best) or 1.0
    expected_best = high - float(np.trapezoid(below.prod(axis=0), grid))
    losses = [max(0.0, expected_best - float(mean)) for mean in means]
    return [share / total for share in best], losses
