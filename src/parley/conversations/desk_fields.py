"""What the front desk's tools are asked for, and what they confirm or refuse in the few fields a caller is told of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any

from parley.conversations.tools import ToolRefused
from parley.conversations.turn import Turn
from parley.frontdesk import Availability, Listing, NewLead, Reservation, Wish


def wish_of(turn: Turn, given: Mapping[str, Any], kind: Any) -> Wish:
    """A reservation as a tool's arguments want it."""
    return Wish(
        date=date.fromisoformat(given["date"]),
        time=clock_of(given.get("time")),
        party_size=given["party_size"],
        name=given["name"],
        phone=given.get("phone"),
        email=given.get("email"),
        kind=kind,
        nights=given.get("nights"),
        property_id=given.get("property_id"),
        notes=given.get("notes", ""),
        conversation_id=turn.conversation.id,
    )


def lead_of(turn: Turn, given: Mapping[str, Any], intent: str) -> NewLead:
    """A lead as a tool's arguments have it."""
    budget = given.get("budget")
    return NewLead(
        name=given.get("name", ""),
        phone=given.get("phone"),
        email=given.get("email"),
        intent=intent,
        property_id=given.get("property_id"),
        budget=None if budget is None else Decimal(str(budget)),
        notes=given.get("notes", ""),
        conversation_id=turn.conversation.id,
    )


def clock_of(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def unknown_reference(reference: str) -> ToolRefused:
    return ToolRefused(f"There is no reservation with the reference {reference}.")


def not_listed(property_id: str, status: str, others: Sequence[Listing]) -> ToolRefused:
    said = "is no longer on offer" if status == "not_on_offer" else "is not among the listings"
    similar = [listing_fields(one) for one in others]
    return ToolRefused(f"{property_id} {said}.", status=status, property_id=property_id, similar=similar)


def listing_fields(listing: Listing, *, budget: Decimal | None = None) -> dict[str, Any]:
    """A listing in the few words a caller can take in; whether it costs a little more than the caller named."""
    shown: dict[str, Any] = {"title": listing.title, "property_id": listing.property_id, "city": listing.city}
    if listing.price is not None:
        shown["price"] = f"{listing.price:,.0f} {listing.currency}"
        if budget is not None and listing.price > budget:
            shown["over_budget"] = True
    return shown


def availability_fields(found: Availability) -> dict[str, Any]:
    """Availability as a tool tells it. unknown: the business takes requests, so asking on makes sense."""
    shown: dict[str, Any] = {"status": found.status, "date": found.date.isoformat(), "party_size": found.party_size}
    shown["available"] = found.status in {"available", "unknown"}
    if found.time is not None:
        shown["time"] = f"{found.time:%H:%M}"
    if found.alternatives:
        shown["alternatives"] = [
            {"date": one.date.isoformat(), "time": f"{one.time:%H:%M}"} for one in found.alternatives
        ]
    if found.detail:
        shown["detail"] = found.detail
    return shown


def reservation_fields(made: Reservation) -> dict[str, Any]:
    shown: dict[str, Any] = {"reference": made.reference, "status": made.status, "date": made.date.isoformat()}
    if made.time is not None:
        shown["time"] = f"{made.time:%H:%M}"
    if made.kind != "viewing":
        shown["party_size"] = made.party_size
    for name in ("nights", "property_id"):
        if getattr(made, name):
            shown[name] = getattr(made, name)
    return {**shown, "name": made.name}
