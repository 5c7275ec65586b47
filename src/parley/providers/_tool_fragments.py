"""Puts streamed tool calls back together: fragments carry an index; id and name come once, arguments in pieces."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from parley.inference.chat import ToolCall
from parley.inference.errors import ProviderRefused


@dataclass(slots=True)
class _Draft:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class ToolFragments:
    """Collects the fragments of one reply."""

    def __init__(self) -> None:
        self._drafts: dict[int, _Draft] = {}

    def __bool__(self) -> bool:
        return bool(self._drafts)

    def add(self, index: int, call_id: str | None, name: str | None, arguments: str | None) -> None:
        """Take one fragment. A server that repeats id or name in later fragments changes nothing."""
        draft = self._drafts.setdefault(index, _Draft())
        draft.id = draft.id or call_id or ""
        draft.name = draft.name or name or ""
        if arguments:
            draft.arguments.append(arguments)

    def complete(self, vendor: str, *, truncated: bool) -> list[ToolCall]:
        """The calls by index. Raises `ProviderRefused` (provider.bad_tool_call) when one cannot be carried out.

        Arguments are never repaired: a guessed date or amount would be acted upon.
        """
        return [
            ToolCall(draft.id or f"call_{index}", _name(draft, vendor), _arguments(draft, vendor, truncated=truncated))
            for index, draft in sorted(self._drafts.items())
        ]


def _name(draft: _Draft, vendor: str) -> str:
    if not draft.name:
        raise _bad_call(f"{vendor} called a tool without naming it.", vendor)
    return draft.name


def _arguments(draft: _Draft, vendor: str, *, truncated: bool) -> dict[str, Any]:
    text = "".join(draft.arguments).strip()
    if not text:
        return {}
    try:
        arguments = json.loads(text)
    except ValueError:
        why = "the reply reached its token limit" if truncated else "they are not valid JSON"
        raise _bad_call(f"{vendor} called {draft.name!r} with unusable arguments: {why}.", vendor) from None
    if not isinstance(arguments, dict):
        raise _bad_call(f"{vendor} called {draft.name!r} with arguments that are not an object.", vendor)
    return arguments


def _bad_call(detail: str, vendor: str) -> ProviderRefused:
    return ProviderRefused(detail, vendor=vendor, code="provider.bad_tool_call")
