"""What a turn's material grants a caller, and whether it bears out an offer.

Material is what the business itself says: the passages of the turn, the agent's own instructions, what the tools
returned, and what the agent has said before. An offer is borne out by a sentence that grants the same kind of
advantage on the same thing, with the same figures and no condition that the offer leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from parley.conversations.offers import (
    Figure,
    Offer,
    conditions_in,
    figures_in,
    numbers_in,
    read_offers,
    topics,
)
from parley.conversations.orders import is_order, turns_on_agent
from parley.inference.facts import Passage
from parley.kit.sentences import split_sentences

_ALIKE = frozenset({"free", "refund"})  # a fee that is paid back is a fee that is not paid
_SHARE = 0.5
_MOST_DEPTH = 6
_HEARD = 3
_LONGEST_QUOTE = 240
_MARKS = re.compile(r"^\s*(?:[-*•#>]+|\d+[.)]|[QAF]:)\s+|\*\*|__")
_SUMS = frozenset({"amount", "value", "eur", "usd", "euro", "dollars", "credit", "betrag"})
_PRICES = frozenset({"price", "cost", "fee", "charge", "amount", "total", "preis", "kosten", "gebühr", "betrag"})


@dataclass(frozen=True, slots=True)
class Grant:
    """An advantage that the material states, with the sentence that does."""

    text: str
    offer: Offer
    words: frozenset[str]
    numbers: frozenset[float]
    figures: frozenset[Figure]


@dataclass(slots=True)
class Material:
    """What may bear out an offer in one turn.

    `own`: the agent's instructions, which may order as well as state; `said`: what the agent, or a person in its place,
    has said before. `asked` is the caller's line, for "yes, it's free", and `heard` are those before it.
    """

    passages: Sequence[Passage] = ()
    own: Sequence[str] = ()
    said: Sequence[str] = ()
    asked: str = ""
    heard: Sequence[str] = ()

    def bears_out(self, offer: Offer, context: str = "", results: Sequence[Mapping[str, Any]] = ()) -> bool:
        """Whether something grants this. `context` is what the reply has said so far, `results` those of tools."""
        around = f"{self._heard()} {context}"
        # "Your dinner is free" is not narrowed down by a question about children; "you get 10 % off" is.
        narrowed = offer.conditions | conditions_in(context if offer.about else around)
        return any(
            _grants(grant, offer, narrowed) and _speaks_of(grant, offer, around, loosely=bool(offer.figures))
            for grant in self._granted(results)
        )

    def nearest(self, offer: Offer, context: str = "") -> str | None:
        """The sentence that grants the like: with other figures, or only to some."""
        around, loosely = f"{self._heard()} {context}", not offer.kinds <= _ALIKE
        fitting = (
            _quotable(grant.text)
            for grant in self._stated()
            if _same_kind(offer, grant) and _speaks_of(grant, offer, around, loosely=loosely)
        )
        return next((text for text in fitting if len(text) <= _LONGEST_QUOTE), None)

    def _heard(self) -> str:
        return " ".join((*self.heard[-_HEARD:], self.asked))

    def _granted(self, results: Sequence[Mapping[str, Any]]) -> Iterator[Grant]:
        yield from self._stated()
        for text in (*self.own, *self.said):
            yield from _granted(text, "", trusted=True)
        for result in results:
            yield from _granted_by(result, self._heard().lower())

    def _stated(self) -> Iterator[Grant]:
        for passage in self.passages:
            yield from _granted(passage.content, f"{passage.heading} {passage.title}", trusted=False)


def grants_figures(result: Mapping[str, Any], offer: Offer) -> bool:
    """Whether the figures of a result, where it names any, are those of an offer; for nothing is all of it."""
    texts = [text for _, text in _texts(result, 0)]
    figures = frozenset(figure for text in texts for figure in figures_in(text))
    if any(turns_on_agent(text) for text in texts) or not offer.figures <= (figures or offer.figures):
        return False
    return "free" not in offer.kinds or figures <= {("%", 100.0)}


def _quotable(text: str) -> str:
    """A sentence of a document without the marks of its list."""
    return _MARKS.sub("", text).strip()


def _grants(grant: Grant, offer: Offer, narrowed: frozenset[str]) -> bool:
    """Whether kind and figures are those of the grant, and one of its conditions, if it has any, is named."""
    named = not grant.offer.conditions or not grant.offer.conditions.isdisjoint(narrowed)
    exact = offer.figures <= grant.figures and offer.bounds <= grant.numbers
    return named and exact and _same_kind(offer, grant)


def _speaks_of(grant: Grant, offer: Offer, around: str, *, loosely: bool) -> bool:
    """Whether an offer is on what the grant is on. `loosely`: one that names nothing needs no topic in common."""
    if offer.about:
        return len(offer.about & grant.words) >= _SHARE * len(offer.about)
    return loosely or not grant.words.isdisjoint(topics(around))


def _same_kind(offer: Offer, grant: Grant) -> bool:
    granted = grant.offer.kinds
    return offer.kinds <= (granted | _ALIKE if _ALIKE & granted else granted)


@lru_cache(maxsize=1024)
def _granted(text: str, title: str, *, trusted: bool) -> tuple[Grant, ...]:
    """What a text grants; a text that turns on the agent grants nothing."""
    if not trusted and turns_on_agent(text):
        return ()
    return tuple(_read(text, title, trusted=trusted))


def _read(text: str, title: str, *, trusted: bool) -> Iterator[Grant]:
    sentences = split_sentences(text, "")
    for at, sentence in enumerate(sentences):
        if not trusted and is_order(sentence):
            continue
        before = sentences[at - 1] if at else ""
        behind = sentences[at + 1] if at + 1 < len(sentences) else ""
        for offer in read_offers(sentence, "", before, stated=True):
            words, figures = offer.about, figures_in(sentence)
            if not words:  # "Yes, it is free." stands below its question, or below a heading
                words = topics(before if before else title) or topics(title)
            if not figures and not read_offers(behind, "", stated=True):
                figures = figures_in(behind) if _goes_on(behind) else figures
            complete = Offer(offer.kinds, words, offer.conditions, offer.figures, offer.bounds)
            yield Grant(sentence, complete, words, numbers_in(sentence), figures)


def _goes_on(sentence: str) -> bool:
    return sentence.lower().startswith(
        ("it ", "this ", "that ", "the discount", "er ", "es ", "das ", "der rabatt", "dies")
    )


def _granted_by(result: Mapping[str, Any], heard: str) -> Iterator[Grant]:
    """What a tool's result grants: its sentences like a document's, its fields by their names. A result that turns on
    the agent grants nothing, and what the caller said is granted by nobody's repeating it.
    """
    texts = list(_texts(result, 0))
    if any(turns_on_agent(text) for _, text in texts):
        return
    for name, text in texts:
        if not name or text.lower() not in heard:
            yield from _granted(text, name, trusted=False)


def _texts(value: Any, depth: int, name: str = "") -> Iterator[tuple[str, str]]:
    """A result as sentences, those it holds with the name of their field: {"discount_percent": 10} says "discount
    percent: 10 percent"."""
    if depth > _MOST_DEPTH or value is None or value is False or value == "":
        return
    if isinstance(value, Mapping):
        named = [str(value[key]) for key in ("name", "title", "item", "label") if isinstance(value.get(key), str)]
        for key, one in value.items():
            yield from _texts(one, depth + 1, " ".join((*named, str(key).replace("_", " "))))
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, depth + 1, name)
    elif isinstance(value, str):
        yield name, value
    else:
        yield "", _field(name, value)


def _field(name: str, value: float | bool) -> str:
    if value is True:
        return f"{name}."
    words = set(name.lower().split())
    if value == 0:
        return f"{name}: free of charge" if words & _PRICES and not words & {"discount", "rabatt"} else ""
    if words & {"percent", "percentage", "pct", "prozent", "rate"}:
        return f"{name}: {value} percent"
    return f"{name}: {value} euros" if words & _SUMS else f"{name}: {value}"
