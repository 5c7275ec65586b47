"""Twilio's requests: the signature they carry, and a call as their parameters tell it.

Source: twilio.com/docs, "Security" (X-Twilio-Signature), "TwiML request parameters", "Call resource"; twilio 9.13.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from twilio.request_validator import (  # type: ignore[import-untyped]
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    add_port,
    get_signature_algorithm,
    remove_port,
)

from parley.inference.carrier import CarrierCall, CarrierStatus, Direction

__all__ = ["SIGNATURE_HEADER", "SIGNATURE_SETTINGS_HEADER", "is_signed", "may_be_signed", "read_call"]

_LENGTHS: Final = (28, 44)  # base64 of SHA-1 and of SHA-256
_MOST_TEXT: Final = 200
_STATUSES: Final[Mapping[str, CarrierStatus]] = {
    "queued": "registered",
    "initiated": "registered",
    "ringing": "registered",
    "in-progress": "ongoing",
    "completed": "ended",
    "busy": "not_connected",
    "no-answer": "not_connected",
    "canceled": "not_connected",
    "failed": "error",
}


class _Form:
    """Parameters as the SDK's validator reads them: every name once, all its values."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in fields:
            self._values.setdefault(name, []).append(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def getall(self, name: str) -> list[str]:
        return self._values[name]


def may_be_signed(signature: str | None) -> bool:
    """Whether a header could be a signature at all: what cannot needs no further look."""
    return signature is not None and signature.isascii() and len(signature) in _LENGTHS


def is_signed(
    url: str, fields: Sequence[tuple[str, str]], token: str, signature: str | None, settings: str | None = None
) -> bool:
    """Whether `signature` is `token`'s over the address as Twilio called it and every parameter of the form.

    `settings`: the header that names another algorithm than HMAC-SHA1. Twilio signs with and without the port.
    """
    if not token or signature is None or not may_be_signed(signature):
        return False
    validator, parsed, form = RequestValidator(token), urlsplit(url), _Form(fields)
    algorithm = get_signature_algorithm(settings)
    try:
        made = [validator.compute_signature(where(parsed), form, algorithm) for where in (remove_port, add_port)]
    except ValueError:  # an algorithm the SDK does not know
        return False
    matches = [hmac.compare_digest(one, signature) for one in made]
    return any(matches)


def read_call(told: Mapping[str, Any]) -> CarrierCall | None:
    """A call by the parameters of a webhook (`CallSid`, …) or the fields of a call resource (`sid`, …).

    Unknown fields are passed over, wrong ones count as missing. None without an id.
    """
    call_id = _text(told, "CallSid", "sid")
    if call_id is None:
        return None
    word = _text(told, "CallStatus", "status") or ""
    started, ended = _moment(told.get("start_time")), _moment(told.get("end_time"))
    status = _STATUSES.get(word, "ongoing")
    return CarrierCall(
        id=call_id,
        status=status,
        direction=_direction(_text(told, "Direction", "direction") or ""),
        from_number=_text(told, "From", "from"),
        to_number=_text(told, "To", "to"),
        reason=word if status in ("ended", "not_connected", "error") else None,
        started_at=started if status in ("ongoing", "ended") else None,
        ended_at=ended,
        seconds=_seconds(_text(told, "CallDuration", "duration")),
    )


def _text(told: Mapping[str, Any], *names: str) -> str | None:
    value = next((told[name] for name in names if told.get(name)), None)
    return value if isinstance(value, str) and len(value) <= _MOST_TEXT and "\x00" not in value else None


def _direction(word: str) -> Direction:
    return "outbound" if word.startswith("outbound") else "inbound"


def _moment(value: Any) -> datetime | None:
    """RFC 2822, as call resources have it; or a datetime, as the SDK reads them."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        return parsedate_to_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.isdecimal() and len(value) < 7 else None
