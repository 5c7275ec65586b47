"""Numbers: how they are written, when they may ring, whose they are, and who must not be called."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from parley.calls.numbers import e164, outside_hours, zones_of
from parley.calls.suppress import wants_no_calls
from parley.kit.errors import InvalidInput
from parley.kit.ids import new_id
from parley.tenants import Tenant
from tests.calls.conftest import WHO, Phone

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TENANT = Tenant(
    id="t", name="T", industry="", language="en", timezone="Asia/Tokyo", settings={}, knowledge_revision=0,
    is_demo=False, created_at=NOW, updated_at=NOW,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+16085550117", "+16085550117"),
        ("+1 (608) 555-0117", "+16085550117"),
        (" +49 30 901820 ", "+4930901820"),
        ("+4915112345678", "+4915112345678"),
        ("+15551234567", "+15551234567"),
    ],
)
def test_a_number_in_e164(text: str, number: str) -> None:
    assert e164(text) == number


@pytest.mark.parametrize(
    "text", ["", "+", "608", "6085550117", "00491511234567", "+0123456789", "+1", "tel", "+49abc", "+1 800 FLOWERS"]
)
def test_no_number(text: str) -> None:
    with pytest.raises(InvalidInput, match="phone_number"):
        e164(text)


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+16085550117", ("America/Chicago",)),
        ("+4930901820", ("Europe/Berlin",)),
        ("+18005550117", ("Asia/Tokyo",)),
        ("+15551234567", ("Asia/Tokyo",)),
    ],
)
def test_where_a_telephone_is(number: str, zones: tuple[str, ...]) -> None:
    """A number that could be anywhere is judged by the tenant's own clock."""
    assert zones_of(number, TENANT) == zones


@pytest.mark.parametrize(
    ("hour", "settings", "allowed"),
    [
        (13, {}, False),  # 7 in Wisconsin
        (14, {}, True),
        (2, {}, True),  # 20:00 the day before
        (3, {}, False),
        (15, {"from": "10:00", "to": "12:00"}, False),
        (17, {"from": "10:00", "to": "12:00"}, True),
        (17, {"days": [1, 2, 3]}, False),  # a Friday
        (4, {"from": "00:00", "to": "24:00"}, True),
        (14, {"from": "nonsense", "to": 7, "days": "all"}, True),
        (14, "nonsense", True),
    ],
)
def test_when_a_telephone_may_ring(hour: int, settings: Any, allowed: bool) -> None:
    tenant = replace(TENANT, settings={"calling_hours": settings} if settings else {})
    found = outside_hours("+16085550117", tenant, NOW.replace(hour=hour))
    assert (found is None) is allowed, found


@pytest.mark.parametrize(
    "text",
    [
        "Don't call me again.",
        "Please do not ever call this number again!",
        "Never call me.",
        "Stop calling me.",
        "Take me off your list.",
        "Could you remove my number from your database please?",
        "put me on your do-not-call list",
        "I want to opt out",
        "don’t phone me any more",
        "Rufen Sie mich nicht mehr an.",
        "Rufen Sie hier bitte nie wieder an!",
        "Ich möchte nicht mehr angerufen werden.",
        "Hören Sie auf, mich ständig anzurufen.",
        "Streichen Sie mich von Ihrer Liste.",
        "Bitte löschen Sie meine Nummer.",
        "Ich will keine Anrufe mehr von Ihnen.",
    ],
)
def test_an_opt_out_is_heard(text: str) -> None:
    assert wants_no_calls(text)


@pytest.mark.parametrize(
    "text",
    [
        "Don't call me back, I'll call you.",
        "Don't call while I'm driving, call at six.",
        "Call me again tomorrow.",
        "He never called me.",
        "They keep calling, the receiver stopped calling him.",
        "I can't take this load off the list.",
        "Stop, I'm calling the broker.",
        "Take me off the highway first.",
        "Rufen Sie mich morgen wieder an.",
        "Können Sie mich noch mal anrufen?",
        "Ich rufe Sie nicht an, ich fahre.",
        "Nehmen Sie mich bitte auf die Warteliste.",
        "Ich kann jetzt nicht telefonieren.",
    ],
)
def test_what_is_no_opt_out(text: str) -> None:
    assert not wants_no_calls(text)


async def test_a_number_belongs_to_one_agent(phone: Phone) -> None:
    number = f"+4930{random.randrange(10**7, 10**8)}"
    body = {"number": number, "carrier": "simulated", "agent_id": phone.agent, "tenant_id": phone.tenant}
    made = await phone.client.post("/phone-numbers", json=body)
    assert made.status_code == 201
    again = await phone.client.post("/phone-numbers", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "phone_number.taken")
    assert await phone.resources.calls.numbers.answering(number) == (phone.tenant, phone.agent)
    listed = (await phone.client.get("/phone-numbers", params={"tenant_id": phone.tenant})).json()
    assert listed == {"phone_numbers": [made.json()], "next_cursor": None}
    other = await phone.resources.businesses.create(WHO, {"name": "Rival"})
    theirs = await phone.client.post("/phone-numbers", json={**body, "number": "+4930901825", "tenant_id": other.id})
    unknown = await phone.client.post("/phone-numbers", json={**body, "number": "+4930901825", "agent_id": new_id()})
    assert (theirs.status_code, theirs.json()) == (404, unknown.json())
    assert (await phone.client.delete(f"/phone-numbers/{made.json()['id']}")).status_code == 204
    assert (await phone.client.delete(f"/phone-numbers/{made.json()['id']}")).status_code == 404
    assert await phone.resources.calls.numbers.answering(number) is None
    wrong = await phone.client.post("/phone-numbers", json={**body, "number": "12"})
    assert (wrong.status_code, "number" in wrong.json()["detail"]) == (422, True)


async def test_the_list_of_those_who_are_not_called(phone: Phone) -> None:
    body = {"phone_number": "+1 608 555 0117", "reason": "By e-mail.", "tenant_id": phone.tenant}
    first = await phone.client.post("/suppressions", json=body)
    again = await phone.client.post("/suppressions", json={**body, "reason": "Again."})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert (first.json()["phone_number"], first.json()["source"]) == ("+16085550117", "manual")
    found = await phone.client.get(f"/suppressions?tenant_id={phone.tenant}&phone_number=+16085550117")
    assert len(found.json()["suppressions"]) == 1
    assert (await phone.client.delete(f"/suppressions/{first.json()['id']}")).status_code == 204
    assert (await phone.client.delete(f"/suppressions/{first.json()['id']}")).status_code == 404
