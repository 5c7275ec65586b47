"""Whether a session is recorded, and the sentence that says so before it is."""

from __future__ import annotations

from typing import Final

from parley.agents import Agent

_SENTENCES: Final = {"en": "This call is recorded.", "de": "Dieses Gespräch wird aufgezeichnet."}


def records(agent: Agent, channel: str) -> bool:
    """Whether the agent asks for it and keeps words as they are spoken. Sound cannot be masked."""
    definition = agent.definition
    return definition.voice_settings.get("recording") is True and definition.privacy_on(channel) == "keep_all"


def announcement(agent: Agent, language: str) -> str:
    """What the caller hears first: the agent's own sentence, else ours; in English where there is none."""
    own = agent.definition.voice_settings.get("recording_announcement")
    return own.strip() if isinstance(own, str) and own.strip() else _SENTENCES.get(language, _SENTENCES["en"])
