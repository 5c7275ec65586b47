"""Reservations as iCalendar (RFC 5545). Times are UTC, so no calendar needs to know the timezone's rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from parley.frontdesk.store import Reservation

_LINE_OCTETS = 75  # section 3.1: longer lines are folded
_STATUS = {"confirmed": "CONFIRMED", "completed": "CONFIRMED", "no_show": "CONFIRMED", "cancelled": "CANCELLED"}


def calendar(business: str, reservations: Iterable[Reservation]) -> str:
    """A VCALENDAR of the reservations, lines ended by CRLF."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Parley//Front desk//EN", "CALSCALE:GREGORIAN"]
    lines += ["METHOD:PUBLISH", f"X-WR-CALNAME:{_escaped(business)}"]
    for reservation in reservations:
        lines += _event(business, reservation)
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _event(business: str, one: Reservation) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{one.id}@parley"
    yield f"DTSTAMP:{_moment(one.updated_at)}"
    if one.kind == "room":
        yield f"DTSTART;VALUE=DATE:{one.date:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{one.date + timedelta(days=one.nights or 1):%Y%m%d}"
    else:
        yield f"DTSTART:{_moment(one.starts_at)}"
        yield f"DTEND:{_moment(one.ends_at)}"
    yield f"SUMMARY:{_escaped(_summary(one))}"
    yield f"DESCRIPTION:{_escaped(_description(one))}"
    yield f"LOCATION:{_escaped(one.property_id or business)}"
    yield f"STATUS:{_STATUS.get(one.status, 'TENTATIVE')}"
    yield f"SEQUENCE:{one.revision}"
    yield f"CREATED:{_moment(one.created_at)}"
    yield f"LAST-MODIFIED:{_moment(one.updated_at)}"
    yield "END:VEVENT"


def _summary(one: Reservation) -> str:
    what = {"table": f"Table for {one.party_size}", "room": f"Room for {one.party_size}"}.get(one.kind, "Viewing")
    return f"{what}: {one.name}" if one.name else what


def _description(one: Reservation) -> str:
    told = (f"Reference {one.reference}", one.phone, one.email, ", ".join(one.tables), one.notes)
    return "\n".join(part for part in told if part)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """Section 3.3.11; control characters, which may not occur, are dropped."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = "".join(char for char in plain if char == "\n" or char == "\t" or (char >= " " and char != "\x7f"))
    for char in ("\\", ";", ","):
        plain = plain.replace(char, f"\\{char}")
    return plain.replace("\n", "\\n")


def _folded(line: str) -> str:
    """Lines of at most 75 octets; the rest goes on after CRLF and a space, no character cut in two."""
    parts, part, octets = [], "", 0
    for char in line:
        size = len(char.encode())
        if octets + size > _LINE_OCTETS:
            parts.append(part)
            part, octets = " ", 1
        part += char
        octets += size
    return "\r\n".join([*parts, part])
