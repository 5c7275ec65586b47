"""A conversation under experiment: who is the same caller again, and what of the agent's words the arm replaces."""

from __future__ import annotations

import re
from typing import Any

from parley.agents import LlmChoice, defaults
from parley.conversations.turn import Ask, Turn
from parley.experiments import UnitKind

_PHONE = ("phone_number", "phone", "from_number", "caller")
_NOT_DIALLED = re.compile(r"[^\d+]")


def unit_of(ask: Ask) -> tuple[UnitKind, str] | None:
    """Who gets the same arm again: a user, else a telephone number, else a session; None for somebody unknown.

    A caller known by the number alone is that number, whichever line or form it comes in by.
    """
    for name in _PHONE:
        if isinstance(number := ask.metadata.get(name), str) and (unit := phone_unit(number)):
            return unit if ask.user_id in (None, "", number) else ("user", ask.user_id)
    if ask.user_id:
        return "user", ask.user_id
    return ("session", ask.session_id) if ask.session_id else None


def phone_unit(number: str) -> tuple[UnitKind, str] | None:
    """A telephone number as a unit, however it is spaced."""
    digits = _NOT_DIALLED.sub("", number)
    return ("phone", digits) if digits else None


def system_prompt_of(turn: Turn, language: str) -> str:
    """The arm's system prompt, else the agent's own, else its type's."""
    if turn.arm is not None:
        return turn.arm.filled(turn.arm.system_prompt, _known(turn, language))
    return turn.version.definition.system_prompt or defaults(turn.version.type, language).system_prompt


def instructions_of(turn: Turn, language: str) -> str:
    """The arm's instructions where it has any, else the agent's own."""
    if turn.arm is not None and turn.arm.instructions:
        return turn.arm.filled(turn.arm.instructions, _known(turn, language))
    return turn.version.definition.prompts.get("instructions", "")


def sampling_of(turn: Turn) -> dict[str, Any]:
    """temperature and max_tokens of a request: the arm's, then the agent's."""
    choice = turn.version.definition.llm
    sampling: dict[str, Any] = {}
    if isinstance(choice, LlmChoice):
        sampling = {"temperature": choice.temperature, "max_tokens": choice.max_tokens}
    if turn.arm is not None:
        sampling["temperature"] = turn.arm.temperature
        if turn.arm.max_tokens is not None:
            sampling["max_tokens"] = turn.arm.max_tokens
    return sampling


def _known(turn: Turn, language: str) -> dict[str, str]:
    return {
        "business": turn.tenant.name,
        "agent": turn.version.name,
        "language": language,
        "channel": turn.conversation.channel,
    }
