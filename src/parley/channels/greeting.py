"""The agent's first words on a line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from parley.agents import Agent, defaults

_GAP = re.compile(r"\s+([,.;:!?])")


def first_words(agent: Agent, business: str, language: str, known: Mapping[str, str]) -> str:
    """The greeting with what is `known` of the call in it; "" where the agent's settings let the caller begin.

    `{name}` and `{{name}}` stand for a value; what is not known leaves no gap.
    """
    definition = agent.definition
    if definition.voice_settings.get("start_speaker") == "user" or definition.prompts.get("greeting", " ") == "":
        return ""
    words: str = definition.prompts.get("greeting") or defaults(agent.type, language).greeting
    for name, value in {**known, "business": business, "agent": agent.name}.items():
        words = words.replace(f"{{{{{name}}}}}", value).replace(f"{{{name}}}", value)
    return _GAP.sub(r"\1", " ".join(words.split()))
