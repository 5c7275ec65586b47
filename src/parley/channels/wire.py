"""Events into JSON, here and nowhere else."""

from __future__ import annotations

from typing import Any

from parley.conversations import Acting, Action, Delta, Done, Event, Opened, Source


def to_json(event: Event) -> tuple[str, dict[str, Any]] | None:
    """The name and the body of an event on the wire; None for what a text client is not told."""
    match event:
        case Acting():
            return None
        case Opened():
            return "opened", {"conversation_id": event.conversation_id, "user_message_id": event.message_id}
        case Delta():
            return "delta", {"text": event.text}
        case Action():
            return "action", action(event)
        case Done():
            return "done", reply(event)


def reply(done: Done) -> dict[str, Any]:
    """The answer of POST /chat/message, and the last event of a stream."""
    return {
        "conversation_id": done.conversation_id,
        "reply": done.reply,
        "message_id": done.message_id,
        "intent": done.intent,
        "language": done.language,
        "slots": dict(done.slots),
        "sources": [source(one) for one in done.sources],
        "cached": done.cached,
        "escalate": done.escalate,
        "emergency": done.emergency,
        "actions": [action(one) for one in done.actions],
        "held": done.held,
        "model": done.model,
        "timings": dict(done.timings),
    }


def source(one: Source) -> dict[str, Any]:
    return {"document_id": one.document_id, "title": one.title, "source": one.source, "score": one.score}


def action(one: Action) -> dict[str, Any]:
    return {"name": one.name, "arguments": dict(one.arguments), "result": dict(one.result), "ok": one.ok}
