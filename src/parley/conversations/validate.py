"""The gate in the stream: text leaves sentence by sentence, after its checks, because what was sent or spoken cannot be
taken back.

A sentence is held when it claims an action that no tool confirmed in this conversation, or says something internal
(ids, placeholders, fences of the prompt). What replaces it is true and says how to go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from parley.inference.facts import Passage
from parley.kit.sentences import sentence_spans, split_sentences

_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_FENCE = re.compile(r"</?‹?material\b[^>]*>|<\|[a-z_]+\|>|\b(?:call|toolu|conv)_[A-Za-z0-9]{8,}\b")

_ENDER = re.compile(r"[.!?…:\n]")

_DONE_EN = (
    r"(?:booked|reserved|scheduled|arranged|confirmed|cancelled|canceled|changed|moved|rescheduled|noted|passed on)"
)
_DONE_DE = (
    r"(?:gebucht|reserviert|eingetragen|vereinbart|bestätigt|storniert|geändert|verschoben|umgebucht|weitergeleitet)"
)
_THING_EN = r"\b(?:your|the|a) (?:table|room|reservation|booking|viewing|appointment)\b[^.?!]{0,60}"
_THING_DE = (
    r"\b(?:ihr|ihre|der|die|das|ein|eine) (?:tisch|zimmer|reservierung|buchung|besichtigung|termin)\b[^.?!]{0,60}"
)
_CLAIMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bI(?:'ve|’ve| have)(?: just| now| already| successfully)? {_DONE_EN}\b",
        rf"{_THING_EN}\b(?:is|are|has been|have been|was)(?: now| all)? {_DONE_EN}\b",
        r"\b(?:you(?:'re|’re| are) all set|it(?:'s|’s| is) (?:all )?(?:booked|reserved|confirmed))\b",
        rf"\bich habe\b[^.?!]{{0,80}}\b{_DONE_DE}\b",
        rf"{_THING_DE}\b(?:ist|wurde|sind|wurden)\b[^.?!]{{0,60}}\b{_DONE_DE}\b",
    )
)
_NOT_A_CLAIM = re.compile(
    r"\b(?:if|once|when|until|before|unless|after|not|n't|n’t|never|nothing|no one|"
    r"wenn|sobald|falls|bevor|nicht|noch kein|kein)\b",
    re.IGNORECASE,
)
ACTING_TOOLS = frozenset(
    {
        "book_table",
        "book_room",
        "change_reservation",
        "cancel_reservation",
        "schedule_viewing",
        "capture_lead",
        "transfer_to_person",
    }
)
_INSTEAD = {
    "en": "That is not done yet: I need to confirm it first.",
    "de": "Das ist noch nicht erledigt: Ich muss es erst bestätigen lassen.",
}


@dataclass(slots=True)
class Gate:
    """Holds text back until its sentence is whole and checked.

    `confirmed` are the names of tools that succeeded in this conversation; a claim passes only when there is one.
    `held` are the reasons for which sentences were replaced, for the trace.
    """

    language: str
    confirmed: set[str] = field(default_factory=set)
    released: str = ""
    held: list[str] = field(default_factory=list)
    _waiting: str = ""

    def take(self, text: str) -> Iterator[str]:
        """Add text; yields what may leave now. A sentence is whole once the next one has begun."""
        self._waiting += text
        if _ENDER.search(self._waiting) is None:
            return
        *whole, last = self._pieces()
        self._waiting = last
        yield from self._release(whole)

    def finish(self) -> Iterator[str]:
        """Release what is left at the end of the reply."""
        rest, self._waiting = self._pieces(), ""
        yield from self._release(rest)

    def _pieces(self) -> list[str]:
        """The waiting text cut before each sentence; white space stays with the sentence it follows."""
        starts = [start for start, _ in sentence_spans(self._waiting, self.language)][1:]
        return [self._waiting[begin:end] for begin, end in pairwise([0, *starts, len(self._waiting)])]

    def _release(self, sentences: Sequence[str]) -> Iterator[str]:
        for sentence in sentences:
            checked = self._checked(sentence)
            if checked:
                self.released += checked
                yield checked

    def _checked(self, sentence: str) -> str:
        if _FENCE.search(sentence) or _UUID.search(sentence):
            self.held.append("internal")
            return ""
        if claims_action(sentence) and not self.confirmed & ACTING_TOOLS:
            repeated = "claim" in self.held
            self.held.append("claim")
            return "" if repeated else f"{_INSTEAD.get(self.language, _INSTEAD['en'])} "
        return sentence


def claims_action(sentence: str) -> bool:
    """Whether a sentence says that something was done for the caller."""
    if sentence.rstrip().endswith("?"):
        return False
    matches = (claim.search(sentence) for claim in _CLAIMS)
    return any(match and not _NOT_A_CLAIM.search(sentence[: match.end()]) for match in matches)


def supporting(reply: str, passages: Sequence[Passage], language: str) -> list[Passage]:
    """The passages that a reply was taken from: those that hold most content words of one of its sentences."""
    used: dict[str, Passage] = {}
    for sentence in split_sentences(reply, language):
        words = _content_words(sentence)
        if not words:
            continue
        shares = [(len(words & _content_words(f"{p.title} {p.heading} {p.content}")) / len(words), p) for p in passages]
        share, best = max(shares, key=lambda pair: pair[0], default=(0.0, None))
        if best is not None and share >= _SUPPORTED:
            used[best.chunk_id or best.document_id] = best
    return list(used.values())


_SUPPORTED = 0.6
_WORD = re.compile(r"\w[\w’'.,:]*\w|\w", re.UNICODE)
_LEAST_LENGTH = 4


def _content_words(text: str) -> set[str]:
    """Figures, and words long enough to mean something, by their first letters (endings vary)."""
    found = set()
    for word in _WORD.findall(text.lower()):
        if any(char.isdigit() for char in word):
            found.add(word)
        elif len(word) >= _LEAST_LENGTH:
            found.add(word[:6])
    return found
