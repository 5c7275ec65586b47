"""What counts as said: the meaning of a sentence, not what it is about."""

from __future__ import annotations

from importlib import resources as files

import pytest
import yaml

from parley.app.resources import Resources
from parley.training import parse_scenario
from parley.training.score import judge

pytestmark = pytest.mark.anyio

SCENARIO = parse_scenario(
    yaml.safe_load(
        files.files("parley.training").joinpath("scenarios", "customer_service", "scenario.yaml").read_text("utf-8")
    )
)
NEITHER = (
    "Could you give me your order number, please?",
    "Your order is late.",
    "It is not our fault that your order is late.",
    "Deliveries are late all the time.",
    "What is frustrating you?",
    "I have your parcel on my screen.",
    "Which day did you place it?",
)


async def test_being_about_the_same_thing_is_not_saying_it(resources: Resources) -> None:
    score = await judge(SCENARIO, [(str(n), words) for n, words in enumerate(NEITHER)], (), resources.embedder.embed)
    points = {item.id: (item.points, item.quote) for item in score.items}
    assert points["apology"] == (0, "")
    assert points["empathy"] == (0, "")


async def test_other_words_for_the_same_are_heard(resources: Resources) -> None:
    lines = [("a", "I can well imagine how you must be feeling."), ("b", "We really regret what happened there.")]
    score = await judge(SCENARIO, lines, (), resources.embedder.embed)
    points = {item.id: (item.points, item.message_id) for item in score.items}
    assert points["empathy"] == (10, "a")
    assert points["apology"] == (15, "b")
