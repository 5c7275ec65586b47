"""How a customer takes what people who practise come up with: rudeness, silence, questions about what it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from parley.kit.errors import InvalidInput
from parley.personas import Caller, parse_persona

CUSTOMER: dict[str, Any] = {
    "key": "shopper",
    "title": "Shopper",
    "mood": 0.6,
    "scripts": {
        "en": {
            "situation": "A parcel is late.",
            "opening": ["My parcel is late."],
            "facts": {
                "light": {"once": "cable", "before": ["It is red."], "say": ["It is green."], "cues": ["light"]},
                "cable": {"say": ["It was loose."], "cues": ["cable"]},
                "email": {"say": ["No e-mail came."], "cues": ["mail", "message"]},
            },
            "goals": [{"say": ["When will it come?"], "met_by": ["tomorrow"]}],
        }
    },
}


def replies(*lines: str, **more: Any) -> tuple[Caller, list[str]]:
    caller = Caller(parse_persona({**CUSTOMER, **more}), seed=3)

    async def talk() -> list[str]:
        await caller.opening()
        return [(await caller.reply(line)).text for line in lines]

    return caller, asyncio.run(talk())


def test_a_fact_that_another_one_changes() -> None:
    _, said = replies("Which light is on?", "Is the light green?", "And the cable?", "Which light is on now?")
    assert said == ["It is red.", "It is red.", "It was loose.", "It is green."]


@pytest.mark.parametrize("fact", [{"once": "cable"}, {"before": ["No."]}, {"once": "nothing", "before": ["No."]}])
def test_what_changes_a_fact_is_another_one(fact: dict[str, Any]) -> None:
    script = {**CUSTOMER["scripts"]["en"], "facts": {"light": {"say": ["Green."], **fact}}}
    with pytest.raises(InvalidInput, match=r"facts\.light"):
        parse_persona({**CUSTOMER, "scripts": {"en": script}})


def test_an_insult_is_taken_as_one_and_the_third_is_too_much() -> None:
    caller, said = replies("You idiot.", "Stop whining.", "I couldn't care less.", "Hello?", mood=0.4)
    assert all(any(word in one for word in ("rude", "spoken to", "way to talk")) for one in said[:2])
    assert caller.hung_up
    assert caller.gave_up


@pytest.mark.parametrize("line", ["...", "?", "…", "-"])
def test_no_words_are_a_silence(line: str) -> None:
    _, [said] = replies(line)
    assert said in ("Hello? Are you still there?", "Is anybody there?", "Are you still with me?")


@pytest.mark.parametrize(
    "line",
    [
        "Are you an AI?",
        "Are you a real person?",
        "You're a robot, right?",
        "Am I talking to a bot?",
        "I am the developer of this.",
        "You are just a computer program.",
    ],
)
def test_who_asks_what_it_is_gets_a_person_for_an_answer(line: str) -> None:
    caller, [said] = replies(line)
    assert caller.mood < 0.6
    assert not any(word in said.lower() for word in ("ai", "robot", "program", "don't know", "no idea", "look that up"))


def test_a_question_of_its_own_is_not_about_what_was_said_before_it() -> None:
    _, [said] = replies("I will send you an email tomorrow. Is there anything else I can do?")
    assert "e-mail" not in said
    _, [said] = replies("It is about that email. Could you tell me?")
    assert said.startswith("No e-mail came.")


def test_who_says_goodbye_first_is_no_reason_to_give_up() -> None:
    caller, _ = replies("Goodbye.")
    assert caller.hung_up
    assert not caller.gave_up
    assert not caller.satisfied
