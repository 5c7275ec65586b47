"""Stretches and distances: "from 6 to 8 pm", "dec 20-25", "between six and seven", "an hour later", "in two hours"."""

from __future__ import annotations

from dataclasses import dataclass, replace

from parley.understanding.dates import read_day
from parley.understanding.days import Day, day_of_month
from parley.understanding.quantities import read_quantity
from parley.understanding.scan import Scan
from parley.understanding.times import Clock, read_clock

_TO = frozenset({"to", "until", "till", "til", "thru", "through", "bis", "-", "–"})
_WINDOW = frozenset({"from", "von", "zwischen", "between"})


@dataclass(slots=True)
class Shift:
    """A distance in minutes from the time the agent named, or from now ("in an hour")."""

    minutes: int
    start: int
    end: int
    from_now: bool = False


def read_shift(scan: Scan, i: int) -> Shift | None:
    """ "an hour later", "half an hour earlier", "in 20 Minuten"."""
    from_now = scan.low(i) == "in"
    found = _duration(scan, i + 1 if from_now else i)
    if found is None:
        return None
    minutes, end = found
    if from_now:
        return Shift(minutes, i, end, from_now=True) if scan.low(end) not in ("of", "or", "away") else None
    if scan.has("later", end) and scan.low(end) != "after":
        return Shift(minutes, i, end + 1)
    return Shift(-minutes, i, end + 1) if scan.has("earlier", end) else None


def _duration(scan: Scan, i: int) -> tuple[int, int] | None:
    """(minutes, end) of "an hour", "half an hour", "eine halbe Stunde", "20 minutes"."""
    amount, j = 0, i
    if scan.has("half", j):
        amount, j = 30, j + 1
        j += 1 if scan.has("articles", j) else 0
    elif scan.has("articles", j) or scan.cardinal(j) is not None:
        amount, j = (scan.cardinal(j) or 1) * 60, j + 1
        if scan.low(j) in ("half", "halbe", "halben"):
            amount, j = 30, j + 1
    if not 0 < amount <= 60 * 600:
        return None
    if scan.has("minutes", j):
        return amount // 60, j + 1
    return (amount, j + 1) if scan.has("hours", j) else None


def read_between(scan: Scan, i: int) -> tuple[str, int, int] | None:
    """ "between six and seven", "5 to 7" on the clock: (slot, start, end) of what is left open."""
    if scan.low(i) not in ("between", "zwischen"):
        return _bare_window(scan, i)
    first = read_clock(scan, i + 1)
    if first is None or scan.low(first.end) not in ("and", "und"):
        return None
    second = read_clock(scan, first.end + 1)
    if second is None or scan.has("no_unit", second.end) or scan.has("nights", second.end):
        return None
    return ("party_size" if scan.has("people", second.end) else "time"), i, second.end


def _bare_window(scan: Scan, i: int) -> tuple[str, int, int] | None:
    """ "5 to 7" in digits reads as five minutes to seven or as a stretch: left open."""
    first, second = scan.cardinal(i), scan.cardinal(i + 2)
    if (
        scan.low(i + 1) != "to"
        or first not in (5, 10)
        or second is None
        or not scan.digits(i)
        or not scan.digits(i + 2)
    ):
        return None
    if first > second or second > 12 or scan.has("people", i + 3) or scan.has("no_unit", i + 3):
        return None
    moving = scan.changes_before(i)
    return None if moving or scan.low(i - 1) in _WINDOW or scan.low(i + 3) == ":" else ("time", i, i + 3)


def read_window(scan: Scan, i: int) -> tuple[Clock, int] | None:
    """(first clock, end) of "from 6 to 8 pm", "18 bis 20 Uhr": one comes at its beginning."""
    led = scan.low(i) in ("from", "von")
    if scan.changes_before(i):
        return None
    first = read_clock(scan, i + 1 if led else i)
    if first is None or scan.low(first.end) not in _TO or (led and scan.low(first.end) == "-" and not first.sure):
        return None
    second = read_clock(scan, first.end + 1)
    if second is None or not (second.sure or (led and first.sure)) or (second.bare and _counted(scan, second.end)):
        return None
    label = first.label or (second.label if second.label in ("am", "pm") and first.hour < second.hour else "")
    return replace(first, label=label, sure=True, cue="at"), second.end


def _counted(scan: Scan, i: int) -> bool:
    return any(scan.has(group, i) for group in ("people", "no_unit", "nights"))


def read_open_range(scan: Scan, i: int) -> list[Day] | None:
    """Two days one of which borrows its month: "dec 20-25", "20.-25.12.", "20 to 25 december"."""
    first = read_day(scan, i)
    if first is not None and first.value is not None and first.month_said and scan.cardinal(first.end - 1) is not None:
        j = first.end + 1
        day = scan.cardinal(j)
        if scan.low(first.end) not in _TO or day is None or not first.value.day < day <= 31 or scan.digits(j) > 2:
            return None
        if (read_clock(scan, j) is not None and (read_clock(scan, j) or first).end > j + 1) or _counted(scan, j + 1):
            return None
        return [first, day_of_month(scan, j, j + 1, day, first.value)] if read_day(scan, j) is None else None
    return _borrowed_month(scan, i)


def _borrowed_month(scan: Scan, i: int) -> list[Day] | None:
    day = scan.cardinal(i)
    if day is None or not 1 <= day <= 31 or not 0 < scan.digits(i) <= 2:
        return None
    end = i + 2 if scan.low(i + 1) == "." and scan.lexicon.language == "de" else i + 1
    if scan.low(end) not in _TO:
        return None
    last = read_day(scan, end + 1)
    if last is None or last.value is None or not last.month_said or last.value.day <= day:
        return None
    if scan.value(end + 1) is None or scan.value(end + 1) != last.value.day:
        return None
    return [Day(i, end, last.value.replace(day=day)), last]


def read_choice(scan: Scan, i: int, *, stay: bool, home: bool) -> tuple[str, int, int] | None:
    """ "four or five people", "2-3 nights": (slot, start, end) of what is left open."""
    if scan.cardinal(i) is None or scan.cardinal(i + 2) is None:
        return None
    if scan.low(i + 1) not in _TO and scan.low(i + 1) not in ("or", "oder"):
        return None
    counted = read_quantity(scan, i + 2, stay=stay, home=home)
    if counted is None or counted.slot == "budget":
        return None
    moving = scan.has("change_words", i - 2) or scan.has("change_words", i - 3)
    return None if moving else (counted.slot, i, counted.end)
