"""What is free: pure, from settings, the time now and what is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from parley.frontdesk.hours import OpenDay, Start, instant, open_day
from parley.frontdesk.seating import Taken, overlapping, room_free, seat
from parley.frontdesk.settings import FrontDeskSettings
from parley.kit.errors import VoiceAgentException

Kind = Literal["table", "room", "viewing"]
Status = Literal["available", "full", "closed", "past", "too_large", "too_far", "off_grid", "unknown"]

WallTime = time  # a field named `time` hides the type

SEARCH_DAYS = 7  # how many following days are searched for an alternative
MOST_ALTERNATIVES = 3


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for. Without `time`: is anything free that day?"""

    date: date
    party_size: int = 1
    time: time | None = None
    kind: Kind = "table"
    property_id: str | None = None
    nights: int | None = None

    def stay(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The nights of a room, from the day of arrival to the day of leaving, in UTC."""
        leaving = self.date + timedelta(days=self.nights or 1)
        midnights = [datetime.combine(day, time(), zone).astimezone(UTC) for day in (self.date, leaving)]
        return midnights[0], midnights[1]


@dataclass(frozen=True, slots=True)
class Availability:
    """The answer. `times` are the free ones of the date; `alternatives` the nearest to what was asked for.

    status: available; full; closed (that day, or at that time); past (or too soon); too_large; too_far (beyond the
    horizon); off_grid (open, but bookings start at other minutes); unknown (the business has not said).
    """

    status: Status
    date: date
    party_size: int
    time: time | None
    timezone: str
    times: tuple[WallTime, ...] = ()
    alternatives: tuple[Start, ...] = ()
    detail: str = ""

    @property
    def available(self) -> bool:
        return self.status == "available"


class NotBookable(VoiceAgentException):
    """There is no room (409), or that cannot be booked at all (422); `availability` says why and what would do."""

    def __init__(self, availability: Availability) -> None:
        super().__init__(_sentence(availability), code=f"reservation.{availability.status}")
        self.status = 409 if availability.status == "full" else 422
        self.availability = availability


def _sentence(answer: Availability) -> str:
    when = f"{answer.date}" if answer.time is None else f"{answer.time:%H:%M} on {answer.date}"
    said = answer.detail or {
        "full": f"{when} is fully booked for a party of {answer.party_size}.",
        "off_grid": f"time {answer.time} is between the times at which bookings start.",
    }.get(answer.status, f"{when} cannot be booked.")
    free = ", ".join(f"{start.date} {start.time:%H:%M}" for start in answer.alternatives)
    return f"{said} Free: {free}." if free else said


@dataclass(frozen=True, slots=True)
class Desk:
    """A business at a moment."""

    settings: FrontDeskSettings
    zone: ZoneInfo
    now: datetime

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def earliest(self) -> datetime:
        """Before this no booking may start."""
        return self.now + timedelta(minutes=self.settings.lead_minutes)

    @property
    def latest_day(self) -> date:
        return self.today + timedelta(days=self.settings.horizon_days)

    def stay(self, kind: Kind) -> timedelta:
        return timedelta(minutes=self.settings.viewing_minutes if kind == "viewing" else self.settings.stay_minutes)

    def can_tell(self, ask: Ask) -> bool:
        """Whether this business has said enough to judge: hours, and room for what is asked."""
        if ask.kind == "room":
            return self.settings.rooms is not None
        if not self.settings.has_hours:
            return False
        return ask.property_id is not None if ask.kind == "viewing" else self.settings.has_capacity

    def place(self, ask: Ask, starts_at: datetime, taken: Sequence[Taken]) -> list[str] | None:
        """The tables (none for a viewing or where seats are counted) for a booking at `starts_at`; None where full."""
        if ask.kind == "room":
            arrives, leaves = (int(moment.timestamp()) for moment in ask.stay(self.zone))
            return [] if room_free(self.settings, arrives, leaves, taken) else None
        start = int(starts_at.timestamp())
        end = start + int(self.stay(ask.kind).total_seconds())
        if ask.kind == "viewing":
            same = [one for one in taken if one.property_id == ask.property_id]
            return None if overlapping(same, start, end, self.settings.buffer_minutes * 60) else []
        dining = [one for one in taken if one.property_id is None]
        return seat(self.settings, ask.party_size, start, end, dining)


def refuse(desk: Desk, ask: Ask) -> tuple[Status, str] | None:
    """What forbids the day or the party before anything else is looked at."""
    if ask.date < desk.today:
        return "past", f"{ask.date} is in the past."
    if ask.date > desk.latest_day:
        return "too_far", f"Bookings are taken until {desk.latest_day}."
    if ask.kind == "table" and ask.party_size > desk.settings.largest_party:
        return "too_large", f"party_size must be at most {desk.settings.largest_party}."
    return None


def look(desk: Desk, ask: Ask, taken: Sequence[Taken]) -> Availability:
    """Judge a day, or a time of it. Raises `InvalidInput` for a time the clocks skip. Fills in no alternatives."""
    answer = Availability("unknown", ask.date, ask.party_size, ask.time, desk.zone.key)
    if refused := refuse(desk, ask):
        return replace(answer, status=refused[0], detail=refused[1])
    moment = None if ask.time is None else instant(ask.date, ask.time, desk.zone)
    if moment is not None and moment < desk.earliest:
        detail = "That time has passed." if moment <= desk.now else "That is too soon to book."
        return replace(answer, status="past", detail=detail)
    if ask.kind == "room":
        if not desk.can_tell(ask):
            return replace(answer, detail="A person confirms rooms.")
        free = desk.place(ask, ask.stay(desk.zone)[0], taken) is not None
        full = f"No room is free for all nights from {ask.date} on."
        return replace(answer, status="available") if free else replace(answer, status="full", detail=full)
    if not desk.settings.has_hours:
        return replace(answer, detail="Opening hours are not set.")
    day = open_day(desk.settings, ask.date)
    if not day.spans or (ask.time is not None and not day.allows(ask.time)):
        return replace(answer, status="closed", detail=_closed(day, ask), times=_times(desk, ask, day, taken))
    if not desk.can_tell(ask):
        return replace(answer, detail="How much room there is has not been set.")
    times = _times(desk, ask, day, taken)
    return replace(answer, status=_status(desk, ask, day, times), times=times)


def _closed(day: OpenDay, ask: Ask) -> str:
    return f"No booking can start at {ask.time:%H:%M} on {ask.date}." if day.spans else f"Closed on {ask.date}."


def _status(desk: Desk, ask: Ask, day: OpenDay, times: Sequence[time]) -> Status:
    starts = [start for start in day.starts(desk.settings, desk.zone) if start.starts_at >= desk.earliest]
    if ask.time is None:
        return "available" if times else "full" if starts else "past"
    if ask.time in times:
        return "available"
    return "full" if any(start.time == ask.time for start in starts) else "off_grid"


def _times(desk: Desk, ask: Ask, day: OpenDay, taken: Sequence[Taken]) -> tuple[time, ...]:
    return tuple(start.time for start in free_starts(desk, ask, day, taken))


def free_starts(desk: Desk, ask: Ask, day: OpenDay, taken: Sequence[Taken]) -> Iterator[Start]:
    """Every start of the day that is still to come and has room."""
    if not desk.can_tell(ask):
        return
    for start in day.starts(desk.settings, desk.zone):
        if start.starts_at >= desk.earliest and desk.place(ask, start.starts_at, taken) is not None:
            yield start


def alternatives(desk: Desk, ask: Ask, taken: Sequence[Taken]) -> tuple[Start, ...]:
    """The nearest free starts: of the day asked for first, then one each of the days after it."""
    same_day = list(free_starts(desk, ask, open_day(desk.settings, ask.date), taken))
    found = [start for start in sorted(same_day, key=lambda start: _distance(start, ask)) if start.time != ask.time]
    found = found[:MOST_ALTERNATIVES] if ask.time is not None else []
    for ahead in range(1, SEARCH_DAYS + 1):
        if len(found) >= MOST_ALTERNATIVES:
            break
        day = ask.date + timedelta(days=ahead)
        if day > desk.latest_day or day < desk.today:
            continue
        starts = list(free_starts(desk, replace(ask, date=day), open_day(desk.settings, day), taken))
        if starts:
            found.append(min(starts, key=lambda start: _distance(start, ask)))
    return tuple(found)


def _distance(start: Start, ask: Ask) -> tuple[int, time]:
    """Minutes between wall-clock times; without one asked for, the earliest is nearest."""
    if ask.time is None:
        return 0, start.time
    return abs((start.time.hour - ask.time.hour) * 60 + start.time.minute - ask.time.minute), start.time
