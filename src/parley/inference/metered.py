"""Measures what passes through a chat model and reports it once per request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from parley.inference.chat import ChatEvent, ChatRequest, Finished
from parley.inference.errors import ProviderError
from parley.inference.ports import ChatModel
from parley.inference.usage import Usage

CLOSED_EARLY = "closed_early"


@dataclass(frozen=True, slots=True)
class Reading:
    """One request. `vendor` and `model` are who really answered (a chain's last link, say).

    `first_event_s` is None when nothing arrived. Times are seconds since the request, the consumer's own time between
    events included. `error` is "" for a complete reply, the error's dotted code, or "closed_early" when the consumer
    left first (a caller who interrupts).
    """

    vendor: str
    model: str
    usage: Usage
    first_event_s: float | None
    total_s: float
    error: str


class Meter(Protocol):
    """Takes readings. Called within the stream: it must not block, and what it raises surfaces there."""

    def __call__(self, reading: Reading, /) -> None: ...


class MeteredChat:
    """A `ChatModel` that reports every request of `model` to `meter`."""

    def __init__(self, model: ChatModel, meter: Meter, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._model = model
        self._meter = meter
        self._clock = clock

    @property
    def name(self) -> str:
        return self._model.name

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        begun = self._clock()
        first: float | None = None
        answered, usage, error = self._model.name, Usage(), "internal"
        events = self._model.stream(request)
        try:
            async with aclosing(events):
                async for event in events:
                    if first is None:
                        first = self._clock() - begun
                    if isinstance(event, Finished):
                        answered, usage, error = event.model or answered, event.usage, ""
                    yield event
        except (GeneratorExit, asyncio.CancelledError):
            error = error and CLOSED_EARLY
            raise
        except ProviderError as failure:
            error = failure.code
            raise
        finally:
            vendor, _, model = answered.partition("/")
            self._meter(Reading(vendor, model, usage, first, self._clock() - begun, error))

    async def aclose(self) -> None:
        await self._model.aclose()
