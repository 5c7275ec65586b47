"""What a turn took, from the end of the caller's speech to what was heard of the answer."""

from __future__ import annotations

from dataclasses import dataclass

from parley.voice.events import Metrics
from parley.voice.ports import CallerTurn


@dataclass(frozen=True, slots=True)
class Timing:
    """When the turn that is answered was taken. Milliseconds of audio; `decided_at` in seconds of the clock."""

    decided_at: float
    decision_ms: float | None = None
    transcript_ms: float | None = None
    speculative: bool = False

    def metrics(
        self,
        turn: CallerTurn,
        *,
        first_text: float | None,
        first_audio: float | None,
        heard_ms: float,
        spoken_ms: float,
        interrupted: bool,
    ) -> Metrics:
        """`first_text` and `first_audio` in seconds of the clock."""
        return Metrics(
            turn.id,
            decision_ms=self.decision_ms,
            transcript_ms=self.transcript_ms,
            first_text_ms=self._since(first_text),
            first_audio_ms=self._since(first_audio),
            heard_ms=round(heard_ms, 1),
            spoken_ms=round(spoken_ms, 1),
            interrupted=interrupted,
            speculative=self.speculative,
            attempts=turn.attempt,
        )

    def _since(self, moment: float | None) -> float | None:
        return None if moment is None else round((moment - self.decided_at) * 1000, 2)
