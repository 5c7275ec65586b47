"""Chat over Anthropic's `POST /v1/messages`, API version 2026-10-21.

The official SDK makes the request and decodes the stream; retries are off, because `inference.fallback` alone decides
about a second attempt. Its event models are passed by, as in `openai_chat`. The version knows no temperature: a
request's `temperature` is not sent. Thinking is never text; where a model thinks before a tool call, its blocks are
kept and sent back with the result, as the vendor wants them. Sources: Anthropic API docs, "Messages", "Streaming
messages", "Tool use", "Prompt caching".
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from parley.inference.chat import ChatEvent, ChatRequest, Finished, FinishReason, TextDelta, ToolCall
from parley.inference.errors import ProviderCut, ProviderRefused, ProviderStalled
from parley.inference.usage import Usage
from parley.providers import _anthropic_errors as errors
from parley.providers._anthropic_clients import AnthropicClients
from parley.providers._anthropic_request import Blocks, Concessions, request_body
from parley.providers._patience import Patience, Timeouts
from parley.providers._tool_fragments import ToolFragments
from parley.providers._vendor_says import Json, as_number, as_object, as_text

if TYPE_CHECKING:
    from anthropic import AsyncStream

__all__ = ["AnthropicChat", "AnthropicClients", "Timeouts"]

_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_THOUGHTS_KEPT = 256


class AnthropicChat:
    """A `ChatModel`. With `clients` given, connections are shared and belong to whoever owns `clients`."""

    def __init__(
        self,
        vendor: str,
        model: str,
        *,
        base_url: str,
        api_key: str = "",
        timeouts: Timeouts | None = None,
        clients: AnthropicClients | None = None,
    ) -> None:
        self._vendor = vendor
        self._model = model
        self._timeouts = timeouts or Timeouts()
        self._clients = clients or AnthropicClients()
        self._owns_clients = clients is None
        self._client = self._clients.get(vendor, base_url, api_key)
        self._concessions = Concessions(model)
        self._thoughts: OrderedDict[str, Blocks] = OrderedDict()

    @property
    def name(self) -> str:
        return f"{self._vendor}/{self._model}"

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """See `ports.ChatModel.stream`.

        A reply without a visible word and without a tool call raises `ProviderRefused` (provider.empty_reply).
        """
        reply = _Reply(self._vendor, self._model)
        patience = Patience(self._vendor, self._timeouts.first)
        stream = await patience.wait(self._open(request))
        try:
            while (event := await self._next_event(stream, patience, reply)) is not None:
                text = reply.take(event)
                if reply.reason is not None:
                    patience.left = min(patience.left, self._timeouts.tail)
                elif reply.progressed:
                    patience.left = self._timeouts.gap
                if text:
                    yield TextDelta(text)
        finally:
            await stream.close()
        calls = reply.tool_calls()
        self._keep(reply.thoughts, calls)
        for call in calls:
            yield call
        yield Finished(reply.finish_reason(), reply.usage, self.name)

    async def check(self) -> None:
        """Fetch the list of models. Raises `ProviderError` where address or key is wrong; opens a warm connection."""
        from anthropic import APIError

        try:
            await Patience(self._vendor, self._timeouts.first).wait(self._client.get("/v1/models", cast_to=object))
        except APIError as error:
            raise errors.from_sdk(error, self._vendor, self._model) from error

    async def aclose(self) -> None:
        if self._owns_clients:
            await self._clients.aclose()

    async def _open(self, request: ChatRequest) -> AsyncStream[object]:
        """Send the request; what this model refuses by name is changed or left out from then on."""
        from anthropic import APIError, AsyncStream

        while True:
            body = request_body(request, self._model, self._concessions, self._thoughts)
            try:
                return await self._client.post(
                    "/v1/messages", cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object]
                )
            except APIError as error:
                sentence = errors.refused_sentence(error)
                if not sentence or not self._concessions.concede(sentence, request):
                    raise errors.from_sdk(error, self._vendor, self._model) from error

    async def _next_event(self, stream: AsyncStream[object], patience: Patience, reply: _Reply) -> Json | None:
        """The next event, None at the end. Once the stop reason is here, a missing rest is no error."""
        from anthropic import APIError
        from httpx2 import TransportError

        try:
            return as_object(await patience.wait(anext(stream)))
        except StopAsyncIteration:
            return None
        except ProviderStalled:
            if reply.reason is not None:
                return None
            raise
        except TransportError as error:
            if reply.reason is not None:
                return None
            raise ProviderCut(f"{self._vendor} broke the connection within its answer.", vendor=self._vendor) from error
        except APIError as error:
            raise errors.from_sdk(error, self._vendor, self._model) from error
        except ValueError as error:
            raise ProviderCut(f"{self._vendor} sent something that is no JSON.", vendor=self._vendor) from error

    def _keep(self, thoughts: Blocks, calls: list[ToolCall]) -> None:
        """Remember what was thought before a call, until its result goes back."""
        if thoughts and calls:
            self._thoughts[calls[0].id] = thoughts
            if len(self._thoughts) > _THOUGHTS_KEPT:
                self._thoughts.popitem(last=False)


class _Reply:
    """What one stream has brought so far."""

    __slots__ = ("_blocks", "_fragments", "_model", "_refusal", "_spoke", "_usage", "_vendor", "progressed", "reason")

    def __init__(self, vendor: str, model: str) -> None:
        self._vendor = vendor
        self._model = model
        self._fragments = ToolFragments()
        self._blocks: dict[int, dict[str, Any]] = {}  # thinking, and whole inputs of tools, by index
        self._refusal = ""
        self._spoke = False
        self._usage: dict[str, int] = {}
        self.progressed = False  # whether the last event brought text or a piece of a tool call
        self.reason: FinishReason | None = None

    def take(self, event: Json) -> str:
        """Take in one event and return its text, often a word, often "". Events of unknown types are passed over."""
        self.progressed = False
        kind, place = as_text(event.get("type")), as_number(event.get("index"))
        if kind == "content_block_delta":
            return self._take_delta(place, as_object(event.get("delta")))
        if kind == "content_block_start":
            return self._begin(place, as_object(event.get("content_block")))
        if kind == "content_block_stop":
            self._end(place)
        elif kind == "message_start":
            self._count(as_object(as_object(event.get("message")).get("usage")))
        elif kind == "message_delta":
            self._count(as_object(event.get("usage")))
            self._take_reason(as_object(event.get("delta")))
        return ""

    @property
    def usage(self) -> Usage:
        """The vendor's `input_tokens` leaves out what was written to and read from its cache."""
        read = self._usage.get("cache_read_input_tokens", 0)
        prompt = self._usage.get("input_tokens", 0) + self._usage.get("cache_creation_input_tokens", 0) + read
        return Usage(prompt, self._usage.get("output_tokens", 0), read)

    @property
    def thoughts(self) -> Blocks:
        """The thinking blocks in order, as they have to go back. One without its signature or data is worth nothing."""
        kinds = {"thinking": "signature", "redacted_thinking": "data"}
        return [block for _, block in sorted(self._blocks.items()) if block.get(kinds.get(block["type"], ""))]

    def tool_calls(self) -> list[ToolCall]:
        """The complete calls. Raises what makes a reply unusable: cut, refused, empty, a call nobody can carry out."""
        if self.reason is None:
            raise ProviderCut(f"{self._vendor} ended its answer in the middle.", vendor=self._vendor)
        if self.reason == "content_filter":
            raise ProviderRefused(f"{self._model} declined: {self._refusal or 'refusal'}.", vendor=self._vendor)
        calls = self._fragments.complete(self._vendor, truncated=self.reason == "length")
        if not self._spoke and not calls:
            why = " within its token limit" if self.reason == "length" else ""
            detail = f"{self._model} answered nothing{why}."
            raise ProviderRefused(detail, vendor=self._vendor, code="provider.empty_reply")
        return calls

    def finish_reason(self) -> FinishReason:
        """The reason; a compatible server may say "end_turn" after a tool call."""
        return "tool_calls" if self._fragments else (self.reason or "stop")

    def _begin(self, place: int, block: Json) -> str:
        kind = as_text(block.get("type"))
        if kind == "tool_use":
            self._fragments.add(place, as_text(block.get("id")), as_text(block.get("name")), "")
            self._blocks[place] = {"type": kind, "input": block.get("input")}
            self.progressed = True
        elif kind in {"thinking", "redacted_thinking"}:
            self._blocks[place] = dict(block)
        elif kind == "text":
            return self._say(as_text(block.get("text")))
        return ""

    def _take_delta(self, place: int, delta: Json) -> str:
        kind = as_text(delta.get("type"))
        if kind == "text_delta":
            return self._say(as_text(delta.get("text")))
        block = self._blocks.get(place, {})
        if kind == "input_json_delta":
            piece = as_text(delta.get("partial_json"))
            if piece:
                block["input"] = None  # it comes in pieces, what the start held does not count
            self._fragments.add(place, None, None, piece)
            self.progressed = True
        elif kind in {"thinking_delta", "signature_delta"} and block:
            name = kind.removesuffix("_delta")
            block[name] = as_text(block.get(name)) + as_text(delta.get(name))
        return ""

    def _end(self, place: int) -> None:
        """A compatible server may send a tool's whole input in the block's start and no piece of it after that."""
        block = self._blocks.get(place, {})
        if block.get("type") == "tool_use" and block.get("input"):
            self._fragments.add(place, None, None, json.dumps(block["input"]))
            block["input"] = None

    def _say(self, text: str) -> str:
        if text:
            self.progressed = True
            self._spoke = self._spoke or not text.isspace()
        return text

    def _take_reason(self, delta: Json) -> None:
        if reason := as_text(delta.get("stop_reason")):
            self.reason = _REASONS.get(reason, "stop")
            self._refusal = as_text(as_object(delta.get("stop_details")).get("category"))

    def _count(self, usage: Json) -> None:
        """The counts are totals so far, not increments; an event may leave some out."""
        self._usage.update({name: as_number(value) for name, value in usage.items() if isinstance(value, int)})
