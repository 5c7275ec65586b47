"""Reading what vendors send: any value may be of any kind, a wait may be written in three ways, prose may hold keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

Json = Mapping[str, Any]

_NOTHING: Json = {}
_SECRET = re.compile(r"\b(?:sk|gsk|org|proj)[-_][\w*-]{4,}")
_WORDS_SHOWN = 240


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait by `retry-after-ms` or `Retry-After` (seconds or an HTTP date); None where neither is usable."""
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    written = headers.get("retry-after")
    seconds = _seconds(written)
    if seconds is not None or not written:
        return seconds
    try:
        when = parsedate_to_datetime(written)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())


def shown(words: str) -> str:
    """A vendor's own sentence, short and without anything that looks like a key or an account."""
    text = _SECRET.sub("…", " ".join(words.split()) or "no reason given.")
    return text if len(text) <= _WORDS_SHOWN else text[: _WORDS_SHOWN - 1] + "…"


# What is not of the kind expected counts as absent.


def as_object(value: object) -> Json:
    """The JSON object, or an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def as_list(value: object) -> Sequence[Any]:
    """The JSON array, or an empty one."""
    return value if isinstance(value, list) else ()


def as_text(value: object) -> str:
    """The string, or an empty one."""
    return value if isinstance(value, str) else ""


def as_number(value: object) -> int:
    """The whole number, or 0."""
    return int(value) if isinstance(value, int) or (isinstance(value, float) and value.is_integer()) else 0


def _seconds(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and 0 <= value < float("inf") else None
