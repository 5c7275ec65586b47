"""Tools: checked, run once, never an exception."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from parley.app.resources import Resources
from parley.conversations.tools import Tool, Toolbox, ToolRefused
from parley.conversations.turn import Ask, Turn
from parley.inference.chat import ToolSpec
from parley.kit.errors import NotFound
from parley.kit.ids import new_id
from tests.conftest import Business

pytestmark = pytest.mark.anyio

SCHEMA = {
    "type": "object",
    "properties": {"day": {"type": "string", "format": "date"}, "seats": {"type": "integer", "minimum": 1}},
    "required": ["day"],
    "additionalProperties": False,
}


class Counted:
    """A tool that counts how often it acted, and under which keys."""

    def __init__(self, result: Mapping[str, Any] | Exception) -> None:
        self.result = result
        self.keys: list[str] = []

    async def __call__(self, turn: Turn, given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        self.keys.append(key)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


async def box(business: Business, resources: Resources, **acts: tuple[Counted, bool]) -> Toolbox:
    """A turn of a new conversation with these tools; the flag: whether it settles."""
    await business.owner.post("/agents", json={"name": "Desk", "type": "custom"})
    parts = resources.responder._parts
    turn = await parts.opening.open(Ask(business.id, "Hello there"), new_id())
    here = await parts.tools.open(turn)
    here.tools = {
        name: Tool(ToolSpec(name, name, SCHEMA), act, changes=True, settles=settles)
        for name, (act, settles) in acts.items()
    }
    return here


async def test_the_same_call_is_answered_from_memory(business: Business, resources: Resources) -> None:
    book = Counted({"reference": "K7F4"})
    here = await box(business, resources, book=(book, False))
    first = await here.run("book", {"day": "2026-11-27", "seats": 4})
    again = await here.run("book", {"seats": 4, "day": "2026-11-27"})
    assert first.result == again.result == {"reference": "K7F4"}
    assert len(book.keys) == 1
    await here.run("book", {"day": "2026-11-27", "seats": 5})
    assert len(set(book.keys)) == 2


async def test_memory_outlives_the_turn(business: Business, resources: Resources) -> None:
    book = Counted({"reference": "K7F4"})
    here = await box(business, resources, book=(book, False))
    await here.run("book", {"day": "2026-11-27"})
    later = Toolbox(here.db, here.vaults, _with_history(here.turn), here.incidents, here.tools)
    assert (await later.run("book", {"day": "2026-11-27"})).ok
    assert len(book.keys) == 1
    assert [run.name for run in await later.earlier()] == ["book"]


def _with_history(turn: Turn) -> Turn:
    return replace(turn, conversation=replace(turn.conversation, state={"done": ["book"]}))


async def test_what_was_cancelled_is_made_anew_under_a_key_of_its_own(business: Business, resources: Resources) -> None:
    book, cancel = Counted({"reference": "K7F4"}), Counted({"reference": "K7F4"})
    here = await box(business, resources, book=(book, False), cancel=(cancel, True))
    for name in ("book", "cancel", "book", "book", "cancel", "cancel", "book"):
        assert (await here.run(name, {"day": "2026-11-27"})).ok
    assert len(book.keys) == len(set(book.keys)) == 3
    assert len(cancel.keys) == 3


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "day"),
        ({"day": "2026-02-31"}, "day"),
        ({"day": "next friday"}, "day"),
        ({"day": "2026-11-27", "seats": 0}, "seats"),
        ({"day": "2026-11-27", "seats": "four"}, "seats"),
        ({"day": "2026-11-27", "price": 0}, "price"),
    ],
)
async def test_wrong_arguments_are_named(
    business: Business, resources: Resources, arguments: dict[str, Any], named: str
) -> None:
    book = Counted({})
    here = await box(business, resources, book=(book, False))
    outcome = await here.run("book", arguments)
    assert not outcome.ok
    assert named in outcome.result["error"]
    assert book.keys == []


async def test_refusals_and_failures_are_outcomes(business: Business, resources: Resources) -> None:
    full = Counted(ToolRefused("Nothing is free.", alternatives=["20:00"]))
    gone = Counted(NotFound("reservation"))
    here = await box(business, resources, full=(full, False), gone=(gone, False))
    refused = await here.run("full", {"day": "2026-11-27"})
    assert (refused.ok, refused.result) == (False, {"error": "Nothing is free.", "alternatives": ["20:00"]})
    assert not (await here.run("gone", {"day": "2026-11-27"})).ok
    await here.run("full", {"day": "2026-11-27"})
    assert len(full.keys) == 2, "a refusal is not remembered: it may be otherwise in a minute"
    unknown = await here.run("fly", {})
    assert "no tool" in json.dumps(unknown.result)
