"""Anthropic's row of the catalog on its local server, as the contract for chat vendors sees it."""

from __future__ import annotations

from typing import Any

from parley.inference.ports import ChatModel
from parley.providers.anthropic_chat import Timeouts
from parley.providers.catalog import Access, ProviderKeys, resolve
from tests.wire import anthropic_replies as wires
from tests.wire.anthropic_server import AnthropicServer
from tests.wire.chat_contract import FIRST, GAP, TAIL
from tests.wire.openai_replies import Behaviour, Wait

KEY = "sk-ant-test-1234"
HAIKU = "claude-haiku-5-5"


class AnthropicWire:
    """The contract's view of the catalog's row on its server."""

    def __init__(self, server: AnthropicServer) -> None:
        self.server = server

    def connect(self, *, api_key: str = KEY, model: str = HAIKU, timeouts: Timeouts | None = None) -> ChatModel:
        keys = ProviderKeys({"anthropic": Access(api_key, self.server.base_url)})
        return resolve(f"anthropic/{model}", keys, timeouts=timeouts or Timeouts(FIRST, GAP, TAIL))

    def answer(self, text: str) -> None:
        self.server.queue(wires.streamed(text))

    def call_tools(self, *calls: tuple[str, str, str]) -> None:
        self.server.queue(wires.tool_called(*calls))

    def rate_limit(self, headers: dict[str, str]) -> None:
        self.server.queue(wires.failure(429, "rate_limit_error", headers=headers))

    def fail(self, status: int) -> None:
        kinds = {400: "invalid_request_error", 500: "api_error"}
        self.server.queue(wires.failure(status, kinds.get(status, "api_error")))

    def stall(self, after: str) -> None:
        self.server.queue(wires.stall_after(after) if after else Behaviour(before=Wait()))

    def keep_alive(self, after: str) -> None:
        self.server.queue(wires.pings_after(after))

    def cut(self, after: str) -> None:
        self.server.queue(wires.cut_after(after))

    def end(self, after: str) -> None:
        self.server.queue(wires.ended_after(after))

    def break_in_stream(self, after: str) -> None:
        self.server.queue(wires.error_in_stream(after))

    def close_slowly(self, text: str) -> None:
        self.server.queue(wires.slow_close(text))

    def requests(self) -> int:
        return len(self.server.requests)

    def connections(self) -> int:
        return len({request.port for request in self.server.requests})

    def request_arrived(self) -> bool:
        return self.server.wait_until(lambda server: bool(server.requests))

    def client_left(self) -> bool:
        return self.server.wait_until(lambda server: server.disconnects > 0)

    def sent(self, at: int = -1) -> dict[str, Any]:
        """The body of a request."""
        body: dict[str, Any] = self.server.requests[at].body
        return body
