"""Two thousand experiments, looked at after every conversation: how often a winner is named, rightly and wrongly.

The looks are vectorised here, and held against `judge_arms` itself at places drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from parley.experiments import Contender, Option, Rules, Tally, judge_arms, pick_adaptively
from parley.experiments.sequential import MIXTURE, adaptive_difference, fixed_sample
from tests.soak.talk import report

pytestmark = pytest.mark.soak

SEED = 20261120
EXPERIMENTS = 2000
BATCH = 500
RULES = Rules()


@dataclass(frozen=True)
class Outcome:
    """Per experiment: the conversation at which a winner was first named (0: never), and whether it was the second."""

    at: NDArray[np.int64]
    second: NDArray[np.bool_]


def run(first: float, second: float, conversations: int, seed: int) -> Outcome:
    """Every experiment of two arms with these success rates, a coin deciding which arm comes next."""
    at, right = [], []
    for batch in range(EXPERIMENTS // BATCH):
        dice = np.random.default_rng((seed, batch))
        arm = dice.random((BATCH, conversations)) < 0.5
        won = dice.random((BATCH, conversations)) < np.where(arm, second, first)
        n = np.stack([_count(~arm), _count(arm)])
        hits = np.stack([_count(~arm & won), _count(arm & won)])
        decided, gap = looks(n, hits)
        _hold_against_the_judge(n, hits, decided, gap, dice)
        named = decided.any(1)
        when = np.where(named, decided.argmax(1), conversations - 1)
        at.append(np.where(named, when + 1, 0))
        right.append(named & (gap[np.arange(BATCH), when] > 0))
    return Outcome(np.concatenate(at), np.concatenate(right))


def _count(which: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.cumsum(which.astype(np.int64), 1)


def looks(n: NDArray[np.int64], hits: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Whether a winner is named at each look, and the difference seen there."""
    some = np.maximum(n, 1)
    gap = hits[1] / some[1] - hits[0] / some[0]
    common = (hits.sum(0) + 1) / (n.sum(0) + 2)
    variance = common * (1 - common) * (1 / some[0] + 1 / some[1])
    evidence = np.zeros_like(gap)
    for multiple, share in MIXTURE:
        shift = multiple * RULES.min_effect
        bend = -shift * shift / (2 * variance)
        tilt = shift * np.abs(gap) / variance
        evidence += share * 0.5 * (np.exp(np.minimum(bend + tilt, 600)) + np.exp(bend - tilt))
    enough = (n >= RULES.min_outcomes).all(0)
    return (evidence > 1 / RULES.alpha) & enough, gap


def _hold_against_the_judge(
    n: NDArray[np.int64],
    hits: NDArray[np.int64],
    decided: NDArray[np.bool_],
    gap: NDArray[np.float64],
    dice: np.random.Generator,
) -> None:
    for row, column in zip(dice.integers(0, BATCH, 40), dice.integers(0, n.shape[2], 40), strict=True):
        counts = [(int(n[arm, row, column]), int(hits[arm, row, column])) for arm in (0, 1)]
        arms = [
            Contender(str(arm), str(arm), 1, True, 1.0, Tally(runs=total, outcomes=total, successes=won))
            for arm, (total, won) in enumerate(counts)
        ]
        winner = judge_arms(arms, RULES).winner
        expected = str(int(gap[row, column] > 0)) if decided[row, column] else None
        assert winner == expected, counts


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.6, 0.9])
def test_without_a_difference_there_are_few_winners(rate: float) -> None:
    outcome = run(rate, rate, 4000, SEED)
    wrong = (outcome.at > 0).mean()
    report(f"seed {SEED}, rate {rate}: {wrong:.2%} false winners in {EXPERIMENTS} experiments, 4000 looks each")
    assert wrong <= 0.05


@pytest.mark.parametrize("rate", [0.3, 0.5, 0.6, 0.8])
def test_a_real_difference_is_found_in_time(rate: float) -> None:
    planned = 2 * fixed_sample(rate, 0.1, RULES.alpha)
    outcome = run(rate, rate + 0.1, int(1.5 * planned), SEED)
    used = np.where(outcome.at > 0, outcome.at, int(1.5 * planned)).mean()
    right, wrong = outcome.second.mean(), ((outcome.at > 0) & ~outcome.second).mean()
    report(
        f"seed {SEED}, {rate} against {rate + 0.1:.1f}: right {right:.1%}, wrong {wrong:.2%}, within 1.5 times the "
        f"fixed sample of {planned}; used {used:.0f} on average ({used / planned:.2f} of it)"
    )
    assert right >= 0.9
    assert wrong <= 0.025
    assert used <= planned


def test_adaptive_assignment_loses_less() -> None:
    """Thompson sampling against equal shares, 2,000 conversations: what is lost by not always taking the best arm."""
    rates, conversations, repeats = (0.5, 0.55, 0.65), 2000, 20
    options = [Option(str(arm), 1.0) for arm in range(len(rates))]
    lost = []
    for repeat in range(repeats):
        dice = np.random.default_rng((SEED, repeat))
        counts = {option.prompt_id: [0, 0] for option in options}
        loss = 0.0
        for number in range(conversations):
            tallies = {name: Tally(outcomes=n, successes=won) for name, (n, won) in counts.items()}
            chosen = pick_adaptively(options, tallies, f"{SEED} {repeat} {number}".encode())
            assert chosen is not None
            counts[chosen][0] += 1
            counts[chosen][1] += int(dice.random() < rates[int(chosen)])
            loss += max(rates) - rates[int(chosen)]
        lost.append(loss)
    even = conversations * float(np.mean([max(rates) - rate for rate in rates]))
    report(f"seed {SEED}: regret {np.mean(lost):.1f} adaptively (worst {max(lost):.1f}), {even:.1f} with equal shares")
    assert np.mean(lost) < even / 3
    assert max(lost) < even


def test_adaptive_claims_hold_where_assignment_adapts() -> None:
    """Equal arms under Thompson sampling, looked at every ten conversations."""
    options = [Option("0", 1.0), Option("1", 1.0)]
    wrong = 0
    for repeat in range(150):
        dice = np.random.default_rng((SEED, 7, repeat))
        counts = {"0": [0, 0], "1": [0, 0]}
        for number in range(1000):
            tallies = {name: Tally(runs=n, outcomes=n, successes=won) for name, (n, won) in counts.items()}
            if number % 10 == 0:
                first, second = ((won, n) for n, won in counts.values())
                found = adaptive_difference(first, second, RULES.alpha, precise=False)
                if found.is_certain and min(first[1], second[1]) >= RULES.min_outcomes:
                    wrong += 1
                    break
            chosen = pick_adaptively(options, tallies, f"{repeat} {number}".encode())
            assert chosen is not None
            counts[chosen][0] += 1
            counts[chosen][1] += int(dice.random() < 0.5)
    report(f"seed {SEED}: {wrong} false winners in 150 experiments with adaptive assignment")
    assert wrong <= 0.05 * 150
