"""Numbers of any field: asked for, said next to its words, put right, and as people speak of money."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from parley.house.extractor_codes import is_code, spelled_code
from parley.house.extractor_match import FieldWords
from parley.house.extractor_ranges import End, at_end, end_of
from parley.house.extractor_reading import Reading, latest, proven, slot_of
from parley.house.extractor_talk import Statement, unsure
from parley.house.extractor_words import alike, field_lexicon
from parley.understanding import Field, Finding, NumberMention, detect_language, find_numbers, find_times, fits

_ORDER = frozenset("floor stock story level etage rank place position lane grade".split())
_PAID = frozenset("price paid cost bill amount total betrag preis kaufpreis fee copay".split())
_MOST_EARLIER = 20  # amounts that one may be said in relation to
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
_ANY_AMOUNT = frozenset("amount betrag summe charge disputed".split())
_SIZES = frozenset({"size", "length", "height", "percent", "age", "feet"})


@dataclass(slots=True)
class _Count:
    """What was found of one field so far. `line` and `surest`: where the last good number was, and how sure it is;
    `end`: which end of a stretch the field is.
    """

    words: FieldWords
    end: End = ""
    found: list[tuple[float, Finding]] = field(default_factory=list)
    line: int = -1
    surest: float = 0.0
    earlier: list[NumberMention] = field(default_factory=list)

    @property
    def own(self) -> set[str]:
        name = self.words.field.path[-1:] or (self.words.field.name,)
        return {*self.words.name, *self.words.described, *name[0].lower().split("_")}

    @property
    def of_money(self) -> bool:
        return of_money(self.own)

    def add(self, score: float, value: int | float, one: Statement, confidence: float) -> None:
        self.found.append((score, proven(value, one, confidence)))


def of_money(words: set[str]) -> bool:
    """Whether a field of these words is an amount of money."""
    return any(field_lexicon().money.search(word) for word in words)


def read_number(reading: Reading, one: Field) -> Finding | None:
    """The number asked for, or said next to the field's own words."""
    if is_code(one.name) and (spelled := _spelled(reading, one)) is not None:
        return spelled
    count = _Count(reading.matcher.words[one.name], _end(reading, one))
    for statement in reading.matcher.talk.statements:
        slot = slot_of(reading, statement, count.words)
        asked = min(reading.matcher.asked(one.name, statement), 3.0)
        if slot is not None:
            count.add(4.0 + asked, slot, statement, 0.9)
            count.line, count.surest = statement.line.number, 4.0 + asked
        else:
            _count(reading, one, statement, asked, count)
    return latest(count.found, 1.6 if count.of_money else 1.2)


def _spelled(reading: Reading, one: Field) -> Finding | None:
    """A number that is spelled digit by digit, of a field that names something by it."""
    for statement in reading.matcher.best(one.name):
        code = spelled_code(statement.held())
        if code is not None and code.isdecimal() and fits(one, int(code)) is not None:
            return proven(int(code), statement, 0.85)
    return None


def _end(reading: Reading, one: Field) -> End:
    """Which end of a stretch a field is; the lower one only where the upper one is a field too."""
    end = end_of(one)
    beside = any(end_of(words.field) == "high" for words in reading.matcher.words.values())
    return end if end == "high" or beside else ""


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
    count.earlier = [*count.earlier, *numbers][-_MOST_EARLIER:]
    if any(number.money for number in numbers):  # "between 3000 and 4000 euros" are both of them
        numbers = [_with_the_next(number, numbers[place + 1 :], text) for place, number in enumerate(numbers)]
    several = len({number.value for number in numbers if number.money}) > 1
    for place, number in enumerate(numbers):
        if not at_end(count.end, numbers, place, text):
            continue
        value = fits(one, number.value)
        if not isinstance(value, int | float) or _is_other(reading, statement, number, asked, count):
            continue
        left = numbers[place - 1].end if place else 0
        score = _score(reading, number, text, asked, count, left)
        score -= (
            1.0 if several and count.of_money and not count.end and _beside(count.words, text, number, left) < 1 else 0
        )
        if score >= 1.2:
            count.surest = max(score, count.surest if count.line == statement.line.number else 0.0)
            count.line = statement.line.number
        count.add(score, value, statement, min(0.95, 0.5 + 0.12 * score))


def _score(reading: Reading, number: NumberMention, text: str, asked: float, count: _Count, left: int) -> float:
    """How likely a number is the field's. `left`: where the number before it ends."""
    beside = _beside(count.words, text, number, left)
    score = asked + min(beside, 3.0)
    units = [unit for word in count.words.name if (unit := field_lexicon().units.get(word))]
    score += 1.3 if any(unit.match(text[number.end :]) for unit in units) else 0.0
    score += 0.8 if count.of_money and count.end and number.money else 0.0
    score += 0.8 if number.money and {*count.words.name} & _ANY_AMOUNT else 0.0
    if count.of_money and (number.money or beside < 1):
        score += 1.0 if number.money else (0.5 if asked >= 1 and number.value >= _LEAST_AMOUNT else -1.5)
    score -= 2.0 if number.money and not count.of_money else 0.0
    score -= 0.8 if number.ordinal and not count.own & _ORDER else 0.0
    named = count.words.name[-1:]
    return score + (1.5 if {*named} & _YEAR and 1950 <= number.value <= reading.now.year + 1 else 0.0)


def _is_other(reading: Reading, one: Statement, number: NumberMention, asked: float, count: _Count) -> bool:
    """Whether a number is a measure, a year among amounts, or part of a telephone number or a time."""
    text = one.held()
    label = _LABEL.search(text[: number.start])
    if label and asked < 1 and not number.money and not any(alike(word, label[1].lower()) for word in count.own):
        return True
    spelled = any(match.start() <= number.start < match.end() for match in _SPELLED.finditer(text))
    if spelled and asked < 1 and not number.money:
        return True
    if not _plausible(count, number.value, reading.now.year):
        return True
    if _other_unit(count, text[number.end :]):
        return True
    if _MEASURE.match(text[number.end :]) and not count.own & _SIZES:
        return True
    if count.of_money:
        return 1950 <= number.value <= reading.now.year + 10 and not number.money and asked < 1
    return _of_something_else(reading, one, number, text)


_LABEL = re.compile(
    r"\b(order|number|no\.|room|unit|truck|load|account|apartment|apt|gate|dock|door|tour|nummer|zimmer|wohnung|"
    r"bestellung|#)\W*$",
    re.IGNORECASE,
)


_SPELLED = re.compile(r"(?:\b\w[ -]+){2,}\b\w\b|\b[A-Z]{1,4}[ -]?\d{2,}")  # "P 3 3 0 9", "UA 1523"


def _with_the_next(number: NumberMention, after: Sequence[NumberMention], text: str) -> NumberMention:
    joined = bool(after) and after[0].money and text[number.end : after[0].start].strip().lower() in _JOINS
    return replace(number, money=True) if joined else number


_JOINS = frozenset({"and", "to", "or", "und", "bis", "oder", "-", "–"})


def _plausible(count: _Count, value: float, this_year: int) -> bool:
    """Whether a number can be the field's at all: nobody has lived 400 years."""
    field = count.words.field
    parts = (field.path[-1] if field.path else field.name).lower().split("_")
    if parts[-1] in _YEAR and field.kind == "integer":
        return 1900 <= value <= this_year + 30
    known = [field_lexicon().plausible[part] for part in parts if part in field_lexicon().plausible]
    return all(least <= value <= most for least, most in known)


def _other_unit(count: _Count, after: str) -> bool:
    """Whether a number has a unit behind it that is not the field's own: kilometres are no days."""
    units = field_lexicon().units
    own = [unit for word in count.own if (unit := units.get(word))]
    if not own or any(unit.match(after) for unit in own):
        return False
    return any(unit.match(after) for unit in units.values())


def told_amounts(
    numbers: Sequence[NumberMention], text: str, one: Field, own: set[str], earlier: Sequence[NumberMention] = ()
) -> list[NumberMention]:
    """The numbers, where money is spoken of as people say it. `earlier`: those of the sentences before.

    "eighty nine ninety five" is 89.95 at a till and 8995 of a salary; after "six hundred thousand", "six fifty" is
    650,000.
    """
    if not of_money(own):
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
    """In thousands, where the amount before it is of that size and this one else would be next to nothing.

    "300 dollars" says itself what it is.
    """
    if number.money:
        return number
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


def _beside(words: FieldWords, text: str, number: NumberMention, left: int = 0) -> float:
    """How much the words at a number speak of the field: the next two count in full, those further off by half.

    The word behind the number before it, which ends at `left`, is that one's: "two adults and six kids".
    """
    counted = re.match(r"\s*[^\W\d_]+", text[left : number.start]) if left else None
    left += counted.end() if counted else 0
    before, after = text[max(left, number.start - 28) : number.start], text[number.end : number.end + 40]
    after = _MEASURED.sub("", after)[:28]
    before, after = re.split(r"[,;]", before)[-1], re.split(r"[,;]", after)[0]
    next_to = f"{' '.join(before.split()[-2:])} {' '.join(after.split()[:2])}"
    return (words.weight(next_to) + words.weight(f"{before} {after}")) / 2
