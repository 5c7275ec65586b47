"""Recognising that a caller is in an emergency, by rules that work without any model.

A danger (fire, a crash, someone not breathing, …) counts when its words are said of here and now: idioms are blanked
out first, then every danger found must survive the scopes of negation, condition, question, past and other people's
news. What a rule finds is quoted as evidence, so that an incident can show why the line was left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from parley.kit.yaml_text import load_yaml
from parley.understanding.emergency_grammar import AnchorIndex, Grammar, Pattern
from parley.understanding.emergency_scope import Scopes, Span, sentences
from parley.understanding.emergency_text import MARKS, Speller, normalise

KINDS = (
    "fire",
    "accident",
    "medical",
    "threat",
    "gas",
    "self_harm",
    "breakdown",
    "drowning",
    "electrical",
    "missing_child",
    "other",
)
_SEVERITIES = ("moderate", "serious", "critical")
_SURE, _FRAMED = 0.95, 0.85
_LETTERS = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class EmergencyReading:
    """What a message says about an emergency.

    `kind` is one of `KINDS`, "" when there is none; `severity` is critical (life in danger now), serious or moderate,
    "" when there is none. `confidence` is 0..1, that this is an emergency. `evidence` are the words that prove it, or,
    without an emergency, the danger words that were judged harmless.
    """

    emergency: bool
    kind: str = ""
    confidence: float = 0.0
    evidence: str = ""
    severity: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: str
    severity: str
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class _Rulebook:
    rules: tuple[_Rule, ...]
    index: AnchorIndex
    idioms: tuple[Pattern, ...]
    idiom_index: AnchorIndex
    scopes: Scopes
    expansions: dict[str, str]
    fillers: frozenset[str]
    speller: Speller
    asks_after_danger: re.Pattern[str]
    asks_after_safety: re.Pattern[str]
    affirm: re.Pattern[str]
    deny: re.Pattern[str]


def read_emergency(message: str, *, language: str, previous: str = "") -> EmergencyReading:
    """Read `message` for an emergency of the caller's or of someone with them.

    `language` is an ISO 639-1 code; anything but "de" is read as English. `previous` is what the agent said last: after
    "Is anybody hurt?" a bare "yes" is an emergency, after "Are you safe?" a bare "no".
    """
    book = _rulebook("de" if language.lower().startswith("de") else "en")
    text = _plain(message, book)
    best = EmergencyReading(emergency=False)
    for sentence in sentences(text):
        reading = _read_sentence(sentence, text, book)
        if _weight(reading) > _weight(best):
            best = reading
    if not best.emergency and previous and _answers_alarm(text, previous, book):
        return EmergencyReading(True, "other", _FRAMED, message.strip(), "serious")
    return best


def _plain(message: str, book: _Rulebook) -> str:
    tokens = normalise(message, book.expansions, book.fillers, book.speller)
    if tokens and tokens[-1] not in MARKS:
        tokens.append(".")
    return f" {' '.join(tokens)} "


def _read_sentence(sentence: str, text: str, book: _Rulebook) -> EmergencyReading:
    numbers = book.index.candidates(sentence.split())
    best = EmergencyReading(emergency=False)
    if not numbers:
        return best
    sentence = _without_idioms(sentence, book)
    for number in numbers:
        rule = book.rules[number]
        for match in rule.pattern.regex.finditer(sentence):
            span = Span(sentence, match.start(), match.end(), rule.pattern.flags)
            reading = _judge(rule, span, text, book)
            if _weight(reading) > _weight(best):
                best = reading
    return best


def _judge(rule: _Rule, span: Span, text: str, book: _Rulebook) -> EmergencyReading:
    words = span.text[span.start : span.end].strip()
    if book.scopes.veto(span, text):
        return EmergencyReading(emergency=False, confidence=0.1, evidence=words)
    if "weak" not in rule.pattern.flags:
        return EmergencyReading(True, rule.kind, _SURE, words, rule.severity)
    if book.scopes.live(span):
        return EmergencyReading(True, rule.kind, _FRAMED, words, rule.severity)
    return EmergencyReading(emergency=False, confidence=0.3, evidence=words)


def _without_idioms(sentence: str, book: _Rulebook) -> str:
    for number in book.idiom_index.candidates(sentence.split()):
        sentence = book.idioms[number].regex.sub("idiom ", sentence)
    return sentence


def _weight(reading: EmergencyReading) -> tuple[bool, int, float]:
    rank = _SEVERITIES.index(reading.severity) if reading.severity else -1
    return reading.emergency, rank, reading.confidence


def _answers_alarm(text: str, previous: str, book: _Rulebook) -> bool:
    asked = _plain(previous, book)
    if book.asks_after_danger.search(asked):
        return book.affirm.match(text, 1) is not None
    return bool(book.asks_after_safety.search(asked) and book.deny.match(text, 1))


@lru_cache(maxsize=2)
def _rulebook(language: str) -> _Rulebook:
    source = resources.files("parley.understanding") / "data" / f"emergency_{language}.yaml"
    data: dict[str, Any] = load_yaml(source.read_text(encoding="utf-8"))
    words = data["words"]
    grammar = Grammar(data["classes"], words["barriers"].split())
    rules = tuple(
        _Rule(kind, severity, grammar.compile(row))
        for kind, by_severity in data["rules"].items()
        for severity, rows in by_severity.items()
        for row in rows
    )
    idioms = tuple(grammar.compile(row) for row in data["idioms"])
    answers = data["answers"]
    return _Rulebook(
        rules=rules,
        index=AnchorIndex([rule.pattern for rule in rules]),
        idioms=idioms,
        idiom_index=AnchorIndex(idioms),
        scopes=Scopes(grammar, data["scopes"], words),
        expansions=data["expansions"],
        fillers=frozenset(words["fillers"].split()),
        speller=Speller(words["spelling"].split(), [*words["ordinary"].split(), *_vocabulary(data)]),
        asks_after_danger=grammar.union(answers["asks_after_danger"]),
        asks_after_safety=grammar.union(answers["asks_after_safety"]),
        affirm=grammar.union(answers["affirm"]),
        deny=grammar.union(answers["deny"]),
    )


def _vocabulary(lexicon: Any) -> Iterator[str]:
    """Every word the lexicon spells out: none of them is a slip of another."""
    if isinstance(lexicon, str):
        yield from _LETTERS.findall(lexicon)
    elif isinstance(lexicon, dict):
        for part in lexicon.values():
            yield from _vocabulary(part)
    elif isinstance(lexicon, list):
        for part in lexicon:
            yield from _vocabulary(part)
