"""What `parley dev` prints when it is ready."""

from __future__ import annotations

import io
import shlex

import pytest
from rich.console import Console

from parley.app.resources import Resources
from parley.app.welcome import show_welcome

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("width", [50, 80, 200])
async def test_the_request_can_be_copied_as_it_stands(resources: Resources, width: int) -> None:
    shown = io.StringIO()
    out = Console(file=shown, width=width)
    show_welcome(out, out.status("…"), resources, "127.0.0.1", 8000)
    lines = shown.getvalue().splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip().startswith("curl"))
    words = shlex.split("\n".join(lines[at : at + 2]))
    assert words[:3] == ["curl", "-s", "http://127.0.0.1:8000/chat/message"]
    assert words[-2:] == ["-d", '{"message": "What time do you close on Sunday?"}']
