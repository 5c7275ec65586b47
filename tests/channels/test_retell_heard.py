"""Reading the carrier's transcript."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.channels.retell_frames import Utterance
from parley.channels.retell_heard import agent_after, goes_on, runs, talked_over, without_noise, words_after
from parley.conversations import heard_of


def talk(*lines: str) -> list[tuple[str, str]]:
    """`a: …` is the agent, `u: …` the caller."""
    return runs(tuple(Utterance("agent" if line[0] == "a" else "user", line[3:]) for line in lines))


def test_neighbours_of_one_side_are_one_run() -> None:
    assert talk("a: Hi.", "u: I'm", "u: on I-10", "a: Good") == [
        ("agent", "Hi."),
        ("user", "I'm on I-10"),
        ("agent", "Good"),
    ]
    assert words_after(talk("a: Hi.", "u: I'm", "u: on I-10")) == "I'm on I-10"
    assert words_after(talk("u: Hello", "a: Hi.")) == ""
    assert words_after([]) == ""


def test_what_followed_a_place() -> None:
    told = talk("a: Hi.", "u: A table", "a: For when", "u: mhm", "a: shall it be?", "u: Friday")
    assert agent_after(told, 2) == "For when shall it be?"
    assert talked_over(told, 2) == ["mhm"]
    assert agent_after(told, 5) is None


@pytest.mark.parametrize(
    ("said", "shown", "kept"),
    [
        ("We open at nine. Sundays at ten.", "We open at nine.", "We open at nine."),
        ("We open at nine. Sundays at ten.", "we open at", "We open at"),
        ("We open at nine. Sundays at ten.", "We open at nine. Sundays at ten.", "We open at nine. Sundays at ten."),
        ("We open at nine.", "We open at nine. And what Maria said.", "We open at nine."),
        ("It costs $24.50, tax included.", "It costs $24.50,", "It costs $24.50,"),
        ("“Quoted” and more", "Quoted", "“Quoted”"),
        ("Grüße aus Köln, bis bald", "grüße aus köln", "Grüße aus Köln,"),
        ("Where are you now?", "Where are you nowhere", "Where are you"),
    ],
)
def test_how_much_of_an_answer_was_heard(said: str, shown: str, kept: str) -> None:
    length = heard_of(said, shown)
    assert length is not None
    assert said[:length] == kept


@pytest.mark.parametrize(("said", "shown"), [("We open at nine.", "Something else entirely"), ("We open.", "…")])
def test_of_another_answer_nothing_is_known(said: str, shown: str) -> None:
    assert heard_of(said, shown) is None


@given(
    st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8), min_size=1, max_size=30), st.data()
)
def test_a_beginning_is_always_found(words: list[str], data: st.DataObject) -> None:
    said = " ".join(words)
    count = data.draw(st.integers(1, len(words)))
    length = heard_of(said, " ".join(words[:count]))
    assert length is not None
    assert said[:length] == " ".join(words[:count])


@pytest.mark.parametrize(
    ("old", "new", "is_so"),
    [
        ("I'm on I", "I'm on I-10 near Indio", True),
        ("Yes", "yes, I am", True),
        ("How much is the", "How much is a risotto", True),
        ("Hello", "Can I bring my dog?", False),
        ("", "Hello", False),
    ],
)
def test_whether_somebody_went_on(old: str, new: str, is_so: bool) -> None:
    assert goes_on(old, new) is is_so


def test_noise_is_no_word() -> None:
    assert without_noise("(unintelligible audio)") == ""
    assert without_noise("I'm (unintelligible audio) Dallas") == "I'm Dallas"
