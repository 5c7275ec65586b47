"""Recognising that a caller is in an emergency, by rules that work without any model.

A danger (fire, a crash, someone not breathing, …) counts when its words are said of here and now: idioms are blanked
out first, then every danger found must survive the scopes of negation, condition, question, past and other people's
news. What a rule finds is quoted as evidence, so that an incident can show why the line was left. A second opinion
(`emergency_opinion`) weighs what the rules say with the wording as a whole and, where there is one, the embedding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parley.kit.yaml_text import load_yaml
from parley.understanding.emergency_grammar import AnchorIndex, Grammar, Pattern
from parley.understanding.emergency_opinion import Opinion, opinion
from parley.understanding.emergency_scope import Scopes, Span, sentences
from parley.understanding.emergency_text import MARKS, Speller, normalise
from parley.understanding.emergency_wording import word_kinds

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
_SURE, _FRAMED, _DENIED = 0.95, 0.85, 0.1
_LETTERS = re.compile(r"[a-z]+")
_AROUND = 8
LEAST = {"silent": 0.6, "denied": 0.6, "framed": 0.25, "sure": 0.15}
"""The probability from which an emergency is one, by what the rules say: they are overruled only against all odds."""
_SEVERITY = {"accident": "serious", "breakdown": "serious", "other": "serious"}
"""Of an emergency that no rule names; every kind that is not listed is critical."""


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
    word_kinds: dict[str, str]


def read_emergency(
    message: str, *, language: str, previous: str = "", vector: NDArray[np.float32] | None = None
) -> EmergencyReading:
    """Read `message` for an emergency of the caller's or of someone with them.

    `language` is an ISO 639-1 code; anything but "de" is read as English. `previous` is what the agent said last: after
    "Is anybody hurt?" a bare "yes" is an emergency, after "Are you safe?" a bare "no". `vector` is the message's
    embedding by all-MiniLM-L6-v2, shape (384,); without it the wording decides.
    """
    code = "de" if language.lower().startswith("de") else "en"
    book = _rulebook(code)
    text = _plain(message, book)
    ruled, tokens = _by_rules(text, book)
    if not ruled.emergency and previous and _answers_alarm(text, previous, book):
        return EmergencyReading(True, "other", _FRAMED, message.strip(), "serious")
    if not tokens:
        return ruled
    second = opinion(code)
    around = _around(tokens, ruled.evidence.split()) if ruled.emergency else []
    state = rule_state(ruled)
    chance = second.probability(tokens, book.word_kinds, state, vector=vector, around=around)
    return _settle(ruled, chance, LEAST[state], tokens, second, book)


def read_by_rules(message: str, language: str) -> tuple[list[str], dict[str, str], str]:
    """What the second opinion is fitted on: normalised words and marks, the kinds of words, what the rules say."""
    book = _rulebook(language)
    ruled, tokens = _by_rules(_plain(message, book), book)
    return tokens, book.word_kinds, rule_state(ruled)


def rule_state(ruled: EmergencyReading) -> str:
    """What the rules say, as one of `emergency_opinion.STATES`."""
    if ruled.emergency:
        return "sure" if ruled.confidence >= _SURE else "framed"
    return "denied" if ruled.evidence else "silent"


def _settle(
    ruled: EmergencyReading, chance: float, threshold: float, tokens: list[str], second: Opinion, book: _Rulebook
) -> EmergencyReading:
    chance = round(chance, 3)
    if chance < threshold:
        return EmergencyReading(False, confidence=chance, evidence=ruled.evidence)
    if ruled.emergency:
        confidence = round((chance + ruled.confidence) / 2, 3)
        return EmergencyReading(True, ruled.kind, confidence, ruled.evidence, ruled.severity)
    kind = second.kind(tokens, book.word_kinds)
    return EmergencyReading(True, kind, chance, second.telling(tokens), _SEVERITY.get(kind, "critical"))


def _around(tokens: list[str], evidence: list[str]) -> list[str]:
    """The words near the evidence, so that what is said elsewhere in the message cannot outweigh it."""
    for at in range(len(tokens) - len(evidence) + 1):
        if tokens[at : at + len(evidence)] == evidence:
            return tokens[max(0, at - _AROUND) : at + len(evidence) + _AROUND]
    return []


def _by_rules(text: str, book: _Rulebook) -> tuple[EmergencyReading, list[str]]:
    """What the rules say, and the words with idioms and denied dangers blanked out."""
    best = EmergencyReading(emergency=False)
    words: list[str] = []
    for sentence in sentences(text):
        reading, seen = _read_sentence(sentence, text, book)
        words += seen.split()
        if _weight(reading) > _weight(best):
            best = reading
    return best, words


def _plain(message: str, book: _Rulebook) -> str:
    tokens = normalise(message, book.expansions, book.fillers, book.speller)
    if tokens and tokens[-1] not in MARKS:
        tokens.append(".")
    return f" {' '.join(tokens)} "


def _read_sentence(sentence: str, text: str, book: _Rulebook) -> tuple[EmergencyReading, str]:
    numbers = book.index.candidates(sentence.split())
    best = EmergencyReading(emergency=False)
    if not numbers:
        return best, sentence
    sentence = _without_idioms(sentence, book)
    denied: list[Span] = []
    for number in numbers:
        rule = book.rules[number]
        for match in rule.pattern.regex.finditer(sentence):
            span = Span(sentence, match.start(), match.end(), rule.pattern.flags)
            reading = _judge(rule, span, text, book)
            if reading.confidence == _DENIED:
                denied.append(span)
            if _weight(reading) > _weight(best):
                best = reading
    return best, sentence if best.emergency else _without_denied(sentence, denied)


def _without_denied(sentence: str, denied: list[Span]) -> str:
    end = 0
    kept: list[str] = []
    for span in sorted(denied, key=lambda span: span.start):
        if span.start >= end:
            kept += [sentence[end : span.start], "denied "]
        end = max(end, span.end)
    return "".join([*kept, sentence[end:]])


def _judge(rule: _Rule, span: Span, text: str, book: _Rulebook) -> EmergencyReading:
    words = span.text[span.start : span.end].strip()
    told = rule.kind == "breakdown" and rule.severity != "critical" and book.scopes.settled(text)
    if told or book.scopes.veto(span, text):
        return EmergencyReading(emergency=False, confidence=_DENIED, evidence=words)
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
        word_kinds=word_kinds(data["classes"]),
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
