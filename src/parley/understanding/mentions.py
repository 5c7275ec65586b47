"""Walks a sentence once and collects what it mentions: days, clock times, counted things and lone numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from parley.understanding.dates import read_day
from parley.understanding.days import Day
from parley.understanding.quantities import Quantity, read_quantity
from parley.understanding.scan import Scan
from parley.understanding.spans import Shift, read_between, read_choice, read_open_range, read_shift, read_window
from parley.understanding.times import Clock, cue_before, read_clock


@dataclass(slots=True)
class Lone:
    """A number whose meaning the sentence alone does not settle. `cue` as in `Clock`."""

    value: int
    cue: str
    start: int
    end: int
    pronoun: bool = False


@dataclass(slots=True)
class Mentions:
    days: list[Day] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    quantities: list[Quantity] = field(default_factory=list)
    lone: list[Lone] = field(default_factory=list)
    choices: list[tuple[str, int, int]] = field(default_factory=list)
    """(slot, start, end) of "four or five people": noticed, not guessed."""
    shift: Shift | None = None


def collect(scan: Scan, taken: set[int], *, stay: bool, home: bool) -> Mentions:
    """Mentions in order; tokens in `taken` belong to something else (a telephone number, an address)."""
    found = Mentions()
    i = 0
    while i < len(scan.tokens):
        i = i + 1 if i in taken else _step(scan, i, found, stay=stay, home=home)
    return found


def _step(scan: Scan, i: int, found: Mentions, *, stay: bool, home: bool) -> int:
    days = read_open_range(scan, i) or read_day(scan, i)
    if days is not None:
        found.days += days if isinstance(days, list) else [days]
        return max(found.days[-1].end, i + 1)
    shift = read_shift(scan, i)
    if shift is not None:
        found.shift = shift
        return shift.end
    left_open = read_between(scan, i) or read_choice(scan, i, stay=stay, home=home)
    if left_open is not None:
        found.choices.append(left_open)
        return left_open[2]
    window = read_window(scan, i)
    if window is not None:
        found.clocks.append(window[0])
        return window[1]
    quantity = read_quantity(scan, i, stay=stay, home=home)
    if quantity is not None:
        found.quantities.append(quantity)
        j = quantity.end
        if quantity.slot == "bedrooms" and scan.has("joiners", j) and scan.has("bathrooms", j + 1):
            found.quantities.append(replace(quantity, slot="bathrooms", start=j + 1, end=j + 2))  # "2 beds and baths"
        return quantity.end
    return _clock_or_number(scan, i, found)


def _clock_or_number(scan: Scan, i: int, found: Mentions) -> int:
    clock = read_clock(scan, i)
    cued = clock is not None and clock.cue in ("at", "before", "after") and not _is_pronoun(scan, i)
    if clock is not None and (clock.sure or (cued and _may_be_clock(scan, clock))):
        if clock.cue == "before":
            found.choices.append(("time", i, clock.end))
        else:
            found.clocks.append(clock)
        return clock.end
    value = scan.cardinal(i)
    if value is not None and not _part_of_something(scan, i):
        found.lone.append(Lone(value, cue_before(scan, i), i, i + 1, _is_pronoun(scan, i)))
    return i + 1


def _may_be_clock(scan: Scan, clock: Clock) -> bool:
    """A lone number after "at" is a time unless it counts something or begins an address."""
    i = clock.end
    if scan.has("people", i) or scan.has("no_unit", i) or clock.minute:
        return bool(clock.minute)
    if scan.low(i) in ("-", "/", "#", "%", "€", "$", "£", "+") and scan.glued(i):
        return False
    if _part_of_something(scan, clock.start) or scan.has("past", i):
        return False
    if _foreign_noun(scan, i) and not scan.tokens[clock.start].spelled:
        return False
    return not (clock.cue in ("before", "after") and scan.has("day_units", i))


def _foreign_noun(scan: Scan, i: int) -> bool:
    """A capitalised word that is no day: "at 24 Main Street". German capitalises too much for that to say anything."""
    if i >= len(scan.tokens):
        return False
    word = scan.low(i)
    if scan.lexicon.language != "en" or not word.isalpha() or word == "i":
        return False
    known = (
        word in scan.lexicon.values["weekdays"]
        or word in scan.lexicon.values["days"]
        or word in scan.lexicon.values["months"]
    )
    return not known and scan.text[scan.tokens[i].start].isupper() and not scan.text.isupper()


def _part_of_something(scan: Scan, i: int) -> bool:
    """A number inside an identifier, an address or a price, or before a noun that is counted otherwise."""
    if (scan.has("past", i + 1) or scan.has("to", i + 1)) and scan.has("half", i + 2):  # "fünf nach halb": no hour
        return True
    if scan.low(i - 1) in ("#", "$", "€", "£", "/", ":", "*") or scan.low(i + 1) in ("%", "/", "*", "€", "$", "+"):
        return True
    if scan.glued(i) and i and scan.low(i - 1) not in ("(", '"', ",", ".", "!", "?", "-", "–", "—", "…"):
        return True
    if scan.glued(i) and scan.low(i - 1) == "-" and scan.glued(i - 1):
        return True
    if scan.glued(i + 1) and (scan.low(i + 1).isalnum() or (scan.low(i + 1) == "-" and scan.glued(i + 2))):
        return True
    if scan.digits(i) and _foreign_noun(scan, i - 1) and i > 1 and scan.low(i - 2) not in ".!?":
        return True  # a name: "Big 4", "Pier 29"
    return any(scan.has(group, i + 1) for group in ("no_unit", "nights", "people"))


def _is_pronoun(scan: Scan, i: int) -> bool:
    """English "one" that stands for a thing: "that one", "find one in Napa", "looking for one"."""
    if scan.low(i) != "one":
        return False
    return (
        scan.has("pronoun_one_before", i - 1)
        or scan.has("pronoun_one_after", i + 1)
        or scan.has("seek", i - 2)
        or scan.low(i + 1) == "'"
    )
