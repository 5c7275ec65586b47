"""Asks records as one asks a table: which of them are such and such, how many, the largest, those under a price."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from parley.house.evidence import holds
from parley.house.figures import WORDS, number
from parley.house.found import Found, strength
from parley.house.lexicon import Lexicon, stem
from parley.house.passages import MONEY, Unit
from parley.house.question import Question

Spread = Mapping[str, Mapping[str, float]]
_ATTRIBUTES = frozenset({"time", "place", "phone", "email", "person", "duration", "distance", "amount", "age"})
_NUMBER = rf"(?:[€$£]\s?)?(?:\d[\d.,]*|\b(?:{'|'.join(WORDS)})\b)"
_GRADES = (
    ("cheapest", min, "price"),
    ("dearest", max, "price"),
    ("smallest", min, "size"),
    ("largest", max, "size"),
    ("lowest", min, ""),
    ("highest", max, ""),
)
_NAMED = 0.88  # the word itself or a synonym
_FROM_PRICE = 100  # a bare figure from here on is a price, "3" is not


@dataclass(frozen=True, slots=True)
class _Record:
    units: tuple[Unit, ...]
    stems: frozenset[str]

    @property
    def name(self) -> str:
        return self.units[0].heading


@dataclass(frozen=True, slots=True)
class _Limit:
    """A bound on one column: -1 at most, 0 exactly, 1 at least."""

    labels: frozenset[str]
    bound: int
    value: float

    def holds(self, record: _Record) -> bool:
        figure = next((number(unit.text) for unit in record.units if unit.label in self.labels), None)
        if figure is None:
            return False
        return (figure - self.value) * self.bound >= 0 if self.bound else figure == self.value


def find_records(question: Question, units: Sequence[Unit], spread: Spread, words: Lexicon) -> Found | None:
    """The records a question is about, where it asks for records rather than for a value of one."""
    records = _records(units)
    if len(records) < 2:
        return None
    lowered = question.text.lower()
    limits, bound_words = _limits(lowered, records, words)
    stems = frozenset().union(*(record.stems for record in records))
    keys = [
        key
        for key in spread
        if key not in bound_words and (strength(spread[key], stems) or key not in question.scene | question.verbs)
    ]
    if grade := next((grade for grade in _GRADES if words.patterns[grade[0]].search(lowered)), None):
        return _extreme(question, grade, records, keys, spread, words)
    flags = {key: labels for key in keys if (labels := _flag_labels(spread[key], records, words))}
    keys = [key for key in keys if key not in flags]
    chosen = [
        record
        for record in records
        if not _is_opposite(question, record, words)
        and all(strength(spread[key], record.stems) for key in keys)
        and all(limit.holds(record) for limit in limits)
        and all(_flagged(record, labels, spread[key], lowered, words) for key, labels in flags.items())
    ]
    if _ATTRIBUTES & set(question.kinds):
        return None
    asks = "list" in question.kinds or bool(words.patterns["requests"].search(lowered))
    if not chosen:
        return Found("none", question, (), 1.0, certain=True) if asks and (flags or limits) else None
    if not limits and not flags:
        attribute = any(strength(spread[key], _label_stems(records, words)) for key in keys)
        elsewhere = any(not unit.record and all(strength(spread[key], unit.own) for key in keys) for unit in units)
        if "count" in question.kinds and question.counted in keys and not (attribute or elsewhere):
            return _found("count", question, chosen, words)
        if attribute or not keys or (elsewhere and "list" not in question.kinds) or "price" in question.kinds:
            return None
    return _found("list", question, chosen, words) if asks or (limits and "count" not in question.kinds) else None


def _is_opposite(question: Question, record: _Record, words: Lexicon) -> bool:
    asked = question.light.union(question.keys)
    return any(
        asked & these and not asked & those and record.stems & those and not record.stems & these
        for these, those in (words.opposites, words.opposites[::-1])
    )


def _records(units: Iterable[Unit]) -> list[_Record]:
    groups: dict[tuple[object, ...], list[Unit]] = {}
    for unit in units:
        if unit.record:
            groups.setdefault((unit.title, unit.section, unit.lead), []).append(unit)
    return [
        _Record(tuple(group), frozenset().union(*(unit.own | unit.head | unit.around for unit in group)))
        for group in groups.values()
    ]


def _found(shape: str, question: Question, chosen: Sequence[_Record], words: Lexicon) -> Found:
    shown = tuple(_shown(record, words) for record in chosen)
    firsts = tuple(record.units[0] for record in chosen)
    return Found("count" if shape == "count" else "list", question, firsts, 1.0, certain=True, items=shown)


def _shown(record: _Record, words: Lexicon) -> str:
    """A record's name with its price."""
    price = next((unit.text for unit in record.units if _is_price(unit, words)), "")
    return f"{record.name} ({price})" if price else record.name


def _is_price(unit: Unit, words: Lexicon) -> bool:
    rule = next(rule for kind, rule in words.kinds if kind == "price")
    return number(unit.text) is not None and bool(rule.search(unit.label.lower()) or MONEY.match(unit.text.strip()))


def _label_stems(records: Sequence[_Record], words: Lexicon) -> frozenset[str]:
    return frozenset().union(*(words.stems(unit.label) for record in records for unit in record.units[1:]))


def _flag_labels(found: Mapping[str, float], records: Sequence[_Record], words: Lexicon) -> frozenset[str]:
    """Labels a word means whose values say yes or no: "Pets", "Appointment"."""
    negative = words.patterns["negative"]
    return frozenset(
        unit.label
        for record in records
        for unit in record.units
        if negative.search(unit.text.strip().lower()) and strength(found, words.stems(unit.label))
    )


def _flagged(record: _Record, labels: frozenset[str], found: Mapping[str, float], lowered: str, words: Lexicon) -> bool:
    """Whether a record says yes under a label: plainly, or by naming what was asked for."""
    refused = bool(words.patterns["refusals"].search(lowered))
    for unit in record.units:
        if unit.label in labels:
            value = unit.text.strip().lower()
            if words.patterns["negative"].search(value):
                return refused
            plain = words.patterns["positive"].search(value) or not _meant_by_values(found, labels, words)
            return not refused and bool(plain or strength(found, words.stems(unit.text)) >= _NAMED)
    return False


def _meant_by_values(found: Mapping[str, float], labels: frozenset[str], words: Lexicon) -> bool:
    """Whether what was asked for is a special case of the label: dogs, under "Pets"."""
    return max(strength(found, words.stems(label)) for label in labels) < _NAMED


def _limits(lowered: str, records: Sequence[_Record], words: Lexicon) -> tuple[list[_Limit], set[str]]:
    """The bounds a question sets ("under 1,000", "at least three bedrooms"), and the words that set them."""
    limits: list[_Limit] = []
    used: set[str] = set()
    for match in re.finditer(rf"({_NUMBER})\s*(€|[^\W\d_]+)?(?:[\s-]+([^\W\d_]+))?", lowered):
        before = lowered[: match.start()].rstrip()[-24:]
        bound = -1 if _ends(words.patterns["below"], before) else 1 if _ends(words.patterns["above"], before) else 0
        value = number(match.group(1))
        nouns = [stem(noun, words.language) for noun in match.groups()[1:] if noun and noun != "€"]
        labels = _column(nouns, match.group(), value or 0, records, words, lowered)
        if value is None or not labels or (bound == 0 and not _counts(labels, records)):
            continue
        limits.append(_Limit(labels, bound, value))
        used |= {*nouns, *(stem(part, words.language) for part in re.findall(r"[\w.,]+", match.group(1)))}
    return limits, used


def _ends(pattern: re.Pattern[str], text: str) -> bool:
    return any(match.end() >= len(text) - 1 for match in pattern.finditer(text))


def _column(
    nouns: Sequence[str], text: str, value: float, records: Sequence[_Record], words: Lexicon, lowered: str
) -> frozenset[str]:
    named = frozenset(
        unit.label
        for record in records
        for unit in record.units[1:]
        if number(unit.text) is not None
        and any(noun in related for noun in nouns for related in (_meanings(unit.label, words),))
    )
    if named:
        return named
    money = bool(re.search(r"[€$£]|\beuros?\b|\bpounds?\b|\bdollars?\b", text)) or (not nouns and value >= _FROM_PRICE)
    kind = "price" if money or (value >= _FROM_PRICE and not re.search(r"m²|sqm|qm|quadrat|square", text)) else "size"
    if kind == "size" and not re.search(r"m²|sqm|qm|quadrat|square", text):
        return frozenset()
    return _of_kind(kind, records, words, words.stems(lowered))


def _meanings(label: str, words: Lexicon) -> frozenset[str]:
    stems = words.stems(label)
    return stems.union(*(words.related.get(name, {}) for name in stems))


def _of_kind(
    kind: str, records: Sequence[_Record], words: Lexicon, asked_stems: frozenset[str] = frozenset()
) -> frozenset[str]:
    """The label of the column of prices, or of sizes: the one asked for, else no side cost, else the first."""
    figures: dict[str, float] = {}
    for record in records:
        for unit in record.units:
            fits = _is_price(unit, words) if kind == "price" else holds("size", unit, words)
            if fits and (figure := number(unit.text)) is not None:
                figures[unit.label] = max(figure, figures.get(unit.label, 0.0))
    plain = {
        label: figure for label, figure in figures.items() if not words.patterns["side_cost"].search(label)
    } or figures
    asked = [label for label in plain if words.stems(label) & asked_stems]
    if asked or kind == "price":
        return frozenset((asked or list(plain))[:1])
    return frozenset({max(plain, key=lambda label: plain[label])} if plain else ())


def _counts(labels: frozenset[str], records: Sequence[_Record]) -> bool:
    """Whether a column holds plain counts, so that "three bedrooms" bounds it."""
    values = [unit.text.strip() for record in records for unit in record.units if unit.label in labels]
    return sum(value.isdigit() for value in values) > len(values) / 2


def _extreme(
    question: Question,
    grade: tuple[str, object, str],
    records: Sequence[_Record],
    keys: Sequence[str],
    spread: Spread,
    words: Lexicon,
) -> Found | None:
    _, pick, kind = grade
    labelled = {
        key: labels
        for key in keys
        if (
            labels := frozenset(
                unit.label
                for record in records
                for unit in record.units[1:]
                if number(unit.text) is not None and strength(spread[key], words.stems(unit.label))
            )
        )
    }
    labels = frozenset().union(*labelled.values()) or _of_kind(
        kind or "price", records, words, words.stems(question.text)
    )
    others = [key for key in keys if key not in labelled]
    about = [record for record in records if all(strength(spread[key], record.stems) for key in others)]
    values = [
        (figure, record, unit)
        for record in about
        for unit in record.units
        if unit.label in labels and (figure := number(unit.text)) is not None
    ]
    if not values:
        return None
    _, record, unit = (min if pick is min else max)(values, key=lambda value: value[0])
    return Found("pick", question, (unit,), 1.0, certain=True, items=(f"{record.name} ({unit.text})",))
