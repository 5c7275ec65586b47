"""What a business says about itself: when it is open, how many it seats, how it takes bookings."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from parley.frontdesk.iso import Day

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

DAY_MINUTES = 24 * 60
_LEAP_YEAR = 2000  # has every day a year can have
LARGEST_PARTY = 500  # nobody books more than this without talking to a person

_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—]\s*(\d{1,2}):(\d{2})")
_SPAN_KEYS = (("from", "to"), ("open", "close"), ("opens", "closes"), ("start", "end"))


def span_minutes(span: str) -> tuple[int, int]:
    """ "17:00-01:00" as minutes after the day's midnight, (1020, 1500). Raises `ValueError` with a sentence."""
    match = _SPAN.fullmatch(span.strip())
    if match is None:
        raise ValueError(f"{span!r} must read like '17:00-22:00'")
    from_hour, from_minute, to_hour, to_minute = (int(part) for part in match.groups())
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if from_hour > 23 or from_minute > 59 or to_minute > 59 or end > DAY_MINUTES:
        raise ValueError(f"{span!r} holds a time that does not exist")
    return start, end if end > start else end + DAY_MINUTES


def _as_span(value: Any) -> str:
    if isinstance(value, dict):
        pair = next((pair for pair in _SPAN_KEYS if set(value) == set(pair)), None)
        if pair is None:
            raise ValueError("a span is '17:00-22:00' or {'from': '17:00', 'to': '22:00'}")
        value = f"{value[pair[0]]}-{value[pair[1]]}"
    if not isinstance(value, str):
        raise ValueError("a span must read like '17:00-22:00'")  # noqa: TRY004 - pydantic turns it into a 422
    start, end = span_minutes(value)
    closing = DAY_MINUTES if end == DAY_MINUTES else end % DAY_MINUTES
    return f"{start // 60:02}:{start % 60:02}-{closing // 60:02}:{closing % 60:02}"


Span = Annotated[str, BeforeValidator(_as_span)]
Spans = Annotated[list[Span], Field(max_length=10)]
TableName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]


def _refuse_overlap(spans: list[str]) -> None:
    ordered = sorted(spans, key=span_minutes)
    for one, other in pairwise(ordered):
        if span_minutes(other)[0] < span_minutes(one)[1]:
            raise ValueError(f"{one} and {other} overlap")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DayException(_Part):
    """Other hours, or none, on a date or (with `until`) on every day of a stretch; the same every year where said so.

    An exception of one year wins over one of every year.
    """

    date: Day
    until: Day | None = None
    every_year: bool = False
    closed: bool = False
    hours: Spans = Field(default_factory=list)
    note: Annotated[str, StringConstraints(max_length=200)] = ""

    @model_validator(mode="after")
    def _consistent(self) -> DayException:
        if self.closed == bool(self.hours):
            raise ValueError("give either closed: true or hours")
        if self.until is not None and self.until < self.date:
            raise ValueError("until must not lie before date")
        if self.every_year and (self.until or self.date) - self.date > timedelta(days=300):
            raise ValueError("until must lie within 300 days of date for a stretch of every year")
        _refuse_overlap(self.hours)
        return self

    def covers(self, day: Day) -> bool:
        """Whether `day` is an exception by this."""
        length = (self.until or self.date) - self.date
        starts = [self.date]
        if self.every_year:
            starts = [_in_year(self.date, day.year - 1), _in_year(self.date, day.year)]
        return any(start <= day <= start + length for start in starts)


def _in_year(day: Day, year: int) -> Day:
    """The same day of another year; 29 February is the 28th where there is none."""
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


class DiningTable(_Part):
    """A table that seats a party, or with other combinable ones a larger party."""

    name: TableName
    seats: int = Field(ge=1, le=LARGEST_PARTY)
    combinable: bool = False


class FrontDeskSettings(_Part):
    """Everything availability needs. Nothing set: nobody can say what is free, and a booking is a request.

    Weekdays left out of `opening_hours` are closed days. Capacity is `tables` or `seats`, not both; `rooms` are let by
    the night, whatever the hours.
    """

    opening_hours: dict[Weekday, Spans] | None = None
    exceptions: list[DayException] = Field(default_factory=list, max_length=500)
    tables: list[DiningTable] = Field(default_factory=list, max_length=500)
    seats: int | None = Field(default=None, ge=1, le=10_000)
    rooms: int | None = Field(default=None, ge=1, le=10_000, description="How many rooms a hotel lets at a time.")
    slot_minutes: int = Field(default=15, ge=5, le=240, description="Bookings start on this grid, from opening.")
    stay_minutes: int = Field(default=120, ge=15, le=DAY_MINUTES, description="How long a party keeps its table.")
    buffer_minutes: int = Field(default=0, ge=0, le=240, description="Kept free between two parties at a table.")
    hold_minutes: int = Field(default=10, ge=1, le=DAY_MINUTES, description="After this a hold expires.")
    last_booking_minutes: int = Field(
        default=60, ge=0, le=DAY_MINUTES, description="The last booking starts this long before closing."
    )
    viewing_minutes: int = Field(default=30, ge=10, le=480, description="How long a viewing of a property takes.")
    max_party: int | None = Field(default=None, ge=1, le=LARGEST_PARTY)
    lead_minutes: int = Field(default=0, ge=0, le=60 * DAY_MINUTES, description="A booking is made this long ahead.")
    horizon_days: int = Field(default=365, ge=1, le=1095, description="A booking is made at most this far ahead.")

    @field_validator("opening_hours", mode="before")
    @classmethod
    def _weekdays(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        named: dict[Any, Any] = {}
        for key, spans in value.items():
            low = str(key).strip().lower()
            day = next((day for day in WEEKDAYS if low == day or low == day[:3]), key)
            if day in named:
                raise ValueError(f"{day} is given twice")
            named[day] = spans
        return named

    @field_validator("opening_hours")
    @classmethod
    def _apart(cls, value: dict[Weekday, list[str]] | None) -> dict[Weekday, list[str]] | None:
        for day, spans in (value or {}).items():
            try:
                _refuse_overlap(spans)
            except ValueError as error:
                raise ValueError(f"{day}: {error}") from error
        return value

    @field_validator("exceptions")
    @classmethod
    def _one_a_day(cls, value: list[DayException]) -> list[DayException]:
        dated = [(one.date, one.until or one.date) for one in value if not one.every_year]
        yearly = [
            (start, start + ((one.until or one.date) - one.date))
            for one in value
            if one.every_year
            for start in (_in_year(one.date, _LEAP_YEAR), _in_year(one.date, _LEAP_YEAR + 1))
        ]
        for stretches in (dated, yearly):
            for (_, end), (start, _) in pairwise(sorted(stretches)):
                if start <= end:
                    raise ValueError(f"{start:%d %B} is covered by two exceptions")
        return value

    @model_validator(mode="after")
    def _capacity(self) -> FrontDeskSettings:
        if self.tables and self.seats is not None:
            raise ValueError("give tables or seats, not both")
        names = [table.name.casefold() for table in self.tables]
        if len(set(names)) < len(names):
            raise ValueError("tables: each name may be used once")
        return self

    @property
    def has_hours(self) -> bool:
        return self.opening_hours is not None

    @property
    def has_capacity(self) -> bool:
        return bool(self.tables) or self.seats is not None

    @property
    def largest_party(self) -> int:
        """The most people one booking can be for."""
        combined = sum(table.seats for table in self.tables if table.combinable)
        single = max((table.seats for table in self.tables), default=0)
        room = self.seats if self.seats is not None else max(combined, single)
        return min(room or LARGEST_PARTY, self.max_party or LARGEST_PARTY, LARGEST_PARTY)
