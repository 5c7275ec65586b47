"""From the times of characters to those of words, and from bytes to whole samples, piece by piece."""

from __future__ import annotations

from collections.abc import Sequence

from parley.inference.speech import Speech, Word


class Spelling:
    """One phrase as it comes in: `text`, where its words are timed. `spoken_ms` is what was made into speech so far."""

    def __init__(self, text: str = "") -> None:
        self.spoken_ms = 0.0
        self._texts = text.split()
        self._begun = 0  # words
        self._odd = b""
        self._inside = False

    def whole(self, data: bytes) -> bytes:
        """Whole samples; half of one waits for its other half."""
        data = self._odd + data
        end = len(data) // 2 * 2
        self._odd = data[end:]
        return data[:end]

    def words(
        self, characters: Sequence[str], starts: Sequence[float], ends: Sequence[float], *, from_ms: float = 0.0
    ) -> tuple[Word, ...]:
        """The words that begin among these characters. The end of one that goes on in the next piece is reckoned from
        the letters it still has: a phrase that breaks off there is followed up with that word, not behind it."""
        found: list[Word] = []
        text, begun, until = "", 0.0, 0.0
        goes_on = self._inside
        for character, start, end in zip(characters, starts, ends, strict=False):
            if character.isspace():
                if text and not goes_on:
                    found.append(Word(text, begun, until))
                text, goes_on = "", False
                continue
            if not text:
                begun = from_ms + start
            text += character
            until = from_ms + end
        if text and not goes_on:
            place = self._begun + len(found)
            whole = self._texts[place] if place < len(self._texts) else text
            if whole.startswith(text):
                until = begun + (until - begun) * len(whole) / len(text)
            found.append(Word(text, begun, until))
        self._begun += len(found)
        if characters:
            self._inside = not characters[-1].isspace()
        return tuple(found)

    def speech(self, pcm: bytes, rate: int, words: tuple[Word, ...] = ()) -> Speech:
        """A piece of speech."""
        made = Speech(pcm, rate, words)
        self.spoken_ms += made.duration_ms
        return made
