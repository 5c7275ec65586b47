"""Wall-clock times of a business as instants: opening hours, the booking grid, and the two odd nights of the year.

A time between midnight and closing belongs to its calendar date: with Friday open until 02:00, Saturday 00:30 is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from parley.frontdesk.settings import DAY_MINUTES, WEEKDAYS, FrontDeskSettings, span_minutes
from parley.kit.errors import InvalidInput


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall-clock time; of a time that comes twice, the first.

    Raises `InvalidInput` for one that the clocks skip (RFC 5545, section 3.3.5 leaves it undefined).
    """
    local = datetime.combine(day, at.replace(tzinfo=None, fold=0))
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != local:
        raise InvalidInput(f"time {at:%H:%M} does not exist on {day}: the clocks go forward.", code="time.skipped")
    return moment


def spans_of(settings: FrontDeskSettings, day: date) -> list[tuple[int, int]]:
    """Opening spans that begin on `day`, in minutes after its midnight, sorted. An exception wins over the weekday."""
    for exception in sorted(settings.exceptions, key=lambda exception: exception.every_year):
        if exception.covers(day):
            return sorted(span_minutes(span) for span in exception.hours)
    hours = settings.opening_hours or {}
    return sorted(span_minutes(span) for span in hours.get(WEEKDAYS[day.weekday()], []))


@dataclass(frozen=True, slots=True)
class Start:
    """A moment at which a booking may begin."""

    date: date
    time: time
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class OpenDay:
    """What of a calendar date is open: (first, last start, closing) in minutes after its midnight."""

    date: date
    spans: tuple[tuple[int, int, int], ...]

    def allows(self, at: time) -> bool:
        """Whether a booking may begin at `at`, on the grid or not."""
        minute = at.hour * 60 + at.minute
        return any(first <= minute <= last for first, last, _ in self.spans)

    def starts(self, settings: FrontDeskSettings, zone: ZoneInfo) -> list[Start]:
        """Every start on the grid of this date, in order; a time the clocks skip is left out."""
        minutes: set[int] = set()
        for first, last, _ in self.spans:
            grid = range(first, last + 1, settings.slot_minutes)
            minutes.update(minute for minute in grid if 0 <= minute < DAY_MINUTES)
        return list(self._existing(sorted(minutes), zone))

    def _existing(self, minutes: list[int], zone: ZoneInfo) -> Iterator[Start]:
        for minute in minutes:
            at = time(minute // 60, minute % 60)
            try:
                yield Start(self.date, at, instant(self.date, at, zone))
            except InvalidInput:
                continue


def open_day(settings: FrontDeskSettings, day: date) -> OpenDay:
    """The date's own spans, led by what of the evening before lies after midnight."""
    evening_before = [(start - DAY_MINUTES, end - DAY_MINUTES) for start, end in spans_of(settings, day - _ONE_DAY)]
    spans = [*evening_before, *spans_of(settings, day)]
    kept = [(start, max(start, end - settings.last_booking_minutes), end) for start, end in spans if end > 0]
    return OpenDay(day, tuple(span for span in kept if span[1] >= 0))


_ONE_DAY = timedelta(days=1)
