"""Decides between the mentions of a sentence: what is taken back, what the agent's line makes of a lone number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import TypeVar

from parley.inference.facts import SlotValue
from parley.understanding.days import Day, next_day_of_month
from parley.understanding.language import detect_language
from parley.understanding.mentions import Lone, collect
from parley.understanding.quantities import Quantity
from parley.understanding.retract import is_negated, pick
from parley.understanding.roles import Roles
from parley.understanding.scan import Scan, scan_text
from parley.understanding.times import Clock, resolve_clock

# Beyond these a number was misheard or is a joke; a business's own limit is its own to check.
_LIMITS = {"party_size": 500, "nights": 366, "rooms": 100, "bedrooms": 30, "bathrooms": 30, "stars": 7}

M = TypeVar("M", Day, Clock, Quantity)


@dataclass(slots=True)
class Chosen:
    """`problems` are (slot, first token, end, reason); `replaced` are the values that those in `slots` replace."""

    slots: dict[str, SlotValue] = field(default_factory=dict)
    problems: list[tuple[str, int, int, str]] = field(default_factory=list)
    replaced: dict[str, SlotValue] = field(default_factory=dict)


@dataclass(slots=True)
class _Before:
    """What the agent's last line mentions."""

    slots: dict[str, SlotValue]
    context: str
    visit: bool


def choose(scan: Scan, taken: set[int], previous: str, asked: frozenset[str]) -> Chosen:
    """The values of date, time and all counted slots in the sentence."""
    return _Choice(scan, taken, previous, asked).run()


class _Choice:
    def __init__(self, scan: Scan, taken: set[int], previous: str, asked: frozenset[str]) -> None:
        self.scan = scan
        self.asked = asked
        self.previous = previous
        self.chosen = Chosen()
        self._before: _Before | None = None
        self._before_scan: Scan | None = None
        stay, home = self._topic()
        self.found = collect(scan, taken, stay=stay, home=home)
        self.correcting = scan.any("corrections")

    def run(self) -> Chosen:
        found = self.found
        for slot, start, end in found.choices:
            self.chosen.problems.append((slot, start, end, "ambiguous"))
        self._days()
        self._lone()
        self._clocks()
        self._counts()
        self._shifted()
        if self.correcting:
            self._against_previous()
        return self.chosen

    # -- the agent's line

    def _topic(self) -> tuple[bool, bool]:
        """(a stay, a home to live in): what "three days" and "two rooms" are about."""
        stay = home = False
        for scan in (self.scan, self._scan_before()):
            if scan is not None and not (stay or home):
                stay = scan.any("stay_words")
                home = not stay and scan.any("home_words")
        if not home and not stay:
            before = self._scan_before()
            stay = (
                "nights" in self.asked
                or self.scan.any("booking_words")
                or any(
                    scan.any(group)
                    for scan in (self.scan, before)
                    if scan is not None
                    for group in ("stay_asks", "rooms")
                )
            )
        return stay, home

    def _scan_before(self) -> Scan | None:
        if self._before_scan is None and self.previous:
            language = detect_language(self.previous, self.scan.lexicon.language)
            self._before_scan = scan_text(self.previous, language, self.scan.now, self.scan.region)
        return self._before_scan

    def before(self) -> _Before:
        if self._before is None:
            scan = self._scan_before()
            if scan is None:
                self._before = _Before({}, "", visit=False)
            else:
                inner = _Choice(scan, set(), "", frozenset())
                self._before = _Before(inner.run().slots, inner.context(), visit=_is_visit(scan))
        return self._before

    # -- days

    def _days(self) -> None:
        days = [day for day in self.found.days if not (day.today and day.value and _idle_today(self.scan, day))]
        if self._range(days):
            return
        named = [day for day in days if day.problem != "ambiguous"]
        day = self._pick("date", named or days, lambda day: day.value)
        if day is None:
            return
        slot = "end_date" if self._departs(day) else "date"
        if day.value is None:
            self.chosen.problems.append((slot, day.start, day.end, day.problem))
        else:
            self.chosen.slots[slot] = day.value.isoformat()

    def _range(self, days: list[Day]) -> bool:
        """ "from the 3rd to the 5th", "Friday to Sunday", "in Friday, out Sunday": date, end_date and nights."""
        for first, last in pairwise(days):
            if not self._joined(first, last):
                continue
            start, end = _bounds(first, last)
            if start is None or end is None or end <= start:
                self.chosen.problems.append(
                    ("date", first.start, last.end, first.problem or last.problem or "impossible")
                )
            else:
                nights = (end - start).days
                self.chosen.slots |= {"date": start.isoformat(), "end_date": end.isoformat(), "nights": nights}
            return True
        return False

    def _departs(self, day: Day) -> bool:
        """Whether a single day is the last one of a stay: "check out on the 5th", or that was asked."""
        if any(_leaves(self.scan, i) for i in range(max(0, day.start - 4), day.start)):
            return True
        return "end_date" in self.asked and "date" not in self.asked

    def _joined(self, first: Day, last: Day) -> bool:
        """Whether two days are the two ends of one stretch."""
        scan = self.scan
        between = [scan.low(i) for i in range(first.end, last.start)]
        if scan.changes_before(first.start):
            return False
        if any(_leaves(scan, i) for i in range(first.end, last.start)):
            return True
        led = scan.has("from", first.start - 1) or scan.has("from", first.start - 2)
        if not between or len(between) > 3 or (between[0] in ("and", "und") and not led):
            return False
        return any(word in scan.lexicon.words["until"] for word in between)

    # -- lone numbers

    def _lone(self) -> None:
        roles = Roles(self.scan, self.found, self.asked, lambda: self.before().slots)
        for lone in self._without_alternatives(roles):
            if is_negated(self.scan, lone.start, lone.end):
                continue
            slot, problem = roles.of(lone)
            if problem:
                self.chosen.problems.append((slot, lone.start, lone.end, problem))
            elif slot == "time":
                self.found.clocks.append(Clock(lone.value, 0, "", True, lone.cue, lone.start, lone.end, bare=True))
            elif slot:
                self.found.quantities.append(Quantity(slot, lone.value, lone.start, lone.end))
        self.found.clocks.sort(key=lambda clock: clock.start)
        self.found.quantities.sort(key=lambda quantity: quantity.start)

    def _without_alternatives(self, roles: Roles) -> list[Lone]:
        """Lone numbers without those of "seven or eight", "7:30 or 8", which become a problem."""
        numbers: list[Lone | Clock] = sorted((*self.found.lone, *self.found.clocks), key=lambda number: number.start)
        dropped: set[int] = set()
        for first, second in pairwise(numbers):
            if second.start != first.end + 1 or not self.scan.has("or", first.end):
                continue
            lone = next((number for number in (first, second) if isinstance(number, Lone)), None)
            if lone is None:
                continue
            slot = "time" if isinstance(first, Clock) or isinstance(second, Clock) else roles.of(lone)[0]
            if slot:
                self.chosen.problems.append((slot, first.start, second.end, "ambiguous"))
                dropped |= {first.start, second.start}
        self.found.clocks = [clock for clock in self.found.clocks if clock.start not in dropped]
        return [lone for lone in self.found.lone if lone.start not in dropped]

    # -- clocks

    def context(self) -> str:
        """The daypart or meal the sentence speaks of."""
        labels = self.scan.lexicon.labels
        for day in self.found.days:
            if day.label:
                return day.label
        meal = ""
        for i, token in enumerate(self.scan.tokens):
            label = labels["dayparts"].get(token.low) or labels["day_dayparts"].get(token.low)
            if label and not self.scan.has("good", i - 1):
                return label
            meal = meal or labels["meals"].get(token.low, "")
        return meal

    def _clocks(self) -> None:
        clock = self._pick("time", self.found.clocks, lambda clock: (clock.hour, clock.minute, clock.label))
        if clock is None:
            return
        value = self._resolve(clock)
        today = self.chosen.slots.get("date") == self.scan.now.date().isoformat()
        if value is None:
            self.chosen.problems.append(("time", clock.start, clock.end, "impossible"))
        elif today and value < self.scan.now.strftime("%H:%M"):
            self.chosen.problems.append(("time", clock.start, clock.end, "past"))
        else:
            self.chosen.slots["time"] = value

    def _resolve(self, clock: Clock) -> str | None:
        if clock.label in ("am", "pm", "fixed", "impossible") or clock.hour > 12:
            return resolve_clock(clock, "", None, "table")
        context, near, visit = self.context(), None, _is_visit(self.scan)
        if not context and not clock.label and self.previous:
            before = self.before()
            context = "" if "time" in before.slots else before.context
            said = before.slots.get("time")
            near = int(str(said)[:2]) * 60 + int(str(said)[3:]) if said else None
            visit = visit or (before.visit and not self.scan.any("dine_words"))
        today = self.chosen.slots.get("date") == self.scan.now.date().isoformat()
        earliest = self.scan.now.hour * 60 + self.scan.now.minute if today else 0
        return resolve_clock(clock, context, near, "visit" if visit else "table", earliest)

    def _shifted(self) -> None:
        """ "an hour later" than the time the agent named, "in an hour" from now."""
        shift = self.found.shift
        if shift is None or "time" in self.chosen.slots:
            return
        if shift.from_now:
            moment = self.scan.now + timedelta(minutes=shift.minutes)
            self.chosen.slots |= {"date": moment.date().isoformat(), "time": moment.strftime("%H:%M")}
            return
        said = self.before().slots.get("time")
        if said is None:
            return
        moved = int(str(said)[:2]) * 60 + int(str(said)[3:]) + shift.minutes
        if 0 <= moved < 24 * 60:
            self.chosen.slots["time"] = f"{moved // 60:02d}:{moved % 60:02d}"
        else:
            self.chosen.problems.append(("time", shift.start, shift.end, "impossible"))

    # -- counts

    def _counts(self) -> None:
        for slot in dict.fromkeys(quantity.slot for quantity in self.found.quantities):
            said = [quantity for quantity in self.found.quantities if quantity.slot == slot]
            if slot == "party_size" and any(quantity.explicit for quantity in said):
                said = [quantity for quantity in said if quantity.explicit]
            quantity = self._pick(slot, said, lambda quantity: quantity.value)
            if quantity is None or slot in self.chosen.slots:
                continue
            if slot == "party_size" and slot not in self.chosen.replaced:
                # Several head counts and none taken back: the parts of a party are smaller than the whole.
                left = [other for other in said if not is_negated(self.scan, other.start, other.end)]
                quantity = max(left, key=lambda other: other.value)
            value = quantity.value
            if quantity.delta:
                base = self.before().slots.get(slot)
                if not isinstance(base, int):
                    continue
                value += base
            if slot != "budget" and not 0 < value <= _LIMITS[slot]:
                reason = "impossible" if value <= 0 else "implausible"
                self.chosen.problems.append((slot, quantity.start, quantity.end, reason))
            else:
                self.chosen.slots[slot] = value

    # -- choosing

    def _pick(self, slot: str, mentions: Sequence[M], key: Callable[[M], object]) -> M | None:
        taken, dropped, ambiguous = pick(self.scan, mentions, key)
        if taken is None:
            return None
        if ambiguous:
            self.chosen.problems.append((slot, mentions[0].start, taken.end, "ambiguous"))
            return None
        if dropped is not None:
            value = self._value(dropped)
            if value is not None:
                self.chosen.replaced[slot] = value
        return taken

    def _value(self, mention: Day | Clock | Quantity) -> SlotValue | None:
        if isinstance(mention, Day):
            return mention.value.isoformat() if mention.value else None
        return self._resolve(mention) if isinstance(mention, Clock) else mention.value

    def _against_previous(self) -> None:
        """A correcting sentence replaces what the agent's line stated."""
        slots = self.chosen.slots
        if not slots or not self.previous:
            return
        said = self.before().slots
        for slot, value in slots.items():
            if slot in said and said[slot] != value:
                self.chosen.replaced.setdefault(slot, said[slot])


def _idle_today(scan: Scan, day: Day) -> bool:
    """ "That's all for today", "how are you today": the word is there, a date is not meant."""
    if scan.low(day.start) in ("tonight", "this") or day.end - day.start > 1:
        return False
    if scan.low(day.start - 1) == "for" and scan.low(day.start - 2) == "it" and scan.low(day.start - 3) != "make":
        closing = ("that's", "thats", "that", "is", "'s", "be", "do")
        return any(scan.low(i) in closing for i in range(max(0, day.start - 5), day.start - 2))
    first = max(0, day.start - 8)
    if any(scan.phrase(i, *words) for i in range(first, day.start) for words in scan.lexicon.phrases["small_talk"]):
        return True
    return any(scan.has("farewell", i) and scan.low(i + 1) != "of" for i in range(first, day.start))


def _is_visit(scan: Scan) -> bool:
    """A viewing or an appointment, which keeps office hours, rather than a meal."""
    return scan.any("visit_words") and not scan.any("dine_words")


def _leaves(scan: Scan, i: int) -> bool:
    """A word of leaving at token i: "checking out", "departure", "Abreise"."""
    return scan.has("depart", i) or (scan.low(i) == "out" and scan.low(i - 1) in ("check", "checking", "-"))


def _bounds(first: Day, last: Day) -> tuple[date | None, date | None]:
    """Both ends of a range; "the 3rd to the 5th of May" gives its month to the first, and the second follows it."""
    start, end = first.value, last.value
    if start is not None and end is not None and not first.month_said and last.month_said and start.month != end.month:
        start = start.replace(year=end.year, month=end.month)
    if start is not None and end is not None and end <= start and not last.month_said:
        end = next_day_of_month(end.day, start)
    if start is not None and end is not None and end <= start and last.end - last.start <= 2 and (start - end).days < 7:
        end = date.fromordinal(end.toordinal() + 7)
    return start, end
