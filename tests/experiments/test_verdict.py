"""The statistics: what is claimed holds, and nothing is claimed before it does."""

from __future__ import annotations

import math

import numpy as np
import pytest

from parley.experiments import Contender, Rules, Tally, judge_arms, sentence_of
from parley.experiments.posterior import chances
from parley.experiments.sequential import (
    MIXTURE,
    adaptive_difference,
    difference,
    fixed_sample,
    mean_sample,
    rate_interval,
    rate_sample,
)


def arm(name: str, successes: int, outcomes: int, **more: int) -> Contender:
    return Contender(name, name, 1, True, 1.0, Tally(runs=outcomes, outcomes=outcomes, successes=successes, **more))


def test_a_clear_difference_is_claimed_with_its_interval() -> None:
    verdict = judge_arms([arm("A", 600, 1000), arm("B", 700, 1000)], Rules())
    [found] = verdict.comparisons
    assert (found.better, found.worse, found.is_decided) == ("B", "A", True)
    assert 0 < found.difference.low < 0.1 < found.difference.high < 0.2
    assert verdict.winner == "B"
    assert [one.standing for one in verdict.arms] == ["loser", "winner"]
    assert sentence_of(verdict, "en").startswith("B is better than A by ")
    assert sentence_of(verdict, "de").startswith("B ist um ")


def test_a_sentence_names_what_is_still_open() -> None:
    verdict = judge_arms([arm("A", 5000, 10000), arm("B", 5600, 10000), arm("C", 60, 110)], Rules())
    assert verdict.winner is None
    assert sentence_of(verdict, "en") == "B is better than A by 3 to 9 points; keep running C."
    assert sentence_of(verdict, "de") == "B ist um 3 bis 9 Punkte besser als A; C weiterlaufen lassen."


def test_equal_arms_stay_undecided() -> None:
    verdict = judge_arms([arm("A", 500, 1000), arm("B", 505, 1000)], Rules())
    assert verdict.winner is None
    assert {one.standing for one in verdict.arms} == {"undecided"}
    said = sentence_of(verdict, "en")
    assert said == "Undecided after 2000 outcomes: no difference holds yet; keep running A and B."


def test_nothing_is_claimed_before_the_least_sample() -> None:
    few = judge_arms([arm("A", 0, 20), arm("B", 20, 20)], Rules())
    assert few.winner is None
    assert [one.missing for one in few.arms] == [10, 10]
    assert "at least 30 outcomes each" in sentence_of(few, "en")
    enough = judge_arms([arm("A", 0, 30), arm("B", 30, 30)], Rules())
    assert enough.winner == "B"


def test_without_arms_or_outcomes_there_is_a_sentence_too() -> None:
    assert sentence_of(judge_arms([], Rules()), "en") == "There is no arm to compare."
    lone = judge_arms([arm("A", 0, 0)], Rules())
    assert (lone.winner, lone.planned) == (None, None)
    assert lone.arms[0].interval == (0.0, 1.0)
    both = judge_arms([arm("A", 0, 0), arm("B", 0, 0)], Rules())
    assert both.comparisons[0].difference.p_value == 1.0


@pytest.mark.parametrize(
    ("extra", "measure"),
    [
        ({"judged": 1000, "escalations": 300}, "escalation"),
        ({"ratings": 500, "rating_sum": 1000, "rating_squares": 2400}, "satisfaction"),
    ],
)
def test_an_arm_that_harms_is_found_by_its_guard(extra: dict[str, int], measure: str) -> None:
    good = {"judged": 1000, "escalations": 100, "ratings": 500, "rating_sum": 2100, "rating_squares": 9000}
    verdict = judge_arms([arm("A", 600, 1000, **good), arm("B", 600, 1000, **{**good, **extra})], Rules())
    assert [one.standing for one in verdict.arms] == ["undecided", "harmful"]
    assert [harm.measure for harm in verdict.arms[1].harms] == [measure]
    assert "B does harm" in sentence_of(verdict, "en")


def test_a_slightly_worse_arm_does_no_harm() -> None:
    verdict = judge_arms([arm("A", 6300, 10000), arm("B", 6000, 10000)], Rules())
    assert verdict.arms[1].standing == "loser"
    assert verdict.arms[1].harms == ()


def test_the_mixture_is_one() -> None:
    assert sum(share for _, share in MIXTURE) == pytest.approx(1)


def test_the_interval_leaves_zero_out_exactly_where_the_test_rejects() -> None:
    """The confidence sequence is the test, inverted."""
    for hits in range(500, 600, 3):
        found = difference(rate_sample(500, 1000), rate_sample(hits, 1000), 0.1, 0.05, rates=True)
        assert (found.p_value < 0.05) == (found.low > 0)


def test_a_tiny_difference_is_found_in_the_end() -> None:
    """The interval shrinks to nothing, far below the effect the test is sharpest at."""
    found = difference(rate_sample(5_000_000, 10_000_000), rate_sample(5_050_000, 10_000_000), 0.1, 0.05, rates=True)
    assert 0 < found.low < 0.005 < found.high < 0.007


def test_means_are_compared_with_their_own_variance() -> None:
    calm, wild = mean_sample(1000, 4000, 16_200), mean_sample(1000, 4000, 20_000)
    assert (calm.mean, wild.mean) == (4.0, 4.0)
    assert calm.variance == pytest.approx(0.2, rel=0.01)
    narrow, wide = difference(calm, calm, 0.5, 0.05), difference(wild, wild, 0.5, 0.05)
    assert narrow.high - narrow.low < wide.high - wide.low
    assert math.isinf(difference(mean_sample(1, 4, 16), calm, 0.5, 0.05).high)


def test_a_rates_interval_holds_it_and_narrows() -> None:
    wide, narrow = rate_interval(6, 10, 0.05), rate_interval(600, 1000, 0.05)
    assert wide[0] < narrow[0] < 0.6 < narrow[1] < wide[1]
    assert rate_interval(0, 50, 0.05)[0] == 0.0
    assert rate_interval(50, 50, 0.05)[1] == 1.0
    from scipy.stats import beta  # half a second, of which only this test has any use

    exact = beta.interval(0.95, 601, 401)  # a look at one time only is narrower
    assert narrow[0] < exact[0] < exact[1] < narrow[1]


def test_adaptive_claims_are_more_careful() -> None:
    plain = difference(rate_sample(600, 1000), rate_sample(700, 1000), 0.1, 0.05, rates=True)
    careful = adaptive_difference((600, 1000), (700, 1000), 0.05)
    assert careful.low < plain.low < plain.high < careful.high
    assert careful.p_value > plain.p_value
    certain = adaptive_difference((500, 1000), (700, 1000), 0.05)
    assert certain.low > 0
    assert certain.p_value < 0.05


def test_chances_agree_with_drawing_them() -> None:
    arms = [(60, 100), (70, 100), (33, 60)]
    best, losses = chances(arms)
    draws = np.random.default_rng(5).beta([1 + s for s, _ in arms], [1 + n - s for s, n in arms], size=(200_000, 3))
    shares = np.bincount(draws.argmax(1), minlength=3) / len(draws)
    lost = (draws.max(1, keepdims=True) - draws).mean(0)
    assert best == pytest.approx(shares, abs=0.005)
    assert losses == pytest.approx(lost, abs=0.001)


def test_chances_of_very_many_outcomes_are_still_exact() -> None:
    best, losses = chances([(500_000, 1_000_000), (501_000, 1_000_000)])
    assert best[1] == pytest.approx(0.921, abs=0.005)  # one look: z = 1.414
    assert 0 < losses[1] < losses[0] < 0.0012


def test_the_planned_sample_is_the_textbooks() -> None:
    """Fleiss, Levin and Paik, "Statistical methods for rates and proportions": 60 against 70 per cent, power 90."""
    assert fixed_sample(0.6, 0.1, 0.05) == 477
