"""The way through a flow is decided by intents, slots and outcomes alone."""

from __future__ import annotations

from typing import Any

import pytest

from parley.agents import default_flow, parse_flow
from parley.conversations.follow import Walk
from parley.inference.facts import Step, ToolOutcome

RECEPTIONIST = default_flow("receptionist")


def walk(intent: str, node: str | None = None, stated: tuple[str, ...] = (), **slots: Any) -> Walk:
    return Walk(RECEPTIONIST, "en", intent, dict(slots), frozenset(stated), node)


def outcome(name: str, *, ok: bool = True, **result: Any) -> ToolOutcome:
    return ToolOutcome(name, {}, result, ok=ok)


def test_a_question_stays_where_it_is() -> None:
    turn = walk("faq")
    assert turn.begin() == Step("answer", "listen")
    assert turn.node == "listen"


def test_a_booking_asks_for_what_is_missing() -> None:
    turn = walk("booking", stated=("party_size",), party_size=4)
    step = turn.begin()
    assert (step.kind, step.slots) == ("ask", ("date", "time"))
    assert turn.node == "table"


def test_a_complete_wish_is_checked_then_booked() -> None:
    turn = walk("booking", stated=("time",), node="table", date="2026-11-27", time="19:30", party_size=4)
    step = turn.begin()
    assert (step.kind, step.tool) == ("call", "check_availability")
    assert step.arguments == {"date": "2026-11-27", "time": "19:30", "party_size": 4}
    asked = turn.after(outcome("check_availability", available=True))
    assert (asked.kind, asked.slots) == ("ask", ("name", "phone"))
    turn = walk(
        "booking", node="table_for_whom", stated=("name", "phone"), **{**turn.slots, "name": "Ann", "phone": "+1"}
    )
    assert turn.begin().tool == "book_table"
    assert turn.after(outcome("book_table", reference="K7F4")).kind == "answer"
    assert turn.node == "done"
    assert turn.slots == {"name": "Ann", "phone": "+1"}


def test_a_full_house_asks_for_another_time() -> None:
    turn = walk("booking", stated=("time",), node="table", date="2026-11-27", time="19:30", party_size=4)
    turn.begin()
    step = turn.after(outcome("check_availability", available=False))
    assert (step.kind, step.slots) == ("ask", ("time",))
    assert "time" not in turn.slots
    assert turn.slots["date"] == "2026-11-27"


def test_an_aside_does_not_lose_the_booking() -> None:
    turn = walk("faq", node="table", party_size=4)
    step = turn.begin()
    assert (step.kind, turn.node) == ("ask", "table")


def test_a_caller_may_turn_to_something_else() -> None:
    assert walk("escalation", node="table").begin().kind == "handoff"
    turned = walk("cancel_booking", node="table", party_size=4)
    assert turned.begin().slots == ("reference", "name")
    assert turned.node == "cancel_which"


def test_an_answer_to_what_was_asked_goes_before_a_change_of_mind() -> None:
    turn = walk(
        "lead_capture",
        node="table_for_whom",
        stated=("phone",),
        date="2026-11-27",
        time="19:30",
        party_size=2,
        phone="+1",
    )
    assert turn.begin().slots == ("name",)


def test_a_correction_after_the_booking_changes_it() -> None:
    turn = walk("booking", node="done", stated=("time",), reference="K7F4", name="Ann", time="20:00")
    step = turn.begin()
    assert step.tool == "change_reservation"
    assert step.arguments == {"reference": "K7F4", "name": "Ann", "time": "20:00"}


def test_words_on_the_way_are_kept_in_order() -> None:
    flow = parse_flow(
        {
            "start": "a",
            "nodes": {
                "a": {"type": "say", "text": {"en": "One.", "de": "Eins."}, "next": "b"},
                "b": {"type": "say", "text": "Two.", "next": "c"},
                "c": {"type": "ask", "slots": ["name"], "text": "Who are you?"},
            },
        }
    )
    turn = Walk(flow, "de", "greeting", {}, frozenset(), None)
    assert turn.begin() == Step("ask", "c", "Who are you?", ("name",))
    assert turn.said == ["Eins.", "Two."]


@pytest.mark.parametrize("node", ["vanished", None])
def test_a_node_that_is_gone_begins_anew(node: str | None) -> None:
    assert walk("greeting", node=node).begin() == Step("answer", "listen")


def test_without_a_flow_the_model_is_free() -> None:
    turn = Walk(parse_flow({}), "en", "booking", {}, frozenset(), None)
    assert turn.begin() == Step("answer")
