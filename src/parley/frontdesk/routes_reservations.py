"""Settings, availability and reservations over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import ConfigDict, Field, StringConstraints

from parley.frontdesk.availability import Availability, Kind
from parley.frontdesk.ical import calendar
from parley.frontdesk.iso import Day, WallTime
from parley.frontdesk.placing import Wish
from parley.frontdesk.reserve import Reservations
from parley.frontdesk.settings import LARGEST_PARTY, FrontDeskSettings
from parley.kit.errors import InvalidInput
from parley.kit.web import ERRORS, Body, Pages, Read, given, list_model, page_of
from parley.tenants import AccessHere, MayRead, MayWrite, TenantFilter

router = APIRouter(tags=["front desk"], responses=ERRORS)

Party = Annotated[int, Field(ge=1, le=LARGEST_PARTY)]
ReservationStatus = Literal["requested", "held", "confirmed", "cancelled", "expired", "completed", "no_show"]
Text = Annotated[str, StringConstraints(max_length=2000)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Phone = Annotated[str, StringConstraints(max_length=40)]
Email = Annotated[str, StringConstraints(max_length=320)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]


async def _reservations(request: Request) -> Reservations:
    reservations: Reservations = request.state.reservations
    return reservations


ReservationsHere = Annotated[Reservations, Depends(_reservations)]


class SettingsIn(FrontDeskSettings, Body):
    tenant_id: str | None = None

    model_config = ConfigDict(
        frozen=False,
        json_schema_extra={
            "examples": [
                {
                    "opening_hours": {"friday": ["12:00-14:30", "17:00-23:00"], "saturday": ["17:00-01:00"]},
                    "exceptions": [
                        {"date": "2026-12-24", "closed": True},
                        {"date": "2026-12-31", "hours": ["18:00-02:00"]},
                    ],
                    "tables": [{"name": "Window", "seats": 2, "combinable": True}, {"name": "Round", "seats": 6}],
                    "slot_minutes": 15,
                    "stay_minutes": 120,
                    "buffer_minutes": 10,
                    "hold_minutes": 10,
                }
            ]
        },
    )


class SettingsOut(FrontDeskSettings):
    tenant_id: str


class StartOut(Read):
    date: Day
    time: WallTime
    starts_at: datetime


class AvailabilityOut(Read):
    status: str
    available: bool
    date: Day
    time: WallTime | None
    party_size: int
    timezone: str
    times: list[WallTime]
    alternatives: list[StartOut]
    detail: str


class ReservationIn(Body):
    """`hold` keeps the place for the settings' hold time only; `hold_id` turns such a hold into the booking."""

    date: Day
    time: WallTime | None = None
    party_size: Party = 1
    name: Annotated[Short, StringConstraints(min_length=1)]
    phone: Phone | None = None
    email: Email | None = None
    kind: Kind = "table"
    nights: Annotated[int, Field(ge=1, le=365)] | None = None
    property_id: Key | None = None
    notes: Text = ""
    conversation_id: Key | None = None
    hold: bool = False
    hold_id: Key | None = None
    idempotency_key: Key | None = None
    tenant_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"date": "2026-11-21", "time": "19:30", "party_size": 4, "name": "Anna Baker", "phone": "+4930901820"},
                {"kind": "room", "date": "2026-12-04", "nights": 2, "party_size": 2, "name": "Carl Winter"},
                {"kind": "viewing", "property_id": "A-102", "date": "2026-11-24", "time": "10:30", "name": "Mo Reyes"},
            ]
        }
    )


class ReservationPatch(Body):
    date: Day | None = None
    time: WallTime | None = None
    party_size: Party | None = None
    name: Annotated[Short, StringConstraints(min_length=1)] | None = None
    phone: Phone | None = None
    email: Email | None = None
    nights: Annotated[int, Field(ge=1, le=365)] | None = None
    property_id: Key | None = None
    notes: Text | None = None
    status: Literal["confirmed", "cancelled", "completed", "no_show"] | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"time": "20:00", "party_size": 5}]})


class ReservationOut(Read):
    id: str
    tenant_id: str
    reference: str
    kind: Kind
    status: ReservationStatus
    name: str
    phone: str | None
    email: str | None
    date: Day
    time: WallTime | None
    starts_at: datetime
    ends_at: datetime
    party_size: int
    nights: int | None
    property_id: str | None
    tables: list[str]
    notes: str
    conversation_id: str | None
    hold_expires_at: datetime | None
    revision: int
    created_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None


@router.get("/frontdesk/settings")
async def get_settings(
    who: MayRead, reservations: ReservationsHere, access: AccessHere, tenant_id: TenantFilter = None
) -> SettingsOut:
    """What this business has said about itself; defaults where it has not."""
    tenant = await access.tenant_for(who, tenant_id)
    return SettingsOut(tenant_id=tenant, **(await reservations.settings(tenant)).model_dump())


@router.put("/frontdesk/settings")
async def put_settings(
    body: SettingsIn,
    who: MayWrite,
    reservations: ReservationsHere,
    access: AccessHere,
    tenant_id: TenantFilter = None,
) -> SettingsOut:
    """Put these settings in place of the present ones; fields left out return to their defaults."""
    tenant = await access.tenant_for(who, body.tenant_id or tenant_id)
    settings = FrontDeskSettings.model_validate(body.model_dump(exclude={"tenant_id"}))
    await reservations.put_settings(who, tenant, settings)
    return SettingsOut(tenant_id=tenant, **settings.model_dump())


@router.get("/reservations/availability")
async def get_availability(
    who: MayRead,
    reservations: ReservationsHere,
    access: AccessHere,
    date: Annotated[Day, Query(examples=["2026-11-21"])],
    party_size: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    time: Annotated[WallTime | None, Query(examples=["19:30"])] = None,
    kind: Kind = "table",
    property_id: Annotated[str | None, Query(max_length=200)] = None,
    nights: Annotated[int | None, Query(ge=1, le=365, description="Of a room; 1 where left out.")] = None,
    tenant_id: TenantFilter = None,
) -> AvailabilityOut:
    """What is free on a day; with `time`, whether that is, and the nearest alternatives where it is not."""
    tenant = await access.tenant_for(who, tenant_id)
    found = await reservations.availability(
        tenant, date, party_size, time, kind=kind, property_id=property_id, nights=nights
    )
    return _shown(found)


def _shown(found: Availability) -> AvailabilityOut:
    return AvailabilityOut.model_validate(found)


@router.get("/reservations/calendar.ics", response_class=Response, responses={200: {"content": {"text/calendar": {}}}})
async def get_feed(
    who: MayRead, reservations: ReservationsHere, access: AccessHere, tenant_id: TenantFilter = None
) -> Response:
    """Every reservation from a month back as an iCalendar feed."""
    tenant, found = await reservations.feed(await access.tenant_for(who, tenant_id))
    return _calendar(calendar(tenant.name, found))


def _calendar(text: str) -> Response:
    headers = {"Content-Disposition": 'attachment; filename="calendar.ics"'}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)


@router.get("/reservations", response_model=list_model("reservations", ReservationOut))
async def list_reservations(
    who: MayRead,
    reservations: ReservationsHere,
    access: AccessHere,
    paging: Pages,
    tenant_id: TenantFilter = None,
    date: Day | None = None,
    status: ReservationStatus | None = None,
    kind: Kind | None = None,
    phone: str | None = None,
    reference: str | None = None,
    property_id: str | None = None,
    conversation_id: str | None = None,
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"reservations": [], "next_cursor": None}
    filters = {"date": date, "status": status, "kind": kind, "phone": phone, "reference": reference}
    filters |= {"property_id": property_id, "conversation_id": conversation_id}
    page = page_of(await reservations.page(tenant, paging.limit, paging.cursor, **filters), paging.limit)
    return {"reservations": page.items, "next_cursor": page.next_cursor}


@router.post("/reservations", status_code=201, response_model=ReservationOut)
async def create_reservation(
    body: ReservationIn,
    who: MayWrite,
    reservations: ReservationsHere,
    access: AccessHere,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Any:
    """Book, or with nothing set leave a request. 409: full. The same Idempotency-Key gives the same reservation."""
    tenant = await access.tenant_for(who, body.tenant_id)
    if body.hold and body.hold_id:
        raise InvalidInput("hold and hold_id exclude each other.")
    values = body.model_dump(exclude={"hold", "hold_id", "idempotency_key", "tenant_id"})
    wish, key = Wish(**values), body.idempotency_key or idempotency_key
    if body.hold:
        return await reservations.hold(tenant, wish, idempotency_key=key, who=who)
    return await reservations.book(tenant, wish, hold=body.hold_id, idempotency_key=key, who=who)


@router.get("/reservations/{reservation_id}", response_model=ReservationOut)
async def get_reservation(reservation_id: str, who: MayRead, reservations: ReservationsHere, access: AccessHere) -> Any:
    """By id, or by reference within one's own tenant."""
    return await reservations.get(await _owner(access, who, reservation_id), reservation_id)


@router.get(
    "/reservations/{reservation_id}/calendar.ics",
    response_class=Response,
    responses={200: {"content": {"text/calendar": {}}}},
)
async def get_calendar(
    reservation_id: str, who: MayRead, reservations: ReservationsHere, access: AccessHere
) -> Response:
    """One reservation as iCalendar (RFC 5545)."""
    tenant, found = await reservations.calendar_of(await _owner(access, who, reservation_id), reservation_id)
    return _calendar(calendar(tenant.name, [found]))


@router.patch("/reservations/{reservation_id}", response_model=ReservationOut)
async def change_reservation(
    reservation_id: str, body: ReservationPatch, who: MayWrite, reservations: ReservationsHere, access: AccessHere
) -> Any:
    """Move, correct, confirm or cancel. What cannot be moved stays as it was (409 or 422)."""
    tenant = await _owner(access, who, reservation_id)
    changes = given(body, nullable=frozenset({"phone", "email", "property_id"}))
    return await reservations.change(tenant, reservation_id, changes, who=who)


@router.delete("/reservations/{reservation_id}", status_code=204)
async def delete_reservation(
    reservation_id: str, who: MayWrite, reservations: ReservationsHere, access: AccessHere
) -> None:
    """Remove the record. To cancel and keep it, PATCH status: cancelled."""
    await reservations.delete(who, await _owner(access, who, reservation_id), reservation_id)


async def _owner(access: AccessHere, who: MayRead, wanted: str) -> str:
    return await access.owner_of(who, "reservations", wanted) if len(wanted) == 36 else who.tenant_id
