"""Chat over any server that speaks OpenAI's `POST /chat/completions`: OpenAI, Groq, vLLM, Ollama, llama.cpp.

One adapter, a row of `Quirks` per server. The official SDK makes the request and decodes the stream; retries are off,
because `inference.fallback` alone decides about a second attempt. Its typed parameters and chunk models are passed by:
they take twice the processor time of all the rest of the request, and servers have fields that they do not know.
Hidden reasoning (`delta.reasoning`, `delta.reasoning_content`) is never text. Sources: OpenAI API reference, "Chat
completions"; GroqCloud docs, "Errors".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from parley.inference.chat import ChatEvent, ChatRequest, Finished, FinishReason, TextDelta, ToolCall
from parley.inference.errors import ProviderCut, ProviderRefused, ProviderStalled
from parley.inference.usage import Usage
from parley.providers import _openai_errors as errors
from parley.providers._openai_clients import OpenAIClients
from parley.providers._openai_request import Concessions, Quirks, request_body
from parley.providers._tool_fragments import ToolFragments

if TYPE_CHECKING:
    from openai import AsyncStream

__all__ = ["OpenAIChat", "OpenAIClients", "Quirks", "Timeouts"]

T = TypeVar("T")
Json = Mapping[str, Any]

_NOTHING: Json = {}
_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Allowed silences in seconds: `first` until the first text or tool fragment, connecting included; `gap` between
    two of them; `tail` from the finish reason to the end of the stream (usage follows it)."""

    first: float = 2.0
    gap: float = 1.5
    tail: float = 0.25


class OpenAIChat:
    """A `ChatModel`. With `clients` given, connections are shared and belong to whoever owns `clients`."""

    def __init__(
        self,
        vendor: str,
        model: str,
        *,
        base_url: str,
        api_key: str = "",
        quirks: Quirks | None = None,
        timeouts: Timeouts | None = None,
        clients: OpenAIClients | None = None,
    ) -> None:
        self._vendor = vendor
        self._model = model
        self._quirks = quirks or Quirks()
        self._timeouts = timeouts or Timeouts()
        self._clients = clients or OpenAIClients()
        self._owns_clients = clients is None
        self._client = self._clients.get(vendor, base_url, api_key)
        self._concessions = Concessions()

    @property
    def name(self) -> str:
        return f"{self._vendor}/{self._model}"

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """See `ports.ChatModel.stream`.

        A reply without a visible word and without a tool call raises `ProviderRefused` (provider.empty_reply).
        """
        reply = _Reply(self._vendor, self._model, self._quirks)
        patience = _Patience(self._vendor, self._timeouts.first)
        stream = await patience.wait(self._open(request))
        try:
            while (chunk := await self._next_chunk(stream, patience, reply)) is not None:
                text = reply.take(chunk)
                if reply.reason is not None:
                    patience.left = min(patience.left, self._timeouts.tail)
                elif reply.progressed:
                    patience.left = self._timeouts.gap
                if text:
                    yield TextDelta(text)
        finally:
            await stream.close()
        for call in reply.tool_calls():
            yield call
        yield Finished(reply.finish_reason(), reply.usage, self.name)

    async def check(self) -> None:
        """Fetch the list of models. Raises `ProviderError` where address or key is wrong; opens a warm connection."""
        from openai import APIError

        try:
            await _Patience(self._vendor, self._timeouts.first).wait(self._client.models.list())
        except APIError as error:
            raise errors.from_sdk(error, self._vendor, self._model) from error

    async def aclose(self) -> None:
        if self._owns_clients:
            await self._clients.aclose()

    async def _open(self, request: ChatRequest) -> AsyncStream[object]:
        """Send the request; a field this model refuses by name is changed or left out from then on."""
        from openai import APIError, AsyncStream

        while True:
            body = request_body(request, self._model, self._quirks, self._concessions)
            try:
                return await self._client.post(
                    "/chat/completions", cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object]
                )
            except APIError as error:
                if not self._concessions.concede(errors.refused_field(error)):
                    raise errors.from_sdk(error, self._vendor, self._model) from error

    async def _next_chunk(self, stream: AsyncStream[object], patience: _Patience, reply: _Reply) -> Json | None:
        """The next chunk, None at the end. Once the finish reason is here, a missing rest is no error."""
        from openai import APIConnectionError, APIError

        try:
            return _object(await patience.wait(anext(stream)))
        except StopAsyncIteration:
            return None
        except ProviderStalled:
            if reply.reason is not None:
                return None
            raise
        except APIConnectionError as error:
            if reply.reason is not None:
                return None
            raise ProviderCut(f"{self._vendor} broke the connection within its answer.", vendor=self._vendor) from error
        except APIError as error:
            raise errors.from_sdk(error, self._vendor, self._model) from error
        except ValueError as error:
            raise ProviderCut(f"{self._vendor} sent something that is no JSON.", vendor=self._vendor) from error


class _Patience:
    """A budget of silence. Only waiting for the vendor is counted, not the time the consumer takes between events."""

    __slots__ = ("_vendor", "left")

    def __init__(self, vendor: str, seconds: float) -> None:
        self._vendor = vendor
        self.left = seconds

    async def wait(self, awaited: Awaitable[T]) -> T:
        """Await within what is left. Raises `ProviderStalled`."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            async with asyncio.timeout(self.left):
                result = await awaited
        except TimeoutError:
            raise ProviderStalled(f"{self._vendor} stayed silent for too long.", vendor=self._vendor) from None
        self.left -= clock() - begun
        return result


class _Reply:
    """What one stream has brought so far."""

    __slots__ = ("_fragments", "_model", "_quirks", "_refusal", "_spoke", "_vendor", "progressed", "reason", "usage")

    def __init__(self, vendor: str, model: str, quirks: Quirks) -> None:
        self._vendor = vendor
        self._model = model
        self._quirks = quirks
        self._fragments = ToolFragments()
        self._refusal: list[str] = []
        self._spoke = False
        self.progressed = False  # whether the last chunk brought text or a piece of a tool call
        self.reason: FinishReason | None = None
        self.usage = Usage()

    def take(self, chunk: Json) -> str:
        """Take in one chunk and return its text, often a word, often "". Raises an error written into the stream."""
        self.progressed = False
        if usage := _object(chunk.get("usage")):
            self.usage = _usage(usage)
        if self._quirks.x_groq:
            self._take_x_groq(_object(chunk.get("x_groq")))
        choices = _list(chunk.get("choices"))
        if not choices:  # the usage chunk
            return ""
        choice = _object(choices[0])
        delta = _object(choice.get("delta"))
        for piece in _list(delta.get("tool_calls")):
            self._take_fragment(_object(piece))
        if refusal := _text(delta.get("refusal")):
            self._refusal.append(refusal)
        if reason := _text(choice.get("finish_reason")):
            self.reason = _REASONS.get(reason, "stop")
        text = _text(delta.get("content"))
        if text:
            self.progressed = True
            self._spoke = self._spoke or not text.isspace()
        return text

    def _take_fragment(self, piece: Json) -> None:
        function, index = _object(piece.get("function")), piece.get("index")
        place = index if isinstance(index, int) else 0
        name, arguments = _text(function.get("name")), _text(function.get("arguments"))
        self._fragments.add(place, _text(piece.get("id")), name, arguments)
        self.progressed = True

    def tool_calls(self) -> list[ToolCall]:
        """The complete calls. Raises what makes a reply unusable: cut, refused, empty, a call nobody can carry out."""
        if self.reason is None:
            raise ProviderCut(f"{self._vendor} ended its answer in the middle.", vendor=self._vendor)
        if self._refusal:
            raise ProviderRefused(f"{self._model} declined: {''.join(self._refusal)}", vendor=self._vendor)
        calls = self._fragments.complete(self._vendor, truncated=self.reason == "length")
        if not self._spoke and not calls:
            raise self._empty()
        return calls

    def finish_reason(self) -> FinishReason:
        """The reason; some servers say "stop" after a tool call."""
        return "tool_calls" if self._fragments else (self.reason or "stop")

    def _empty(self) -> ProviderRefused:
        why = {"length": " within its token limit", "content_filter": " because of its content filter"}
        detail = f"{self._model} answered nothing{why.get(self.reason or '', '')}."
        return ProviderRefused(detail, vendor=self._vendor, code="provider.empty_reply")

    def _take_x_groq(self, extra: Json) -> None:
        if extra.get("error"):
            raise errors.in_stream(extra["error"], self._vendor, self._model)
        if usage := _object(extra.get("usage")):
            self.usage = _usage(usage)


def _usage(usage: Json) -> Usage:
    details = _object(usage.get("prompt_tokens_details"))
    return Usage(
        _number(usage.get("prompt_tokens")),
        _number(usage.get("completion_tokens")),
        _number(details.get("cached_tokens")),
    )


# A server may send anything under any name: what is not of the kind expected counts as absent.


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else _NOTHING


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return int(value) if isinstance(value, int) or (isinstance(value, float) and value.is_integer()) else 0
