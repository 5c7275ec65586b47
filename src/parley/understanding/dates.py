"""Calendar dates in a sentence: "the 11th", "next Friday", "a week on Tuesday", "am 3. Mai", "03/05", "in drei Tagen".

A date without a year is its next occurrence; what cannot exist, lies in the past or is no single day comes back as a
problem instead of a value.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from parley.understanding.scan import Scan

# Regions that write the month first; the rest of the world writes the day first.
_MONTH_FIRST = frozenset({"US", "PH", "PR", "GU", "VI", "AS", "FM", "MH", "PW"})

_DAYPART_TAILS = ("abend", "mittag", "vormittag", "nachmittag", "morgen", "nacht", "früh")


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
    token = scan.tokens[i]
    if token.value is not None:
        return True
    words = scan.lexicon.words["date_starts"]
    return token.low in words or (scan.lexicon.language == "de" and token.low.endswith(_DAYPART_TAILS))


def _make(start: int, end: int, year: int, month: int, day: int, month_said: bool = True) -> Day:
    if not 1 <= month <= 12 or not 1 <= day <= 31 or not 1 <= year <= 9998 or day > monthrange(year, month)[1]:
        return Day(start, end, None, "impossible", month_said=month_said)
    return Day(start, end, date(year, month, day), month_said=month_said)


def _next_occurrence(scan: Scan, start: int, end: int, month: int, day: int) -> Day:
    today = scan.now.date()
    year = today.year if (month, day) >= (today.month, today.day) else today.year + 1
    return _make(start, end, year, month, day)


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


def _iso(scan: Scan, i: int) -> Day | None:
    if scan.digits(i) != 4 or not (scan.glued(i + 1) and scan.glued(i + 2) and scan.low(i + 1) in "-/."):
        return None
    year, month, day = scan.value(i), scan.value(i + 2), scan.value(i + 4)
    if scan.low(i + 3) != scan.low(i + 1) or year is None or month is None or day is None:
        return None
    return _make(i, i + 5, year, month, day) if 1900 < year < 2200 else None


def _numeric(scan: Scan, i: int) -> Day | None:
    """3/5, 03/05/2027, 3.5., 3.5.27, 3-5-2027."""
    mark = scan.low(i + 1)
    if mark not in ("/", ".", "-") or scan.digits(i) not in (1, 2) or scan.digits(i + 2) not in (1, 2):
        return None
    if scan.glued(i) and scan.low(i - 1) in ("/", ".", "-", "$", "€", "#", ":"):
        return None
    if not scan.glued(i + 1) or not (scan.glued(i + 2) or (mark == "." and scan.low(i + 3) == ".")):
        return None
    first, second = scan.value(i) or 0, scan.value(i + 2) or 0
    year, end = _year_after(scan, i + 3, mark)
    if not _is_numeric_date(scan, i, end, mark, year):
        return None
    month_first = scan.region in _MONTH_FIRST and mark != "."
    month, day = (first, second) if month_first else (second, first)
    if month > 12 >= day:
        month, day = day, month
    if year is not None:
        return _make(i, end, year, month, day)
    return _next_occurrence(scan, i, end, month, day)


def _year_after(scan: Scan, j: int, mark: str) -> tuple[int | None, int]:
    """(year, end) behind day and month: ".2027", "/27", or (None, end) with a closing dot taken along."""
    joined = scan.glued(j + 1) or (mark == "." and scan.digits(j + 1) == 4)
    if scan.low(j) == mark and scan.glued(j) and scan.digits(j + 1) in (2, 4) and joined:
        year = scan.value(j + 1) or 0
        return (year if scan.digits(j + 1) == 4 else 2000 + year), j + 2
    if mark == "." and scan.low(j) == "." and scan.glued(j):
        return None, j + 1
    return None, j


def _is_numeric_date(scan: Scan, i: int, end: int, mark: str, year: int | None) -> bool:
    if year is not None:
        return True
    first, second = scan.value(i) or 0, scan.value(i + 2) or 0
    if mark == "-":
        return False
    if mark == "/":
        if (first, second) in ((24, 7), (1, 2), (1, 3), (1, 4), (2, 3), (3, 4)) and scan.low(i)[0] != "0":
            return scan.has("on", i - 1) or len(scan.tokens) <= 4  # else "24/7", "1/2"
        return 1 <= first <= 31 and 1 <= second <= 31
    german = scan.lexicon.language == "de"
    dotted = scan.low(end - 1) == "."
    led = (
        scan.has("on", i - 1)
        or scan.low(i - 1) in ("on", "am", ",")
        or scan.low(i - 1) in scan.lexicon.values["weekdays"]
    )
    return german and (dotted or led) and scan.low(end) not in ("uhr", "€", "euro", "%")


def _ordinal(scan: Scan, i: int) -> tuple[int, int] | None:
    """(day, end) of an ordinal at i: "11th", "eleventh", "3." in German."""
    value = scan.value(i)
    if value is None or value > 99:
        return None
    if scan.tokens[i].ordinal:
        return value, i + 1
    if scan.lexicon.language == "de" and scan.digits(i) in (1, 2) and scan.low(i + 1) == "." and scan.glued(i + 1):
        return value, i + 2
    return None


def _month_day(scan: Scan, i: int) -> Day | None:
    """ "March 8th, 2027", "May the third"."""
    month = scan.lexicon.values["months"].get(scan.low(i))
    if month is None:
        return None
    j = i + 1
    if scan.low(j) == "." and scan.glued(j):
        j += 1
    if scan.low(j) == "the":
        j += 1
    day = scan.value(j)
    if day is None or scan.digits(j) > 2 or day > 99 or scan.low(j + 1) == ":":
        return None
    if not scan.tokens[j].ordinal and (scan.has("meridiem", j + 1) or scan.has("people", j + 1)):
        return None
    if scan.lexicon.language == "de":
        return None
    return _with_year(scan, i, j + 1, month, day)


def _day_month(scan: Scan, i: int) -> Day | None:
    """ "8th of March", "3. Mai", "third May", "dritten fünften", "8 March"."""
    found = _ordinal(scan, i)
    day, j = found or (scan.cardinal(i), i + 1)
    if day is None or scan.digits(i) > 2 or day > 99:
        return None
    of = scan.low(j) == "of"
    j += 1 if of else 0
    if scan.low(j) == "the":
        j += 1
    month = scan.lexicon.values["months"].get(scan.low(j))
    if month is not None and (found or of or not scan.has("weak_months", j) or _ends(scan, j + 1)):
        return _with_year(scan, i, j + 1, month, day)
    if found and scan.lexicon.language == "de" and not of:
        second = _ordinal(scan, j)
        if second is not None and 1 <= second[0] <= 12:
            return _with_year(scan, i, second[1], second[0], day)
    return None


def _ends(scan: Scan, i: int) -> bool:
    return not scan.low(i).isalpha() or scan.has("on", i) or scan.low(i) in ("at", "please", "and", "in")


def _with_year(scan: Scan, start: int, end: int, month: int, day: int) -> Day:
    j = end + 1 if scan.low(end) in (",", ".") else end
    year = scan.cardinal(j)
    if year is not None and 1900 < year < 2200 and (scan.digits(j) == 4 or scan.tokens[j].spelled):
        clock = scan.has("meridiem", j + 1) or scan.low(j + 1) in ("uhr", "hrs", "hours")
        if not clock:
            return _make(start, j + 1, year, month, day)
    if scan.has("next", j) and scan.low(j + 1) in ("year", "jahr", "jahres"):
        return _make(start, j + 2, scan.now.year + 1, month, day)
    return _next_occurrence(scan, start, end, month, day)


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
    return _plus_weeks(scan, day)


def _is_morning(scan: Scan, i: int) -> bool:
    """German "morgen" as a time of day: "guten Morgen", "am Morgen", "heute Morgen"."""
    return scan.has("good", i - 1) or scan.low(i - 1) in ("am", "jeden", "heute", "heut")


def _shifted(scan: Scan, start: int, end: int, days: int) -> Day:
    return Day(start, end, scan.now.date() + timedelta(days=days))


def _count(scan: Scan, i: int) -> tuple[int, int] | None:
    """(number, end) of a count or an article: "three", "a", "einer"."""
    value = scan.cardinal(i)
    if value is not None:
        return value, i + 1
    return (1, i + 1) if scan.has("articles", i) else None


def _span(scan: Scan, i: int) -> tuple[int, int] | None:
    """(days, end) of "three days", "a week", "einer Woche"."""
    counted = _count(scan, i)
    if counted is None:
        unit = scan.lexicon.values["day_units"].get(scan.low(i))
        return (unit, i + 1) if unit and scan.low(i) == "fortnight" else None
    unit = scan.lexicon.values["day_units"].get(scan.low(counted[1]))
    if unit is None or counted[0] > 1000:
        return None
    return counted[0] * unit, counted[1] + 1


def _plus_weeks(scan: Scan, day: Day) -> Day:
    """Adds "week" of "Friday week", "today week" and "in einer Woche" of "Samstag in einer Woche"."""
    end, more = day.end, 0
    if scan.low(end) == "week" and scan.low(end + 1) != "end":
        more, end = 7, end + 1
    elif scan.low(end) in ("in", "über", "from") and (span := _span(scan, end + 1)) is not None:
        if scan.low(end) != "from" and span[0] % 7 == 0:
            more, end = span[0], span[1]
    if more and day.value is not None:
        day.value, day.end = day.value + timedelta(days=more), end
        day.today = False
    return day


def _in_span(scan: Scan, i: int) -> Day | None:
    """ "in three days", "three days from now", "a week on Tuesday", "two weeks from Friday"."""
    if scan.low(i) == "in":
        span = _span(scan, i + 1)
        if span is None or _is_duration(scan, span[1]):
            return None
        end = span[1]
        if scan.low(end) in ("'", "time", "s"):
            end = scan.skip(end, "fillers", 0)
        if scan.low(end) in ("am", "on") and (weekday := _weekday(scan, end + 1)) is not None and span[0] % 7 == 0:
            weekday.start = i
            return weekday
        return _shifted(scan, i, end, span[0])
    span = _span(scan, i)
    if span is None or scan.low(span[1]) not in ("from", "on", "after", "nach", "ab"):
        return None
    j = span[1] + 1
    if scan.low(j) in ("now", "jetzt"):
        return _shifted(scan, i, j + 1, span[0])
    base = _relative_word(scan, j) or _weekday(scan, j)
    if base is None or base.value is None or (scan.low(span[1]) == "on" and span[0] % 7):
        return None
    return Day(i, base.end, base.value + timedelta(days=span[0]))


def _is_duration(scan: Scan, i: int) -> bool:
    return scan.low(i) in ("of", "or")


def _weekday(scan: Scan, i: int) -> Day | None:
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
    return _matching_date(scan, name, week, _plus_weeks(scan, day) if week == "bare" else day)


def _weekday_name(scan: Scan, i: int, led: bool) -> tuple[int | None, str]:
    """(weekday, daypart): "Friday", "Freitagabend"."""
    word = scan.low(i)
    names = scan.lexicon.values["weekdays"]
    if word in names:
        near = led or scan.low(i - 1) in ("on", "am", "for") or scan.value(i + 1) is not None or scan.low(i + 1) == "."
        if scan.has("weak_weekdays", i) and not (near and scan.low(i - 1) not in ("for",)):
            return None, ""
        return names[word], ""
    if scan.lexicon.language == "de" and len(word) > 8:
        for tail in _DAYPART_TAILS:
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


def _matching_date(scan: Scan, weekday: int, week: str, day: Day) -> Day:
    """ "Friday the 8th", "Freitag, den 8. März": the date decides, and the weekday has to agree."""
    j = day.end
    j += 1 if scan.low(j) == "," else 0
    j += 1 if scan.low(j) in ("the", "den", "dem", "der") else 0
    dated = _month_day(scan, j) or _day_month(scan, j) or _numeric(scan, j) or _iso(scan, j)
    if dated is None:
        ordinal = _ordinal(scan, j)
        if ordinal is None or scan.has("street", ordinal[1]):
            return day
        dated = _of_month(scan, j, ordinal) or day_of_month(scan, j, ordinal[1], ordinal[0])
    if dated.value is not None and dated.value.weekday() != weekday:
        return Day(day.start, dated.end, None, "impossible")
    return Day(day.start, dated.end, dated.value, dated.problem, day.label)


def _of_month(scan: Scan, i: int, ordinal: tuple[int, int]) -> Day | None:
    """ "the 11th of this month", "am 3. nächsten Monats"."""
    day, j = ordinal
    j += 1 if scan.low(j) == "day" else 0
    j += 1 if scan.low(j) in ("of", "in", "des", "im") else 0
    if scan.low(j) == "the" and scan.has("month", j + 1):
        return _make(i, j + 2, scan.now.year, scan.now.month, day)
    if not scan.has("month", j + 1):
        return None
    year, month = scan.now.year, scan.now.month
    if scan.has("next", j):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    elif not (scan.has("this", j) or scan.low(j) in ("current", "laufenden")):
        return None
    return _make(i, j + 2, year, month, day)


def _lone_ordinal(scan: Scan, i: int) -> Day | None:
    """ "the 11th", "on the third", "am 11.", "11th"."""
    start = i
    if scan.low(i) == "the":
        i += 1
    ordinal = _ordinal(scan, i)
    if ordinal is None:
        return None
    dated = _of_month(scan, i, ordinal)
    if dated is not None:
        dated.start = start
        return dated
    led = scan.has("on", start - 1) or scan.low(start - 1) in ("from", "until", "till", "to")
    end = ordinal[1]
    loose = scan.tokens[i].spelled and scan.low(end).isalpha() and not _ends(scan, end)
    if scan.low(end) == "weihnachtstag" and ordinal[0] in (1, 2):
        return _next_occurrence(scan, start, end + 1, 12, 24 + ordinal[0])
    if scan.has("street", end) or (loose and (not led or i == start)):
        return None
    if scan.lexicon.language == "de":
        if not led or (not scan.tokens[i].spelled and scan.digits(end) and scan.glued(end)):
            return None
    elif scan.tokens[i].spelled and not led and start > 0 and ordinal[0] < 4:
        return None
    if scan.low(i + 1) not in ("", ".") and not scan.tokens[i].spelled and _street_like(scan, end):
        return None
    return day_of_month(scan, start, end, ordinal[0])


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
            return _next_occurrence(scan, i, i + length, int(month), int(day))
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
    _iso,
    _numeric,
    _month_day,
    _day_month,
    _in_span,
    _relative_word,
    _this_daypart,
    _weekday,
    _lone_ordinal,
    _holiday,
    _no_single_day,
)
