"""Numbers of any field: asked for, said next to its words, put right, and as people speak of money."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from parley.house.extractor_match import FieldWords
from parley.house.extractor_reading import Reading, latest, proven, slot_of
from parley.house.extractor_talk import Statement, unsure
from parley.understanding import Field, Finding, NumberMention, detect_language, find_numbers, find_times, fits

_MONEY = frozenset(
    "budget price cost amount salary rent dollars euro preis miete gehalt copay deposit fee betrag pay "
    "rate wage".split()
)
_ORDER = frozenset("floor stock story level etage rank place position lane grade".split())
_PAID = frozenset("price paid cost bill amount total betrag preis kaufpreis fee copay".split())
_LEAST_AMOUNT = 20  # a smaller number without a currency in answer to "how much?" counts something else
_CORRECTS = re.compile(
    r"\W*(?:oh|ah|ach|no|nein|wait|warte|actually|sorry|hm+|well|moment|doch|halt|make (?:it|that)|put down|"
    r"let'?s (?:say|do|go with|make)|"
    r"(?:we'?ll|i'?d) say|call it|say|sagen wir|nehmen wir|schreiben sie|lieber)\b",
    re.IGNORECASE,
)
_COUNTERFACTUAL = re.compile(
    r"\b(?:would|could|should|might)(?:'ve| have) been\b|\bused to (?:be|have)\b|"
    r"\b(?:wäre\w*|hätte\w*)\b[^.,;]*\b(?:gewesen|gehabt|gegeben|bekommen)\b",
    re.IGNORECASE,
)
_MEASURE = re.compile(r"[- ]?(?:foot|feet|ft|inch\w*|gallon|year[- ]old|percent|%|prozent|jährig\w*)\b", re.IGNORECASE)
_MEASURED = re.compile(r"\b\w+-(?:foot|feet|ft|inch|gallon)\b", re.IGNORECASE)
_YEAR = frozenset("year baujahr jahr jahrgang".split())
_SIZES = frozenset({"size", "length", "height", "percent", "age", "feet"})


@dataclass(slots=True)
class _Count:
    """What was found of one field so far. `line` and `surest`: where the last good number was, and how sure it is."""

    words: FieldWords
    found: list[tuple[float, Finding]] = field(default_factory=list)
    line: int = -1
    surest: float = 0.0
    earlier: list[NumberMention] = field(default_factory=list)

    @property
    def own(self) -> set[str]:
        return {*self.words.name, *self.words.described}

    @property
    def of_money(self) -> bool:
        return bool(self.own & _MONEY)

    def add(self, score: float, value: int | float, one: Statement, confidence: float) -> None:
        self.found.append((score, proven(value, one, confidence)))


def read_number(reading: Reading, one: Field) -> Finding | None:
    """The number asked for, or said next to the field's own words."""
    count = _Count(reading.matcher.words[one.name])
    for statement in reading.matcher.talk.statements:
        slot = slot_of(reading, statement, count.words)
        asked = min(reading.matcher.asked(one.name, statement), 3.0)
        if slot is not None:
            count.add(4.0 + asked, slot, statement, 0.9)
            count.line, count.surest = statement.line.number, 4.0 + asked
        else:
            _count(reading, one, statement, asked, count)
    return latest(count.found, 1.6 if count.of_money else 1.2)


def _count(reading: Reading, one: Field, statement: Statement, asked: float, count: _Count) -> None:
    """The numbers of one sentence, weighed."""
    text = statement.held()
    spoken = find_numbers(text, detect_language(text, reading.language))
    if spoken and count.line == statement.line.number and _CORRECTS.match(text):
        value = fits(one, spoken[0].value)
        if isinstance(value, int | float):
            count.add(count.surest, value, statement, 0.85)
    if _COUNTERFACTUAL.search(text):
        return
    numbers = told_amounts(spoken, text, one, count.own, count.earlier)
    count.earlier += numbers
    for number in numbers:
        value = fits(one, number.value)
        if not isinstance(value, int | float) or _is_other(reading, statement, number, asked, count):
            continue
        score = _score(reading, number, text, asked, count)
        if score >= 1.2:
            count.surest = max(score, count.surest if count.line == statement.line.number else 0.0)
            count.line = statement.line.number
        count.add(score, value, statement, min(0.95, 0.5 + 0.12 * score))


def _score(reading: Reading, number: NumberMention, text: str, asked: float, count: _Count) -> float:
    """How likely a number is the field's."""
    beside = _beside(count.words, text, number)
    score = asked + min(beside, 3.0)
    if count.of_money and (number.money or beside < 1):
        score += 1.0 if number.money else (0.5 if asked >= 1 and number.value >= _LEAST_AMOUNT else -1.5)
    score -= 2.0 if number.money and not count.of_money else 0.0
    score -= 0.8 if number.ordinal and not count.own & _ORDER else 0.0
    named = count.words.name[-1:]
    return score + (1.5 if {*named} & _YEAR and 1950 <= number.value <= reading.now.year + 1 else 0.0)


def _is_other(reading: Reading, one: Statement, number: NumberMention, asked: float, count: _Count) -> bool:
    """Whether a number is a measure, a year among amounts, or part of a telephone number or a time."""
    text = one.held()
    if _MEASURE.match(text[number.end :]) and not count.own & _SIZES:
        return True
    if count.of_money:
        return 1950 <= number.value <= 2035 and not number.money and asked < 1
    return _of_something_else(reading, one, number, text)


def told_amounts(
    numbers: Sequence[NumberMention], text: str, one: Field, own: set[str], earlier: Sequence[NumberMention] = ()
) -> list[NumberMention]:
    """The numbers, where money is spoken of as people say it. `earlier`: those of the sentences before.

    "eighty nine ninety five" is 89.95 at a till and 8995 of a salary; after "six hundred thousand", "six fifty" is
    650,000.
    """
    if not own & _MONEY:
        return list(numbers)
    merged: list[NumberMention] = []
    for number in numbers:
        last = merged[-1] if merged else None
        between = "" if last is None else text[last.end : number.start]
        spelled = not any(map(str.isdigit, text[number.start : number.end]))
        if last is not None and spelled and not between.strip(" -") and last.value < 100 and 10 <= number.value < 100:
            cents = bool(own & _PAID) and one.kind == "number"
            value = last.value + number.value / 100 if cents else last.value * 100 + number.value
            merged[-1] = NumberMention(round(value, 2), last.start, number.end, number.money or last.money)
        else:
            merged.append(number)
    return [_scaled(number, (*earlier, *merged[:place])) for place, number in enumerate(merged)]


def _scaled(number: NumberMention, before: Sequence[NumberMention]) -> NumberMention:
    """In thousands, where the amount before it is of that size and this one else would be next to nothing."""
    for earlier in reversed(before):
        if earlier.value >= 10_000 and number.value < 1000 and 1 / 3 <= 1000 * number.value / earlier.value <= 3:
            return NumberMention(number.value * 1000, number.start, number.end, number.money)
    return number


def _of_something_else(reading: Reading, one: Statement, number: NumberMention, text: str) -> bool:
    """Whether a number is part of a telephone number or of a time of day."""
    phone = reading.slots(one).get("phone")
    digits = "".join(filter(str.isdigit, text[number.start : number.end]))
    if isinstance(phone, str) and (len(digits) >= 3 and digits in phone):
        return True
    times = find_times(text, detect_language(text, reading.language))
    return any(
        time.kind == "clock"
        and time.start <= number.start
        and number.end <= time.end
        and (_AT.search(text[: time.start]) or _CLOCK.search(text[time.start : time.end]))
        for time in times
    )


_AT = re.compile(r"\b(?:at|by|um|gegen|bis|until|till)\W*$", re.IGNORECASE)
_CLOCK = re.compile(r"viertel|halb|past|quarter|uhr|o'?clock|\d\s?[ap]\.?m|:", re.IGNORECASE)


def read_numbers(reading: Reading, one: Field) -> Finding | None:
    """All the numbers of the answer to the field's question."""
    answer = reading.matcher.best(one.name)
    if not answer or unsure(answer[0].line.text):
        return None
    text = answer[0].line.text
    values = fits(one, [number.value for number in find_numbers(text, detect_language(text, reading.language))])
    return None if values is None else Finding(values, text, answer[0].line.id, 0.7)


def _beside(words: FieldWords, text: str, number: NumberMention) -> float:
    """How much the words at a number speak of the field: the next two count in full, those further off by half."""
    before, after = text[max(0, number.start - 28) : number.start], text[number.end : number.end + 40]
    after = _MEASURED.sub("", after)[:28]
    before, after = re.split(r"[,;]", before)[-1], re.split(r"[,;]", after)[0]
    next_to = f"{' '.join(before.split()[-2:])} {' '.join(after.split()[:2])}"
    return (words.weight(next_to) + words.weight(f"{before} {after}")) / 2
