"""Lists: what is no thing of one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.house.asking import answered

pytestmark = pytest.mark.anyio

ROWS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "object", "properties": {"name": {"type": "string"}, "quantity": {"type": "integer"}}},
}
TEXTS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    "said", ["I'd like to speak to a manager.", "Could I have a word with someone?", "I have two questions about it."]
)
async def test_nobody_orders_a_manager(said: str) -> None:
    assert (await answered("How can I help?", said, items=ROWS))["items"] is None


async def test_what_is_wished_for_is_a_row() -> None:
    found = await answered("What can I get you?", "I'd like a bottle of water and two burgers.", items=ROWS)
    assert found["items"] == [{"name": "bottle of water", "quantity": 1}, {"name": "burgers", "quantity": 2}]


@pytest.mark.parametrize(
    ("said", "allergies"),
    [
        ("None at all.", None),
        ("Gar keine.", None),
        ("It doesn't matter.", None),
        ("Whatever you recommend.", None),
        ("Nuts and shellfish.", ["Nuts", "shellfish"]),
    ],
)
async def test_none_at_all_is_no_thing(said: str, allergies: list[str] | None) -> None:
    assert (await answered("Any allergies?", said, allergies=TEXTS))["allergies"] == allergies
