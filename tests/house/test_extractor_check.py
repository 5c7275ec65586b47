"""What a model claims is believed only with a quote that is in the transcript and supports it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from parley.house import Claim, check, claims_of, merge
from parley.understanding import Field, Finding, parse_schema, read_transcript
from tests.house.extraction_scoring import NOW

LINES = read_transcript(
    [
        {"role": "agent", "content": "Where are you? Still in Dallas?", "message_id": "a1"},
        {"role": "user", "content": "No, I’m not in Dallas any more, I'm near  Waco on I-35.", "message_id": "u1"},
        {"role": "agent", "content": "Is the load secure?", "message_id": "a2"},
        {"role": "user", "content": "No.", "message_id": "u2"},
        {"role": "agent", "content": "Anyone hurt? How many pallets, and when do you deliver?", "message_id": "a3"},
        {"role": "user", "content": "Nobody's hurt. Twelve pallets, tomorrow at half past four.", "message_id": "u3"},
        {"role": "agent", "content": "I'm connecting you to a dispatcher.", "message_id": "a4"},
    ]
)


def field(name: str, kind: Any = "text", *options: str) -> Field:
    return Field(name, kind, options=options)


@pytest.mark.parametrize(
    ("one", "value", "quote", "message"),
    [
        (field("current_location"), "Near Waco on I-35", "I'm near Waco on I-35", "u1"),
        (field("load_secure", "boolean"), False, "No.", "u2"),
        (field("injury_status"), "No injuries reported", "Nobody's hurt", "u3"),
        (field("pallets", "integer"), 12, "Twelve pallets", "u3"),
        (field("day", "date"), "2026-11-21", "tomorrow at half past four", "u3"),
        (field("hour", "time"), "16:30", "tomorrow at half past four", "u3"),
        (field("city", "enum", "Dallas", "Waco"), "waco", "near Waco", "u1"),
        (field("escalation_status"), "Connected to Human Dispatcher", "I'm connecting you to a dispatcher", "a4"),
    ],
)
def test_a_supported_claim_holds(one: Field, value: Any, quote: str, message: str) -> None:
    found = check(one, Claim(value, quote), LINES, now=NOW)
    assert found is not None
    assert found.message_id == message
    assert found.quote in next(line.text for line in LINES if line.id == message)


@pytest.mark.parametrize(
    ("one", "value", "quote"),
    [
        (field("current_location"), "Waco", "I am in Waco now"),  # nobody said so
        (field("current_location"), "Dallas", "not in Dallas any more"),  # denied
        (field("current_location"), "Dallas", "Still in Dallas?"),  # asked by the agent, not agreed to
        (field("current_location"), "El Paso", "I'm near  Waco on I-35"),  # another place
        (field("current_location"), "Waco on I-45", "near  Waco on I-35"),  # another road
        (field("load_secure", "boolean"), True, "No."),
        (field("injury_status"), "Injuries reported: broken arm", "Nobody's hurt"),
        (field("pallets", "integer"), 13, "Twelve pallets"),
        (field("day", "date"), "2026-11-22", "tomorrow at half past four"),
        (field("hour", "time"), "16:45", "tomorrow at half past four"),
        (field("city", "enum", "Dallas", "Waco"), "Dallas", "not in Dallas any more"),
        (field("city", "enum", "Dallas", "Waco"), "Austin", "near  Waco"),  # no option
        (field("city", "enum", "Dallas", "Waco"), "Waco", ""),
    ],
)
def test_an_unsupported_claim_is_rejected(one: Field, value: Any, quote: str) -> None:
    assert check(one, Claim(value, quote), LINES, now=NOW) is None


def test_the_house_stands_in_for_what_is_rejected() -> None:
    house = Finding("6 PM", "six PM", "u1", 0.7)
    model = Finding("6 PM", "about six PM", "u1", 0.85)
    assert merge(None, house, claimed=True) == house
    assert merge(None, house, claimed=False) is None, "the model found nothing and the house is not sure"
    agreed = merge(model, house, claimed=True)
    assert agreed is not None
    assert agreed.confidence > model.confidence


def test_claims_without_a_quote_cannot_hold() -> None:
    fields = (field("a"), field("b"), field("c"))
    assert claims_of({"a": "bare", "b": {"value": None, "quote": "x"}, "d": 1}, fields) == {"a": Claim("bare", "")}


@pytest.mark.parametrize(
    ("one", "value", "quote"),
    [
        (field("employment_status", "enum", "employed", "retired"), "employed", "Are you employed or retired?"),
        (field("outcome", "enum", "booked", "refused"), "booked", "Shall I book you in?"),
    ],
)
def test_what_the_agent_asks_proves_nothing_that_was_not_agreed_to(one: Field, value: str, quote: str) -> None:
    talk = "Agent: Are you employed or retired?\nUser: I'd rather not say.\nAgent: Okay. Shall I book you in?\nUser: "
    assert check(one, Claim(value, quote), read_transcript(f"{talk}No."), now=NOW) is None


def test_what_the_agent_asks_holds_once_it_is_agreed_to() -> None:
    lines = read_transcript("Agent: Shall I book you in?\nUser: Yes, please.")
    one = field("outcome", "enum", "booked", "refused")
    assert check(one, Claim("booked", "Shall I book you in?"), lines, now=NOW) is not None


def test_many_rows_of_a_long_talk_are_checked_soon() -> None:
    columns = {f"column_{place}": {"type": "string"} for place in range(12)}
    items = {"type": "array", "items": {"type": "object", "properties": columns}}
    one = parse_schema({"type": "object", "properties": {"items": items}}).fields[0]
    lines = read_transcript("\n".join(f"Agent: What else?\nUser: I would like {at} bottles." for at in range(1_000)))
    rows = [{"value": dict.fromkeys(columns, "red wine"), "quote": "I would like"} for _ in range(50)]
    begun = time.process_time()
    check(one, Claim(rows, ""), lines, now=NOW)
    assert time.process_time() - begun < 2
