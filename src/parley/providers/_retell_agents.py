"""An agent of ours in the fields of Retell's agents. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from parley.inference.carrier import AgentSpec

EVENTS: Final = ("call_started", "call_ended", "call_analyzed", "transcript_updated")
_LANGUAGES: Final = {
    "en": "en-US", "de": "de-DE", "es": "es-ES", "fr": "fr-FR", "it": "it-IT", "nl": "nl-NL", "pl": "pl-PL",
    "pt": "pt-PT", "ru": "ru-RU", "tr": "tr-TR", "ro": "ro-RO", "uk": "uk-UA", "sv": "sv-SE", "da": "da-DK",
}  # fmt: skip
_VOICES: Final = re.compile(r"(?:11labs|openai|deepgram|cartesia|minimax|fish|inworld|play|retell|custom_voice)[-_]\S+")
_USUAL_VOICE: Final = "11labs-Adrian"  # Retell's own example; it speaks every language of its model
# Ours → Retell's, with the bounds of its reference; what is outside of them is moved to the edge.
_NUMBERS: Final[Mapping[str, tuple[str, float, float]]] = {
    "speed": ("voice_speed", 0.5, 2),
    "temperature": ("voice_temperature", 0, 2),
    "volume": ("volume", 0, 2),
    "responsiveness": ("responsiveness", 0, 1),
    "interruption_sensitivity": ("interruption_sensitivity", 0, 1),
    "reminder_trigger_ms": ("reminder_trigger_ms", 1_000, 600_000),
    "reminder_max_count": ("reminder_max_count", 0, 10),
    "ring_duration_ms": ("ring_duration_ms", 5_000, 300_000),
    "end_call_after_silence_ms": ("end_call_after_silence_ms", 10_000, 3_600_000),
    "max_call_duration_ms": ("max_call_duration_ms", 60_000, 7_200_000),
}


def agent_fields(spec: AgentSpec) -> dict[str, Any]:
    """The fields that we say; Retell's defaults stand for all others."""
    fields: dict[str, Any] = {
        "agent_name": spec.name,
        "response_engine": {"type": "custom-llm", "llm_websocket_url": spec.line_url},
        "voice_id": _voice(spec),
        "language": _LANGUAGES.get(spec.language, "multi"),
        "webhook_url": spec.webhook_url,
        "webhook_events": list(EVENTS),
        "reminder_max_count": 2,  # the first asks whether somebody is there, the second says goodbye
    }
    for ours, (name, least, most) in _NUMBERS.items():
        value = spec.voice_settings.get(ours)
        if isinstance(value, int | float) and not isinstance(value, bool):
            fields[name] = min(most, max(least, value))
    return fields


def differences(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    """Sentences on the fields that differ. The line's address holds a secret: only that it differs is said."""
    found = []
    for name, value in wanted.items():
        has = there.get(name)
        if name == "response_engine":
            url = has.get("llm_websocket_url") if isinstance(has, Mapping) else None
            if url != value["llm_websocket_url"]:
                found.append("response_engine does not lead to this installation")
        elif name == "webhook_events":
            if set(has or ()) != set(value):
                found.append(f"webhook_events are {sorted(has or ())}, not {sorted(value)}")
        elif has != value:
            found.append(f"{name} is {has!r}, not {value!r}")
    if there.get("is_published") is False:
        found.append("the version is not published")
    return found


def _voice(spec: AgentSpec) -> str:
    """A voice of Retell's where the agent names one; any other name is a voice of another speaker."""
    for name in (spec.voice_settings.get("voice_id"), spec.voice):
        if isinstance(name, str) and _VOICES.fullmatch(name):
            return name
    return _USUAL_VOICE
