"""From a detector's probabilities to "speech started" and "speech stopped", counted in frames."""

from __future__ import annotations

from dataclasses import dataclass

from parley.inference.speech import FRAME_MS


@dataclass(frozen=True, slots=True)
class VoicingRule:
    """Two levels, so that a probability around one of them does not flutter. `start_ms` of voice, small gaps not
    counted, open a stretch of speech; `stop_ms` without any close it."""

    start_level: float = 0.5
    stop_level: float = 0.35
    start_ms: int = 60
    stop_ms: int = 200


class Voicing:
    """`step` once per frame. `silent_ms` is the time since the last voiced frame, within a stretch and after it."""

    __slots__ = ("_from", "_start", "_stop", "_stop_level", "_voiced", "silent_ms", "speaking")

    def __init__(self, rule: VoicingRule | None = None) -> None:
        rule = rule or VoicingRule()
        self._from = rule.start_level
        self._stop_level = rule.stop_level
        self._start = max(FRAME_MS, rule.start_ms)
        self._stop = max(FRAME_MS, rule.stop_ms)
        self._voiced = 0
        self.silent_ms = 0
        self.speaking = False

    def step(self, probability: float) -> bool | None:
        """True when speech has started, False when it has stopped, None when nothing changed."""
        if self.speaking:
            if probability >= self._stop_level:
                self.silent_ms = 0
                return None
            self.silent_ms += FRAME_MS
            if self.silent_ms < self._stop:
                return None
            self.speaking = False
            return False
        if probability < self._from:
            self.silent_ms += FRAME_MS
            if self._voiced:
                self._voiced -= FRAME_MS
            return None
        self._voiced += FRAME_MS
        if self._voiced < self._start:
            return None
        self._voiced = self.silent_ms = 0
        self.speaking = True
        return True
