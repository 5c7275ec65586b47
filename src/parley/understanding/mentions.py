"""Walks a sentence once and collects what it mentions: days, clock times, counted things and lone numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

from parley.understanding.dates import Day, read_day
from parley.understanding.quantities import Quantity, read_quantity
from parley.understanding.scan import Scan
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
    shift: tuple[int, int, int] | None = None
    """(minutes, start, end) of "an hour later"."""


def collect(scan: Scan, taken: set[int], *, stay: bool, home: bool) -> Mentions:
    """Mentions in order; tokens in `taken` belong to something else (a telephone number, an address)."""
    found = Mentions()
    i = 0
    while i < len(scan.tokens):
        i = i + 1 if i in taken else _step(scan, i, found, stay=stay, home=home)
    return found


def _step(scan: Scan, i: int, found: Mentions, *, stay: bool, home: bool) -> int:
    day = read_day(scan, i)
    if day is not None:
        found.days.append(day)
        return max(day.end, i + 1)
    shift = _shift(scan, i)
    if shift is not None:
        found.shift = shift
        return shift[2]
    ranged = _choice(scan, i, stay=stay, home=home)
    if ranged is not None:
        found.choices.append(ranged)
        return ranged[2]
    quantity = read_quantity(scan, i, stay=stay, home=home)
    if quantity is not None:
        found.quantities.append(quantity)
        return quantity.end
    clock = read_clock(scan, i)
    if clock is not None and (clock.sure or (clock.cue in ("at", "before", "after") and _may_be_clock(scan, clock))):
        found.clocks.append(clock)
        return clock.end
    value = scan.cardinal(i)
    if value is None:
        return i + 1
    if not _part_of_something(scan, i):
        found.lone.append(Lone(value, cue_before(scan, i), i, i + 1, _is_pronoun(scan, i)))
    return i + 1


def _choice(scan: Scan, i: int, *, stay: bool, home: bool) -> tuple[str, int, int] | None:
    """ "four or five people", "2-3 nights"."""
    if scan.cardinal(i) is None or scan.cardinal(i + 2) is None:
        return None
    if scan.low(i + 1) not in ("or", "oder", "to", "bis", "-", "–"):
        return None
    counted = read_quantity(scan, i + 2, stay=stay, home=home)
    if counted is None or counted.slot == "budget":
        return None
    if scan.has("change_words", i - 2) or scan.has("change_words", i - 3):
        return None
    return counted.slot, i, counted.end


def _shift(scan: Scan, i: int) -> tuple[int, int, int] | None:
    """ "an hour later", "half an hour earlier", "eine halbe Stunde später"."""
    amount, j = 0, i
    if scan.has("half", j) or scan.low(j) == "halbe":
        j += 1
        j += 1 if scan.has("articles", j) else 0
        amount = 30
    elif scan.has("articles", j) or scan.cardinal(j) is not None:
        amount = (scan.cardinal(j) or 1) * 60
        j += 1
        if scan.low(j) in ("half", "halbe"):
            amount, j = 30, j + 1
    if not amount or amount > 12 * 60 * 60:
        return None
    if scan.has("minutes", j):
        amount //= 60
    elif not scan.has("hours", j):
        return None
    if scan.has("later", j + 1) and scan.low(j + 1) != "after":
        return amount, i, j + 2
    return (-amount, i, j + 2) if scan.has("earlier", j + 1) else None


def _may_be_clock(scan: Scan, clock: Clock) -> bool:
    """A lone number after "at" is a time unless it counts something or begins an address."""
    i = clock.end
    if scan.has("people", i) or scan.has("no_unit", i) or clock.minute:
        return bool(clock.minute)
    if scan.low(i) in ("-", "/", "#", "%", "€", "$", "£", "+") and scan.glued(i):
        return False
    if _foreign_noun(scan, i) and not scan.tokens[clock.start].spelled:
        return False
    return not (clock.cue in ("before", "after") and scan.has("day_units", i))


def _foreign_noun(scan: Scan, i: int) -> bool:
    """A capitalised word that is no day: "at 24 Main Street". German capitalises too much for that to say anything."""
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
    if scan.low(i - 1) in ("#", "$", "€", "£", "/", ":", "*") or scan.low(i + 1) in ("%", "/", "*", "€", "$", "+"):
        return True
    if scan.glued(i) and i and scan.low(i - 1) not in ("(", '"', ",", ".", "!", "?", "-", "–", "—", "…"):
        return True
    if scan.glued(i) and scan.low(i - 1) == "-" and scan.glued(i - 1):
        return True
    if scan.glued(i + 1) and (scan.low(i + 1).isalnum() or (scan.low(i + 1) == "-" and scan.glued(i + 2))):
        return True
    return scan.has("no_unit", i + 1) or scan.has("nights", i + 1)


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
