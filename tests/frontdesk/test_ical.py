"""Calendars other programs can read (RFC 5545)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parley.frontdesk.ical import calendar
from parley.frontdesk.store import Reservation

START = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)


def reservation(**more: Any) -> Reservation:
    values: dict[str, Any] = {
        "id": "1", "tenant_id": "t", "reference": "K7F4", "kind": "table", "status": "confirmed", "name": "Anna",
        "phone": None, "email": None, "date": date(2026, 11, 21), "time": time(19), "starts_at": START,
        "ends_at": START + timedelta(hours=2), "party_size": 4, "nights": None, "property_id": None, "tables": ["1"],
        "notes": "", "conversation_id": None, "hold_expires_at": None, "revision": 2, "created_at": START,
        "updated_at": START, "cancelled_at": None,
    }  # fmt: skip
    return Reservation(**{**values, **more})


def read(text: str) -> list[tuple[str, str]]:
    """The content lines of a calendar, unfolded as section 3.1 says, text unescaped as section 3.3.11 says."""
    lines = text.replace("\r\n ", "").split("\r\n")
    assert lines.pop() == ""
    pairs = [line.split(":", 1) for line in lines]
    return [(name, _unescaped(value)) for name, value in pairs]


def _unescaped(value: str) -> str:
    out, escaped = "", False
    for char in value:
        if escaped:
            out += {"n": "\n", "N": "\n"}.get(char, char)
        elif char != "\\":
            out += char
        escaped = char == "\\" and not escaped
    return out


def test_an_event_says_what_and_when() -> None:
    lines = dict(read(calendar("Tony's", [reservation()])))
    assert lines["DTSTART"] == "20261121T180000Z"
    assert lines["DTEND"] == "20261121T200000Z"
    assert (lines["SUMMARY"], lines["STATUS"], lines["SEQUENCE"]) == ("Table for 4: Anna", "CONFIRMED", "2")
    assert (lines["UID"], lines["LOCATION"]) == ("1@parley", "Tony's")
    assert "Reference K7F4" in lines["DESCRIPTION"]


def test_a_room_is_days_and_a_viewing_has_a_place() -> None:
    room = dict(read(calendar("Hotel", [reservation(kind="room", nights=3, time=None)])))
    assert (room["DTSTART;VALUE=DATE"], room["DTEND;VALUE=DATE"]) == ("20261121", "20261124")
    viewing = dict(read(calendar("Agency", [reservation(kind="viewing", property_id="A-102", name="")])))
    assert (viewing["SUMMARY"], viewing["LOCATION"]) == ("Viewing", "A-102")


def test_what_is_cancelled_or_asked_for_says_so() -> None:
    for status, shown in (("cancelled", "CANCELLED"), ("requested", "TENTATIVE"), ("held", "TENTATIVE")):
        assert dict(read(calendar("T", [reservation(status=status)])))["STATUS"] == shown


def test_a_calendar_of_nothing_is_one() -> None:
    text = calendar("T", [])
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert text.endswith("END:VCALENDAR\r\n")


@given(st.text(max_size=120), st.text(max_size=200))
def test_any_words_survive_folding_and_escaping(name: str, notes: str) -> None:
    text = calendar("T", [reservation(name=name, notes=notes)])
    for line in text.encode().split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
    assert not any(char < " " and char not in "\r\n\t" for char in text)
    lines = dict(read(text))
    kept = "".join(char for char in notes.replace("\r\n", "\n").replace("\r", "\n") if char in "\n\t" or char >= " ")
    assert lines["DESCRIPTION"].endswith(kept.replace("\x7f", ""))
