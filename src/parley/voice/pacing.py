"""What a line knows about the far end's loudspeaker: how much of the audio handed over is still unplayed.

Reckoned from the wall clock, which is an argument, and corrected by marks where the far end sends them.
"""

from __future__ import annotations

from collections import deque


class Playout:
    """Seconds are the line's clock, milliseconds are audio."""

    __slots__ = ("_done_at", "_marks", "_sent_ms")

    def __init__(self) -> None:
        self._done_at = 0.0  # when the audio handed over will have been played
        self._sent_ms = 0.0
        self._marks: deque[tuple[str, float]] = deque(maxlen=256)

    def add(self, duration_ms: float, now: float) -> None:
        """Audio was handed over: it follows what is still unplayed."""
        self._done_at = max(self._done_at, now) + duration_ms / 1000
        self._sent_ms += duration_ms

    def unplayed_ms(self, now: float) -> float:
        return max(0.0, (self._done_at - now) * 1000)

    def clear(self, now: float) -> None:
        """What is unplayed was dropped."""
        self._sent_ms -= self.unplayed_ms(now)
        self._done_at = now
        self._marks.clear()

    def mark(self, name: str) -> None:
        """A mark was sent behind the audio handed over so far."""
        self._marks.append((name, self._sent_ms))

    def reached(self, name: str, now: float) -> None:
        """The far end has played everything before the mark. Unknown names (of audio that was cleared) do nothing."""
        position = next((at for known, at in self._marks if known == name), None)
        if position is None:
            return
        while self._marks and self._marks[0][1] <= position:
            self._marks.popleft()
        self._done_at = now + (self._sent_ms - position) / 1000
