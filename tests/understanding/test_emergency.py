"""Emergencies: recognised in everyday words, calm in the face of idioms, negations and questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.kit.yaml_text import load_yaml
from parley.understanding.emergency import KINDS, read_emergency
from parley.understanding.emergency_grammar import Grammar
from parley.understanding.emergency_scripts import emergency_script
from parley.understanding.emergency_text import Speller

HERE = Path(__file__).parent


def _written(language: str, half: str, part: str) -> Iterator[str]:
    data = load_yaml((HERE / f"emergency_{language}.yaml").read_text(encoding="utf-8"))
    for block in data[half][part].values():
        yield from (line.strip() for line in block.strip().splitlines())


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("half", "least", "most"), [("tuning", 0.97, 0.03), ("held_out", 0.88, 0.06)])
def test_recall_and_false_alarms_keep_their_level(language: str, half: str, least: float, most: float) -> None:
    emergencies = list(_written(language, half, "emergency"))
    harmless = list(_written(language, half, "harmless"))

    found = sum(read_emergency(text, language=language).emergency for text in emergencies)
    alarms = sum(read_emergency(text, language=language).emergency for text in harmless)

    assert found / len(emergencies) >= least
    assert alarms / len(harmless) <= most


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_utterance_is_in_both_halves(language: str) -> None:
    halves = [
        {line.lower() for part in ("emergency", "harmless") for line in _written(language, half, part)}
        for half in ("tuning", "held_out")
    ]

    assert not halves[0] & halves[1]


@pytest.mark.parametrize(
    ("message", "language", "kind"),
    [
        ("There is smoke coming out of the oven", "en", "fire"),
        ("THE KITCHEN IS ON FIRE!!!", "en", "fire"),
        ("there's been a crash but nobody is hurt", "en", "accident"),
        ("im having a heart atack", "en", "medical"),
        ("It's not a joke, he isn't breathing", "en", "medical"),
        ("I smell gas", "en", "gas"),
        ("someone has broken into our cabin", "en", "threat"),
        ("my room was broken into", "en", "threat"),
        ("is he breaking in through the window", "en", "threat"),
        ("I just had a blow-out on the interstate", "en", "breakdown"),
        ("es brennt in der kueche", "de", "fire"),
        ("Mein Mann atmet nicht mehr", "de", "medical"),
        ("Unfal auf der A3, jemand ist verletzt", "de", "medical"),
        ("mein Reifen ist gerade auf der A9 geplatzt, wer zahlt das?", "de", "breakdown"),
        ("my tire just blew out on I-10, who pays for the tow?", "en", "breakdown"),
        ("meine Bremsen gehen nicht mehr, wer zahlt das?", "de", "breakdown"),
    ],
)
def test_an_emergency_is_named_and_quoted(message: str, language: str, kind: str) -> None:
    reading = read_emergency(message, language=language)

    assert reading.emergency
    assert reading.kind == kind
    assert reading.evidence
    assert reading.severity
    assert reading.confidence > 0.5


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ("no accident, just traffic", "en"),
        ("the curry was fire", "en"),
        ("what should we do if there is a fire?", "en"),
        ("my wife has a nut allergy", "en"),
        ("My toilet is broken in room 12", "en"),
        ("The window is broken in our cabin", "en"),
        ("Die Toilette ist kaputt in Zimmer 12", "de"),
        ("stuck behind an accident, I'll be late", "en"),
        ("kein Unfall, nur Stau", "de"),
        ("wir sind Feuer und Flamme", "de"),
        ("was machen wir, wenn es brennt?", "de"),
        ("es brennt nicht", "de"),
        ("I want to see Z-999", "en"),
        ("Ich möchte A-112 sehen", "de"),
        ("ich hatte eine Panne", "de"),
        ("ich hatte eine Panne und bin deshalb zu spät", "de"),
        ("Wir hatten eine Panne mit dem Auto und kommen eine halbe Stunde später", "de"),
        ("Mein Reifen ist geplatzt, wer zahlt das?", "de"),
        ("Der Reifen ist geplatzt, was kostet ein neuer?", "de"),
        ("My tire blew out, who pays for that?", "en"),
        ("I had a blowout, do you reimburse the repair?", "en"),
    ],
)
def test_harmless_words_raise_no_alarm(message: str, language: str) -> None:
    reading = read_emergency(message, language=language)

    assert not reading.emergency
    assert not reading.kind
    assert not reading.severity


@pytest.mark.parametrize(
    ("message", "previous", "expected"),
    [
        ("yes", "Is anyone hurt?", True),
        ("no", "Is anyone hurt?", False),
        ("no", "Are you safe?", True),
        ("yes, I am", "Are you safe?", False),
        ("yes", "Shall I book the table?", False),
        ("no", "", False),
    ],
)
def test_a_bare_answer_counts_after_a_question_about_danger(message: str, previous: str, expected: bool) -> None:
    assert read_emergency(message, language="en", previous=previous).emergency is expected


def test_a_danger_that_was_set_aside_is_still_quoted() -> None:
    reading = read_emergency("there was no accident", language="en")

    assert not reading.emergency
    assert "accident" in reading.evidence


@given(st.text(max_size=200), st.sampled_from(["en", "de", "fr"]))
def test_any_text_is_read(message: str, language: str) -> None:
    reading = read_emergency(message, language=language)

    assert reading.emergency == (reading.kind in KINDS) == bool(reading.severity)
    assert 0 <= reading.confidence <= 1


@given(st.sampled_from(["en", "de"]), st.data())
def test_case_and_blanks_do_not_matter(language: str, data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(list(_written(language, "tuning", "emergency"))))

    shouted = "  ".join(message.upper().replace("SS", "ss").split())

    assert read_emergency(shouted, language=language) == read_emergency(message, language=language)


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("acident", "accident"),
        ("accidnet", "accident"),
        ("accidents", "accidents"),
        ("policy", "policy"),
        ("cat", "cat"),
    ],
)
def test_one_slip_is_repaired(typed: str, right: str) -> None:
    assert Speller(["accident", "police"], ["accidents", "policy"]).repair(typed) == right


def test_a_gap_does_not_cross_a_barrier() -> None:
    pattern = Grammar({"who": "he she"}, ["not"]).compile("(weak) <who> ..2 burn*|on_fire")

    assert pattern.flags == {"weak"}
    assert pattern.regex.search(" he is burning ")
    assert pattern.regex.search(" she is on fire ")
    assert not pattern.regex.search(" he is not burning ")
    assert not pattern.regex.search(" he sits far away burning ")


def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(ValueError, match="no class 'nobody'"):
        Grammar({}, ["not"]).compile("<nobody> burns")


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("agent_type", ["receptionist", "real_estate", "dispatch", "custom"])
@pytest.mark.parametrize("kind", [*KINDS, "unheard_of"])
def test_every_kind_has_a_script_that_can_be_spoken(kind: str, language: str, agent_type: str) -> None:
    script = emergency_script(kind, language, agent_type)

    assert script.endswith("?")
    assert "11" in script
    assert len(script.split()) <= 70


def test_a_driver_hears_the_dispatcher_named() -> None:
    assert "dispatcher" in emergency_script("breakdown", "en", "dispatch")
    assert "dispatcher" not in emergency_script("breakdown", "en", "receptionist")
