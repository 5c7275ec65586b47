"""What a tenant sets about calls is judged when it is saved."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Business

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"calling_hours": {"from": "08:00", "to": "24:00", "days": [1, 7]}},
        {"calling_hours": {"days": [3]}, "max_concurrent_calls": 0, "require_consent": True},
        {"calling_hours": None, "max_concurrent_calls": None, "transfer_number": ""},
        {"transfer_number": "+1 608 555 0117", "retell_from_number": "+4930901820"},
    ],
)
async def test_what_may_be_set(business: Business, wanted: dict[str, Any]) -> None:
    answer = await business.owner.patch(f"/tenants/{business.id}", json={"settings": wanted})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"calling_hours": "9 to 5"}, "settings.calling_hours"),
        ({"calling_hours": {"from": "8 o'clock"}}, "settings.calling_hours.from"),
        ({"calling_hours": {"to": "25:00"}}, "settings.calling_hours.to"),
        ({"calling_hours": {"from": "20:00", "to": "09:00"}}, "settings.calling_hours.to"),
        ({"calling_hours": {"from": "22:00"}}, "settings.calling_hours.to"),
        ({"calling_hours": {"days": "weekdays"}}, "settings.calling_hours.days"),
        ({"calling_hours": {"days": [0]}}, "settings.calling_hours.days"),
        ({"calling_hours": {"days": [True]}}, "settings.calling_hours.days"),
        ({"calling_hours": {"start": "08:00"}}, "settings.calling_hours.start"),
        ({"max_concurrent_calls": "20"}, "settings.max_concurrent_calls"),
        ({"max_concurrent_calls": -1}, "settings.max_concurrent_calls"),
        ({"max_concurrent_calls": True}, "settings.max_concurrent_calls"),
        ({"require_consent": "yes"}, "settings.require_consent"),
        ({"transfer_number": "555"}, "settings.transfer_number"),
        ({"retell_from_number": 49}, "settings.retell_from_number"),
        ({"twilio_from_number": "030 901820"}, "settings.twilio_from_number"),
    ],
)
async def test_what_is_wrong_is_named(business: Business, wanted: dict[str, Any], field: str) -> None:
    answer = await business.owner.patch(f"/tenants/{business.id}", json={"settings": wanted})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"].startswith(f"{field} ")
    assert (await business.owner.get(f"/tenants/{business.id}")).json()["settings"] == {}
