"""Simulated callers: the same words for the same seed, what they are asked for, and never out of role."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from parley.inference.errors import ProviderUnavailable
from parley.inference.scripted import ScriptedChat
from parley.kit.errors import InvalidInput
from parley.personas import Caller, Line, Persona, parse_persona, persona, personas

CHECK_IN = {
    "en": (
        "Hi, this is dispatch. How is your load coming along?",
        "Where are you right now, and when do you expect to arrive?",
        "Thanks. Please send in the proof of delivery, will you?",
        "Thank you. Drive safely, goodbye!",
    ),
    "de": (
        "Hallo, hier ist die Disposition. Wie läuft es mit Ihrer Ladung?",
        "Wo sind Sie gerade, und wann kommen Sie voraussichtlich an?",
        "Danke. Denken Sie bitte an den Ablieferbeleg?",
        "Vielen Dank. Gute Fahrt, auf Wiederhören!",
    ),
}
CASTS = [(one, language) for one in personas() for language in one.languages]
NAMES = [f"{one.key}-{language}" for one, language in CASTS]


def dialogue(caller: Caller, lines: Sequence[str]) -> list[Line]:
    """What a caller says to these lines, until it hangs up."""

    async def talk() -> list[Line]:
        first = await caller.opening()
        said = [] if first is None else [first]
        for line in lines:
            said.append(await caller.reply(line))
            if said[-1].hang_up:
                break
        return said

    return asyncio.run(talk())


def test_all_that_the_contract_names_are_there() -> None:
    named = {"on_time", "delayed", "unloading", "blow_out", "medical", "hostile", "silent", "voicemail", "bad_line"}
    assert named <= {one.key for one in personas()}
    assert persona().key == "on_time"
    with pytest.raises(InvalidInput, match="there is no 'nobody'"):
        persona("nobody")


@pytest.mark.parametrize(("one", "language"), CASTS, ids=NAMES)
def test_the_same_seed_says_the_same_words(one: Persona, language: str) -> None:
    lines = CHECK_IN[language]
    first, second = (dialogue(Caller(one, 11, language), lines) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("one", "language"), CASTS, ids=NAMES)
def test_another_caller_goes_on_from_its_memory(one: Persona, language: str) -> None:
    """The memory survives JSON, after every line."""
    lines = CHECK_IN[language] * 3

    async def talk() -> None:
        caller = Caller(one, 11, language)
        await caller.opening()
        for line in lines:
            heir = Caller(one, 11, language)
            heir.recall(orjson.loads(orjson.dumps(caller.memory())))
            assert await heir.reply(line) == await caller.reply(line)
            assert (heir.mood, heir.told, heir.hung_up) == (caller.mood, caller.told, caller.hung_up)

    asyncio.run(talk())


@pytest.mark.parametrize("key", ["on_time", "delayed", "unloading"])
def test_seeds_draw_other_people(key: str) -> None:
    talks = {
        tuple(line.text for line in dialogue(Caller(persona(key), seed, "en"), CHECK_IN["en"])) for seed in range(12)
    }
    assert len(talks) >= 10


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("seed", range(5))
def test_a_driver_tells_what_is_asked_for(language: str, seed: int) -> None:
    caller = Caller(persona("on_time"), seed, language)
    said = dialogue(caller, CHECK_IN[language])
    assert caller.values["location"] in said[1].text
    assert caller.told >= {"how_is_it_going", "location", "eta", "pod"}
    assert said[-1].hang_up
    assert caller.hung_up


def test_silence_is_silent_and_an_answering_machine_speaks_once() -> None:
    assert all(line.silent and not line.text for line in dialogue(Caller(persona("silent")), CHECK_IN["en"]))
    machine = dialogue(Caller(persona("voicemail")), CHECK_IN["en"])
    assert machine[0].text
    assert all(line.silent for line in machine[1:])


def test_a_bad_line_lets_little_through() -> None:
    said = [line for seed in range(10) for line in dialogue(Caller(persona("bad_line"), seed), CHECK_IN["en"][:3])]
    assert sum("(" in line.text for line in said) > len(said) * 0.8


def test_who_is_told_to_repeat_says_it_again() -> None:
    caller = Caller(persona("delayed"), 3, "en")
    lines = ["Where are you right now?", "Sorry, could you repeat that?"]
    assert caller.values["location"] in dialogue(caller, lines)[1].text


def test_nothing_is_left_to_say_after_hanging_up() -> None:
    caller = Caller(persona("on_time"), 1)
    dialogue(caller, CHECK_IN["en"])
    assert asyncio.run(caller.reply("Are you still there?")) == Line(silent=True, hang_up=True)


# Personas of one's own


CLAIMANT: dict[str, Any] = {
    "key": "claimant",
    "title": "A customer whose parcel is lost",
    "mood": 0.4,
    "patience": 12,
    "manner": {"fillers": 0},
    "scripts": {
        "en": {
            "situation": "You are {name}. Your parcel {parcel} has not come.",
            "opening": "My parcel still has not come, and I am angry.",
            "pools": {"name": ["Ann Poe"], "parcel": ["RX###"]},
            "facts": {
                "parcel": {"say": "It's {parcel}.", "cues": ["parcel|tracking number"]},
                "contents": {
                    "say": "It was a gift for my mother.",
                    "cues": "what .. in it",
                    "tell": "secret",
                    "warmth": 0.5,
                },
            },
            "objections": [
                {
                    "say": ["I have called three times!", "Three calls, and nothing!"],
                    "resolved_by": ["sorry"],
                    "settled": "All right then.",
                }
            ],
            "goals": [{"say": ["I want my money back.", "What about my refund?"], "met_by": ["refund .. approved"]}],
        }
    },
}


def test_an_objection_stands_until_it_is_met() -> None:
    caller = Caller(parse_persona(CLAIMANT), 1)
    lines = [
        "What is the parcel number?",
        "I need the parcel number.",
        "I'm sorry about that. What is the parcel number?",
    ]
    said = dialogue(caller, lines)
    assert said[1] != said[2]
    assert all("call" in line.text for line in said[1:3])
    assert said[3].text == f"All right then. It's {caller.values['parcel']}."


def test_a_goal_is_asked_for_until_it_is_granted() -> None:
    caller = Caller(parse_persona({**CLAIMANT, "mood": 0.9}), 1)
    lines = ["I'm sorry.", "I'm sorry to hear that.", "Okay.", "Your refund is approved."]
    said = dialogue(caller, lines)
    assert "money" in said[3].text or "refund" in said[3].text
    assert said[-1].hang_up
    assert caller.satisfied


def test_a_secret_needs_a_kinder_mood() -> None:
    raw = {**CLAIMANT, "scripts": {"en": {**CLAIMANT["scripts"]["en"], "objections": []}}}
    asked = "What was in it?"
    assert "mother" not in dialogue(Caller(parse_persona({**raw, "mood": 0.2})), [asked])[1].text
    assert "mother" in dialogue(Caller(parse_persona({**raw, "mood": 0.7})), [asked])[1].text


def test_mood_follows_the_other_side() -> None:
    kind, rude = Caller(parse_persona(CLAIMANT)), Caller(parse_persona(CLAIMANT))
    dialogue(kind, ["I am so sorry, I understand.", "Thank you for your patience."])
    dialogue(rude, ["Calm down.", "That is not our problem, you must wait."])
    assert rude.mood < 0.4 < kind.mood


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"mood": 2}, "persona.mood"),
        ({"surprise": 1}, "persona.surprise"),
        ({"scripts": {}}, "persona.scripts"),
        ({"scripts": {"en": {"situation": "{nobody}"}}}, "nobody"),
        ({"scripts": {"en": {"situation": "x", "facts": {"a": {"say": "x", "cues": "(a+)+"}}}}}, "cue"),
        ({"scripts": {"en": {"situation": "x", "cases": [{"a": "1"}, {"b": "2"}]}}}, "cases"),
    ],
)
def test_what_is_no_persona_is_refused_by_name(change: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        parse_persona({**CLAIMANT, **change})


# In a hosted model's words


def worded(*scripts: Any, lines: Sequence[str] = CHECK_IN["en"][:2]) -> tuple[list[Line], ScriptedChat]:
    model = ScriptedChat(*scripts)
    return dialogue(Caller(persona("on_time"), 2, "en", model), lines), model


def test_a_model_words_what_the_rules_mean() -> None:
    said, model = worded("*sighs* Driver: Rolling along just fine.", "Near Lincoln, be there by four.")
    assert [line.text for line in said] == ["Rolling along just fine.", "Near Lincoln, be there by four."]
    system = model.requests[0].messages[0].content
    assert "Never leave the role" in system
    assert model.requests[1].messages[-1].content == CHECK_IN["en"][1]
    model.assert_consumed()


@pytest.mark.parametrize(
    "script",
    [
        "As an AI language model, I cannot drive.",
        "How can I help you today?",
        "",
        (ProviderUnavailable("Down.", vendor="test"),),
    ],
    ids=["model", "agent", "empty", "down"],
)
def test_where_a_model_fails_the_rules_speak(script: Any) -> None:
    said, _ = worded(script, lines=CHECK_IN["en"][:1])
    assert said == dialogue(Caller(persona("on_time"), 2, "en"), CHECK_IN["en"][:1])
