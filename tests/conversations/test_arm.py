"""Who is the same caller again."""

from __future__ import annotations

from typing import Any

import pytest

from parley.conversations.arm import unit_of
from parley.conversations.turn import Ask


@pytest.mark.parametrize(
    ("ask", "unit"),
    [
        ({}, None),
        ({"session_id": "s"}, ("session", "s")),
        ({"session_id": "s", "user_id": "u"}, ("user", "u")),
        ({"metadata": {"phone_number": "+1 608 555-0117"}, "session_id": "s"}, ("phone", "+16085550117")),
        ({"metadata": {"caller": "+16085550117"}, "user_id": "u"}, ("user", "u")),
        ({"metadata": {"phone_number": "+16085550117"}, "user_id": "+16085550117"}, ("phone", "+16085550117")),
        ({"metadata": {"phone_number": ""}, "user_id": ""}, None),
    ],
)
def test_a_user_else_a_number_else_a_session(ask: dict[str, Any], unit: Any) -> None:
    assert unit_of(Ask("t", "hello", **ask)) == unit
