"""Weekdays in a sentence: "this Friday", "Friday next week", "Samstag in einer Woche", "Friday the 8th"."""

from __future__ import annotations

from datetime import date, timedelta

from parley.understanding.days import Day, day_of_month, plus_weeks
from parley.understanding.scan import Scan
from parley.understanding.written_dates import (
    read_day_month,
    read_iso,
    read_month_day,
    read_numeric,
    read_of_month,
    read_ordinal,
)

DAYPART_TAILS = ("abend", "mittag", "vormittag", "nachmittag", "morgen", "nacht", "früh")


def read_weekday(scan: Scan, i: int) -> Day | None:
    """Friday with what stands around it: this, next, "next week", "this week", "after next", "the 8th"."""
    start = i
    found = _which_week(scan, i)
    if found is None:
        return None
    week, i = found
    name, part = _weekday_name(scan, i, week != "bare")
    if name is None:
        return None
    end = i + 1
    week, end = _week_after(scan, week, end)
    day = Day(start, end, _weekday_date(scan, name, week), label=part)
    if week == "past":
        return Day(start, end, None, "past")
    if scan.lexicon.language == "de" and scan.low(end) == "morgen":
        day.end, day.label = end + 1, "morning"
    return _matching_date(scan, name, plus_weeks(scan, day) if week == "bare" else day)


def _weekday_name(scan: Scan, i: int, led: bool) -> tuple[int | None, str]:
    """(weekday, daypart): "Friday", "Freitagabend"."""
    word = scan.low(i)
    names = scan.lexicon.values["weekdays"]
    if word in names:
        dated = scan.value(i + 1) is not None
        if scan.lexicon.language == "de":  # "so fünfzig" is no Sunday
            dated = dated and scan.digits(i + 1) in (1, 2) and scan.low(i + 2) == "."
        near = led or scan.low(i - 1) in ("on", "am", "for") or dated or scan.low(i + 1) == "."
        if scan.has("weak_weekdays", i) and not (near and scan.low(i - 1) not in ("for",)):
            return None, ""
        return names[word], ""
    if scan.lexicon.language == "de" and len(word) > 8:
        for tail in DAYPART_TAILS:
            if word.endswith(tail) and word[: -len(tail)] in names:
                label = "morning" if tail == "morgen" else scan.lexicon.labels["dayparts"][tail]
                return names[word[: -len(tail)]], label
    return None, ""


def _which_week(scan: Scan, i: int) -> tuple[str, int] | None:
    """(week, place of the weekday): bare, this, next, over, past."""
    word = scan.low(i)
    for group, week in (("this", "this"), ("next", "next"), ("last", "past"), ("over_next", "over")):
        if scan.has(group, i):
            if scan.has("week", i + 1):
                j = i + 2
                j += 1 if scan.low(j) in ("on", "am", ",", "den") else 0
                return {"next": "week", "this": "within"}.get(week, week), j
            if word == "this" and scan.low(i + 1) in ("coming", "upcoming"):
                return "this", i + 2
            return week, i + 1
    return "bare", i


def _week_after(scan: Scan, week: str, end: int) -> tuple[str, int]:
    """Takes "next week", "this week", "after next", "nächster Woche" along."""
    j = end + 1 if scan.low(end) in ("of", ",", "in", "der") else end
    if scan.low(end) == "after" and scan.low(end + 1) == "next":
        return "over", end + 2
    if scan.has("week", j + 1):
        if scan.has("next", j):
            return "week", j + 2
        if scan.has("this", j):
            return "within", j + 2
        if scan.has("last", j):
            return "past", j + 2
        if scan.has("over_next", j):
            return "over_week", j + 2
    return week, end


def _weekday_date(scan: Scan, weekday: int, week: str) -> date:
    """Weeks start on Monday. "Next Friday" is next week's; a bare or "this" weekday is the coming one.

    A bare weekday named on that very day means the one in seven days, since today is called today. German "nächsten
    Samstag" is the coming Saturday unless that is so near that nobody would call it so.
    """
    today = scan.now.date()
    ahead = (weekday - today.weekday()) % 7
    monday = today - timedelta(days=today.weekday())
    if week == "bare":
        return today + timedelta(days=ahead or 7)
    if week in ("this", "within"):
        return monday + timedelta(days=weekday) if week == "within" else today + timedelta(days=ahead)
    if week == "next" and scan.lexicon.language == "de":
        return today + timedelta(days=_german_next(ahead, today))
    if week == "over" and scan.lexicon.language == "de":
        return today + timedelta(days=_german_next(ahead, today) + 7)
    weeks = 2 if week in ("over", "over_week") else 1
    return monday + timedelta(days=7 * weeks + weekday)


def _german_next(ahead: int, today: date) -> int:
    near = ahead <= 2 and today.weekday() + ahead < 7
    return ahead + 7 if near else ahead


def _matching_date(scan: Scan, weekday: int, day: Day) -> Day:
    """ "Friday the 8th", "Freitag, den 8. März": the date decides, and the weekday has to agree."""
    j = day.end
    j += 1 if scan.low(j) == "," else 0
    j += 1 if scan.low(j) in ("the", "den", "dem", "der") else 0
    dated = read_month_day(scan, j) or read_day_month(scan, j) or read_numeric(scan, j) or read_iso(scan, j)
    if dated is None:
        ordinal = read_ordinal(scan, j)
        if ordinal is None or scan.has("street", ordinal[1]):
            return day
        dated = read_of_month(scan, j, ordinal) or day_of_month(scan, j, ordinal[1], ordinal[0])
    if dated.value is not None and dated.value.weekday() != weekday:
        return Day(day.start, dated.end, None, "impossible")
    return Day(day.start, dated.end, dated.value, dated.problem, day.label)
