"""Talks of which no word may be written down: their last lines live in this process, for a while, and nowhere else.

A process that restarts, or another one that takes a turn, begins with nothing: the agent asks again for what it needs.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from parley.conversations.store import Message
from parley.inference.facts import SlotValue
from parley.kit.clock import Clock
from parley.kit.ids import new_id
from parley.privacy import Masking

TTL_SECONDS = 3600.0
MOST_TALKS = 5000
MOST_LINES = 20


@dataclass(slots=True)
class Talk:
    """What one conversation has said (masked) and established."""

    conversation_id: str
    masking: Masking = field(default_factory=lambda: Masking("metadata_only"))
    lines: deque[Message] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    slots: dict[str, SlotValue] = field(default_factory=dict)
    node: str | None = None
    before: tuple[dict[str, SlotValue], str | None] | None = None
    used: float = 0.0

    def cut(self, heard: str) -> None:
        """Shorten the agent's last line to what was heard of it."""
        at = next((at for at in reversed(range(len(self.lines))) if self.lines[at].role == "agent"), None)
        if at is not None and (kept := self.masking.beginning(self.lines[at].content, heard)) is not None:
            self.lines[at] = replace(self.lines[at], content=kept)

    def retract(self) -> None:
        """Forget the caller's last line, what followed it, and what was taken from it."""
        while self.lines and self.lines.pop().role != "user":
            pass
        if self.before is not None:
            (self.slots, self.node), self.before = self.before, None


class Unwritten:
    """The talks of this process, least recently used forgotten first."""

    def __init__(self, clock: Clock, *, ttl_seconds: float = TTL_SECONDS, most: int = MOST_TALKS) -> None:
        self._clock = clock
        self._ttl = ttl_seconds
        self._most = most
        self._talks: OrderedDict[str, Talk] = OrderedDict()

    def talk(self, conversation_id: str) -> Talk:
        """The talk so far; an empty one where nothing is remembered."""
        now = self._clock.now().timestamp()
        while self._talks and next(iter(self._talks.values())).used < now - self._ttl:
            self._talks.popitem(last=False)
        talk = self._talks.setdefault(conversation_id, Talk(conversation_id))
        talk.used = now
        self._talks.move_to_end(conversation_id)
        while len(self._talks) > self._most:
            self._talks.popitem(last=False)
        return talk

    def add(self, talk: Talk, role: str, masked: str) -> None:
        """Remember one line."""
        if masked:
            line = Message(new_id(), talk.conversation_id, 0, role, masked, None, self._clock.now())
            talk.lines.append(line)

    def forget(self, conversation_ids: Iterable[str]) -> None:
        """Forget talks at once."""
        for conversation_id in conversation_ids:
            self._talks.pop(conversation_id, None)
