"""Dates written or spoken with day and month: 2027-03-08, 03/05, "3.5.", "March 8th", "dritten fünften", "8. Mai"."""

from __future__ import annotations

from parley.understanding.days import Day, make_day, next_occurrence
from parley.understanding.scan import Scan

# Regions that write the month first; the rest of the world writes the day first.
_MONTH_FIRST = frozenset({"US", "PH", "PR", "GU", "VI", "AS", "FM", "MH", "PW"})


def read_iso(scan: Scan, i: int) -> Day | None:
    if scan.digits(i) != 4 or not (scan.glued(i + 1) and scan.glued(i + 2) and scan.low(i + 1) in "-/."):
        return None
    year, month, day = scan.value(i), scan.value(i + 2), scan.value(i + 4)
    if scan.low(i + 3) != scan.low(i + 1) or year is None or month is None or day is None:
        return None
    return make_day(i, i + 5, year, month, day) if 1900 < year < 2200 else None


def read_numeric(scan: Scan, i: int) -> Day | None:
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
        return make_day(i, end, year, month, day)
    return next_occurrence(scan, i, end, month, day)


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
        if (first, second) == (24, 7):
            return False
        if (first, second) in ((1, 2), (1, 3), (1, 4), (2, 3), (3, 4)) and scan.low(i)[0] != "0":
            return scan.has("on", i - 1) or len(scan.tokens) <= 3  # else a fraction
        return 1 <= first <= 31 and 1 <= second <= 31
    german = scan.lexicon.language == "de"
    dotted = scan.low(end - 1) == "."
    led = (
        scan.has("on", i - 1)
        or scan.low(i - 1) in ("on", "am", ",")
        or scan.low(i - 1) in scan.lexicon.values["weekdays"]
    )
    return german and (dotted or led) and scan.low(end) not in ("uhr", "€", "euro", "%")


def read_ordinal(scan: Scan, i: int) -> tuple[int, int] | None:
    """(day, end) of an ordinal at i: "11th", "eleventh", "3." in German."""
    value = scan.value(i)
    if value is None or value > 99:
        return None
    if scan.tokens[i].ordinal:
        return value, i + 1
    if scan.lexicon.language == "de" and scan.digits(i) in (1, 2) and scan.low(i + 1) == "." and scan.glued(i + 1):
        return value, i + 2
    return None


def read_month_day(scan: Scan, i: int) -> Day | None:
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


def read_day_month(scan: Scan, i: int) -> Day | None:
    """ "8th of March", "3. Mai", "third May", "dritten fünften", "8 March"."""
    found = read_ordinal(scan, i)
    day, j = found or (scan.cardinal(i), i + 1)
    if day is None or scan.digits(i) > 2 or day > 99:
        return None
    of = scan.low(j) == "of"
    j += 1 if of else 0
    if scan.low(j) == "the":
        j += 1
    month = scan.lexicon.values["months"].get(scan.low(j))
    if month is not None and (found or of or not scan.has("weak_months", j) or ends_here(scan, j + 1)):
        return _with_year(scan, i, j + 1, month, day)
    if found and scan.lexicon.language == "de" and not of:
        second = read_ordinal(scan, j)
        if second is not None and 1 <= second[0] <= 12:
            return _with_year(scan, i, second[1], second[0], day)
    return None


def ends_here(scan: Scan, i: int) -> bool:
    return not scan.low(i).isalpha() or scan.has("on", i) or scan.low(i) in ("at", "please", "and", "in")


def _with_year(scan: Scan, start: int, end: int, month: int, day: int) -> Day:
    j = end + 1 if scan.low(end) in (",", ".") else end
    year = scan.cardinal(j)
    if year is not None and 1900 < year < 2200 and (scan.digits(j) == 4 or scan.tokens[j].spelled):
        clock = scan.has("meridiem", j + 1) or scan.low(j + 1) in ("uhr", "hrs", "hours")
        if not clock:
            return make_day(start, j + 1, year, month, day)
    if scan.has("next", j) and scan.low(j + 1) in ("year", "jahr", "jahres"):
        return make_day(start, j + 2, scan.now.year + 1, month, day)
    return next_occurrence(scan, start, end, month, day)


def read_of_month(scan: Scan, i: int, ordinal: tuple[int, int]) -> Day | None:
    """ "the 11th of this month", "am 3. nächsten Monats"."""
    day, j = ordinal
    j += 1 if scan.low(j) == "day" else 0
    j += 1 if scan.low(j) in ("of", "in", "des", "im") else 0
    if scan.low(j) == "the" and scan.has("month", j + 1):
        return make_day(i, j + 2, scan.now.year, scan.now.month, day)
    if not scan.has("month", j + 1):
        return None
    year, month = scan.now.year, scan.now.month
    if scan.has("next", j):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    elif not (scan.has("this", j) or scan.low(j) in ("current", "laufenden")):
        return None
    return make_day(i, j + 2, year, month, day)
