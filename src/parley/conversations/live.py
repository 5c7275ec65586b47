"""Following a conversation as it happens, also one that another process holds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from parley.conversations import store
from parley.conversations.takeover import ENDED, HELD, RELEASED
from parley.kit.db import Database
from parley.kit.errors import NotFound
from parley.kit.events import MISSED, Listener

_PAGE = 500
_STATES = {HELD: "held", RELEASED: "released", ENDED: "ended"}

Told = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Glance:
    """A conversation at one moment: the lines behind a place, what is established, the kind of emergency it is in."""

    lines: tuple[store.Message, ...]
    slots: Mapping[str, Any]
    emergency: str | None
    held: bool


class LiveView:
    """Streams of what is said. Lines are read from the database: news carries ids only."""

    def __init__(self, db: Database, listener: Listener) -> None:
        self._db = db
        self._listener = listener

    async def events(self, tenant_id: str, conversation_id: str) -> AsyncGenerator[Told, None]:
        """First every line so far, then each new one and each change of state, until the conversation ends."""
        async with self._listener.subscribe(tenant_id) as news:
            place = 0
            async for told in self._lines(tenant_id, conversation_id, place):
                place = told[1]["ordinal"]
                yield told
            state = await self._state(tenant_id, conversation_id)
            yield "state", {"state": state}
            while state != "ended":
                event = await anext(news)
                if event.name != MISSED and event.data.get("conversation_id") != conversation_id:
                    continue
                async for told in self._lines(tenant_id, conversation_id, place):
                    place = told[1]["ordinal"]
                    yield told
                now = await self._state(tenant_id, conversation_id)
                if now != state:
                    state = now
                    yield "state", {"state": state}

    async def glance(self, tenant_id: str, conversation_id: str, place: int) -> Glance | None:
        """The conversation as it stands, with its lines behind `place`; None where there is none (yet)."""
        async with self._db.begin(tenant_id) as connection:
            conversation = await store.get_conversation(connection, tenant_id, conversation_id)
            if conversation is None:
                return None
            lines = await store.page_messages(connection, tenant_id, conversation_id, _PAGE, place)
        state = conversation.state
        kind = state.get("alarm", {}).get("kind")
        return Glance(tuple(lines[:_PAGE]), state.get("slots", {}), kind, conversation.held_by is not None)

    async def line(self, tenant_id: str, message_id: str) -> store.Message | None:
        """One line as it stands; None where it was taken back."""
        async with self._db.begin(tenant_id) as connection:
            return await store.get_message(connection, tenant_id, message_id)

    async def _lines(self, tenant_id: str, conversation_id: str, place: int) -> AsyncGenerator[Told, None]:
        while True:
            async with self._db.begin(tenant_id) as connection:
                lines = await store.page_messages(connection, tenant_id, conversation_id, _PAGE, place)
            for line in lines[:_PAGE]:
                place = line.ordinal
                yield "message", shown_line(line)
            if len(lines) <= _PAGE:
                return

    async def _state(self, tenant_id: str, conversation_id: str) -> str:
        async with self._db.begin(tenant_id) as connection:
            conversation = await store.get_conversation(connection, tenant_id, conversation_id)
        if conversation is None:
            raise NotFound("conversation")
        if conversation.status == "ended":
            return "ended"
        return "held" if conversation.held_by else "agent"


def shown_line(line: store.Message) -> dict[str, Any]:
    """A line as the API shows it: a person who stepped in speaks for the agent, and is told apart by `by`."""
    return {
        "id": line.id,
        "conversation_id": line.conversation_id,
        "role": "user" if line.role == "user" else "agent",
        "by": {"user": "caller", "agent": "agent"}.get(line.role, "person"),
        "content": line.content,
        "reply_to": line.reply_to,
        "ordinal": line.ordinal,
        "created_at": line.created_at.isoformat(),
    }
