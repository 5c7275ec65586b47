"""What the front desk's tools confirm or refuse, as the few fields that a caller can be told of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parley.conversations.tools import ToolRefused
from parley.frontdesk import Availability, Listing, Reservation


def unknown_reference(reference: str) -> ToolRefused:
    return ToolRefused(f"There is no reservation with the reference {reference}.")


def not_listed(property_id: str, status: str, others: Sequence[Listing]) -> ToolRefused:
    said = "is no longer on offer" if status == "not_on_offer" else "is not among the listings"
    similar = [listing_fields(one) for one in others]
    return ToolRefused(f"{property_id} {said}.", status=status, property_id=property_id, similar=similar)


def listing_fields(listing: Listing) -> dict[str, Any]:
    """A listing in the few words a caller can take in."""
    shown: dict[str, Any] = {"title": listing.title, "property_id": listing.property_id, "city": listing.city}
    if listing.price is not None:
        shown["price"] = f"{listing.price:,.0f} {listing.currency}"
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
