"""Which question of the agent belongs to a field of a schema: by the words they share and, in English, by meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made

import numpy as np
from numpy.typing import NDArray

from parley.house.extractor_memory import Meanings
from parley.house.extractor_talk import Statement, Talk, sentences
from parley.house.extractor_words import alike, field_lexicon, related
from parley.understanding import Field, Finding

_ALIKE = 0.38
_PERHAPS = 0.33  # of a question that no other field claims
_WH = re.compile(
    r"\b(?:when|where|why|who|how (?:many|much|often|long|old|far|urgent|soon)|what time|wann|wo|wohin|warum|wer|"
    r"wie (?:viele?|oft|lange|alt|dringend))\b",
    re.IGNORECASE,
)
_COUNTS = re.compile(r"how (?:many|much)|wie viel", re.IGNORECASE)
FIRST = re.compile(
    r"\b(?:first (?:time|visit|contact)|new (?:patient|customer|client|user|guest)|erste[ns]? mal|erst(?:besuch|"
    r"kontakt|termin)|neu(?:patient|kunde|"
    r"kundin|patientin)?)\b|first_(?:time|contact|visit)|new_(?:patient|customer|client|user|guest|member|"
    r"caller)\w*|neu_?(?:patient|kund|gast|mitglied)\w*",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"\b(?:before|already|ever|previously|been (?:here|to us|with us)|existing|schon (?:ein)?mal|bereits|zuvor|"
    r"früher)\b",
    re.IGNORECASE,
)


_CLOSING = re.compile(
    r"\b(?:anything else|something else|anything more|what else|sonst noch|noch (?:etwas|was|fragen)|else i can)\b",
    re.IGNORECASE,
)


def terms(text: str) -> list[str]:
    """The telling words of a name or a description: "yard_size_sqft" → yard, size, sqft."""
    parted = re.sub(r"([a-z])([A-Z])", r"\1 \2", text)
    words = [word.lower() for word in re.findall(r"[^\W\d_]+", parted)]
    return [word for word in words if word not in field_lexicon().stop and len(word) > 2]


@dataclass(slots=True)
class FieldWords:
    """The words of one field: those of its name count more than those of its description."""

    field: Field
    name: list[str] = made(default_factory=list)
    described: list[str] = made(default_factory=list)
    related: list[str] = made(default_factory=list)

    @classmethod
    def of(cls, one: Field) -> FieldWords:
        """Taken from its name and description."""
        name = terms(one.path[-1] if one.path else one.name)
        told = f"{one.description} {' '.join(one.path[:-1])}"
        described = [word for word in dict.fromkeys(terms(told)) if word not in name]
        instead = [other for word in (*name, *described) for other in related(word)]
        instead += [word for option in one.options for word in terms(option)]
        return cls(one, name, described, instead)

    def asks_like(self, question: str) -> bool:
        """Whether a question begins as the description does: "when", "how often"; "how many" asks of what it names."""
        own = _WH.match(self.field.description.strip())
        asked = _WH.search(question)
        if not own or not asked or own.group().lower() != asked.group().lower():
            return False
        said = [word.lower() for word in re.findall(r"[^\W\d_]+", question)]
        counted = [
            word for word in (*self.name, *self.described, *self.related) if word not in ("many", "much", "viele")
        ]
        return not _COUNTS.match(own.group()) or any(alike(word, other) for word in counted for other in said)

    def weight(self, text: str) -> float:
        """How much of the field a text speaks of, from 0."""
        words = [word.lower() for word in re.findall(r"[^\W\d_]+", text)]
        score = 0.0
        for own, value in ((self.name, 2.0), (self.described, 1.0), (self.related, 1.5)):
            score += value * sum(any(alike(word, said) for said in words) for word in dict.fromkeys(own))
        whole = self.described and all(any(alike(word, spoken) for spoken in words) for word in self.described)
        return score + (0.8 if whole else 0.0)


class Matcher:
    """Scores every answer of a talk for every field. Make it by `prepare`."""

    def __init__(self, talk: Talk, fields: Sequence[Field]) -> None:
        self.talk = talk
        self.words = {one.name: FieldWords.of(one) for one in fields}
        self._near: dict[tuple[str, str], float] = {}
        self._settled: dict[str, int] = {}
        self._asked: dict[tuple[str, str], float] = {}

    @classmethod
    async def prepare(cls, talk: Talk, fields: Sequence[Field], embedder: Meanings | None, language: str) -> Matcher:
        """With an embedder that knows the language, meanings count too."""
        made = cls(talk, fields)
        questions = list(dict.fromkeys(one.question for one in talk.statements if one.question))[:200]
        if embedder is not None and language in embedder.languages and questions and fields:
            texts = [f"{re.sub(r'[_-]+', ' ', one.name)}. {one.description}".strip(" .") for one in fields]
            vectors: NDArray[np.float32] = await embedder.embed([*texts, *(question[-300:] for question in questions)])
            near = vectors[: len(texts)] @ vectors[len(texts) :].T
            made._near = {
                (one.name, question): float(near[row, column])
                for row, one in enumerate(fields)
                for column, question in enumerate(questions)
            }
        return made

    def asked(self, name: str, one: Statement) -> float:
        """How much the question before a statement asks for the field: from about 1 on it does."""
        if not one.question:
            return 0.0
        own = self._settled.get(name) == one.line.number
        key = (name, one.question)
        if key not in self._asked:
            self._asked[key] = self._asks(name, one)
        return self._asked[key] + (2.0 if own else 0.0)

    def _asks(self, name: str, one: Statement) -> float:
        parts = sentences(one.question)
        asking = [part for part in parts if part.rstrip().endswith("?")] or parts[-1:]
        words = self.words[name]
        if asking and all(_CLOSING.search(part) for part in asking):
            return max(words.weight(part) for part in asking) / 2  # "anything else?" asks for nothing but requests
        score = max((words.weight(part) for part in asking), default=0.0) + 0.5 * words.weight(one.question)
        score += 1.2 if words.asks_like(asking[-1] if asking else "") else 0.0
        if words.field.kind == "boolean" and self.reversed(name, one):
            score += 2.0
        near = self._near.get((name, one.question), 0.0)
        return score / 2 + (max(0.0, near - _ALIKE) * 5 if near > _ALIKE else 0.0)

    def asked_of_others(self, name: str, one: Statement) -> float:
        """How much the question before a statement asks for the field of another that it asks most for."""
        return max((self.asked(other, one) for other in self.words if other != name), default=0.0)

    def may_ask(self, name: str, one: Statement, least: float) -> bool:
        """Whether the question before a statement is so near to the field in meaning, or nothing knows meanings."""
        return not self._near or self._near.get((name, one.question), 0.0) >= least

    def worded(self, name: str, one: Statement) -> bool:
        """Whether the question before a statement has words of the field, or is its own by what was left over."""
        return self.words[name].weight(one.question) > 0 or self._settled.get(name) == one.line.number

    def near(self, name: str, one: Statement) -> float:
        """How near question and field are in meaning; 0 where nothing knows meanings."""
        return self._near.get((name, one.question), 0.0)

    def reversed(self, name: str, one: Statement) -> bool:
        """Whether the question asks for the opposite: "have you been here before?" of a first visit."""
        field = self.words[name].field
        return bool(FIRST.search(f"{field.name} {field.description}") and _BEFORE.search(one.question))

    def settle(self, found: Mapping[str, Finding | None]) -> list[str]:
        """Gives each field without a value the question nearest in meaning that no value came from.

        Field and question must each be the other's nearest. Returns the names of the fields that got one.
        """
        if not self._near:
            return []
        used = {finding.message_id for finding in found.values() if finding is not None}
        free = {
            one.question: one.line.number
            for one in self.talk.statements
            if one.first and one.question and one.line.id not in used and "?" in one.question
        }
        bare = [name for name, finding in found.items() if finding is None]
        near = {(name, question): self._near.get((name, question), 0.0) for name in bare for question in free}
        of_field, of_question = dict[str, float](), dict[str, float]()
        for (name, question), score in near.items():
            of_field[name] = max(score, of_field.get(name, 0.0))
            of_question[question] = max(score, of_question.get(question, 0.0))
        self._settled = {}
        for (name, question), score in near.items():
            if score >= _PERHAPS and score == of_field[name] == of_question[question]:
                self._settled[name] = free[question]
        return list(self._settled)

    def best(self, name: str, least: float = 0.8) -> tuple[Statement, ...]:
        """The answer (all sentences of the line) to the question that asks most for the field."""
        groups = self.talk.answers_by_line
        scored = [(self.asked(name, group[0]), place) for place, group in enumerate(groups)]
        score, place = max(scored, default=(0.0, 0))
        if score < least:
            return ()
        return groups[place] if score >= self.asked_of_others(name, groups[place][0]) * 0.6 else ()
