"""Decides between the mentions of a sentence: what is taken back, what the agent's line makes of a lone number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import TypeVar

from parley.inference.facts import SlotValue
from parley.understanding.dates import Day, next_day_of_month
from parley.understanding.language import detect_language
from parley.understanding.mentions import Lone, collect
from parley.understanding.quantities import Quantity
from parley.understanding.retract import is_negated, pick
from parley.understanding.scan import Scan, scan_text
from parley.understanding.times import Clock, resolve_clock

# Beyond these a number was misheard or is a joke; a business's own limit is its own to check.
_LIMITS = {"party_size": 500, "nights": 366, "rooms": 100, "bedrooms": 30, "bathrooms": 30, "stars": 7}
_COUNTS = ("party_size", "nights", "rooms", "bedrooms", "bathrooms")

M = TypeVar("M", Day, Clock, Quantity)


@dataclass(slots=True)
class Chosen:
    """`problems` are (slot, first token, end, reason); `replaced` the values that those in `slots` take the place of."""

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
            stay = self.scan.any("booking_words") or any(
                scan.any(group) for scan in (self.scan, before) if scan is not None for group in ("stay_asks", "rooms")
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
                self._before = _Before(inner.run().slots, inner.context(), visit=scan.any("visit_words"))
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
        if day.value is None:
            self.chosen.problems.append(("date", day.start, day.end, day.problem))
        else:
            self.chosen.slots["date"] = day.value.isoformat()

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

    def _joined(self, first: Day, last: Day) -> bool:
        """Whether two days are the two ends of one stretch."""
        scan = self.scan
        between = [scan.low(i) for i in range(first.end, last.start)]
        if any(scan.has("change_words", i) for i in range(first.start)):
            return False
        if any(word in scan.lexicon.words["depart"] for word in between):
            return True
        led = scan.has("from", first.start - 1) or scan.has("from", first.start - 2)
        if not between or len(between) > 3 or (between[0] in ("and", "und") and not led):
            return False
        return any(word in scan.lexicon.words["until"] for word in between)

    # -- lone numbers

    def _lone(self) -> None:
        for lone in self._without_alternatives():
            if is_negated(self.scan, lone.start, lone.end):
                continue
            slot = self._role(lone)
            if slot == "time":
                self.found.clocks.append(Clock(lone.value, 0, "", True, lone.cue, lone.start, lone.end, bare=True))
            elif slot:
                self.found.quantities.append(Quantity(slot, lone.value, lone.start, lone.end))
        self.found.clocks.sort(key=lambda clock: clock.start)
        self.found.quantities.sort(key=lambda quantity: quantity.start)

    def _without_alternatives(self) -> list[Lone]:
        """Lone numbers without those of "seven or eight", "7:30 or 8", which become a problem."""
        left = list(self.found.lone)
        for lone in self.found.lone:
            for other in (*self.found.lone, *self.found.clocks):
                first, second = (lone, other) if lone.start < other.start else (other, lone)
                if first is second or second.start != first.end + 1 or not self.scan.has("or", first.end):
                    continue
                slot = "time" if isinstance(other, Clock) else self._role(first)
                if slot and lone in left:
                    self.chosen.problems.append((slot, first.start, second.end, "ambiguous"))
                    left = [number for number in left if number is not first and number is not second]
                    self.found.clocks = [clock for clock in self.found.clocks if clock is not other]
        return left

    def _role(self, lone: Lone) -> str:
        """The slot a lone number fills, or ""."""
        scan, asked = self.scan, self.asked
        counted = {quantity.slot for quantity in self.found.quantities if quantity.explicit}
        open_counts = [slot for slot in _COUNTS if slot in asked and slot not in counted]
        clock_open = not self.found.clocks and lone.value <= 24
        if self._labelled(lone):
            return "party_size"
        booked = any(
            scan.has("table_words", i) or scan.has("booking_words", i) for i in (lone.start - 2, lone.start - 3)
        )
        if lone.pronoun and not (lone.cue == "for" and booked):
            return open_counts[0] if len(open_counts) == 1 and len(scan.tokens) <= 5 and lone.cue != "at" else ""
        if scan.low(lone.start - 1) == "of" and scan.has("seats_words", lone.start - 2):
            return "party_size"
        if lone.cue == "for":
            return self._role_after_for(lone, clock_open, "party_size" in counted)
        if _daypart_follows(scan, lone.end) and clock_open and lone.value > 0:
            return "time"
        if scan.low(lone.start - 1) == "table" and scan.lexicon.language == "en":
            return "party_size"
        if "time" in asked and clock_open and not open_counts:
            return "time" if self._answers(lone) else ""
        if len(open_counts) == 1 and not ("time" in asked and clock_open):
            return open_counts[0] if self._answers(lone) else ""
        if asked & {"time", *_COUNTS} or not self._answers(lone):
            return ""
        return self._role_from_confirmation(lone)

    def _labelled(self, lone: Lone) -> bool:
        """ "number of people is 2", "party size 4", "we are six", "five in total"."""
        scan = self.scan
        if scan.phrase(lone.end, "in", "total") or scan.low(lone.end) in ("altogether", "insgesamt", "zusammen"):
            return True
        if scan.low(lone.start - 1) == "insgesamt" or scan.phrase(lone.start - 2, "total", "of"):
            return True
        return self._we_are(lone) or self._size_is(lone)

    def _we_are(self, lone: Lone) -> bool:
        scan = self.scan
        ends = lone.end >= len(scan.tokens) or not scan.low(lone.end).isalpha() or scan.has("closers", lone.end)
        if not ends or lone.cue:
            return False
        return any(scan.phrase(lone.start - len(words), *words) for words in scan.lexicon.phrases["we_are"])

    def _size_is(self, lone: Lone) -> bool:
        scan = self.scan
        j = lone.start - 1
        if scan.low(j) in ("is", "are", ":", "=", "to", "be", "ist", "sind"):
            j -= 1
        return scan.low(j) == "size" or (scan.has("people", j) and scan.low(j - 1) in ("of", "many"))

    def _role_after_for(self, lone: Lone, clock_open: bool, party_known: bool) -> str:
        scan = self.scan
        head = [scan.low(i) for i in range(max(0, lone.start - 4), lone.start)]
        table = any(word in scan.lexicon.words["table_words"] for word in head)
        if scan.lexicon.language == "de" and "auf" in head:
            return "time" if clock_open and lone.value else ""
        if "time" in self.asked and "party_size" not in self.asked and clock_open and not table and lone.value:
            return "time"
        if party_known and clock_open and not table and lone.value:
            return "time"
        others = self.asked & {"nights", "rooms", "bedrooms", "bathrooms"}
        if others and "party_size" not in self.asked and len(others) == 1:
            return next(iter(others))
        return "" if party_known else "party_size"

    def _answers(self, lone: Lone) -> bool:
        """A short answer, or a number where a correction puts it: "make it eight", "change that to 5"."""
        scan = self.scan
        words = sum(token.is_word for token in scan.tokens)
        if words <= 6 and len(scan.tokens) <= 12:
            return True
        before = [scan.low(i) for i in range(max(0, lone.start - 3), lone.start)]
        return any(
            word
            in (
                "make",
                "it",
                "to",
                "say",
                "be",
                "think",
                "want",
                "need",
                "like",
                "are",
                "sind",
                "werden",
                "wären",
                "auf",
                "just",
                "only",
                "nur",
            )
            for word in before
        )

    def _role_from_confirmation(self, lone: Lone) -> str:
        """A lone number against a line that only states values: the one value it can stand in for."""
        said = self.before().slots
        able = [
            slot for slot in ("time", *_COUNTS) if slot in said and not (slot == "time" and not 0 < lone.value <= 24)
        ]
        if self.found.clocks and "time" in able:
            able.remove("time")
        able = [slot for slot in able if slot not in {quantity.slot for quantity in self.found.quantities}]
        if len(able) == 1:
            return able[0]
        if len(able) > 1:
            self.chosen.problems.append((able[0], lone.start, lone.end, "ambiguous"))
        return ""

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
        context, near, visit = self.context(), None, self.scan.any("visit_words")
        if not context and not clock.label and self.previous:
            before = self.before()
            context = "" if "time" in before.slots else before.context
            said = before.slots.get("time")
            near = int(str(said)[:2]) * 60 + int(str(said)[3:]) if said else None
            visit = visit or before.visit
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
    if any(scan.phrase(i, *words) for i in range(day.start) for words in scan.lexicon.phrases["small_talk"]):
        return True
    return any(scan.has("farewell", i) and scan.low(i + 1) != "of" for i in range(max(0, day.start - 8), day.start))


def _daypart_follows(scan: Scan, i: int) -> bool:
    word = scan.low(i)
    labels = scan.lexicon.labels
    return word in labels["day_dayparts"] or (scan.low(i) == "this" and scan.low(i + 1) in labels["dayparts"])


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
