"""The caller's words since the last turn was taken, put together from what the transcriber reports.

Transcribers repeat themselves (one final by their own endpointing, one more when they are flushed) and deliver late.
Every word counts once: it belongs to one turn, and a repeated final belongs to none.
"""

from __future__ import annotations

from parley.inference.speech import Final, Partial

_KEPT = 8  # segments of earlier turns whose late finals are recognised


class Transcript:
    """`text` is what the caller has said and nobody has answered yet."""

    __slots__ = ("_finals", "_partial", "_quiet", "_taken", "text")

    def __init__(self) -> None:
        self._finals: dict[int, str] = {}
        self._partial: Partial | None = None
        self._taken: dict[int, str] = {}
        self._quiet = False  # nothing was said since everything said was reported
        self.text = ""

    def speech(self) -> None:
        """The caller makes himself heard: what is reported from now on is new."""
        self._quiet = False

    def settled(self) -> None:
        """Everything said so far has been reported."""
        self._quiet = True

    def partial(self, event: Partial) -> bool:
        """Whether `text` changed."""
        if event.segment in self._finals or event.segment in self._taken:
            return False
        self._partial = event
        return self._join()

    def final(self, event: Final) -> bool:
        """Whether `text` changed."""
        text = event.text.strip()
        if event.segment in self._taken:
            text = _beyond(self._taken[event.segment], text)
            if not text:
                return False
        elif event.segment not in self._finals and self._quiet and self._repeats(text):
            return False
        self._finals[event.segment] = text
        if self._partial is not None and self._partial.segment <= event.segment:
            self._partial = None
        return self._join()

    def take(self) -> str:
        """The text, which from now on belongs to a turn (or was dropped on purpose)."""
        taken, self.text = self.text, ""
        for segment, text in self._finals.items():
            earlier = self._taken.pop(segment, "")
            self._taken[segment] = f"{earlier} {text}".strip()
        if self._partial is not None:
            self._taken[self._partial.segment] = self._partial.text.strip()
        self._finals.clear()
        self._partial = None
        while len(self._taken) > _KEPT:
            del self._taken[next(iter(self._taken))]
        return taken

    def _join(self) -> bool:
        texts = [text for _, text in sorted(self._finals.items()) if text]
        if self._partial is not None and self._partial.text.strip():
            texts.append(self._partial.text.strip())
        before, self.text = self.text, " ".join(texts)
        return self.text != before

    def _repeats(self, text: str) -> bool:
        known = (*self._taken.values(), *self._finals.values())
        return bool(known) and words_of(known[-1]) == words_of(text)


def words_of(text: str) -> list[str]:
    """The words alone, in lower case: what two transcripts of the same sound have in common."""
    return "".join(letter if letter.isalnum() else " " for letter in text.casefold().replace("'", "")).split()


def _beyond(taken: str, text: str) -> str:
    """What `text` adds to `taken`; "" where it is no continuation."""
    known = words_of(taken)
    if words_of(text)[: len(known)] != known:
        return ""
    pieces = text.split()
    for start in range(len(pieces) + 1):
        if len(words_of(" ".join(pieces[:start]))) >= len(known):
            return " ".join(pieces[start:])
    return ""
