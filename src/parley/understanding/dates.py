"""Calendar dates in a sentence: "the 11th", "next Friday", "a week on Tuesday", "am 3. Mai", "03/05", "in drei Tagen".

A date without a year is its next occurrence; what cannot exist, lies in the past or is no single day comes back as a
problem instead of a value.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from parley.understanding.days import Day, day_of_month, next_occurrence, plus_weeks, read_span
from parley.understanding.scan import Scan
from parley.understanding.weekdays import DAYPART_TAILS, read_weekday
from parley.understanding.written_dates import (
    ends_here,
    read_day_month,
    read_iso,
    read_month_day,
    read_numeric,
    read_of_month,
    read_ordinal,
)


def read_day(scan: Scan, i: int) -> Day | None:
    """The date that starts at token i, or None."""
    if not _may_start(scan, i):
        return None
    for matcher in _MATCHERS:
        found = matcher(scan, i)
        if found is not None:
            if found.value is not None and found.value < scan.now.date() and not found.problem:
                return Day(found.start, found.end, None, "past")
            return found
    return None


def _may_start(scan: Scan, i: int) -> bool:
    """Whether a date can start here at all: most tokens are spared the matchers."""
    if not 0 <= i < len(scan.tokens):
        return False
    token = scan.tokens[i]
    if token.value is not None:
        return True
    words = scan.lexicon.words["date_starts"]
    return token.low in words or (scan.lexicon.language == "de" and token.low.endswith(DAYPART_TAILS))


def _relative_word(scan: Scan, i: int) -> Day | None:
    """today, tomorrow, "day after tomorrow", übermorgen, "heute in einer Woche", "later today"."""
    start = i
    if scan.low(i) == "the" and scan.low(i + 1) == "day":
        i += 1
    if scan.phrase(i, "day", "after", "tomorrow"):
        return _shifted(scan, start, i + 3, 2)
    if scan.phrase(i, "day", "before", "yesterday"):
        return _shifted(scan, start, i + 3, -2)
    word = scan.low(i)
    offset = scan.lexicon.values["days"].get(word)
    if offset is None or i != start:
        return None
    if word == "morgen" and _is_morning(scan, i):
        return None
    day = _shifted(scan, i, i + 1, offset)
    day.label = scan.lexicon.labels["day_dayparts"].get(word, "")
    day.today = offset == 0
    if scan.lexicon.language == "de" and scan.low(i + 1) == "morgen":
        day.end, day.label = i + 2, "morning"
    return plus_weeks(scan, day)


def _is_morning(scan: Scan, i: int) -> bool:
    """German "morgen" as a time of day: "guten Morgen", "am Morgen", "heute Morgen"."""
    return scan.has("good", i - 1) or scan.low(i - 1) in ("am", "jeden", "heute", "heut")


def _shifted(scan: Scan, start: int, end: int, days: int) -> Day:
    return Day(start, end, scan.now.date() + timedelta(days=days))


def _in_span(scan: Scan, i: int) -> Day | None:
    """ "in three days", "three days from now", "a week on Tuesday", "two weeks from Friday"."""
    if scan.low(i) == "in":
        span = read_span(scan, i + 1)
        if span is None or _is_duration(scan, span[1]):
            return None
        end = span[1]
        if scan.low(end) in ("'", "time", "s"):
            end = scan.skip(end, "fillers", 0)
        if scan.low(end) in ("am", "on") and (weekday := read_weekday(scan, end + 1)) is not None and span[0] % 7 == 0:
            weekday.start = i
            return weekday
        return _shifted(scan, i, end, span[0])
    span = read_span(scan, i)
    if scan.low(i - 1) in ("stay", "staying", "bleiben", "for", "für"):  # "for ten days from today" is a stay
        return None
    if span is None or scan.low(span[1]) not in ("from", "on", "after", "nach", "ab"):
        return None
    j = span[1] + 1
    if scan.low(j) in ("now", "jetzt"):
        return _shifted(scan, i, j + 1, span[0])
    base = _relative_word(scan, j) or read_weekday(scan, j)
    if base is None or base.value is None or (scan.low(span[1]) == "on" and span[0] % 7):
        return None
    return Day(i, base.end, base.value + timedelta(days=span[0]))


def _is_duration(scan: Scan, i: int) -> bool:
    return scan.low(i) in ("of", "or")


def _lone_ordinal(scan: Scan, i: int) -> Day | None:
    """ "the 11th", "on the third", "am 11.", "11th"."""
    start = i
    if scan.low(i) == "the":
        i += 1
    ordinal = read_ordinal(scan, i)
    if ordinal is None:
        return None
    dated = read_of_month(scan, i, ordinal) or (read_day_month(scan, i) if i > start else None)
    if dated is not None:
        dated.start = start
        return dated
    end = ordinal[1]
    if scan.low(end) == "weihnachtstag" and ordinal[0] in (1, 2):
        return next_occurrence(scan, start, end + 1, 12, 24 + ordinal[0])
    german = scan.lexicon.language == "de"
    if scan.has("street", end) or not (_german_day if german else _english_day)(scan, start, i, end):
        return None
    return day_of_month(scan, start, end, ordinal[0])


def _english_day(scan: Scan, start: int, i: int, end: int) -> bool:
    """Whether an ordinal is a day: "the 11th", "on the third", "how about the third", but not "the second option"."""
    if not scan.tokens[i].spelled:
        return scan.low(start - 1) != "at" and not _street_like(scan, end)
    led = scan.has("on", start - 1) or scan.low(start - 1) in ("from", "about", "be", "is", "it")
    free = ends_here(scan, end) or scan.has("after_ordinal", end)
    if i == start:
        return free and (led or start == 0 or scan.value(i) not in (1, 2, 3))
    return led or (free and (start == 0 or (scan.value(i) or 0) > 3))


def _german_day(scan: Scan, start: int, i: int, end: int) -> bool:
    """ "am elften", "der 21. wäre gut", but not "den ersten freien Termin"."""
    if not scan.tokens[i].spelled and scan.digits(end) and scan.glued(end):
        return False
    if scan.low(start - 1) in ("am", "vom", "zum", "bis", "ab"):
        return True
    return scan.has("on", start - 1) and (ends_here(scan, end) or scan.has("after_ordinal", end))


def _street_like(scan: Scan, i: int) -> bool:
    """A capitalised word after "5th" that is no day word: "5th Avenue", "at 4th Street"."""
    if scan.low(i) in scan.lexicon.values["weekdays"] or not scan.low(i).isalpha():
        return False
    return scan.text[scan.tokens[i].start].isupper() and scan.lexicon.language == "en"


def _this_daypart(scan: Scan, i: int) -> Day | None:
    """ "this evening" is today; the daypart itself is left for the time."""
    if scan.low(i) == "this" and scan.low(i + 1) in ("morning", "afternoon", "evening"):
        label = scan.lexicon.labels["dayparts"][scan.low(i + 1)]
        return Day(i, i + 2, scan.now.date(), label=label, today=True)
    return None


def _holiday(scan: Scan, i: int) -> Day | None:
    holidays = scan.lexicon.labels["holidays"]
    if not any(scan.low(i) == name.split(" ", 1)[0] for name in holidays):
        return None
    for length in (4, 3, 2, 1):
        name = " ".join(scan.low(i + offset) for offset in range(length))
        if name in holidays:
            month, day = holidays[name].split("-")
            return next_occurrence(scan, i, i + length, int(month), int(day))
    return None


def _no_single_day(scan: Scan, i: int) -> Day | None:
    """ "this weekend", "next week": noticed, not guessed."""
    if scan.has("this", i) or scan.has("next", i) or scan.low(i) in ("the", "am"):
        if scan.has("weekend", i + 1):
            return Day(i, i + 2, None, "ambiguous")
        if scan.phrase(i + 1, "week", "end"):
            return Day(i, i + 3, None, "ambiguous")
        if scan.has("next", i) and (scan.has("week", i + 1) or scan.has("month", i + 1)):
            return Day(i, i + 2, None, "ambiguous")
    return None


_MATCHERS: tuple[Callable[[Scan, int], Day | None], ...] = (
    read_iso,
    read_numeric,
    read_month_day,
    read_day_month,
    _in_span,
    _relative_word,
    _this_daypart,
    read_weekday,
    _lone_ordinal,
    _holiday,
    _no_single_day,
)
