"""The playout ledger: from milliseconds played to words heard.

Speakers that time their words are believed; for others the time of a phrase is shared out by the length of its words.
A word counts as heard when half of it was played.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from parley.inference.speech import Speech
from parley.voice.phrases import Phrase

_WORD = re.compile(r"\S+")


@dataclass(slots=True)
class _Spoken:
    phrase: Phrase
    begins_ms: float
    lasts_ms: float = 0.0
    complete: bool = False
    cut: bool = False
    cut_at: int | None = None
    middles: list[float] = field(default_factory=list)  # of the timed words, since the phrase began

    def heard(self, played_ms: float) -> int | None:
        """The offset in the reply up to which this phrase was heard; None when nothing of it was."""
        if self.cut:
            return self.cut_at
        inside = played_ms - self.begins_ms
        if self.complete and inside >= self.lasts_ms > 0:
            return self.phrase.end
        words = [match.span() for match in _WORD.finditer(self.phrase.text)]
        share = self._share_timed(inside) if self.middles else self._share_reckoned(inside, words)
        count = min(len(words), int(share * len(words) + 1e-9))
        return self.phrase.start + words[count - 1][1] if count else None

    def _share_timed(self, inside: float) -> float:
        """The share of the text's words; a speaker counts words in its own way ("20" is one word, or two)."""
        heard = sum(middle <= inside for middle in self.middles)
        timed = len(self.middles)
        words = len(_WORD.findall(self.phrase.text))
        return heard / max(timed, words) if not self.complete else heard / timed

    def _share_reckoned(self, inside: float, words: list[tuple[int, int]]) -> float:
        length = len(self.phrase.text)
        # While a phrase is still being spoken its whole length is unknown: about 15 characters a second.
        total = self.lasts_ms if self.complete else max(self.lasts_ms, length * 1000 / 15)
        if total <= 0:
            return 0.0
        heard = sum((start + end) / 2 / length * total <= inside for start, end in words)
        return heard / len(words)


class Ledger:
    """What of one reply was handed to the line, in order."""

    __slots__ = ("_phrases", "handed_ms")

    def __init__(self) -> None:
        self._phrases: list[_Spoken] = []
        self.handed_ms = 0.0

    def begin(self, phrase: Phrase) -> None:
        """The next audio speaks `phrase`."""
        self._phrases.append(_Spoken(phrase, self.handed_ms))

    def add(self, piece: Speech) -> None:
        """Audio of the phrase begun last was handed over. Its word times count from the phrase's first sample."""
        spoken = self._phrases[-1]
        spoken.middles.extend((word.start_ms + word.end_ms) / 2 for word in piece.words)
        duration = piece.duration_ms
        spoken.lasts_ms += duration
        self.handed_ms += duration

    def end(self) -> None:
        """The phrase begun last is all handed over."""
        self._phrases[-1].complete = True

    def heard(self, played_ms: float) -> int:
        """The offset in the reply's text up to which it was heard after `played_ms` of what was handed over."""
        for spoken in reversed(self._phrases):
            if spoken.begins_ms < played_ms and (offset := spoken.heard(played_ms)) is not None:
                return offset
        return 0

    def cut(self, played_ms: float) -> None:
        """The line was cleared after `played_ms`: forget what was not played."""
        kept = [spoken for spoken in self._phrases if spoken.begins_ms < played_ms]
        if kept and kept[-1].begins_ms + kept[-1].lasts_ms > played_ms:
            last = kept[-1]
            last.cut_at = last.heard(played_ms)
            last.cut = True
            last.lasts_ms = played_ms - last.begins_ms
        self._phrases = kept
        self.handed_ms = min(self.handed_ms, played_ms)
