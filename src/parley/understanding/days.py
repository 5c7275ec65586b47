"""A day a sentence names, and the calendar arithmetic behind it."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from parley.understanding.scan import Scan


@dataclass(slots=True)
class Day:
    """`value` or `problem` ("impossible", "past", "ambiguous") is set. `label` is a daypart said with it ("tonight").

    `month_said` False marks a lone "the 3rd", which takes the month of the other end of a range.
    """

    start: int
    end: int
    value: date | None = None
    problem: str = ""
    label: str = ""
    month_said: bool = True
    today: bool = False


def make_day(start: int, end: int, year: int, month: int, day: int, month_said: bool = True) -> Day:
    if not 1 <= month <= 12 or not 1 <= day <= 31 or not 1 <= year <= 9998 or day > monthrange(year, month)[1]:
        return Day(start, end, None, "impossible", month_said=month_said)
    return Day(start, end, date(year, month, day), month_said=month_said)


def next_occurrence(scan: Scan, start: int, end: int, month: int, day: int) -> Day:
    today = scan.now.date()
    year = today.year if (month, day) >= (today.month, today.day) else today.year + 1
    return make_day(start, end, year, month, day)


def day_of_month(scan: Scan, start: int, end: int, day: int, after: date | None = None) -> Day:
    """The next "the 11th" on or after today (or `after`), in the first month that has such a day."""
    value = next_day_of_month(day, after or scan.now.date())
    return Day(start, end, value, "" if value else "impossible", month_said=False)


def next_day_of_month(day: int, first: date) -> date | None:
    """The first date on or after `first` with this day of the month; None where no month has it."""
    year, month = first.year, first.month
    for _ in range(4):
        if 1 <= day <= monthrange(year, month)[1] and date(year, month, day) >= first:
            return date(year, month, day)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return None


def _count(scan: Scan, i: int) -> tuple[int, int] | None:
    """(number, end) of a count or an article: "three", "a", "einer"."""
    value = scan.cardinal(i)
    if value is not None:
        return value, i + 1
    return (1, i + 1) if scan.has("articles", i) else None


def read_span(scan: Scan, i: int) -> tuple[int, int] | None:
    """(days, end) of "three days", "a week", "einer Woche"."""
    counted = _count(scan, i)
    if counted is None:
        unit = scan.lexicon.values["day_units"].get(scan.low(i))
        return (unit, i + 1) if unit and scan.low(i) == "fortnight" else None
    unit = scan.lexicon.values["day_units"].get(scan.low(counted[1]))
    if unit is None or counted[0] > 1000:
        return None
    return counted[0] * unit, counted[1] + 1


def plus_weeks(scan: Scan, day: Day) -> Day:
    """Adds "week" of "Friday week", "today week" and "in einer Woche" of "Samstag in einer Woche"."""
    end, more = day.end, 0
    if scan.low(end) == "week" and scan.low(end + 1) != "end":
        more, end = 7, end + 1
    elif scan.low(end) in ("in", "über"):
        span = read_span(scan, end + 1)
        if span is not None and span[0] % 7 == 0:
            more, end = span
    if more and day.value is not None:
        day.value, day.end = day.value + timedelta(days=more), end
        day.today = False
    return day
