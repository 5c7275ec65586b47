"""Retell's call object and its signature, as REST answers and webhooks carry them; the simulated line speaks the same.

Source: docs.retellai.com, "Get Call", "Webhook overview", "Secure the webhook"; retell-sdk 6.2 (`retell.lib`).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, get_args

from parley.inference.carrier import CarrierCall, CarrierLine, CarrierStatus, Direction

SIGNATURE_HEADER: Final = "x-retell-signature"
WINDOW_MS: Final = 300_000
RECORD_KEY: Final = "parley_call_id"  # under which our record's id travels in a call's metadata
_SIGNATURE = re.compile(r"v=(\d{1,15}),d=([0-9a-f]{64})")
_LATEST = 253_402_300_799_000  # the last moment a datetime can hold, ms
_MOST_LINES = 5_000
_STATUSES: Final[tuple[CarrierStatus, ...]] = get_args(CarrierStatus)


def sign(raw: bytes, key: str, now_ms: int) -> str:
    """The header for a body: HMAC-SHA256 over the raw body and the moment."""
    mac = hmac.new(key.encode(), raw + str(now_ms).encode(), hashlib.sha256).hexdigest()
    return f"v={now_ms},d={mac}"


def in_window(header: str | None, now_ms: int) -> bool:
    """Whether a header is one at all and of these minutes: what is not needs no further look."""
    found = _SIGNATURE.fullmatch(header or "")
    return found is not None and abs(now_ms - int(found[1])) <= WINDOW_MS


def is_signed(raw: bytes, key: str, header: str | None, now_ms: int) -> bool:
    """Whether `header` is `key`'s signature of these very bytes, made within the last (or next) five minutes."""
    found = _SIGNATURE.fullmatch(header or "")
    if not key or found is None or abs(now_ms - int(found[1])) > WINDOW_MS:
        return False
    mac = hmac.new(key.encode(), raw + found[1].encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(mac, found[2])


def read_call(payload: Mapping[str, Any]) -> CarrierCall | None:
    """The call object, read leniently: unknown fields are passed over, wrong ones count as missing.

    None without a call id.
    """
    call_id = _text(payload.get("call_id"))
    if call_id is None:
        return None
    metadata = payload.get("metadata")
    started, ended = _moment(payload.get("start_timestamp")), _moment(payload.get("end_timestamp"))
    return CarrierCall(
        id=call_id,
        status=_status(payload, ended),
        direction=_direction(payload),
        agent_id=_text(payload.get("agent_id")),
        from_number=_text(payload.get("from_number")),
        to_number=_text(payload.get("to_number")),
        call_id=_text(metadata.get(RECORD_KEY)) if isinstance(metadata, Mapping) else None,
        reason=_text(payload.get("disconnection_reason")),
        started_at=started,
        ended_at=ended,
        seconds=_seconds(payload, started, ended),
        transcript=payload["transcript"] if isinstance(payload.get("transcript"), str) else None,
        lines=tuple(_lines(payload)),
        analysis=payload["call_analysis"] if isinstance(payload.get("call_analysis"), Mapping) else {},
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 200 and "\x00" not in value else None


def _status(payload: Mapping[str, Any], ended: datetime | None) -> CarrierStatus:
    for status in _STATUSES:
        if payload.get("call_status") == status:
            return status
    return "ended" if ended is not None or payload.get("disconnection_reason") else "ongoing"


def _direction(payload: Mapping[str, Any]) -> Direction:
    return "inbound" if payload.get("direction") == "inbound" else "outbound"


def _moment(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LATEST:
        return None
    return datetime.fromtimestamp(value / 1000, UTC)


def _seconds(payload: Mapping[str, Any], started: datetime | None, ended: datetime | None) -> float | None:
    """The duration it states, else from start to end."""
    stated = payload.get("duration_ms")
    if isinstance(stated, int | float) and not isinstance(stated, bool) and 0 <= stated < 10**9:
        return stated / 1000
    if started is None or ended is None:
        return None
    return max(0.0, (ended - started).total_seconds())


def _lines(payload: Mapping[str, Any]) -> list[CarrierLine]:
    """What was said by the two of them; tools, digits and notes between the lines are not."""
    spoken = payload.get("transcript_object")
    if not isinstance(spoken, list):
        spoken = payload.get("transcript_with_tool_calls")
    lines = []
    for line in spoken[:_MOST_LINES] if isinstance(spoken, list) else []:
        role = line.get("role") if isinstance(line, Mapping) else None
        if role in ("agent", "user") and isinstance(line.get("content"), str):
            lines.append(CarrierLine(role, line["content"].replace("\x00", ""), _begin(line.get("words"))))
    return lines


def _begin(words: Any) -> float | None:
    first = words[0] if isinstance(words, list) and words else None
    start = first.get("start") if isinstance(first, Mapping) else None
    return float(start) if isinstance(start, int | float) and not isinstance(start, bool) else None
