"""Listings over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, computed_field, model_validator

from parley.frontdesk.iso import Day
from parley.frontdesk.listings import M2_PER_SQFT, Listings
from parley.frontdesk.matching import Criteria
from parley.kit.web import ERRORS, Body, Pages, Read, given, list_model, page_of
from parley.tenants import AccessHere, MayRead, MayWrite, TenantFilter

router = APIRouter(tags=["listings"], responses=ERRORS)

ListingKind = Literal["rent", "buy"]
ListingStatus = Literal["available", "reserved", "sold", "let", "withdrawn"]
PropertyId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Feature = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Money = Annotated[Decimal, Field(ge=0, le=10**12, allow_inf_nan=False)]
Count = Annotated[Decimal, Field(ge=0, le=1000, allow_inf_nan=False)]
Area = Annotated[Decimal, Field(ge=1, le=10**8, allow_inf_nan=False)]


async def _listings(request: Request) -> Listings:
    listings: Listings = request.state.listings
    return listings


ListingsHere = Annotated[Listings, Depends(_listings)]


class _Sized(Body):
    area_m2: Area | None = None
    area_sqft: Area | None = Field(default=None, description="Instead of area_m2.")

    @model_validator(mode="after")
    def _one_area(self) -> _Sized:
        if self.area_m2 is not None and self.area_sqft is not None:
            raise ValueError("give area_m2 or area_sqft, not both")
        return self


class ListingIn(_Sized):
    property_id: PropertyId
    title: Title
    kind: ListingKind
    city: Short = ""
    street: Short = ""
    rooms: Count | None = Field(default=None, description="All rooms but kitchen and bath, as German listings count.")
    bedrooms: Annotated[int, Field(ge=0, le=1000)] | None = None
    bathrooms: Count | None = None
    price: Money | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{3}$")] = "EUR"
    features: Annotated[list[Feature], Field(max_length=100)] = Field(default_factory=list)
    available_from: Day | None = None
    status: ListingStatus = "available"
    description: Annotated[str, StringConstraints(max_length=20_000)] = ""
    tenant_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "property_id": "A-102",
                    "title": "Detached house, 418 Larkspur Lane",
                    "kind": "buy",
                    "city": "Madison",
                    "bedrooms": 3,
                    "bathrooms": 2,
                    "area_sqft": 1740,
                    "price": 425000,
                    "currency": "USD",
                    "features": ["Fenced yard", "Two-car garage"],
                }
            ]
        }
    )


class ListingPatch(_Sized):
    property_id: PropertyId | None = None
    title: Title | None = None
    kind: ListingKind | None = None
    city: Short | None = None
    street: Short | None = None
    rooms: Count | None = None
    bedrooms: Annotated[int, Field(ge=0, le=1000)] | None = None
    bathrooms: Count | None = None
    price: Money | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{3}$")] | None = None
    features: Annotated[list[Feature], Field(max_length=100)] | None = None
    available_from: Day | None = None
    status: ListingStatus | None = None
    description: Annotated[str, StringConstraints(max_length=20_000)] | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"price": 419000, "status": "reserved"}]})


_NULLABLE = frozenset({"rooms", "bedrooms", "bathrooms", "area_m2", "price", "available_from"})


class ListingOut(Read):
    id: str
    tenant_id: str
    property_id: str
    title: str
    kind: ListingKind
    city: str
    street: str
    rooms: float | None
    bedrooms: int | None
    bathrooms: float | None
    area_m2: float | None
    price: float | None
    currency: str
    features: list[str]
    available_from: date | None
    status: ListingStatus
    description: str
    created_at: datetime
    updated_at: datetime

    @computed_field  # type: ignore[prop-decorator]
    @property
    def area_sqft(self) -> float | None:
        return None if self.area_m2 is None else round(self.area_m2 / float(M2_PER_SQFT))


class MatchOut(Read):
    listing: ListingOut
    misses: list[str]


class FoundOut(BaseModel):
    matches: list[MatchOut]
    relaxed: list[str]


class SimilarityReason(BaseModel):
    rule: str
    value: str


class LikenessOut(BaseModel):
    listing: ListingOut
    reasons: list[SimilarityReason]


class SimilarOut(BaseModel):
    similar: list[LikenessOut]


@router.get("/listings", response_model=list_model("listings", ListingOut))
async def list_listings(
    who: MayRead,
    listings: ListingsHere,
    access: AccessHere,
    paging: Pages,
    tenant_id: TenantFilter = None,
    kind: ListingKind | None = None,
    status: ListingStatus | None = None,
    city: str | None = None,
    property_id: str | None = None,
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"listings": [], "next_cursor": None}
    filters = {"kind": kind, "status": status, "city": city, "property_id": property_id}
    page = page_of(await listings.page(tenant, paging.limit, paging.cursor, **filters), paging.limit)
    return {"listings": page.items, "next_cursor": page.next_cursor}


@router.post("/listings", status_code=201, response_model=ListingOut)
async def create_listing(body: ListingIn, who: MayWrite, listings: ListingsHere, access: AccessHere) -> Any:
    tenant = await access.tenant_for(who, body.tenant_id)
    return await listings.add(who, tenant, body.model_dump(exclude={"tenant_id"}, exclude_none=True))


@router.get("/listings/search")
async def search_listings(
    who: MayRead,
    listings: ListingsHere,
    access: AccessHere,
    tenant_id: TenantFilter = None,
    city: Annotated[str | None, Query(max_length=200)] = None,
    kind: ListingKind | None = None,
    rooms_min: Annotated[float | None, Query(ge=0, le=1000, allow_inf_nan=False)] = None,
    bedrooms_min: Annotated[int | None, Query(ge=0, le=1000)] = None,
    price_max: Annotated[Decimal | None, Query(ge=0, le=10**12, allow_inf_nan=False)] = None,
    features: Annotated[str, Query(max_length=500, description="Comma-separated; all of them are wanted.")] = "",
    limit: Annotated[int, Query(ge=1, le=50)] = 5,
) -> FoundOut:
    """Homes on offer that fit; where none does, those that miss the least, with what they miss."""
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return FoundOut(matches=[], relaxed=[])
    wanted = tuple(feature.strip() for feature in features.split(",") if feature.strip())
    found = await listings.find(tenant, Criteria(city, kind, rooms_min, bedrooms_min, price_max, wanted), limit)
    return FoundOut(matches=[MatchOut.model_validate(one) for one in found.matches], relaxed=list(found.relaxed))


@router.get("/listings/{listing_id}", response_model=ListingOut)
async def get_listing(listing_id: str, who: MayRead, listings: ListingsHere, access: AccessHere) -> Any:
    """By id, or by property_id within one's own tenant."""
    return await listings.get(await _owner(access, who, listing_id), listing_id)


@router.get("/listings/{listing_id}/similar")
async def similar_listings(
    listing_id: str,
    who: MayRead,
    listings: ListingsHere,
    access: AccessHere,
    limit: Annotated[int, Query(ge=1, le=20)] = 3,
) -> SimilarOut:
    """Homes like this one, the most alike first, with reasons."""
    found = await listings.similar(await _owner(access, who, listing_id), listing_id, limit)
    shown = [
        LikenessOut(
            listing=ListingOut.model_validate(one.listing),
            reasons=[SimilarityReason(rule=rule, value=value) for rule, value in one.reasons],
        )
        for one in found
    ]
    return SimilarOut(similar=shown)


@router.patch("/listings/{listing_id}", response_model=ListingOut)
async def change_listing(
    listing_id: str, body: ListingPatch, who: MayWrite, listings: ListingsHere, access: AccessHere
) -> Any:
    tenant = await _owner(access, who, listing_id)
    return await listings.change(who, tenant, listing_id, given(body, nullable=_NULLABLE))


@router.delete("/listings/{listing_id}", status_code=204)
async def delete_listing(listing_id: str, who: MayWrite, listings: ListingsHere, access: AccessHere) -> None:
    await listings.delete(who, await _owner(access, who, listing_id), listing_id)


async def _owner(access: AccessHere, who: MayRead, wanted: str) -> str:
    return await access.owner_of(who, "listings", wanted) if len(wanted) == 36 else who.tenant_id
