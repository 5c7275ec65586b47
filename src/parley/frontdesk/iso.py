"""Dates and times as requests write them: ISO 8601 and nothing else. Pydantic alone reads "0" as the first of 1970."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII | re.IGNORECASE)


def _iso_day(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("a date is written like 2026-11-21")
    return value


def _iso_time(value: Any) -> Any:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("a time is written like 19:30")
    return value


def _wall_clock(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("a time is the business's own wall clock, without an offset")
    return at


Day = Annotated[date, BeforeValidator(_iso_day)]
WallTime = Annotated[
    time,
    BeforeValidator(_iso_time),
    AfterValidator(_wall_clock),
    PlainSerializer(lambda at: f"{at:%H:%M}", return_type=str, when_used="json"),
]
