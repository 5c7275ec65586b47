"""The end of a call's record, put right by the carrier's transcript."""

from __future__ import annotations

import pytest

from parley.conversations.heard import Correction, Kept, correction, runs_of_speech

GREETING = Kept("g", "agent", "Hello, how can I help?")
QUESTION = Kept("q", "user", "When are you open?")
ANSWER = Kept("a", "agent", "We are open from noon to ten, and on Sundays until eight.")
SAID = [("agent", GREETING.words), ("user", "When are you open?")]


@pytest.mark.parametrize(
    ("more", "right"),
    [
        ([("agent", ANSWER.words)], Correction()),
        ([("agent", "We are open from noon")], Correction((("a", "We are open from noon"),))),
        ([], Correction((("a", ""),))),
        ([("agent", f"One moment, please. {ANSWER.words}")], Correction()),
        ([("agent", "One moment, please. We are open from")], Correction((("a", "We are open from"),))),
        ([("agent", ANSWER.words), ("user", "Great, bye.")], Correction((), ("Great, bye.",))),
        ([("agent", "We are open"), ("user", "Never mind.")], Correction((("a", "We are open"),), ("Never mind.",))),
        ([("user", "Or rather, are you open at all?")], Correction((("a", ""),), ("Or rather, are you open at all?",))),
        ([("user", "(unintelligible audio)")], Correction((("a", ""),))),
        ([("agent", "Something else was spoken here")], Correction()),
        ([("agent", "We are open from twelve to ten and on Sundays until eight o'clock")], Correction()),
    ],
)
def test_what_was_heard_in_the_end(more: list[tuple[str, str]], right: Correction) -> None:
    assert correction([GREETING, QUESTION, ANSWER], runs_of_speech([*SAID, *more])) == right


def test_the_lines_of_one_answer_are_cut_together() -> None:
    record = [QUESTION, Kept("a1", "agent", "We are open."), Kept("a2", "agent", "Anything else?")]
    assert correction(record, runs_of_speech([("user", QUESTION.words), ("agent", "We are")])) == Correction(
        (("a1", "We are"), ("a2", ""))
    )


def test_a_call_of_which_only_the_greeting_was_heard() -> None:
    assert correction([GREETING], runs_of_speech([("agent", "Hello, how")])) == Correction((("g", "Hello, how"),))
    assert correction([GREETING], runs_of_speech([("agent", GREETING.words), ("user", "No.")])) == Correction(
        (), ("No.",)
    )


def test_what_a_person_wrote_is_spoken_to_its_end() -> None:
    record = [QUESTION, Kept("p", "operator", "This is Ann, one second please.")]
    assert correction(record, runs_of_speech([("user", QUESTION.words), ("agent", "This is")])) == Correction()


def test_a_transcript_of_another_talk_changes_nothing() -> None:
    assert correction([GREETING, QUESTION, ANSWER], runs_of_speech([("user", "Wrong number.")])) == Correction()
