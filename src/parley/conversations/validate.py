"""The gate in the stream: text leaves sentence by sentence, after its checks, because what was sent or spoken cannot be
taken back.

A sentence is held when it claims what no tool confirmed in this conversation, contradicts what one did confirm, offers
what nothing the business says bears out, or says something internal. What is said in its place is true, says how to go
on, and is said once. "I'm booking that now" waits for the call that makes it true.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

from parley.conversations.claims import NONE, Claims, read_claims
from parley.conversations.confirmed import Confirmed, is_open
from parley.conversations.figures import contradicts, day_of
from parley.conversations.grants import Material
from parley.conversations.hidden import Blocks, Secrets, speakable
from parley.conversations.offers import Offer, read_offers
from parley.kit.sentences import sentence_spans
from parley.kit.yaml_text import load_yaml
from parley.understanding import detect_language

_ENDER = re.compile(r"[.!?…:\n]")
_WORD = re.compile(r"\w+")
_OWN_WORDS = re.compile(r"^\W*(?:i|we|ich|wir)\b", re.IGNORECASE)
_QUOTED = 0.9


@dataclass(slots=True)
class Gate:
    """Holds text back until its sentence is whole and checked.

    `material` is what the reply may quote, and offer. `voice`: marks of Markdown are taken out. `held` are the reasons
    for which sentences were replaced or dropped, for the trace.
    """

    language: str
    confirmed: Confirmed = field(default_factory=Confirmed)
    secrets: Secrets = field(default_factory=Secrets)
    material: Material = field(default_factory=Material)
    voice: bool = False
    released: str = ""
    held: list[str] = field(default_factory=list)
    _waiting: str = ""
    _blocks: Blocks = field(default_factory=Blocks)
    _promise: tuple[str, Claims] | None = None
    _owed: frozenset[str] = frozenset()
    _replaced: set[str] = field(default_factory=set)
    _apart: bool = False

    def take(self, text: str) -> Iterator[str]:
        """Add text; yields what may leave now. A sentence is whole once the next one has begun."""
        for piece in self._blocks.take(text):
            if piece is None:
                self._waiting = ""
                self.held.append("thinking")
            else:
                self._waiting += piece
        if _ENDER.search(self._waiting) is None:
            return
        *whole, last = self._pieces()
        self._waiting = last
        yield from self._release(whole)

    def finish(self, called: Collection[str] = ()) -> Iterator[str]:
        """Release what is left at the end of a round in which the model called these tools."""
        self._waiting += self._blocks.finish()
        rest, self._waiting = self._pieces(), ""
        yield from self._release(rest)
        promise, self._promise = self._promise, None
        owed, self._owed = self._owed, frozenset()
        if promise is not None:
            sentence, claims = promise
            kinds = claims.coming
            if any(self.confirmed.is_about(tool, kinds) for tool in called):
                yield from self._let_go(sentence)
            else:
                owed |= kinds
        if owed and not any(self.confirmed.is_about(tool, owed) for tool in called):
            yield from self._let_go(self._replace("claim", "claim", self._truth(owed)))
        self._apart = True

    def _pieces(self) -> list[str]:
        """The waiting text cut before each sentence; white space stays with the sentence it follows."""
        starts = [start for start, _ in sentence_spans(self._waiting, self.language)][1:]
        return [self._waiting[begin:end] for begin, end in pairwise([0, *starts, len(self._waiting)])]

    def _release(self, sentences: Sequence[str]) -> Iterator[str]:
        for sentence in sentences:
            if sentence.strip():
                yield from self._after_promise(sentence)
            yield from self._let_go(self._checked(sentence))

    def _let_go(self, text: str) -> Iterator[str]:
        if not self.released.strip():
            text = text.lstrip()
        elif text and self._apart and not self.released[-1].isspace() and not text[0].isspace():
            text = f" {text}"
        if text:
            self._apart = False
            self.released += text
            yield text

    def _after_promise(self, following: str) -> Iterator[str]:
        """A promise that a question follows was the beginning of asking; any other needs its call to come."""
        if self._promise is None:
            return
        (sentence, claims), self._promise = self._promise, None
        asks = following.rstrip().endswith("?") and not re.search(self._words["nothing_else"], following, re.IGNORECASE)
        if asks and not claims.promised:
            yield from self._let_go(sentence)
        else:
            self.held.append("promise")
            self._owed |= claims.coming

    def _checked(self, sentence: str) -> str:
        """What leaves in place of a sentence: itself, the truth, or nothing (for now)."""
        if self.secrets.in_(sentence):
            self.held.append("internal")
            self._apart = True
            return ""
        text = speakable(sentence) if self.voice else sentence
        claims = read_claims(sentence, self.language)
        claims = NONE if claims is not NONE and self._quotes(sentence) else claims
        if (truth := self._in_place_of_claim(sentence, claims)) is not None:
            return truth
        if (unheld := self._unheld(sentence)) is not None:
            return self._in_place_of_offer(unheld, claims)
        coming = claims.coming
        if coming and not any(self.confirmed.results(kind) for kind in coming):
            self._promise = (text, claims)
            return ""
        return text

    def _in_place_of_claim(self, sentence: str, claims: Claims) -> str | None:
        """What is true where a claim is not; None where it is."""
        for kind in sorted(claims.done):
            results = self.confirmed.results(kind)
            if not results:
                return self._replace("claim", kind, self._truth(claims.done))
            if kind in {"booked", "viewing"} and all(is_open(result) for result in results):
                return self._replace("unconfirmed", "requested", self._words["requested"])
            if contradicts(sentence, results):
                return self._replace("figures", "figures", self._details(results[-1]))
        return None

    def _unheld(self, sentence: str) -> Offer | None:
        """What the sentence offers and nothing bears out."""
        for offer in read_offers(sentence, self.language, self.material.asked):
            if not (self.confirmed.gave(offer) or self.material.bears_out(offer, self.released, self.confirmed.told())):
                return offer
        return None

    def _in_place_of_offer(self, offer: Offer, claims: Claims) -> str:
        """What the business does grant, or that nothing is known of it; what a tool confirmed is said all the same."""
        granted = self.material.nearest(offer, self.released)
        if granted is None or self.secrets.in_(granted) or detect_language(granted, self.language) != self.language:
            truth = str(self._words["offer"])
        else:
            truth = str(self._words["granted"]).format(text=granted)
        done = [result for kind in sorted(claims.done) for result in self.confirmed.results(kind) if result]
        return self._replace("offer", "offer", f"{self._details(done[-1])} {truth}" if done else truth)

    def _replace(self, reason: str, name: str, instead: str) -> str:
        """The truth, once; what repeats the claim is dropped."""
        self.held.append(reason)
        self._apart = True
        if reason in self._replaced or name in self._replaced:
            return ""
        self._replaced |= {reason, name}
        return f"{instead} "

    def _truth(self, kinds: Collection[str]) -> str:
        """That something of these kinds is not done."""
        possible = [kind for kind in sorted(kinds) if self.confirmed.can(kind)]
        if not possible:
            return str(self._words["unable"])
        return str(self._words.get(possible[0], self._words["done"]))

    def _details(self, result: Mapping[str, Any]) -> str:
        """What a tool confirmed, in words."""
        words, parts = self._words, []
        if (day := day_of(result)) is not None:
            weekday, month = words["days"][day.weekday()], words["months"][day.month - 1]
            parts.append(words["date"].format(weekday=weekday, month=month, day=day.day))
        parts += [
            words[name].format(**{name: result[name]})
            for name in ("time", "party_size", "nights", "reference")
            if result.get(name)
        ]
        return str(words["figures"]).format(details=", ".join(parts))

    def _quotes(self, sentence: str) -> bool:
        """Whether the sentence stands in a passage, nearly word for word; nobody's own words do."""
        if not self.material.passages or _OWN_WORDS.match(sentence):
            return False
        runs = _runs(sentence)
        if not runs:
            return False
        return any(len(runs & _runs(passage.content)) >= _QUOTED * len(runs) for passage in self.material.passages)

    @property
    def _words(self) -> Mapping[str, Any]:
        return _all_words().get(self.language) or _all_words()["en"]


def _runs(text: str, length: int = 3) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


@cache
def _all_words() -> Mapping[str, Mapping[str, Any]]:
    text = resources.files("parley.conversations").joinpath("gate.yaml").read_text(encoding="utf-8")
    words: Mapping[str, Mapping[str, Any]] = load_yaml(text)
    return words
