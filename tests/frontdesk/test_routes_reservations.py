"""Settings and reservations over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Business

pytestmark = pytest.mark.anyio

DAILY = {day: ["12:00-14:30", "17:00-23:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
YEARLY = [
    {"date": "2026-12-28", "until": "2027-01-06", "every_year": True, "closed": True},
    {"date": "2020-01-05", "every_year": True, "closed": True},
]
SOON = (datetime.now(UTC) + timedelta(days=10)).date()
WISH = {"date": SOON.isoformat(), "time": "19:00", "party_size": 4, "name": "Anna Baker", "phone": "030 901820"}


async def put(business: Business, **settings: Any) -> dict[str, Any]:
    given = {"opening_hours": DAILY, "tables": [{"name": "Round", "seats": 4}], **settings}
    answer = await business.owner.put("/frontdesk/settings", json=given)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def book(business: Business, **more: Any) -> dict[str, Any]:
    answer = await business.owner.post("/reservations", json={**WISH, **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_settings_are_kept_as_they_read(business: Business) -> None:
    assert (await business.owner.get("/frontdesk/settings")).json()["opening_hours"] is None
    stored = await put(business, exceptions=[{"date": "2026-12-31", "hours": [{"from": "18:00", "to": "02:00"}]}])
    assert stored["opening_hours"]["monday"] == ["12:00-14:30", "17:00-23:00"]
    assert stored["exceptions"][0]["hours"] == ["18:00-02:00"]
    assert (await business.owner.get("/frontdesk/settings")).json() == stored


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"opening_hours": {"monday": ["25:00-26:00"]}}, "opening_hours"),
        ({"opening_hours": {"monday": ["12:00-15:00", "14:00-16:00"]}}, "overlap"),
        ({"opening_hours": {"someday": ["12:00-15:00"]}}, "opening_hours"),
        ({"opening_hours": {"mon": [], "monday": []}}, "twice"),
        ({"exceptions": [{"date": "2026-02-31", "closed": True}]}, "exceptions"),
        ({"exceptions": [{"date": "2026-12-24"}]}, "closed"),
        ({"exceptions": [{"date": "2026-12-24", "closed": True}, {"date": "2026-12-24", "closed": True}]}, "two"),
        ({"exceptions": YEARLY}, "two exceptions"),
        ({"tables": [{"name": "1", "seats": 0}]}, "seats"),
        ({"tables": [{"name": "1", "seats": 2}, {"name": "1", "seats": 4}]}, "name"),
        ({"tables": [{"name": "1", "seats": 2}], "seats": 20}, "not both"),
        ({"slot_minutes": 0}, "slot_minutes"),
        ({"slot_lenght": 15}, "slot_lenght"),
    ],
)
async def test_wrong_settings_are_refused_by_name(business: Business, wrong: dict[str, Any], named: str) -> None:
    answer = await business.owner.put("/frontdesk/settings", json=wrong)
    assert answer.status_code == 422
    assert named in answer.text


async def test_availability_tells_the_times_of_a_day(business: Business) -> None:
    query: dict[str, Any] = {"date": SOON.isoformat(), "party_size": 4}
    unknown = (await business.owner.get("/reservations/availability", params=query)).json()
    assert (unknown["status"], unknown["times"], unknown["available"]) == ("unknown", [], False)
    await put(business, slot_minutes=60)
    free = (await business.owner.get("/reservations/availability", params=query)).json()
    assert free["status"] == "available"
    assert free["times"] == ["12:00", "13:00", "17:00", "18:00", "19:00", "20:00", "21:00", "22:00"]
    assert free["timezone"] == "Europe/Berlin"
    await book(business)
    full = (await business.owner.get("/reservations/availability", params={**query, "time": "20:00"})).json()
    assert (full["status"], full["available"], full["time"]) == ("full", False, "20:00")
    assert [start["time"] for start in full["alternatives"]] == ["21:00", "22:00", "17:00"]


@pytest.mark.parametrize(
    "query",
    [
        {"date": "2026-02-31", "party_size": 2},
        {"date": "0", "party_size": 2},
        {"date": SOON.isoformat(), "party_size": 2, "time": "19"},
        {"date": SOON.isoformat(), "party_size": 0},
        {"date": SOON.isoformat(), "party_size": 2, "time": "25:00"},
        {"party_size": 2},
    ],
)
async def test_impossible_questions_are_refused(business: Business, query: dict[str, Any]) -> None:
    assert (await business.owner.get("/reservations/availability", params=query)).status_code == 422


@pytest.mark.parametrize(("day", "status"), [("0001-01-01", "past"), ("9999-12-31", "too_far")])
async def test_the_ends_of_the_calendar_are_answered(business: Business, day: str, status: str) -> None:
    query = {"date": day, "time": "23:59"}
    assert (await business.owner.get("/reservations/availability", params=query)).json()["status"] == status


async def test_a_reservation_lives_and_ends(business: Business) -> None:
    await put(business)
    made = await book(business)
    assert (made["status"], made["time"], made["phone"], made["tables"]) == (
        "confirmed", "19:00", "+4930901820", ["Round"],
    )  # fmt: skip
    path = f"/reservations/{made['id']}"
    assert (await business.owner.get(path)).json() == made
    assert (await business.owner.get(f"/reservations/{made['reference'].lower()}")).json()["id"] == made["id"]
    moved = await business.owner.patch(path, json={"time": "20:00", "notes": "by the window"})
    assert (moved.status_code, moved.json()["time"], moved.json()["revision"]) == (200, "20:00", 1)
    assert (await business.owner.patch(path, json={"status": "cancelled"})).json()["cancelled_at"] is not None
    assert (await business.owner.patch(path, json={"party_size": 2})).status_code == 409
    assert (await business.owner.delete(path)).status_code == 204
    assert (await business.owner.get(path)).status_code == 404


async def test_what_is_full_answers_409_and_says_what_is_free(business: Business) -> None:
    await put(business)
    await book(business)
    refused = await business.owner.post("/reservations", json=WISH)
    assert (refused.status_code, refused.json()["code"]) == (409, "reservation.full")
    assert f"Free: {SOON} " in refused.json()["detail"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"party_size": 0}, "party_size"),
        ({"party_size": 5000}, "party_size"),
        ({"date": "2026-02-31"}, "date"),
        ({"date": "2020-01-01"}, "past"),
        ({"time": None}, "time"),
        ({"time": "19:00+02:00"}, "offset"),
        ({"name": " "}, "name"),
        ({"phone": "12"}, "phone"),
        ({"email": "nobody"}, "email"),
        ({"kind": "room"}, "nights"),
        ({"guests": 3}, "guests"),
    ],
)
async def test_bad_reservations_are_refused_by_name(business: Business, change: dict[str, Any], named: str) -> None:
    answer = await business.owner.post("/reservations", json={**WISH, **change})
    assert answer.status_code == 422
    assert named in answer.text


async def test_a_key_in_the_header_makes_a_retry_harmless(business: Business) -> None:
    await put(business)
    headers = {"Idempotency-Key": "abc"}
    made = [(await business.owner.post("/reservations", json=WISH, headers=headers)).json()["id"] for _ in range(2)]
    assert made[0] == made[1]


async def test_a_hold_becomes_the_booking(business: Business) -> None:
    await put(business)
    held = await book(business, hold=True)
    assert held["status"] == "held"
    assert held["hold_expires_at"] is not None
    booked = await book(business, hold_id=held["id"])
    assert (booked["id"], booked["status"]) == (held["id"], "confirmed")


async def test_lists_are_filtered_and_paged(business: Business) -> None:
    await put(business, tables=[], seats=100)
    made = [await book(business, name=f"Guest {n}") for n in range(3)]
    other = await book(business, date=(SOON + timedelta(days=1)).isoformat(), phone="030 901821")
    first = (await business.owner.get("/reservations", params={"limit": 2, "date": SOON.isoformat()})).json()
    assert [one["id"] for one in first["reservations"]] == [made[2]["id"], made[1]["id"]]
    rest = await business.owner.get("/reservations", params={"date": SOON.isoformat(), "cursor": first["next_cursor"]})
    assert [one["id"] for one in rest.json()["reservations"]] == [made[0]["id"]]
    by_phone = (await business.owner.get("/reservations", params={"phone": "+49 30 901821"})).json()
    assert [one["id"] for one in by_phone["reservations"]] == [other["id"]]
    for nobody in ({"phone": "x"}, {"tenant_id": "x"}, {"conversation_id": "x"}):
        assert (await business.owner.get("/reservations", params=nobody)).json()["reservations"] == []


async def test_a_calendar_is_exported(business: Business) -> None:
    await put(business)
    made = await book(business, name="Anna; Baker, Müller")
    for path in (f"/reservations/{made['id']}/calendar.ics", "/reservations/calendar.ics"):
        answer = await business.owner.get(path)
        assert answer.headers["content-type"].startswith("text/calendar")
        assert "SUMMARY:Table for 4: Anna\\; Baker\\, Müller\r\n" in answer.text


async def test_another_business_reaches_nothing(business: Business, rival: Business) -> None:
    made = await book(business)
    unknown = await rival.owner.get("/reservations/0198b0f7-0000-7000-8000-000000000000")
    for request in (
        rival.owner.get(f"/reservations/{made['id']}"),
        rival.owner.patch(f"/reservations/{made['id']}", json={"status": "cancelled"}),
        rival.owner.delete(f"/reservations/{made['id']}"),
        rival.owner.get(f"/reservations/{made['reference']}"),
    ):
        answer = await request
        assert (answer.status_code, answer.json()) == (404, unknown.json())
    assert (await rival.owner.post("/reservations", json={**WISH, "tenant_id": business.id})).status_code == 403


async def test_the_administrator_reaches_any_reservation(business: Business, admin: Any) -> None:
    made = await book(business)
    assert (await admin.get(f"/reservations/{made['id']}")).json()["reference"] == made["reference"]
