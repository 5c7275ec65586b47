"""From a stream of text to phrases a speaker can begin with: the first one early, then whole sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from parley.kit.sentences import sentence_spans

_CLAUSE = re.compile(r"(?<!\d)[,;:–—][\"'”’)]*\s")  # a comma inside a number is none
_ENDED = re.compile(r"(?:[^\W\d_]{4}\.|[!?…])[\"'”’)\]]*\s+\Z")  # no abbreviation, no ordinal number
_FIRST_WORDS = 3
_LONGEST = 300  # characters that a speaker is given at once
_PROBE = "The"  # opens a sentence in the eyes of the rules


@dataclass(frozen=True, slots=True)
class Phrase:
    """A stretch of the reply: `text` is reply[start:end], without white space around it."""

    start: int
    end: int
    text: str


class Phrases:
    """Feed it with `push`, end with `flush`: phrases in order that leave out white space only.

    `start`: the offset in the reply at which the text fed here begins. `early`: the first phrase may be a clause.
    """

    __slots__ = ("_early", "_language", "_offset", "_rest")

    def __init__(self, language: str, *, start: int = 0, early: bool = True) -> None:
        self._language = language
        self._offset = start  # of `_rest` in the reply
        self._rest = ""
        self._early = early

    def push(self, delta: str) -> Iterator[Phrase]:
        """The phrases that are complete now."""
        self._rest += delta
        while end := self._complete():
            yield from self._cut(end)

    def flush(self) -> Iterator[Phrase]:
        """What is left when the text has ended."""
        while end := self._complete():
            yield from self._cut(end)
        while self._rest.strip():
            spans = sentence_spans(self._rest, self._language)
            yield from self._cut(min(spans[0][1], self._within(spans[0][1])))
        self._offset += len(self._rest)
        self._rest = ""

    def _cut(self, end: int) -> Iterator[Phrase]:
        piece = self._rest[:end]
        text = piece.strip()
        if text:
            start = self._offset + piece.index(text[0])
            yield Phrase(start, start + len(text), text)
            self._early = False
        self._rest = self._rest[end:]
        self._offset += end

    def _complete(self) -> int:
        """Where the first complete phrase of the rest ends; 0 when there is none yet."""
        rest = self._rest
        if not rest.strip():
            return 0
        sentence = self._sentence()
        if self._early:
            clause = self._clause()
            if clause and (not sentence or clause < sentence):
                return clause
        if sentence:
            return self._within(sentence)
        return self._within(len(rest)) if len(rest) > _LONGEST else 0

    def _sentence(self) -> int:
        """The end of the first sentence, once the word after it is known or cannot matter."""
        rest = self._rest
        spans = sentence_spans(rest, self._language)
        if len(spans) > 1 and (len(spans) > 2 or " " in rest[spans[1][0] :]):
            return spans[0][1]
        if _ENDED.search(rest):
            probed = sentence_spans(rest + _PROBE, self._language)
            if len(probed) > 1:
                return probed[0][1]
        return 0

    def _clause(self) -> int:
        for match in _CLAUSE.finditer(self._rest):
            if len(self._rest[: match.start()].split()) >= _FIRST_WORDS:
                return match.end()
        return 0

    def _within(self, end: int) -> int:
        """`end`, or where to cut a stretch that is too long for a speaker: at a clause, else between words."""
        if end <= _LONGEST:
            return end
        clauses = [match.end() for match in _CLAUSE.finditer(self._rest, _LONGEST // 3, _LONGEST)]
        if clauses:
            return clauses[-1]
        space = self._rest.rfind(" ", 1, _LONGEST)
        return space + 1 if space > 0 else _LONGEST
