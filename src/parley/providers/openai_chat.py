"""Chat over any server that speaks OpenAI's `POST /chat/completions`: OpenAI, Groq, vLLM, Ollama, llama.cpp.

One adapter, a row of `Quirks` per server. The official SDK makes the request and decodes the stream; retries are off,
because `inference.fallback` alone decides about a second attempt. Its typed parameters and chunk models are passed by:
they take twice the processor time of all the rest of the request, and servers have fields that they do not know.
Hidden reasoning (`delta.reasoning`, `delta.reasoning_content`) is never text. Sources: OpenAI API reference, "Chat
completions"; GroqCloud docs, "Errors".
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from parley.inference.chat import ChatEvent, ChatRequest, Finished, FinishReason, TextDelta, ToolCall
from parley.inference.errors import ProviderCut, ProviderRefused, ProviderStalled
from parley.inference.usage import Usage
from parley.providers import _openai_errors as errors
from parley.providers._openai_clients import OpenAIClients
from parley.providers._openai_request import Concessions, Quirks, request_body
from parley.providers._patience import Patience, Timeouts
from parley.providers._tool_fragments import ToolFragments
from parley.providers._vendor_says import Json, as_list, as_number, as_object, as_text

if TYPE_CHECKING:
    from openai import AsyncStream

__all__ = ["OpenAIChat", "OpenAIClients", "Quirks", "Timeouts"]

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


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
        patience = Patience(self._vendor, self._timeouts.first)
        stream = await self._open(request, patience)
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
            await Patience(self._vendor, self._timeouts.first).wait(self._client.models.list())
        except APIError as error:
            raise errors.from_sdk(error, self._vendor, self._model) from error

    async def aclose(self) -> None:
        if self._owns_clients:
            await self._clients.aclose()

    async def _open(self, request: ChatRequest, patience: Patience) -> AsyncStream[object] | _Whole:
        """Send the request; a field this model refuses by name is changed or left out from then on."""
        from openai import APIError

        while True:
            body = request_body(request, self._model, self._quirks, self._concessions)
            if not body["stream"]:
                patience.left = self._timeouts.whole
            try:
                return await patience.wait(self._send(body))
            except APIError as error:
                if not self._concessions.concede(errors.refused_field(error)):
                    raise errors.from_sdk(error, self._vendor, self._model) from error

    async def _send(self, body: dict[str, Any]) -> AsyncStream[object] | _Whole:
        from openai import AsyncStream

        if not body["stream"]:
            return _Whole(await self._client.post("/chat/completions", cast_to=object, body=body))
        return await self._client.post(
            "/chat/completions", cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object]
        )

    async def _next_chunk(self, stream: AsyncStream[object] | _Whole, patience: Patience, reply: _Reply) -> Json | None:
        """The next chunk, None at the end. Once the finish reason is here, a missing rest is no error."""
        from openai import APIConnectionError, APIError

        try:
            return as_object(await patience.wait(anext(stream)))
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


class _Whole:
    """A reply that came in one piece, as the one chunk of a stream."""

    __slots__ = ("_chunks",)

    def __init__(self, completion: object) -> None:
        said = as_object(completion)
        choices = [
            {**as_object(choice), "delta": as_object(choice).get("message")} for choice in as_list(said.get("choices"))
        ]
        self._chunks = [{**said, "choices": choices}]

    async def __anext__(self) -> object:
        if not self._chunks:
            raise StopAsyncIteration
        return self._chunks.pop()

    async def close(self) -> None:
        """There is nothing left to close."""


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
        if usage := as_object(chunk.get("usage")):
            self.usage = _usage(usage)
        if self._quirks.x_groq:
            self._take_x_groq(as_object(chunk.get("x_groq")))
        choices = as_list(chunk.get("choices"))
        if not choices:  # the usage chunk
            return ""
        choice = as_object(choices[0])
        delta = as_object(choice.get("delta"))
        for piece in as_list(delta.get("tool_calls")):
            self._take_fragment(as_object(piece))
        if refusal := as_text(delta.get("refusal")):
            self._refusal.append(refusal)
        if reason := as_text(choice.get("finish_reason")):
            self.reason = _REASONS.get(reason, "stop")
        text = as_text(delta.get("content"))
        if text:
            self.progressed = True
            self._spoke = self._spoke or not text.isspace()
        return text

    def _take_fragment(self, piece: Json) -> None:
        function, index = as_object(piece.get("function")), piece.get("index")
        place = index if isinstance(index, int) else 0
        name, arguments = as_text(function.get("name")), as_text(function.get("arguments"))
        self._fragments.add(place, as_text(piece.get("id")), name, arguments)
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
        if usage := as_object(extra.get("usage")):
            self.usage = _usage(usage)


def _usage(usage: Json) -> Usage:
    details = as_object(usage.get("prompt_tokens_details"))
    return Usage(
        as_number(usage.get("prompt_tokens")),
        as_number(usage.get("completion_tokens")),
        as_number(details.get("cached_tokens")),
    )
