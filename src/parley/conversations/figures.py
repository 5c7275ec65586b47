"""Times, dates, numbers and references in a confirmation: do they contradict what a tool confirmed?

Lenient on purpose: a sentence contradicts a result only when it names figures of a kind and none of them is the
result's. "Moved from 7 to 8" is right about 8, and "until 11 pm" beside the right time does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

_NUMBERS = {
    word: value
    for words in (
        "one two three four five six seven eight nine ten eleven twelve",
        "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    )
    for value, word in enumerate(words.split(), 1)
} | {"ein": 1, "einen": 1, "eine": 1, "noon": 12, "midday": 12, "midnight": 0}
_N = r"(?:\d{1,2}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + r")"
_TIMES = (
    re.compile(r"\b(?P<h>\d{1,2})[:.](?P<m>\d{2})(?!\.?\d)(?= ?(?:uhr|am|pm|a\.m|p\.m|\b))"),
    re.compile(rf"\b(?P<h>{_N}) uhr(?: (?P<m>[0-5]\d))?\b"),
    re.compile(rf"\b(?P<h>{_N}) ?(?:am|pm|a\.m\.|p\.m\.|o'clock)(?!\w)"),
    re.compile(r"\b(?P<h>noon|midday)\b"),
    re.compile(rf"\bhalf past (?P<h>{_N})\b(?P<half>)"),
    re.compile(rf"\bquarter past (?P<h>{_N})\b(?P<quarter>)"),
    re.compile(rf"\bquarter to (?P<h>{_N})\b(?P<to>)"),
    re.compile(rf"\bhalb (?P<h>{_N})\b(?P<halb>)"),
    re.compile(rf"\bviertel nach (?P<h>{_N})\b(?P<quarter>)"),
    re.compile(rf"\bviertel vor (?P<h>{_N})\b(?P<to>)"),
)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_TIME = re.compile(r"(\d{2}):(\d{2})")
_AT = re.compile(
    rf"\b(?:at|um) (?P<h>{_N})\b(?![:.]\d| ?(?:uhr|am\b|pm\b|a\.m|p\.m|o'clock|%|percent|prozent|main|street))"
)
_FOR = re.compile(
    rf"\b(?:for|für|of) (?P<n>\d{{1,4}}|{_N})\b(?!(?:[:.]\d|st\b|nd\b|rd\b|th\b|\.(?= ?\w)|,\d)| ?(?:uhr|am\b|pm\b|"
    rf"o'clock|"
    rf"nights?|nächte|nacht|hours?|"
    r"minutes?|stunden|minuten|days?|tage|%|percent|prozent|euros?|€|(?:january|february|march|april|may|june|july|"
    r"august|"
    r"september|october|november|december|januar|februar|märz|mai|juni|juli|oktober|dezember)))"
)
_PEOPLE = re.compile(rf"\b(?P<n>\d{{1,4}}|{_N}) (?:people|persons?|guests?|of you|personen|person|gäste|leute)\b")
_NIGHTS = re.compile(rf"\b(?P<n>\d{{1,3}}|{_N}) (?:nights?|nächte|nacht)\b")
_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "januar februar märz april mai juni juli august september oktober november dezember",
    )
    for number, name in enumerate(names.split(), 1)
}
_MONTH = "|".join(_MONTHS)
_DATES = (
    re.compile(r"\b\d{4}-(?P<month>\d{2})-(?P<day>\d{2})\b"),
    re.compile(r"\b(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?:\d{2,4})?"),
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?(?: of)? (?P<name>{_MONTH})\b"),
    re.compile(rf"\b(?P<name>{_MONTH}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b"),
    re.compile(r"\b(?:the|on the) (?P<day>\d{1,2})(?:st|nd|rd|th)\b"),
    re.compile(r"\b(?:am|zum|der|den) (?P<day>\d{1,2})\.(?!\d)"),
)
_DAYS = {
    name: number
    for names in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag",
    )
    for number, name in enumerate(names.split())
} | {"sonnabend": 5}
_WEEKDAY = re.compile(rf"\b(?:{'|'.join(_DAYS)})\b")
_REFERENCE = re.compile(
    r"\b(?:reference|confirmation|booking|reservation|buchungs|reservierungs|referenz|bestätigungs)[ -]?(?:number|"
    r"code|nummer|id)?"
    r"(?: is| lautet| ist|:)? *(?P<code>(?=[a-z-]*\d)[a-z\d-]{3,12})\b"
)


def contradicts(sentence: str, results: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the sentence names a time, day, number of people or nights, or reference, and it is in no result."""
    text = " ".join(sentence.lower().replace("’", "'").split())
    return bool(results) and all(_differs(text, result) for result in results)


def _differs(text: str, result: Mapping[str, Any]) -> bool:
    checks = (_time_differs, _day_differs, _count_differs, _reference_differs)
    return any(check(text, result) for check in checks)


def day_of(result: Mapping[str, Any]) -> date | None:
    """The day of a result; None where it names none, or masks it."""
    text = result.get("date")
    return date.fromisoformat(text) if isinstance(text, str) and _ISO_DAY.fullmatch(text) else None


def _clock_of(result: Mapping[str, Any]) -> tuple[int, int] | None:
    match = _ISO_TIME.match(str(result.get("time")))
    return (int(match[1]), int(match[2])) if match else None


def _time_differs(text: str, result: Mapping[str, Any]) -> bool:
    clock = _clock_of(result)
    if clock is None:
        return False
    said = set(_times(text))
    return bool(said) and (clock[0] % 12, clock[1]) not in said


def _times(text: str) -> Iterator[tuple[int, int]]:
    for rule in _TIMES:
        for match in rule.finditer(text):
            parts = match.groupdict()
            hour, minute = _value(parts["h"]), int(parts.get("m") or 0)
            if "half" in parts:
                minute = 30
            elif "quarter" in parts:
                minute = 15
            elif "to" in parts:
                hour, minute = hour - 1, 45
            elif "halb" in parts:
                hour, minute = hour - 1, 30
            if hour <= 24 and minute < 60:
                yield hour % 12, minute
    for match in _AT.finditer(text):
        yield _value(match["h"]) % 12, 0


def _day_differs(text: str, result: Mapping[str, Any]) -> bool:
    day = day_of(result)
    if day is None:
        return False
    said = [(int(match["day"]), _month(match.groupdict())) for rule in _DATES for match in rule.finditer(text)]
    if said:
        return not any(number == day.day and month in (None, day.month) for number, month in said)
    weekdays = {_DAYS[match.group()] for match in _WEEKDAY.finditer(text)}
    return bool(weekdays) and day.weekday() not in weekdays


def _month(parts: Mapping[str, str | None]) -> int | None:
    name, number = parts.get("name"), parts.get("month")
    return _MONTHS[name] if name else int(number) if number else None


def _count_differs(text: str, result: Mapping[str, Any]) -> bool:
    nights = _values(_NIGHTS, text)
    if nights and isinstance(result.get("nights"), int) and result["nights"] not in nights:
        return True
    party = result.get("party_size")
    if not isinstance(party, int):
        return False
    people = _values(_PEOPLE, text)
    if people:
        return party not in people
    loose = _values(_FOR, text)
    others = set(_hours(result))
    return bool(loose) and party not in loose and loose.isdisjoint(others)


def _hours(result: Mapping[str, Any]) -> Iterable[int]:
    """What a bare "for 8" may mean beside people: the hour."""
    clock = _clock_of(result)
    if clock is None or clock[1]:
        return ()
    return clock[0], clock[0] % 12, clock[0] % 12 or 12


def _reference_differs(text: str, result: Mapping[str, Any]) -> bool:
    known = result.get("reference")
    said = {_plain(match["code"]) for match in _REFERENCE.finditer(text)}
    return bool(said) and isinstance(known, str) and "<" not in known and _plain(known) not in said


def _plain(code: str) -> str:
    return re.sub(r"\W", "", code).lower()


def _values(rule: re.Pattern[str], text: str) -> set[int]:
    return {_value(match["n"]) for match in rule.finditer(text)}


def _value(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word]
