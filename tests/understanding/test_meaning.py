"""One message, read whole."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from parley.understanding import IntentReading, understand

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=ZoneInfo("Europe/Berlin"))


class Own:
    """Own intents that recognise one sentence."""

    def classify(self, text: str, vector: NDArray[np.float32]) -> IntentReading:
        known = text == "what about my loyalty points"
        return IntentReading("loyalty", 0.9) if known else IntentReading("unknown", 0.9)


@pytest.mark.parametrize(
    ("message", "previous", "agent", "intent"),
    [
        ("a table for four tomorrow at 7pm", "", "receptionist", "booking"),
        ("tomorrow at 5", "", "receptionist", "booking"),
        ("four", "For how many people?", "receptionist", "booking"),
        ("Miller", "What name should I put it under?", "receptionist", "booking"),
        ("no, make it eight", "A table at seven, is that right?", "receptionist", "booking"),
        ("übermorgen um halb acht", "Wann möchten Sie kommen?", "receptionist", "booking"),
        ("saturday at 3", "When would you like to see it?", "real_estate", "viewing"),
        ("Friday", "What day should I move it to? Which day suits you?", "receptionist", "change_booking"),
        ("yes", "Shall I book it for you?", "receptionist", "affirm"),
        ("how much is the ribeye", "What time would you like?", "receptionist", "pricing"),
        ("let me talk to a human", "For how many people?", "receptionist", "escalation"),
        ("are you open tomorrow for lunch?", "", "receptionist", "faq"),
        ("what about Christmas Day?", "Yes, on Sunday we're open from noon to 9 pm.", "receptionist", "faq"),
        ("Und was ist am Samstag?", "Am Sonntag haben wir geschlossen.", "receptionist", "faq"),
        ("what about Friday at 7 for two?", "On Sunday we're closed.", "receptionist", "booking"),
        (
            "what about Friday?",
            "I'm sorry, we're closed then. What other day would suit you?",
            "receptionist",
            "booking",
        ),
        ("the curry was fire", "How was everything?", "receptionist", "unknown"),
        ("there's a fire in the kitchen", "For how many people?", "receptionist", "emergency"),
    ],
)
def test_intent_in_context(message: str, previous: str, agent: str, intent: str) -> None:
    assert understand(message, now=NOW, previous=previous, agent_type=agent).intent == intent


def test_slots_language_and_emergency_come_together() -> None:
    read = understand("Ein Tisch für vier Personen morgen um halb acht bitte", now=NOW)
    assert (read.language, read.intent, read.emergency) == ("de", "booking", False)
    assert read.slots == {"date": "2026-11-21", "time": "19:30", "party_size": 4}


def test_an_emergency_is_told_with_its_evidence() -> None:
    read = understand("my husband can't breathe", now=NOW)
    assert read.emergency
    assert read.intent == "emergency"
    assert read.danger.evidence


def test_a_denied_danger_is_no_emergency() -> None:
    read = understand("no accident, just traffic", now=NOW, agent_type="dispatch")
    assert not read.emergency
    assert read.intent != "emergency"


def test_own_intents_stand_beside_the_built_in_ones_or_replace_them() -> None:
    vector = np.zeros(4, np.float32)
    points, price = "what about my loyalty points", "how much is the ribeye"
    assert understand(points, now=NOW, vector=vector, own=Own()).intent == "loyalty"
    assert understand(price, now=NOW, vector=vector, own=Own()).intent == "pricing"
    assert understand(points, now=NOW, vector=vector, own=Own(), builtin=False).intent == "loyalty"
    assert understand(price, now=NOW, vector=vector, own=Own(), builtin=False).intent == "unknown"
    assert understand(price, now=NOW, builtin=False).intent == "unknown"


def test_an_emergency_is_told_with_own_intents_alone() -> None:
    assert understand("there's a fire in the kitchen", now=NOW, builtin=False).emergency
