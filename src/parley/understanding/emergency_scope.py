"""Whether a danger that was named is the caller's, here and now: negation, condition, question, past, other people's.

All judgements are made on the normalised text (blank-padded words and marks) and the place where a danger was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from parley.understanding.emergency_grammar import Grammar
from parley.understanding.emergency_text import MARKS

_SENTENCE_END = re.compile(r" [.?](?= )")
_WORD = re.compile(r"\S+")
_NEGATION_REACH = 6


@dataclass(frozen=True, slots=True)
class Span:
    """A danger found at `start`..`end` of the sentence `text`, by a rule carrying `flags`."""

    text: str
    start: int
    end: int
    flags: frozenset[str]


class Scopes:
    """The scope words of one language.

    Each method answers one question about a span; `vetoes` asks them in order and names the first that holds.
    """

    def __init__(self, grammar: Grammar, lexicon: Mapping[str, Sequence[str]], barriers: Mapping[str, str]) -> None:
        self._unions = {name: grammar.union(sources) for name, sources in lexicon.items()}
        self._negators = frozenset(barriers["negators"].split())
        self._trailing = frozenset(barriers["trailing_negators"].split())
        self._restarts = frozenset(barriers["restarts"].split())
        self._leads = frozenset(barriers["leads"].split())
        self._joints = frozenset(barriers["joints"].split())

    def veto(self, span: Span, message: str) -> str:
        """Why the span proves no emergency, or "" when nothing speaks against it. `message` is the whole text."""
        if self._negated(span):
            return "negated"
        if self._conditional(span):
            return "conditional"
        if "own" not in span.flags and self._mentioned(span):
            return "mentioned"
        if "ask" not in span.flags and self._asked(span):
            return "asked"
        if self._past(span):
            return "past"
        if self._finds("resolved", message):
            return "resolved"
        if self._finds("elsewhere", span.text) and "own" not in span.flags:
            return "elsewhere"
        if span.flags & {"weak", "told"} and self._finds("business", span.text):
            return "business"
        if "distant" in span.flags and self._finds("delay", message):
            return "delay"
        return ""

    def settled(self, message: str) -> bool:
        """Whether what broke down is told of for its bill or as an excuse, and nothing says that it is going on."""
        return self._finds("settled", message) and not self._finds("present", message)

    def live(self, span: Span) -> bool:
        """Whether a bare danger word stands in a frame that makes it present, or stands nearly alone."""
        if self._finds("live", span.text):
            return True
        words = [word for word in span.text.split() if word.isalnum()]
        return len(words) <= 3 and not span.text.rstrip().endswith("?")

    def _finds(self, name: str, text: str) -> bool:
        return self._unions[name].search(text) is not None

    def _clause_before(self, span: Span) -> str:
        before = span.text[: span.start]
        cut = _last_mark(before)
        for match in self._unions["clause"].finditer(before):
            cut = max(cut, match.start())
        return before[cut:]

    def _negated(self, span: Span) -> bool:
        before = self._clause_before(span)
        if self._finds("disbelief", before):
            return True
        for word in before.split()[: -_NEGATION_REACH - 1 : -1]:
            if word in self._negators:
                return True
            if word in self._restarts:
                break
        return "closed" not in span.flags and self._denied_after(span)

    def _denied_after(self, span: Span) -> bool:
        """German puts its "nicht" behind: "es brennt nicht"; with more of the verb to come it denies something else."""
        after = [*span.text[span.end :].split()[:4], "."]
        for word, following in pairwise(after):
            if word in MARKS or word in self._joints:
                return False
            if word in self._trailing:
                return following in MARKS or following in self._joints
        return False

    def _conditional(self, span: Span) -> bool:
        before = span.text[: span.start]
        return (
            self._finds("conditional", before[_last_mark(before) :])
            or self._unions["conditional_after"].match(span.text, span.end) is not None
            or self._finds("topic", span.text)
        )

    def _mentioned(self, span: Span) -> bool:
        """Whether a preposition right before the danger makes it a mere topic: "vor Feuer", "against break-ins"."""
        clause = self._clause_before(span)
        return any(match.end() == len(clause) for match in self._unions["preposed"].finditer(clause))

    def _asked(self, span: Span) -> bool:
        for start in self._openings(span):
            if match := self._unions["question"].match(span.text, start):
                return not self._finds("statement", span.text[match.end() - 1 : span.end])
        return False

    def _openings(self, span: Span) -> Iterator[int]:
        """Where a question that holds the span may begin: after the mark before the span, or after an "and"."""
        opens = True
        for word in _WORD.finditer(span.text, _last_mark(span.text[: span.start]), span.start + 1):
            if opens and word[0] not in self._leads:
                yield word.start()
                opens = False
            opens = opens or word[0] in self._joints

    def _past(self, span: Span) -> bool:
        rest = re.split(r" (?=[,!.?] )", span.text[span.start :], maxsplit=1)[0]
        clause = f"{self._clause_before(span)}{rest} "
        return self._finds("past", span.text) and not self._finds("present", clause)


def _last_mark(text: str) -> int:
    return max(text.rfind(" , "), text.rfind(" ! "), 0)


def sentences(text: str) -> list[str]:
    """The sentences of a normalised text, each blank-padded; the closing mark stays with its sentence.

    An exclamation mark does not end one: people in need put it after every word.
    """
    found: list[str] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        found.append(text[start : match.end()] + " ")
        start = match.end()
    if text[start:].strip():
        found.append(text[start:])
    return found
