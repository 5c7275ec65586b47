"""An answer that is to be one JSON object, whatever a model writes around it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace

import orjson

from parley.inference.chat import ChatRequest, Finished, TextDelta
from parley.inference.errors import ProviderRefused
from parley.inference.ports import ChatModel


async def ask_for_json(model: ChatModel, request: ChatRequest) -> tuple[Mapping[str, object], str]:
    """The model's JSON object and who answered. Raises `ProviderError`, or `ValueError` for what is none."""
    try:
        return await _answer(model, request)
    except ProviderRefused:
        # A server without structured output may refuse the request for it alone.
        return await _answer(model, replace(request, answer_schema=None))


async def _answer(model: ChatModel, request: ChatRequest) -> tuple[Mapping[str, object], str]:
    text, by = "", model.name
    async with aclosing(model.stream(request)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                text += event.text
            elif isinstance(event, Finished):
                by = event.model or by
    begin, end = text.find("{"), text.rfind("}")
    answer = orjson.loads(text[begin : end + 1]) if 0 <= begin < end else None
    if not isinstance(answer, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - the caller falls back on it
    return answer, by
