"""How a talk ended and how the caller sounded: what proves it, and what only has the same words."""

from __future__ import annotations

import pytest

from tests.house.asking import answered, read_talk

pytestmark = pytest.mark.anyio

MOODS = ["positive", "neutral", "angry"]


@pytest.mark.parametrize(
    "said",
    [
        "My name is Sue Miller.",
        "I'm looking for a lawyer for a divorce.",
        "It's our third time staying with you.",
        "I have an upset stomach.",
        "That was not great, not amazing at all.",
        "You were not very helpful.",
        "I'm not upset, I just want to know.",
        "I'd like the worst-case estimate.",
        "What is the best service for my car?",
        "Ich suche einen Anwalt für Mietrecht.",
        "Ich hätte gern ein Ticket erster Klasse.",
    ],
)
async def test_words_of_a_mood_may_mean_something_else(said: str) -> None:
    assert (await answered("How can I help?", said, sentiment=MOODS))["sentiment"] is None


@pytest.mark.parametrize(
    ("said", "mood"),
    [
        ("This is ridiculous, you'll hear from my lawyer.", "angry"),
        ("I'm going to sue you.", "angry"),
        ("I have never been so frustrated in my life.", "angry"),
        ("Das geht jetzt an meinen Anwalt.", "angry"),
        ("Oh wonderful, thank you so much!", "positive"),
    ],
)
async def test_a_mood_is_read_by_its_words(said: str, mood: str) -> None:
    assert (await answered("How can I help?", said, sentiment=MOODS))["sentiment"] == mood


@pytest.mark.parametrize(
    ("done", "field", "value"),
    [
        ("I've noted your card number.", "card_blocked", None),
        ("I've updated your card details.", "card_blocked", None),
        ("Once I've blocked the card you'll get a new one.", "card_blocked", None),
        ("I've added a note about the refund.", "refund_issued", None),
        ("Ich habe die Kartennummer notiert.", "karte_gesperrt", None),
        ("I've blocked the card.", "card_blocked", True),
        ("I've emailed the invoice.", "invoice_sent", True),
        ("I've scheduled the plumber.", "appointment_booked", True),
        ("Ich habe die Karte gesperrt.", "karte_gesperrt", True),
    ],
)
async def test_what_the_agent_did_is_what_he_says_he_did(done: str, field: str, value: bool | None) -> None:
    talk = f"Agent: How can I help?\nUser: It's gone.\nAgent: {done}"
    assert (await read_talk(talk, **{field: "boolean"}))[field] is value


@pytest.mark.parametrize(
    ("done", "value"),
    [
        ("I've pulled up your account. What is wrong?", None),
        ("I've opened a ticket and somebody will call you.", None),
        ("I've escalated this to my supervisor.", None),
        ("I've noted your complaint.", None),
        ("I checked and unfortunately there is nothing I can do.", None),
        ("Ich habe die Störung weitergeleitet.", None),
        ("I've corrected the bill.", True),
        ("That's all fixed now.", True),
        ("I've pulled up your account. I've changed it for you.", True),
    ],
)
async def test_a_ticket_that_is_opened_is_no_solution(done: str, value: bool | None) -> None:
    talk = f"Agent: How can I help?\nUser: The bill is wrong.\nAgent: {done}\nUser: Okay."
    assert (await read_talk(talk, issue_resolved="boolean"))["issue_resolved"] is value
