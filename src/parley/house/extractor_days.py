"""Days that lie behind: days of birth, of an accident, of a purchase. Slots look ahead; these look back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

from parley.understanding import NumberMention, find_numbers

_MONTHS = (
    "jan(?:uary|uar)?",
    "feb(?:ruary|ruar)?",
    "mar(?:ch)?|märz|maerz",
    "apr(?:il)?",
    "may|mai",
    "june?|juni",
    "july?|juli",
    "aug(?:ust)?",
    "sept?(?:ember)?",
    "o[ck]t(?:ober)?",
    "nov(?:ember)?",
    "de[cz](?:ember)?",
)
_MONTH = re.compile("|".join(rf"(?P<m{at}>\b(?:{names})\b)" for at, names in enumerate(_MONTHS, 1)), re.IGNORECASE)
_NUMERIC = re.compile(r"\b(\d{1,2})([./-])(\d{1,2})\2((?:19|20)?\d\d)\b")
_WEEKDAYS = (
    "mon(?:day)?|montag",
    "tue(?:s(?:day)?)?|dienstag",
    "wed(?:nesday)?|mittwoch",
    "thu(?:rs(?:day)?)?|donnerstag",
    "fri(?:day)?|freitag",
    "sat(?:urday)?|samstag|sonnabend",
    "sun(?:day)?|sonntag",
)
_WEEKDAY = re.compile("|".join(rf"(?P<d{at}>\b(?:{names})\b)" for at, names in enumerate(_WEEKDAYS)), re.IGNORECASE)
_AGO = re.compile(
    r"\b(?P<n>\w+) (?P<unit>day|week|tag|woche)\w* ago\b|\bvor (?P<m>\w+) (?P<einheit>tag|woche)\w*", re.IGNORECASE
)
_DAYS_AGO = (
    (re.compile(r"\b(?:day before yesterday|vorgestern)\b", re.IGNORECASE), 2),
    (re.compile(r"\b(?:yesterday|last night|gestern)\b", re.IGNORECASE), 1),
    (re.compile(r"\b(?:this morning|today|heute)\b", re.IGNORECASE), 0),
)
_ONE = frozenset({"a", "one", "einer", "einem", "ein"})
_BETWEEN = re.compile(r"(?:st|nd|rd|th)?[\s,.]*(?:the|of|den|der|dem)?[\s,.]*", re.IGNORECASE)


def past_day(text: str, now: datetime, language: str, *, month_first: bool = True) -> str | None:
    """The day before now that a text speaks of, ISO; None where it speaks of none."""
    for pattern, days in _DAYS_AGO:
        if pattern.search(text):
            return (now.date() - timedelta(days=days)).isoformat()
    if match := _AGO.search(text):
        count = _count(match["n"] or match["m"], language)
        weeks = (match["unit"] or match["einheit"]).lower() in ("week", "woche")
        return None if count is None else (now.date() - timedelta(days=count * (7 if weeks else 1))).isoformat()
    if (day := full_day(text, language, month_first=month_first)) is not None:
        return day.isoformat() if day <= now.date() else None
    if (found := next(_months(text, language), None)) is not None:
        month, number = found
        this = _day(now.year, month, number)
        last = this if this is not None and this <= now.date() else _day(now.year - 1, month, number)
        return None if last is None else last.isoformat()
    if match := _WEEKDAY.search(text):
        wanted = int((match.lastgroup or "d0")[1:])
        return (now.date() - timedelta(days=(now.weekday() - wanted - 1) % 7 + 1)).isoformat()
    return None


def coming_day(text: str, now: datetime, language: str, *, month_first: bool = True) -> str | None:
    """The next day of which a text tells month and day, ISO: "December 18th, it's a Friday I believe"."""
    if (day := full_day(text, language, month_first=month_first)) is not None:
        return day.isoformat()
    for month, number in _months(text, language):
        days = (_day(year, month, number) for year in (now.year, now.year + 1))
        found = next((day for day in days if day is not None and day >= now.date()), None)
        if found is not None:
            return found.isoformat()
    return None


def full_day(text: str, language: str, *, month_first: bool = True) -> date | None:
    """A day that is told with its year: "March third, 1988", "3.5.1990"."""
    if match := _NUMERIC.search(text):
        first, mark, second, written = match.groups()
        one, two = (int(first), int(second)) if month_first and mark != "." else (int(second), int(first))
        month, day = (one, two) if one <= 12 else (two, one)
        return _day(_whole(int(written)), month, day)
    years = list(_years(text, language))
    for month, day in _months(text, language):
        if years:
            return _day(years[-1], month, day)
    return None


def _months(text: str, language: str) -> Iterator[tuple[int, int]]:
    """(month, day) wherever a month's name has a day's number beside it."""
    found = find_numbers(text, language)
    centuries = {one.start for one, other in pairwise(found) if one.value in (19, 20) and other.value >= 10}
    numbers = [one for one in found if 1 <= one.value <= 31 and one.value % 1 == 0 and one.start not in centuries]
    for match in _MONTH.finditer(text):
        month = int((match.lastgroup or "m1")[1:])
        day = next((one for one in numbers if _beside(text, one, match)), None)
        if day is not None and (month != 5 or match.group()[0] == "M" or day.ordinal):  # "you may take 2" is no day
            yield month, int(day.value)


def _beside(text: str, one: NumberMention, match: re.Match[str]) -> bool:
    """Whether a number stands at a month's name with nothing but "the", "of" and marks between."""
    between = text[match.end() : one.start] if one.start >= match.end() else text[one.end : match.start()]
    return _BETWEEN.fullmatch(between) is not None


def _years(text: str, language: str) -> Iterator[int]:
    text = re.sub(r"\b(neunzehn|zweitausend)(?:hundert)?(?:und)?(?=[a-zäöüß])", r"\1 ", text, flags=re.IGNORECASE)
    values = [one.value for one in find_numbers(text, language)]
    yield from (int(value) for value in values if 1900 <= value <= 2100)
    for first, second in pairwise(values):
        if first == 19 and 10 <= second <= 99:
            yield 1900 + int(second)
        elif first in (20, 2000) and 0 < second <= 99:
            yield 2000 + int(second)


def _whole(year: int) -> int:
    return year if year > 99 else (1900 if year > 30 else 2000) + year


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _count(word: str, language: str) -> int | None:
    if word.lower() in _ONE:
        return 1
    if word.lower() == "couple":
        return 2
    number = next(iter(find_numbers(word, language)), None)
    return int(number.value) if number is not None and 0 < number.value < 1000 else None
