"""Homes are found by what somebody looks for, and likened to one another."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from parley.frontdesk.matching import Criteria, match, similar
from parley.frontdesk.store import Listing
from tests.conftest import Business

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def home(property_id: str, **more: Any) -> Listing:
    values: dict[str, Any] = {
        "title": "", "kind": "buy", "city": "Potsdam", "street": "", "rooms": None, "bedrooms": 2, "bathrooms": None,
        "area_m2": None, "price": Decimal(400_000), "currency": "EUR", "features": [], "available_from": None,
        "status": "available", "description": "",
    }  # fmt: skip
    return Listing(property_id, "t", property_id, **{**values, **more}, created_at=NOW, updated_at=NOW)


def ids(found: Any) -> list[str]:
    return [one.listing.property_id for one in found]


def test_all_criteria_are_kept_where_a_home_keeps_them() -> None:
    homes = [
        home("A", price=Decimal(390_000), features=["Balkon zum Wasser"]),
        home("B", city="Berlin-Spandau"),
        home("C", price=Decimal(500_000)),
        home("D", bedrooms=1),
        home("E", kind="rent"),
    ]
    found = match(homes, Criteria("potsdam", "buy", bedrooms_min=2, price_max=Decimal(400_000), features=("balkon",)))
    assert ids(found.matches) == ["A"]
    assert found.relaxed == ()
    assert ids(match(homes, Criteria("Spandau")).matches) == ["B"]
    assert ids(match(homes, Criteria("Berlin")).matches) == ["B"]


@pytest.mark.parametrize(
    ("criteria", "first", "relaxed"),
    [
        (Criteria(features=("pool",)), "A", ("features",)),
        (Criteria(price_max=Decimal(380_000)), "A", ("price",)),
        (Criteria(bedrooms_min=3), "A", ("bedrooms",)),
        (Criteria("Werder"), "A", ("city",)),
        (Criteria("Potsdam", features=("pool",)), "A", ("features",)),
    ],
)
def test_what_gives_way_is_said(criteria: Criteria, first: str, relaxed: tuple[str, ...]) -> None:
    found = match([home("A", price=Decimal(400_000)), home("B", price=Decimal(410_000), city="Nauen")], criteria)
    assert found.matches[0].listing.property_id == first
    assert found.relaxed == relaxed


def test_far_off_homes_are_not_offered() -> None:
    assert match([home("A")], Criteria(price_max=Decimal(100_000))).matches == ()
    assert match([home("A")], Criteria(bedrooms_min=5)).matches == ()
    assert match([home("A")], Criteria(kind="rent")).matches == ()
    assert match([], Criteria()).matches == ()


def test_umlauts_and_german_counts_of_rooms() -> None:
    homes = [home("A", city="Köln", bedrooms=None, rooms=Decimal(3))]
    assert ids(match(homes, Criteria("koeln", rooms_min=3)).matches) == ["A"]
    assert match(homes, Criteria("KÖLN", bedrooms_min=2)).relaxed == ()
    assert match(homes, Criteria(bedrooms_min=3)).relaxed == ("bedrooms",)


def test_similar_homes_come_with_reasons() -> None:
    to = home("A", features=["Balcony", "Garage"])
    near = home("B", price=Decimal(416_000), features=["balcony"])
    far = home("C", city="Nauen", price=Decimal(790_000), bedrooms=5)
    [first] = similar(to, [to, near, far, home("D", kind="rent")])
    assert first.listing is near
    assert dict(first.reasons) == {"city": "Potsdam", "price": "+4%", "bedrooms": "2", "feature": "balcony"}


HOME = {
    "property_id": "a-102", "title": "Detached house", "kind": "buy", "city": "Madison", "bedrooms": 3,
    "bathrooms": 2.5, "area_sqft": 1740, "price": 425000, "currency": "usd", "features": ["Fenced yard"],
}  # fmt: skip


async def test_a_listing_lives_over_http(business: Business, rival: Business) -> None:
    made = await business.owner.post("/listings", json=HOME)
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["property_id"], body["currency"], body["area_m2"], body["area_sqft"]) == ("A-102", "USD", 161.65, 1740)
    assert (await business.owner.post("/listings", json=HOME)).status_code == 409
    for path in (f"/listings/{body['id']}", "/listings/A-102", "/listings/a-102"):
        assert (await business.owner.get(path)).json() == body
        assert (await rival.owner.get(path)).status_code == 404
    changed = await business.owner.patch("/listings/a-102", json={"price": 399000, "area_m2": None})
    assert (changed.json()["price"], changed.json()["area_m2"]) == (399000, None)
    await business.owner.post("/listings", json={**HOME, "property_id": "A-107", "price": 410000})
    assert (await business.owner.patch("/listings/A-107", json={"property_id": "a-102"})).status_code == 409
    alike = (await business.owner.get("/listings/A-102/similar")).json()["similar"]
    assert [one["listing"]["property_id"] for one in alike] == ["A-107"]
    assert alike[0]["reasons"]
    query: dict[str, Any] = {"city": "madison", "price_max": 400000, "features": "yard"}
    found = (await business.owner.get("/listings/search", params=query)).json()
    assert [one["listing"]["property_id"] for one in found["matches"]] == ["A-102"]
    assert (await business.owner.delete("/listings/A-102")).status_code == 204
    assert len((await business.owner.get("/listings", params={"kind": "buy"})).json()["listings"]) == 1


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"kind": "lease"}, "kind"), ({"price": -1}, "price"), ({"area_m2": 0}, "area_m2"),
        ({"currency": "$"}, "currency"),
        ({"area_m2": 100}, "not both"), ({"property_id": " "}, "property_id"), ({"beds": 3}, "beds"),
    ],
)  # fmt: skip
async def test_bad_listings_are_refused_by_name(business: Business, change: dict[str, Any], named: str) -> None:
    answer = await business.owner.post("/listings", json={**HOME, **change})
    assert answer.status_code == 422
    assert named in answer.text
