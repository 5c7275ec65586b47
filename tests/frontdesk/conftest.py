"""A desk in Berlin at a known moment, over the real database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from parley.app.resources import Resources
from parley.frontdesk import FrontDeskSettings, Reservations
from parley.kit.clock import ManualClock
from tests.conftest import Business

# A Friday, 10:00 in Berlin.
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
EVENINGS = {day: ["17:00-23:00"] for day in ("tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def desk(resources: Resources, clock: ManualClock) -> Reservations:
    return Reservations(resources.db, clock)


@pytest.fixture
async def furnish(business: Business, desk: Reservations) -> Callable[..., Any]:
    """Set the business's front desk; returns its tenant's id."""

    async def put(**settings: Any) -> str:
        given = {"opening_hours": EVENINGS, "tables": [{"name": "1", "seats": 4}], **settings}
        await desk.put_settings(None, business.id, FrontDeskSettings.model_validate(given))
        return business.id

    return put
