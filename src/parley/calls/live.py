"""Following a call as it happens, also one that another process carries: its lines, slots, emergency and status.

News carries ids only; what is told is read from the rows. Lines are numbered, so that a stream that broke goes on.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from parley.calls.progress import Progress
from parley.calls.record import CallRecord
from parley.conversations import CHANGED, Glance, LiveView, shown_line
from parley.kit.events import Listener

Told = tuple[str, dict[str, Any], str | None]


@dataclass(slots=True)
class _Seen:
    """What a follower has been told. `place` is the number of the last line; `touched` are lines that changed since."""

    place: int
    status: dict[str, Any] | None = None
    slots: dict[str, Any] = field(default_factory=dict)
    emergency: str | None = None
    held: bool = False
    speaking: str = ""
    touched: set[str] = field(default_factory=set)


class CallLive:
    """Streams of calls."""

    def __init__(self, progress: Progress, conversations: LiveView, listener: Listener) -> None:
        self._progress = progress
        self._conversations = conversations
        self._listener = listener

    async def events(self, tenant_id: str, call_id: str, after: str | None = None) -> AsyncGenerator[Told, None]:
        """The call so far, then whatever happens, until it is over. `after`: the number of the last line known.

        `status`, `transcript` (a line; told again where it was cut), `transcript_removed`, `partial` (what is being
        said), `slots`, `emergency`, `held`, and at the end `ended` with the record. Raises `NotFound`.
        """
        seen = _Seen(int(after) if after and after.isdecimal() and len(after) < 10 else 0)
        async with self._listener.subscribe(tenant_id, {"call_id": call_id}) as news:
            while True:
                call = await self._progress.get(tenant_id, call_id)
                if call.conversation_id is not None:
                    self._listener.widen(news, {"conversation_id": call.conversation_id})
                async for told in self._new(call, seen):
                    yield told
                if not call.is_active:
                    yield "ended", _record(call), None
                    return
                event = await anext(news)
                if event.name == CHANGED:
                    seen.touched.add(str(event.data.get("message_id")))

    async def _new(self, call: CallRecord, seen: _Seen) -> AsyncIterator[Told]:
        status = {"call_id": call.id, "status": call.status, "reason": call.reason}
        if status != seen.status:
            seen.status = status
            yield "status", status, None
        if call.conversation_id is None:
            for line in call.lines[seen.place :]:
                seen.place += 1
                yield "transcript", {**line, "ordinal": seen.place}, str(seen.place)
            return
        async for told in self._lines(call, call.conversation_id, seen):
            yield told

    async def _lines(self, call: CallRecord, conversation_id: str, seen: _Seen) -> AsyncIterator[Told]:
        for message_id in sorted(seen.touched):
            line = await self._conversations.line(call.tenant_id, message_id)
            if line is None:
                yield "transcript_removed", {"id": message_id}, None
            elif line.ordinal <= seen.place:
                yield "transcript", shown_line(line), None
        seen.touched.clear()
        while (glance := await self._conversations.glance(call.tenant_id, conversation_id, seen.place)) is not None:
            for line in glance.lines:
                seen.place, seen.speaking = line.ordinal, line.content
                yield "transcript", shown_line(line), str(line.ordinal)
            if not glance.lines:
                for told in _changes(call, glance, seen):
                    yield told
                return


def _changes(call: CallRecord, glance: Glance, seen: _Seen) -> list[Told]:
    told: list[Told] = []
    if glance.slots != seen.slots:
        seen.slots = dict(glance.slots)
        told.append(("slots", {"slots": seen.slots}, None))
    if glance.emergency != seen.emergency:
        seen.emergency = glance.emergency
        told.append(("emergency", {"kind": glance.emergency}, None))
    if glance.held != seen.held:
        seen.held = glance.held
        told.append(("held", {"held": glance.held}, None))
    if call.is_active and call.lines:
        last = call.lines[-1]
        words = str(last.get("content", ""))
        if words and words not in seen.speaking:
            seen.speaking = words
            told.append(("partial", {"role": last.get("role"), "content": words}, None))
    return told


def _record(call: CallRecord) -> dict[str, Any]:
    return {
        "call_id": call.id,
        "status": call.status,
        "reason": call.reason,
        "duration": call.duration,
        "structured_data": call.structured_data,
    }
