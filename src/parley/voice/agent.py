"""What is known of the reply under way: whether it lives, sounds, acts or ends the call. Kept by the floor, pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from parley.voice.manners import Manners

NEVER = 1 << 60
Ending = Literal["goodbye", "silence", "too_long", "no_transcriber", "failed"]


@dataclass(slots=True)
class Agent:
    """Times are milliseconds of audio received.

    `alive_at`: when the reply last got further. `sounds_until`: when what was handed to the line will have been played.
    `own`: it is a sentence of the session's own. `held_from`: the state it was silenced in. `failures`: of own
    sentences in a row. `bridged`: the wait for it was filled already.
    """

    began_at: int = 0
    alive_at: int = 0
    sounds_until: int = 0
    tools: int = 0
    attempt: int = 1
    own: bool = False
    parting: Ending | None = None
    held_from: Literal["thinking", "speaking"] = "thinking"
    failures: int = 0
    bridged: bool = False

    def begins(self, now: int, *, own: bool) -> None:
        self.began_at = now
        self.own = self.bridged = own
        self.attempt = 1
        self.parting = None
        self.is_awaited(now)

    def is_awaited(self, now: int) -> None:
        """From here on it may take its time anew."""
        self.alive_at = self.sounds_until = now

    def sounds(self, now: int, unplayed_ms: float) -> None:
        self.sounds_until = now + int(unplayed_ms)
        self.attempt = 1

    def acts(self, now: int) -> None:
        self.tools += 1
        self.alive_at = now

    def has_acted(self, now: int) -> None:
        self.tools = max(0, self.tools - 1)
        self.alive_at = now

    def is_acting(self, now: int, rules: Manners) -> bool:
        """Whether a tool runs that may still be waited for."""
        return self.tools > 0 and now < self.alive_at + rules.tool_ms

    def stalls_at(self, rules: Manners) -> int:
        """When it has been waited for long enough."""
        return max(self.alive_at, self.sounds_until) + (rules.tool_ms if self.tools else rules.stall_ms)

    def bridge_at(self, rules: Manners) -> int:
        """When the caller should hear that he is not forgotten, while nothing of the reply is audible."""
        return NEVER if self.bridged else self.began_at + rules.filler_ms
