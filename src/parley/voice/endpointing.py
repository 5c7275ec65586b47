"""Has the caller finished? Small policies that say how long a pause must last before the agent may speak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from parley.voice.completeness import completeness


class Endpointing(Protocol):
    """Pure: the same words give the same pause."""

    def pause_ms(self, text: str, asked: str) -> int:
        """How long the caller must be silent after `text` (all unanswered words) for the turn to be over. `asked` is
        the agent's last reply."""
        ...

    def likely_ms(self, text: str, asked: str) -> int | None:
        """After how much silence the turn is likely enough over to prepare a reply; None: not before it is."""
        ...


@dataclass(frozen=True, slots=True)
class FixedPause:
    """The same pause after any words."""

    ms: int = 700

    def pause_ms(self, text: str, asked: str) -> int:  # noqa: ARG002 - the port's signature
        return self.ms

    def likely_ms(self, text: str, asked: str) -> int | None:  # noqa: ARG002
        return None


@dataclass(frozen=True, slots=True)
class SemanticPause:
    """A finished sentence shortens the pause, an unfinished one stretches it. `speculate` allows to prepare a reply
    after `early_ms` of silence where the sentence is finished."""

    language: str = "en"
    finished_ms: int = 350
    unclear_ms: int = 750
    unfinished_ms: int = 1900
    early_ms: int = 200
    speculate: bool = False

    def pause_ms(self, text: str, asked: str) -> int:
        match completeness(text, self.language, asked):
            case "finished":
                return self.finished_ms
            case "unfinished":
                return self.unfinished_ms
        return self.unclear_ms

    def likely_ms(self, text: str, asked: str) -> int | None:
        if self.speculate and completeness(text, self.language, asked) == "finished":
            return self.early_ms
        return None
