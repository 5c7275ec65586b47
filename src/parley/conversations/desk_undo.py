"""Making good what the front desk wrote down for half a sentence: changed into what the whole of it wants, or undone.

What undoing needs holds no word of the caller's: references, ids, days and numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from parley.conversations.desk_fields import clock_of
from parley.frontdesk import Leads, NewLead, Reservation, Reservations, Wish
from parley.kit.errors import NotFound

REFERENCE, WAS, LEAD, NEW = "reference", "was", "lead_id", "is_new"
_OF_A_WISH = ("date", "time", "party_size", "name", "phone", "email", "nights", "property_id", "notes")


def made(reservation: Reservation) -> dict[str, Any]:
    """What undoing a booking needs."""
    return {REFERENCE: reservation.reference, WAS: None}


def changed(before: Reservation) -> dict[str, Any]:
    """What undoing a change or a cancellation needs."""
    at = None if before.time is None else f"{before.time:%H:%M}"
    was = {"date": before.date.isoformat(), "time": at, "party_size": before.party_size, "status": before.status}
    return {REFERENCE: before.reference, WAS: was}


class DeskUndo:
    """The verbs. What is gone meanwhile needs no undoing."""

    def __init__(self, reservations: Reservations, leads: Leads) -> None:
        self._reservations = reservations
        self._leads = leads

    async def rebook(self, tenant_id: str, undo: Mapping[str, Any], wish: Wish) -> Reservation:
        """Make a booking into another one. Raises `NotBookable`, and it stays as it was."""
        wanted = {name: getattr(wish, name) for name in _OF_A_WISH}
        return await self._reservations.change(tenant_id, undo[REFERENCE], wanted)

    async def unbook(self, tenant_id: str, undo: Mapping[str, Any]) -> None:
        """Put a reservation back to what it was: not there, or as it was before."""
        was = undo[WAS]
        if was is not None:
            was = {**was, "date": date.fromisoformat(was["date"]), "time": clock_of(was["time"])}
        try:
            await self._reservations.put_back(tenant_id, undo[REFERENCE], was)
        except NotFound:
            return

    async def correct_lead(self, tenant_id: str, undo: Mapping[str, Any], said: NewLead | None) -> None:
        """Make what was noted into what was `said`, or into what it was before."""
        try:
            await self._leads.correct(tenant_id, undo[LEAD], said, is_new=undo[NEW])
        except NotFound:
            return

    async def unnote(self, tenant_id: str, undo: Mapping[str, Any]) -> None:
        """A lead as it was before."""
        await self.correct_lead(tenant_id, undo, None)

    async def unview(self, tenant_id: str, undo: Mapping[str, Any]) -> None:
        """A viewing, and the lead that was noted with it."""
        await self.unbook(tenant_id, undo)
        await self.unnote(tenant_id, undo)
