"""The slots of a caller's sentence: date, time, party size and whatever else it says, normalised.

`read_slots` reads one sentence in English or German. It is pure and deterministic: the same sentence, clock and
previous line always give the same reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from parley.inference.facts import SlotValue
from parley.understanding.asked import asked_slots
from parley.understanding.choose import Chosen, choose
from parley.understanding.contacts import read_contacts
from parley.understanding.language import detect_language
from parley.understanding.names import read_name
from parley.understanding.places import Known, read_city, read_known, read_property
from parley.understanding.scan import Scan, scan_text
from parley.understanding.tokens import MAX_CHARACTERS

_PREVIOUS_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class SlotProblem:
    """Something said that gives no value: `reason` is impossible, past, ambiguous or implausible; `text` as said."""

    slot: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class SlotCorrection:
    """A value that takes the place of another: of one said earlier in the sentence or by the agent before it."""

    slot: str
    value: SlotValue
    replaced: SlotValue


@dataclass(frozen=True, slots=True)
class SlotReading:
    """What one sentence says. `language` is en or de.

    `slots` may hold: date and end_date (ISO), time (HH:MM, 24 h), party_size, nights, rooms, bedrooms, bathrooms, stars
    (int), budget (int or float, currency as said by the business), name, phone (E.164), email, city, property_id, and
    the tenant's own by their names.
    """

    slots: Mapping[str, SlotValue]
    problems: tuple[SlotProblem, ...] = ()
    corrections: tuple[SlotCorrection, ...] = ()
    language: str = "en"


def read_slots(
    message: str,
    *,
    now: datetime,
    language: str | None = None,
    previous: str = "",
    default_region: str = "US",
    wanted: frozenset[str] | None = None,
    known: Known | None = None,
) -> SlotReading:
    """Slots that `message` itself says.

    `now` is the tenant's local time and decides what "tomorrow" is; dates and times come back local and naive.
    `language` is the conversation's; the agent's last line and the message itself decide where they are clear.
    `previous` is the agent's last line: it decides what a bare "four" or "seven thirty" means; what it merely offers is
    never returned. `default_region` is the ISO 3166 country for telephone numbers and the order of 03/05. `wanted`
    limits the slots returned. `known` holds the tenant's own slots: the values they may take, or a pattern, which the
    caller vouches to be free of runaway backtracking.
    """
    previous = previous[-_PREVIOUS_CHARACTERS:]
    spoken = detect_language(previous, default=language or "en")
    found_language = detect_language(message, default=spoken)
    scan = scan_text(message[:MAX_CHARACTERS], found_language, now, default_region)
    asked = asked_slots(previous, spoken) if previous else frozenset()
    reading = _Reading(scan, previous, asked)
    reading.read(known or {})
    slots = {slot: value for slot, value in reading.slots.items() if wanted is None or slot in wanted}
    problems = tuple(problem for problem in reading.problems if wanted is None or problem.slot in wanted)
    corrections = tuple(correction for correction in reading.corrections if correction.slot in slots)
    return SlotReading(slots, problems, corrections, found_language)


class _Reading:
    """One reading in the making."""

    def __init__(self, scan: Scan, previous: str, asked: frozenset[str]) -> None:
        self.scan = scan
        self.previous = previous
        self.asked = asked
        self.slots: dict[str, SlotValue] = {}
        self.problems: list[SlotProblem] = []
        self.corrections: list[SlotCorrection] = []

    def read(self, known: Known) -> None:
        taken = self._contacts()
        self._name(taken)
        chosen = choose(self.scan, taken, self.previous, self.asked)
        self._take(chosen)
        self._places(known)

    def _contacts(self) -> set[int]:
        taken: set[int] = set()
        for contact in read_contacts(self.scan, asked_phone="phone" in self.asked):
            taken.update(range(contact.start, contact.end))
            if contact.problem:
                text = self.scan.quote(contact.start, contact.end)
                self.problems.append(SlotProblem(contact.slot, text, contact.problem))
            else:
                self.slots[contact.slot] = contact.value
        return taken

    def _name(self, taken: set[int]) -> None:
        found = read_name(self.scan, asked="name" in self.asked, contacts=taken)
        if found is not None and not any(i in taken for i in range(found[1], found[2])):
            self.slots["name"] = found[0]

    def _take(self, chosen: Chosen) -> None:
        self.slots.update(chosen.slots)
        for slot, start, end, reason in chosen.problems:
            self.problems.append(SlotProblem(slot, self.scan.quote(start, end), reason))
        for slot, replaced in chosen.replaced.items():
            if slot in chosen.slots:
                self.corrections.append(SlotCorrection(slot, chosen.slots[slot], replaced))
        arrival, nights = chosen.slots.get("date"), chosen.slots.get("nights")
        if isinstance(arrival, str) and isinstance(nights, int) and "end_date" not in self.slots:
            self.slots["end_date"] = (date.fromisoformat(arrival) + timedelta(days=nights)).isoformat()

    def _places(self, known: Known) -> None:
        property_id = read_property(self.scan)
        if property_id:
            self.slots["property_id"] = property_id
        city = read_city(self.scan, asked="city" in self.asked)
        if city:
            self.slots["city"] = city
        self.slots.update(read_known(self.scan.text, known))
