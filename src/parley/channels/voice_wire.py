"""Events of the voice engine as JSON, here and nowhere else. Sound is the line's own business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from parley.voice import (
    Action,
    AgentState,
    Clear,
    Ended,
    Error,
    Event,
    Heard,
    Mark,
    Metrics,
    Ready,
    ReplyDelta,
    SpeechStarted,
    SpeechStopped,
    TranscriptFinal,
    TranscriptPartial,
)

_NAMES: Mapping[type, tuple[str, tuple[str, ...]]] = {
    Ready: ("ready", ()),
    SpeechStarted: ("speech_started", ("at_ms",)),
    SpeechStopped: ("speech_stopped", ("at_ms",)),
    TranscriptPartial: ("transcript_partial", ("text",)),
    TranscriptFinal: ("transcript_final", ("text", "turn", "kind")),
    AgentState: ("agent_state", ("state",)),
    ReplyDelta: ("reply_delta", ("text", "reply")),
    Mark: ("mark", ("name",)),
    Clear: ("clear", ()),
    Heard: ("reply_heard", ("text", "reply", "complete")),
    Action: ("action", ("name", "arguments", "result", "ok")),
    Metrics: ("metrics", tuple(field.name for field in fields(Metrics))),
    Error: ("error", ("code", "detail")),
    Ended: ("ended", ("reason", "duration_ms")),
}


def to_json(event: Event) -> dict[str, Any] | None:
    """The event on the wire; None for what a client is not told this way."""
    named = _NAMES.get(type(event))
    if named is None:
        return None
    name, shown = named
    return {"event": name, **{field: _plain(getattr(event, field)) for field in shown}}


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
