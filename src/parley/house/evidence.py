"""What a unit must hold to answer a question of a kind: a price for "how much", a name for "who"."""

from __future__ import annotations

import re

from parley.house.clock import spans
from parley.house.hours import TIME, day_rows
from parley.house.lexicon import Lexicon
from parley.house.passages import MONEY, PRICE_AT_END, Unit
from parley.house.question import Question

PHONE = re.compile(
    r"(?:\+|\b0|\(\d)[\d\s()/.-]{5,}\d|\b\d{3}[-.\s]\d{3,4}[-.\s]?\d{0,4}\b|"
    r"\b1?[-. ]?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b"
)
EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b")
ADDRESS = re.compile(
    r"\b\d{1,5}[a-z]?,? (?:[A-Z][\w'’.-]+ ){1,3}"
    r"(?:Street|Road|Avenue|Lane|Square|Boulevard|Drive|Way|Court|Place|Quay|Row|Hill|Close|Park|St|Rd|Ave|Blvd)\b|"
    r"\b[A-ZÄÖÜ][\w.-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|ufer|ring|damm|markt|graben|"
    r"Straße|Weg|Platz|Allee)\s+\d+|"
    r"\b(?:located|address|liegt|liegen|befindet|befinden|adresse|anschrift)\b|\b\d{5} [A-ZÄÖÜ]|\b(?:in|at) \d+ [A-Z]",
)
_NUMBER = re.compile(
    r"\d+|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|twenty|thirty|forty|fifty|hundred|"
    r"ein(?:e|en|em|er|mal)?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|halb\w*|zwanzig|dreißig)\b",
    re.I,
)
_NAME = re.compile(
    r"\b(?:Dr|Mrs?|Ms|Herrn?|Frau|Nurse|Chef)\b\.? [A-ZÄÖÜ]|"
    r"\b[A-ZÄÖÜ][a-zäöüß]+ [A-ZÄÖÜ][a-zäöüß]+\b|\b[A-Z]\. [A-Z][a-z]+"
)
_CAPITAL = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")  # a name in the middle of an English sentence
_SHARES = ("%", "percent", "Percent", "prozent", "Prozent")  # no price by themselves
_SHARE_ASKED = re.compile(r"\b(?:fee|commission|deposit|tax|provision|courtage|kaution|anzahlung|steuer)\w*\b", re.I)
_PEOPLE = re.compile(r"(?:name|who|person|contact|agent|member|wer|mitarbeiter\w*|ansprechpartner\w*)\b", re.I)
STRICT = frozenset(
    {"price", "phone", "email", "duration", "distance", "size", "count", "amount", "age", "person", "founded", "floor"}
)
FIGURED = frozenset({"price", "size", "duration", "distance", "amount", "count"})


def evidence(question: Question, unit: Unit, words: Lexicon) -> float | None:
    """How well a unit holds what the question's kind needs, 0..1; None where it must and does not."""
    held = {kind for kind in question.kinds if holds(kind, unit, words)}
    strict = [kind for kind in question.kinds if kind in STRICT]
    if strict and not held & set(strict) and not _mentions(question, unit, words):
        return None
    if set(strict) & {"phone", "email"} and {"time", "duration", "price"} & set(question.kinds) - held:
        return None
    if {"phone", "person"} <= set(strict) and "phone" not in held:
        return None
    if question.counted and not unit.record and not _counts(question.counted, unit, words):
        return None
    if words.patterns["ingredients"].search(question.text) and not words.patterns["asks_inside"].search(unit.text):
        return None
    if question.times and question.asks_whether:
        return 1.0 if spans(said(unit)) else 0.0
    if "time" in question.kinds and not strict and "time" not in held:
        return 0.4 if words.evidence["vague_time"].search(unit.text) else None
    return 1.0 if held else 0.0


def _counts(counted: str, unit: Unit, words: Lexicon) -> bool:
    """Whether a figure stands beside the word that is counted: "140 pitches", "Seats: 40"."""
    tokens = re.findall(r"[\w.,:/-]*\w", TIME.sub(" ", MONEY.sub(" ", said(unit))))
    meant = {counted, *words.related.get(counted, ())}
    places = [
        at for at, token in enumerate(tokens) if not meant.isdisjoint(words.stems(token)) or _ends_so(token, counted)
    ]
    return any(
        _NUMBER.fullmatch(token) or token[0].isdigit() for at in places for token in tokens[max(0, at - 4) : at + 4]
    )


def _ends_so(token: str, counted: str) -> bool:
    return len(counted) > 3 and counted in token.lower()


def said(unit: Unit) -> str:
    """A unit's words with its label's, where that belongs to them."""
    return f"{unit.label}: {unit.text}" if unit.form == "pair" else unit.text


def _mentions(question: Question, unit: Unit, words: Lexicon) -> bool:
    """Whether a yes-or-no question about a fee meets a unit about that fee: it may answer without a figure."""
    rule = next(rule for kind, rule in words.kinds if kind == "price")
    return "yesno" in question.kinds and bool(rule.search(unit.text))


def holds(kind: str, unit: Unit, words: Lexicon) -> bool:
    """Whether a unit has what answers a kind of question."""
    text = said(unit)
    rule = words.evidence.get(kind)
    evident = bool(rule and rule.search(text))
    if unit.record and kind in FIGURED and announces(kind, unit, words):
        return True
    match kind:
        case "price":
            return (
                evident
                or any(not match.group().endswith(_SHARES) for match in MONEY.finditer(text))
                or bool(_SHARE_ASKED.search(text))
                or (unit.form in {"item", "row"} and bool(PRICE_AT_END.search(unit.text)))
            )
        case "phone":
            return bool(PHONE.search(text))
        case "email":
            return bool(EMAIL.search(text))
        case "count" if unit.record:
            return unit.text[:1].isdigit() and bool(
                words.patterns["capacity"].search(unit.label) or unit.text.isdigit()
            )
        case "count":
            return bool(_NUMBER.search(TIME.sub(" ", MONEY.sub(" ", text))))
        case "amount":
            return bool(_NUMBER.search(text))
        case "time":
            return evident or bool(TIME.search(text) or day_rows(unit.text, words.language))
        case "place":
            return evident or bool(ADDRESS.search(text))
        case "person":
            if unit.record:
                return bool(_NAME.search(unit.text) or _PEOPLE.match(unit.lead))
            return evident or _has_name(text, words)
        case _:
            return evident


def _has_name(text: str, words: Lexicon) -> bool:
    if words.language == "en" and _CAPITAL.search(text):
        return True
    return any(match.group().split()[0].lower() not in words.stop for match in _NAME.finditer(text))


def announces(kind: str, unit: Unit, words: Lexicon) -> bool:
    """Whether the label of a record's value announces that kind of value: "Price", "Wohnfläche"."""
    rule = next((rule for name, rule in words.kinds if name == kind), None)
    return bool(rule and rule.search(unit.label.lower()))
