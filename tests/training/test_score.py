"""What counts as said: the meaning of a sentence, not what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources as files

import numpy as np
import pytest
from numpy.typing import NDArray

from parley.app.resources import Resources
from parley.kit.yaml_text import load_yaml
from parley.training import Scenario, parse_scenario
from parley.training.meaning import Meanings
from parley.training.score import judge

pytestmark = pytest.mark.anyio


def shipped(name: str) -> Scenario:
    """A scenario of the package."""
    folder = files.files("parley.training").joinpath("scenarios", name)
    return parse_scenario(load_yaml(folder.joinpath("scenario.yaml").read_text("utf-8")))


SCENARIO = shipped("customer_service")
GREETINGS = {
    "customer_service": ("Hello.", "Good morning, what can I do?", "Thanks for reaching out."),
    "technical_support": ("Hi there.", "Good evening.", "I am glad to help."),
    "kundenservice": ("Hallo!", "Guten Morgen.", "Danke für Ihre Nachricht."),
}
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
    score = await judge(
        SCENARIO, [(str(n), words) for n, words in enumerate(NEITHER)], (), Meanings(resources.embedder.embed)
    )
    points = {item.id: (item.points, item.quote) for item in score.items}
    assert points["apology"] == (0, "")
    assert points["empathy"] == (0, "")


async def test_other_words_for_the_same_are_heard(resources: Resources) -> None:
    lines = [("a", "I can well imagine how you must be feeling."), ("b", "We really regret what happened there.")]
    score = await judge(SCENARIO, lines, (), Meanings(resources.embedder.embed))
    points = {item.id: (item.points, item.message_id) for item in score.items}
    assert points["empathy"] == (10, "a")
    assert points["apology"] == (15, "b")


@pytest.mark.parametrize(("name", "words"), [(name, words) for name, all_ in GREETINGS.items() for words in all_])
async def test_a_greeting_is_one_by_itself(name: str, words: str) -> None:
    score = await judge(shipped(name), [("a", words)])
    assert (score.items[0].points, score.items[0].quote) == (score.items[0].max_points, words)


async def test_only_what_may_count_is_embedded() -> None:
    asked: list[str] = []

    async def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        asked.extend(texts)
        return np.zeros((len(texts), 2), np.float32)

    meanings = Meanings(embed)
    lines = [("a", "Hello. One moment. I am sorry, I understand."), ("b", "Which order? And where to?")]
    await judge(SCENARIO, lines, (), meanings)
    examples = [example for item in SCENARIO.rubric.walk() for example in item.shows]
    assert asked == ["Hello.", "One moment.", *examples], "what follows a cue changes nothing"
    asked.clear()
    await judge(SCENARIO, [("a", "Yes.")], (), meanings)
    assert asked == ["Yes."], "the examples were embedded before"
