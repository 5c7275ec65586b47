"""Rooms are let by the night: as many at a time as the business has, whatever its opening hours."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from tests.conftest import Business

pytestmark = pytest.mark.anyio

ARRIVAL = date.today() + timedelta(days=20)  # noqa: DTZ011 - tests and tenants share the machine's day


async def furnish(business: Business, rooms: int | None) -> None:
    answer = await business.owner.put("/frontdesk/settings", json={} if rooms is None else {"rooms": rooms})
    assert answer.status_code == 200, answer.text


async def let(business: Business, after: int = 0, nights: int = 2, **more: Any) -> Any:
    arrival = (ARRIVAL + timedelta(days=after)).isoformat()
    wish = {"kind": "room", "date": arrival, "nights": nights, "party_size": 2, "name": "Carl Winter", **more}
    return await business.owner.post("/reservations", json=wish)


async def free(business: Business, after: int = 0, nights: int = 2) -> str:
    query: dict[str, str | int] = {
        "kind": "room",
        "date": (ARRIVAL + timedelta(days=after)).isoformat(),
        "nights": nights,
    }
    answer = await business.owner.get("/reservations/availability", params=query)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["status"])


async def test_without_a_number_of_rooms_a_person_confirms(business: Business) -> None:
    await furnish(business, None)
    assert await free(business) == "unknown"
    assert (await let(business)).json()["status"] == "requested"


async def test_rooms_are_confirmed_until_all_are_let(business: Business) -> None:
    await furnish(business, 2)
    assert [(await let(business)).json()["status"] for _ in range(2)] == ["confirmed"] * 2
    assert await free(business) == "full"
    refused = await let(business, nights=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "reservation.full")


async def test_who_leaves_makes_room_that_day(business: Business) -> None:
    await furnish(business, 1)
    made = (await let(business, nights=3)).json()
    for after, nights, expected in ((-2, 2, "available"), (-2, 3, "full"), (2, 1, "full"), (3, 1, "available")):
        assert await free(business, after, nights) == expected
    assert (await let(business, after=3)).json()["status"] == "confirmed"
    assert await free(business, 3, 1) == "full"
    assert (await business.owner.delete(f"/reservations/{made['id']}")).status_code == 204
    assert await free(business, 0, 3) == "available"


async def test_a_long_stay_counts_on_each_of_its_nights(business: Business) -> None:
    await furnish(business, 2)
    await let(business, nights=200)
    await let(business, after=50, nights=1)
    assert await free(business, 49, 3) == "full"
    assert await free(business, 51, 100) == "available"


async def test_tables_and_rooms_do_not_take_each_others_place(business: Business) -> None:
    week = {day: ["12:00-23:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    settings = {"rooms": 1, "opening_hours": week, "tables": [{"name": "One", "seats": 2}]}
    assert (await business.owner.put("/frontdesk/settings", json=settings)).status_code == 200
    assert (await let(business)).json()["status"] == "confirmed"
    table = {"date": ARRIVAL.isoformat(), "time": "19:00", "party_size": 2, "name": "Carl Winter"}
    assert (await business.owner.post("/reservations", json=table)).json()["status"] == "confirmed"
    assert await free(business) == "full"


async def test_the_last_room_is_let_once(business: Business) -> None:
    await furnish(business, 1)
    answers = await asyncio.gather(*(let(business, after=number % 2) for number in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11


async def test_a_caller_is_told_that_the_house_is_full(business: Business) -> None:
    await furnish(business, 1)
    agent = (await business.owner.post("/agents", json={"name": "Desk"})).json()["id"]
    said = []
    for _ in range(2):
        line = f"I would like a room for two people for 2 nights from {ARRIVAL:%d %B}, Carl Winter, +49 30 901820"
        answer = await business.owner.post("/chat/message", json={"message": line, "agent_id": agent})
        said.append(answer.json())
    assert [[(one["name"], one["ok"]) for one in turn["actions"]] for turn in said] == [
        [("book_room", True)],
        [("book_room", False)],
    ]
    assert said[0]["actions"][0]["result"]["status"] == "confirmed"
    assert "not available" in said[1]["reply"] or "nothing free" in said[1]["reply"]
