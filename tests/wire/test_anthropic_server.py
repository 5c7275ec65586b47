from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.wire.anthropic_server import AnthropicServer


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_the_server_refuses_what_the_vendor_refuses() -> None:
    """The rules of the wire, at their edges: else the suite proves nothing."""
    asked = {"role": "user", "content": "Hi"}
    good = {"model": "m", "max_tokens": 5, "messages": [asked]}
    said = {"role": "assistant", "content": "Hello"}
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "b", "input": {}}]}
    wrong: list[dict[str, Any]] = [
        {"temperature": 1.0},
        {"messages": [said]},
        {"messages": [asked, said]},
        {"messages": [asked, use, asked]},
        {"messages": [{"role": "user", "content": " "}]},
        {"messages": [{"role": "system", "content": "x"}, asked]},
        {"stream_options": {}},
        {"model": "claude-opus-5-5", "thinking": {"type": "disabled"}},
        {"tools": [{"type": "function", "function": {"name": "b"}}]},
    ]
    with AnthropicServer() as server:
        headers = {"anthropic-version": "2026-10-21", "authorization": "Bearer x"}
        async with httpx.AsyncClient(base_url=server.base_url, headers=headers) as client:
            assert (await client.post("/v1/messages", json=good)).status_code == 200
            for change in wrong:
                answer = await client.post("/v1/messages", content=json.dumps({**good, **change}))
                assert (change, answer.status_code) == (change, 400)
            assert (await client.post("/v1/messages", json=good, headers={"anthropic-version": "1"})).status_code == 400
