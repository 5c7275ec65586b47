"""Everyday lines that look like something else: held out from examples, concepts and fits."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from parley.kit.yaml_text import load_yaml
from parley.understanding import understand
from parley.understanding.mash import is_mash

LINES = load_yaml((Path(__file__).parent / "everyday_heldout.yaml").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
TYPES = ("receptionist", "real_estate", "dispatch")


def intent_of(line: str, language: str, agent_type: str = "receptionist", previous: str = "") -> str:
    return understand(line, now=NOW, language_hint=language, agent_type=agent_type, previous=previous).intent


@pytest.mark.parametrize("agent_type", ["receptionist", "real_estate"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_what_was_lost_is_no_booking_and_no_emergency(language: str, agent_type: str) -> None:
    lines = LINES[language]["lost"]
    wrong = [line for line in lines if intent_of(line, language, agent_type) not in {"faq", "lead_capture", "unknown"}]
    assert len(wrong) <= 0.2 * len(lines), wrong


@pytest.mark.parametrize("agent_type", TYPES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_keys_that_are_no_words_want_nothing(language: str, agent_type: str) -> None:
    for line in LINES[language]["mash"]:
        assert intent_of(line, language, agent_type) in {"unknown", "unintelligible"}, line


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_story_of_long_ago_is_no_emergency(language: str) -> None:
    lines = LINES[language]["stories"]
    alarms = [line for line in lines if understand(line, now=NOW, language_hint=language).emergency]
    assert len(alarms) <= 0.1 * len(lines), alarms


@pytest.mark.parametrize(
    ("language", "line", "intent"),
    [
        ("de", "wir haben den Schlüssel verlegt", "faq"),
        ("de", "können wir unseren Termin auf Freitag verlegen", "change_booking"),
        ("de", "wir brauchen den Tisch nicht mehr", "cancel_booking"),
        ("en", "I lost my key card", "faq"),
        ("en", "blarg", "unknown"),
        ("en", "k", "affirm"),
        ("en", "yesss", "affirm"),
        ("en", "helo", "greeting"),
        ("de", "jaa", "affirm"),
        ("de", "dankee", "thanks"),
    ],
)
def test_near_misses(language: str, line: str, intent: str) -> None:
    assert intent_of(line, language) == intent


def test_an_emergency_of_just_now_stays_one() -> None:
    for line in (
        "ich hatte gerade einen Unfall",
        "vor zehn Minuten ist mein Vater umgekippt",
        "es brennt, kommen Sie mal",
    ):
        assert understand(line, now=NOW, language_hint="de").emergency, line


@pytest.mark.parametrize(
    "word", ["power", "were", "strength", "Gegend", "Adventskranz", "leere", "2 bdrm", "ok", "pst", "👍"]
)
def test_words_are_no_mash(word: str) -> None:
    assert not is_mash(word)
