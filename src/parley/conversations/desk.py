"""The front desk as tools: what each one asks for, and what it confirms in words a caller can be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from parley.conversations import desk_undo as undo_data
from parley.conversations.about import SLOT, describe
from parley.conversations.desk_fields import (
    availability_fields,
    clock_of,
    lead_of,
    listing_fields,
    not_listed,
    reservation_fields,
    unknown_reference,
    wish_of,
)
from parley.conversations.desk_undo import LEAD, NEW, DeskUndo
from parley.conversations.tools import UNDO, Tool, ToolRefused
from parley.conversations.turn import Turn
from parley.conversations.withdraw import Undo
from parley.frontdesk import (
    Criteria,
    Incidents,
    Leads,
    Listing,
    Listings,
    NotBookable,
    Reservation,
    Reservations,
    Wish,
)
from parley.inference.chat import ToolSpec
from parley.inference.facts import Passage
from parley.kit.errors import NotFound
from parley.understanding import EmergencyReading

_DATE = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$", "description": "YYYY-MM-DD"}
_TIME = {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$", "description": "HH:MM, 24 hours"}
_PARTY = {"type": "integer", "minimum": 1, "maximum": 5000, "description": "Number of people."}
_NAME = {"type": "string", "minLength": 1, "maxLength": 200}
_PHONE = {"type": "string", "maxLength": 40}
_EMAIL = {"type": "string", "maxLength": 320}
_NOTES = {"type": "string", "maxLength": 2000}
_REFERENCE = {"type": "string", "minLength": 2, "maxLength": 40, "description": "The booking's reference."}
_PROPERTY = {"type": "string", "minLength": 1, "maxLength": 100, "description": "The listing's id, such as A-102."}

_COMMON = ("capture_lead", "transfer_to_person", "end_conversation")
_BY_TYPE: Mapping[str, tuple[str, ...]] = {
    "receptionist": (
        "check_availability", "book_table", "book_room", "find_reservation", "change_reservation", "cancel_reservation",
        *_COMMON,
    ),
    "real_estate": (
        "find_listings", "find_listing", "schedule_viewing", "find_reservation", "change_reservation",
        "cancel_reservation", *_COMMON,
    ),
    "dispatch": ("transfer_to_person", "end_conversation"),
    "custom": _COMMON,
}  # fmt: skip


_SEVERITY: Mapping[str, Any] = {"critical": "critical", "serious": "high", "moderate": "medium"}


def _schema(required: Sequence[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


class Desk:
    """Makes the tools of an agent type over the front desk's verbs."""

    def __init__(self, reservations: Reservations, leads: Leads, listings: Listings, incidents: Incidents) -> None:
        self._reservations = reservations
        self._leads = leads
        self._listings = listings
        self._incidents = incidents
        self._undo = DeskUndo(reservations, leads)
        self._all = {tool.spec.name: tool for tool in self._tools()}

    def tools_for(self, agent_type: str) -> dict[str, Tool]:
        """The tools an agent of this type has."""
        return {name: self._all[name] for name in _BY_TYPE[agent_type]}

    def undo_of(self, name: str) -> Undo | None:
        """See `Undoing`."""
        tool = self._all.get(name)
        return None if tool is None else tool.undo

    async def raise_incident(self, turn: Turn, danger: EmergencyReading, excerpt: str) -> Mapping[str, Any]:
        """Put an emergency on record; the same kind in the same conversation only once."""
        incident, _ = await self._incidents.raise_now(
            turn.tenant.id,
            kind=danger.kind or "other",
            severity=_SEVERITY.get(danger.severity, "high"),
            conversation_id=turn.conversation.id,
            excerpt=excerpt,
            evidence={"words": danger.evidence, "confidence": round(danger.confidence, 3)},
        )
        return {"status": "recorded", "kind": incident.kind, "severity": incident.severity}

    def _tools(self) -> tuple[Tool, ...]:
        person = {"name": _NAME, "phone": _PHONE, "email": _EMAIL}
        return (
            Tool(
                ToolSpec(
                    "check_availability",
                    "Whether a table is free. Without a time: which times of the day are.",
                    _schema(("date", "party_size"), date=_DATE, time=_TIME, party_size=_PARTY),
                ),
                self._availability,
            ),
            Tool(
                ToolSpec(
                    "book_table",
                    "Book a table. Only with a name and a telephone number that the caller gave.",
                    _schema(
                        ("date", "time", "party_size", "name"),
                        date=_DATE, time=_TIME, party_size=_PARTY, notes=_NOTES, **person,
                    ),
                ),
                self._book_table,
                changes=True,
                amend=self._rebook_table,
                undo=self._undo.unbook,
            ),
            Tool(
                ToolSpec(
                    "book_room",
                    "Book a hotel room for a number of nights.",
                    _schema(
                        ("date", "nights", "party_size", "name"),
                        date=_DATE, nights={"type": "integer", "minimum": 1, "maximum": 365}, party_size=_PARTY,
                        notes=_NOTES, **person,
                    ),
                ),
                self._book_room,
                changes=True,
                amend=self._rebook_room,
                undo=self._undo.unbook,
            ),
            Tool(
                ToolSpec(
                    "change_reservation",
                    "Move a reservation to another date, time or number of people.",
                    _schema(
                        ("reference",),
                        reference=_REFERENCE, name=_NAME, phone=_PHONE, date=_DATE, time=_TIME, party_size=_PARTY,
                    ),
                ),
                self._change,
                changes=True,
                settles=True,
                undo=self._undo.unbook,
            ),
            Tool(
                ToolSpec(
                    "cancel_reservation",
                    "Cancel a reservation. The caller's name or telephone number must be the one it was made with.",
                    _schema(("reference",), reference=_REFERENCE, name=_NAME, phone=_PHONE),
                ),
                self._cancel,
                changes=True,
                settles=True,
                undo=self._undo.unbook,
            ),
            Tool(
                ToolSpec(
                    "find_reservation",
                    "A caller's coming reservation, by the telephone number and name it was made with, or by its "
                    "reference with one of these; the reference is enough where it was made in this conversation.",
                    _schema((), reference=_REFERENCE, phone=_PHONE, name=_NAME),
                ),
                self._find_reservation,
            ),
            Tool(
                ToolSpec(
                    "schedule_viewing",
                    "Arrange the viewing of a listing.",
                    _schema(
                        ("property_id", "date", "time", "name"),
                        property_id=_PROPERTY, date=_DATE, time=_TIME, notes=_NOTES, **person,
                    ),
                ),
                self._viewing,
                changes=True,
                undo=self._undo.unview,
            ),
            Tool(
                ToolSpec(
                    "find_listings",
                    "Listings that fit what the caller is looking for.",
                    _schema(
                        (),
                        city={"type": "string", "maxLength": 100},
                        kind={"type": "string", "enum": ["rent", "buy"]},
                        bedrooms={"type": "integer", "minimum": 0, "maximum": 50},
                        max_price={"type": "number", "minimum": 0},
                        features={"type": "array", "items": {"type": "string", "maxLength": 50}, "maxItems": 10},
                    ),
                ),
                self._find_listings,
            ),
            Tool(
                ToolSpec(
                    "find_listing",
                    "What is known of one listing, by its id; similar ones where there is none.",
                    _schema(("property_id",), property_id=_PROPERTY),
                ),
                self._find_listing,
            ),
            Tool(
                ToolSpec(
                    "capture_lead",
                    "Note who wants to be contacted, and about what.",
                    _schema(
                        ("name",),
                        property_id=_PROPERTY, budget={"type": "number", "minimum": 0}, notes=_NOTES, **person,
                    ),
                ),
                self._lead,
                changes=True,
                amend=self._correct_lead,
                undo=self._undo.unnote,
            ),
            Tool(
                ToolSpec(
                    "transfer_to_person",
                    "Hand the conversation over to a person.",
                    _schema((), reason={"type": "string", "maxLength": 500}),
                ),
                self._transfer,
            ),
            Tool(ToolSpec("end_conversation", "End the conversation politely.", _schema(())), self._end),
        )  # fmt: skip

    # What they do

    async def _availability(self, turn: Turn, given: Mapping[str, Any], _: str) -> Mapping[str, Any]:
        found = await self._reservations.availability(
            turn.tenant.id, date.fromisoformat(given["date"]), given["party_size"], clock_of(given.get("time"))
        )
        return availability_fields(found)

    async def _book_table(self, turn: Turn, given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        return await self._book(turn, wish_of(turn, given, "table"), key)

    async def _book_room(self, turn: Turn, given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        return await self._book(turn, wish_of(turn, given, "room"), key)

    async def _rebook_table(self, turn: Turn, given: Mapping[str, Any], undo: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._rebook(turn, wish_of(turn, given, "table"), undo)

    async def _rebook_room(self, turn: Turn, given: Mapping[str, Any], undo: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._rebook(turn, wish_of(turn, given, "room"), undo)

    async def _rebook(self, turn: Turn, wish: Wish, undo: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            now = await self._undo.rebook(turn.tenant.id, undo, wish)
        except NotBookable as error:
            raise ToolRefused(error.detail, **availability_fields(error.availability)) from error
        return {**reservation_fields(now), UNDO: dict(undo)}

    async def _viewing(self, turn: Turn, given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        await self._offered(turn, given["property_id"])
        wish = wish_of(turn, {"party_size": 1, **given}, "viewing")
        booked = await self._book(turn, wish, key)
        lead, is_new = await self._leads.capture(turn.tenant.id, lead_of(turn, given, "viewing"))
        return {**booked, UNDO: {**booked[UNDO], LEAD: lead.id, NEW: is_new}}

    async def _book(self, turn: Turn, wish: Wish, key: str) -> Mapping[str, Any]:
        try:
            made = await self._reservations.book(turn.tenant.id, wish, idempotency_key=key)
        except NotBookable as error:
            raise ToolRefused(error.detail, **availability_fields(error.availability)) from error
        return {**reservation_fields(made), UNDO: undo_data.made(made)}

    async def _change(self, turn: Turn, given: Mapping[str, Any], _: str) -> Mapping[str, Any]:
        changes: dict[str, Any] = {}
        if "date" in given:
            changes["date"] = date.fromisoformat(given["date"])
        if "time" in given:
            changes["time"] = clock_of(given["time"])
        if "party_size" in given:
            changes["party_size"] = given["party_size"]
        if not changes:
            raise ToolRefused("Nothing was said to change: a date, a time or a number of people.")
        before, name, phone = await self._caller(turn, given)
        try:
            changed = await self._reservations.change(
                turn.tenant.id, given["reference"], changes, name=name, phone=phone
            )
            return {**reservation_fields(changed), UNDO: undo_data.changed(before)}
        except NotBookable as error:
            raise ToolRefused(error.detail, **availability_fields(error.availability)) from error
        except NotFound as error:
            raise unknown_reference(given["reference"]) from error

    async def _cancel(self, turn: Turn, given: Mapping[str, Any], _: str) -> Mapping[str, Any]:
        before, name, phone = await self._caller(turn, given)
        try:
            gone = await self._reservations.cancel(turn.tenant.id, given["reference"], name=name, phone=phone)
            return {**reservation_fields(gone), UNDO: undo_data.changed(before)}
        except NotFound as error:
            raise unknown_reference(given["reference"]) from error

    async def _caller(self, turn: Turn, given: Mapping[str, Any]) -> tuple[Reservation, str | None, str | None]:
        """The reservation, with name and number to check; none where it was made in this very conversation.

        A reference is short enough to say on a bad line, so it is no secret by itself.
        """
        name, phone = given.get("name"), given.get("phone")
        try:
            made = await self._reservations.get(turn.tenant.id, given["reference"])
        except NotFound as error:
            raise unknown_reference(given["reference"]) from error
        if made.conversation_id == turn.conversation.id:
            return made, None, None
        if not name and not phone:
            raise ToolRefused("The name or telephone number of the reservation is needed.")
        return made, name, phone

    async def _find_reservation(self, turn: Turn, given: Mapping[str, Any], _: str) -> Mapping[str, Any]:
        if "reference" in given:
            return reservation_fields(await self._by_reference(turn, given))
        if not (given.get("phone") and given.get("name")):
            raise ToolRefused("The name and telephone number of the reservation are needed.")
        found = await self._reservations.find(turn.tenant.id, phone=given["phone"], name=given["name"])
        if not found:
            raise ToolRefused("There is no coming reservation under that name and number.")
        return reservation_fields(found[0])

    async def _by_reference(self, turn: Turn, given: Mapping[str, Any]) -> Reservation:
        _, name, phone = await self._caller(turn, given)
        try:
            return await self._reservations.look_up(turn.tenant.id, given["reference"], name=name, phone=phone)
        except NotFound as error:
            raise unknown_reference(given["reference"]) from error

    async def _find_listings(self, turn: Turn, given: Mapping[str, Any], _: str) -> Mapping[str, Any]:
        criteria = Criteria(
            city=given.get("city"),
            kind=given.get("kind"),
            bedrooms_min=given.get("bedrooms"),
            price_max=Decimal(str(given["max_price"])) if "max_price" in given else None,
            features=tuple(given.get("features", ())),
        )
        found = await self._listings.find(turn.tenant.id, criteria, limit=3)
        shown: dict[str, Any] = {
            "listings": [listing_fields(match.listing, budget=criteria.price_max) for match in found.matches]
        }
        return {**shown, "differs_in": list(found.relaxed)} if found.relaxed else shown

    async def _find_listing(self, turn: Turn, given: Mapping[str, Any], _: str) -> Mapping[str, Any]:
        listing = await self._offered(turn, given["property_id"])
        return {"status": "unknown"} if listing is None else {"listings": [listing_fields(listing)]}

    async def _offered(self, turn: Turn, property_id: str) -> Listing | None:
        """The listing; None where the business keeps no listings here. Refuses one that is not on offer."""
        tenant_id = turn.tenant.id
        try:
            listing = await self._listings.get(tenant_id, property_id)
        except NotFound:
            near = await self._listings.near(tenant_id, property_id)
            if not near:
                return None
            raise not_listed(property_id, "unknown_listing", near) from None
        if listing.status not in {"available", "reserved"}:
            similar = await self._listings.similar(tenant_id, listing.id)
            raise not_listed(property_id, "not_on_offer", [one.listing for one in similar])
        return listing

    async def about(self, turn: Turn, slots: Mapping[str, Any]) -> Passage | None:
        """The listing the talk is about, as a passage; None where it is about none."""
        wanted = slots.get("property_id") or slots.get(SLOT)
        if not wanted:
            return None
        try:
            return describe(await self._listings.get(turn.tenant.id, str(wanted)), turn.language)
        except NotFound:
            return None

    async def _lead(self, turn: Turn, given: Mapping[str, Any], _: str) -> Mapping[str, Any]:
        lead, is_new = await self._leads.capture(turn.tenant.id, lead_of(turn, given, "lead_capture"))
        return {"status": "noted", "name": lead.name, UNDO: {LEAD: lead.id, NEW: is_new}}

    async def _correct_lead(self, turn: Turn, given: Mapping[str, Any], undo: Mapping[str, Any]) -> Mapping[str, Any]:
        said = lead_of(turn, given, "lead_capture")
        await self._undo.correct_lead(turn.tenant.id, undo, said)
        return {"status": "noted", "name": said.name, UNDO: dict(undo)}

    @staticmethod
    async def _transfer(_: Turn, given: Mapping[str, Any], __: str) -> Mapping[str, Any]:
        return {"status": "requested", "reason": given.get("reason", "")}

    @staticmethod
    async def _end(_: Turn, __: Mapping[str, Any], ___: str) -> Mapping[str, Any]:
        return {"status": "ended"}
