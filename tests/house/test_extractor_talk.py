"""Yes and no at the beginning of an answer, and what a hostile line costs."""

from __future__ import annotations

import time

import pytest

from parley.house.extractor_talk import polarity, sentences, unsure


@pytest.mark.parametrize(
    "text",
    [
        "Absolutely not.",
        "Definitely not, no.",
        "Of course not.",
        "I do not have one.",
        "I have none.",
        "I have never been there.",
        "We are not.",
        "Natürlich nicht.",
        "Sicher nicht.",
        "Certainly never.",
    ],
)
def test_a_yes_that_is_turned_is_a_no(text: str) -> None:
    assert polarity(text) == "no"


@pytest.mark.parametrize(
    "text",
    ["Absolutely.", "I do.", "I have no problem with that.", "Sure no worries.", "Gern, kein Problem.", "Da, da."],
)
def test_a_yes_stays_one_beside_no_problem(text: str) -> None:
    assert polarity(text) == "yes"


@pytest.mark.parametrize(
    "text", ["Right now I'm at work.", "Right after lunch.", "Da muss ich nachsehen.", "I am not sure."]
)
def test_what_only_begins_like_a_yes_is_none(text: str) -> None:
    assert polarity(text) == ""


def test_not_knowing_is_no_denial() -> None:
    assert (polarity("I do not know."), unsure("I do not know.")) == ("", True)


@pytest.mark.parametrize("text", ["oh that's nice, " * 400, "." * 40_000, "oh uh um " * 4_000])
def test_a_hostile_line_takes_no_time(text: str) -> None:
    begun = time.process_time()
    polarity(text)
    sentences(text)
    assert time.process_time() - begun < 0.5
