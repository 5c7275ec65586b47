"""What the agent says outside of any turn: a greeting, an apology, "are you still there?". Kept as it was heard."""

from __future__ import annotations

from parley.conversations import store
from parley.conversations.open import Opening
from parley.conversations.takeover import MESSAGE
from parley.conversations.turn import Ask
from parley.conversations.unwritten import Unwritten
from parley.kit.events import Event, publish
from parley.kit.ids import new_id
from parley.privacy import Vaults


class Asides:
    """Puts such sentences on record, and begins the conversation where they come first."""

    def __init__(self, opening: Opening, vaults: Vaults, unwritten: Unwritten) -> None:
        self._opening = opening
        self._vaults = vaults
        self._unwritten = unwritten

    async def say(self, ask: Ask, heard: str) -> str:
        """Keep `heard` as a line of the agent's. `ask` says where it belongs (its message does not count); returns the
        conversation, a new one where `ask` names none. Waits while a turn is being answered."""
        conversation_id = ask.conversation_id or await self._opening.begin(ask)
        async with self._vaults.between_turns(ask.tenant_id, conversation_id) as (connection, masking):
            length = None if masking.keeps_words else len(heard)
            line = store.Line(new_id(), masking.stored(heard), length)
            await store.add_message(connection, ask.tenant_id, conversation_id, "agent", line)
            if not masking.keeps_words:
                self._unwritten.add(self._unwritten.talk(conversation_id), "agent", heard)
            data = {"conversation_id": conversation_id, "message_id": line.id}
            await publish(connection, Event(ask.tenant_id, MESSAGE, data))
        return conversation_id
