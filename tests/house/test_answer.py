"""How much of what the passages say is found, and how little is made up; half of the questions are held out."""

from __future__ import annotations

import pytest

from parley.house.responder import compose
from tests.house.questions import asked, passes


@pytest.mark.parametrize(
    ("language", "part", "least"),
    [("en", "tuning", 0.93), ("de", "tuning", 0.93), ("en", "held_out", 0.75), ("de", "held_out", 0.75)],
)
def test_questions_the_passages_answer_are_answered(language: str, part: str, least: float) -> None:
    results = [
        passes(question, compose(question.facts).text) for question in asked(language, part) if not question.unknown
    ]
    assert sum(results) / len(results) >= least


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("part", "most"), [("tuning", 0.0), ("held_out", 0.1)])
def test_questions_the_passages_do_not_answer_are_not_answered(language: str, part: str, most: float) -> None:
    results = [passes(question, compose(question.facts).text) for question in asked(language, part) if question.unknown]
    assert 1 - sum(results) / len(results) <= most
