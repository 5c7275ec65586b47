"""Listings: the homes an agency offers, found by what somebody looks for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.frontdesk import matching, store
from parley.frontdesk.matching import PRICE_STRETCH, Criteria, Found, Likeness
from parley.frontdesk.store import Listing
from parley.kit.db import Database
from parley.kit.errors import Conflict, NotFound
from parley.kit.ids import new_id
from parley.tenants import Principal, record_audit

_L = store.listings
_COLUMN = _L.table.c
_MOST_JUDGED = 2000
M2_PER_SQFT = Decimal("0.09290304")


class Listings:
    """Listings of all tenants. A home is named by its id or its property_id ("A-102", in any case)."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, who: Principal, tenant_id: str, values: Mapping[str, Any]) -> Listing:
        """A new listing. Raises `Conflict` where the property_id is taken."""
        row = {"id": new_id(), "tenant_id": tenant_id, **_normal(values)}
        async with self._db.begin(tenant_id) as connection:
            made = await _L.add_unless_known(connection, row)
            if made is None:
                raise _taken()
            await record_audit(connection, who, tenant_id, "listing.created", made.id)
        return made

    async def get(self, tenant_id: str, wanted: str) -> Listing:
        """The listing, or `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            return await _get(connection, tenant_id, wanted)

    async def page(self, tenant_id: str, limit: int, cursor: str | None, **filters: Any) -> list[Listing]:
        """The newest `limit` + 1 before `cursor`; filters that are None do not filter."""
        wanted = _normal({name: value for name, value in filters.items() if value is not None})
        conditions = [_COLUMN[name] == value for name, value in wanted.items()]
        async with self._db.begin(tenant_id) as connection:
            return await _L.page(connection, tenant_id, limit, cursor, *conditions)

    async def change(self, who: Principal, tenant_id: str, wanted: str, values: Mapping[str, Any]) -> Listing:
        """Set the given fields. Raises `Conflict` where a new property_id is taken."""
        given = _normal(values)
        async with self._db.begin(tenant_id) as connection:
            before = await _get(connection, tenant_id, wanted)
            if (new := given.get("property_id", before.property_id)) != before.property_id:
                await store.lock(connection, f"{tenant_id}:listing:{new}")
                if await _L.first(connection, tenant_id, _COLUMN.property_id == new) is not None:
                    raise _taken()
            changed = await _L.change(connection, tenant_id, before.id, given)
            if changed is None:
                raise NotFound("listing")
            await record_audit(connection, who, tenant_id, "listing.changed", before.id, fields=sorted(given))
        return changed

    async def delete(self, who: Principal, tenant_id: str, wanted: str) -> None:
        async with self._db.begin(tenant_id) as connection:
            before = await _get(connection, tenant_id, wanted)
            await _L.remove(connection, tenant_id, before.id)
            await record_audit(connection, who, tenant_id, "listing.deleted", before.id)

    async def find(self, tenant_id: str, criteria: Criteria, limit: int = 5) -> Found:
        """Homes on offer that fit, or those that miss the least, saying what they miss."""
        conditions: list[ColumnElement[bool]] = [_COLUMN.status == "available"]
        if criteria.kind:
            conditions.append(_COLUMN.kind == criteria.kind)
        if criteria.price_max is not None:
            stretched = criteria.price_max * PRICE_STRETCH
            conditions.append(or_(_COLUMN.price.is_(None), _COLUMN.price <= stretched))
        async with self._db.begin(tenant_id) as connection:
            order = _COLUMN.price.desc().nulls_last()
            offered = await _L.sorted_by(connection, tenant_id, order, _MOST_JUDGED, *conditions)
        return matching.match(offered, criteria, limit)

    async def near(self, tenant_id: str, property_id: str, limit: int = 3) -> list[Listing]:
        """Homes on offer whose property_id reads most like this one: it may have been misheard."""
        async with self._db.begin(tenant_id) as connection:
            order, on_offer = _COLUMN.property_id, _COLUMN.status == "available"
            offered = await _L.sorted_by(connection, tenant_id, order, _MOST_JUDGED, on_offer)
        said = property_id.strip().upper()
        return sorted(offered, key=lambda one: -SequenceMatcher(None, said, one.property_id).ratio())[:limit]

    async def similar(self, tenant_id: str, wanted: str, limit: int = 3) -> list[Likeness]:
        """Homes on offer like this one, the most alike first, with reasons."""
        async with self._db.begin(tenant_id) as connection:
            to = await _get(connection, tenant_id, wanted)
            conditions: list[ColumnElement[bool]] = [_COLUMN.status == "available", _COLUMN.kind == to.kind]
            if to.price is not None:
                conditions.append(_COLUMN.price.between(to.price / 2, to.price * 2))
            offered = await _L.sorted_by(connection, tenant_id, _COLUMN.price, _MOST_JUDGED, *conditions)
        return matching.similar(to, offered, limit)


def _taken() -> Conflict:
    return Conflict("property_id is already listed.", code="listing.duplicate")


async def _get(connection: AsyncConnection, tenant_id: str, wanted: str) -> Listing:
    named = or_(_COLUMN.id == wanted, _COLUMN.property_id == wanted.strip().upper())
    found = await _L.first(connection, tenant_id, named)
    if found is None:
        raise NotFound("listing")
    return found


def _normal(values: Mapping[str, Any]) -> dict[str, Any]:
    """property_id and currency in upper case, so that "a-102" finds A-102; `area_sqft` as `area_m2`."""
    values = dict(values)
    if (sqft := values.pop("area_sqft", None)) is not None:
        values["area_m2"] = (Decimal(sqft) * M2_PER_SQFT).quantize(Decimal("0.01"))
    return {
        name: value.strip().upper() if name in ("property_id", "currency") and value else value
        for name, value in values.items()
    }
