"""The numbers of a business agree with what was said and done, while it is being said."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from parley.app.resources import Resources
from parley.inference.usage import Usage
from tests.conftest import Business

pytestmark = pytest.mark.anyio

FACTS = "Opening hours\n\nThe kitchen is open from 17:00 to 22:00. Dogs are welcome on the terrace."


@pytest.fixture
async def agent(business: Business) -> str:
    made: str = (await business.owner.post("/agents", json={"name": "Host", "type": "receptionist"})).json()["id"]
    paper = {"source": "faq", "title": "House rules", "content": FACTS}
    assert (await business.owner.post("/knowledge/ingest", json=paper)).status_code == 201
    return made


async def say(client: httpx.AsyncClient, message: str, **more: Any) -> dict[str, Any]:
    answer = await client.post("/chat/message", json={"message": message, **more})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def get(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"/analytics/{path}", params=params)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_business_without_a_conversation_has_nothing_to_divide_by(business: Business) -> None:
    told = await get(business.owner, "overview")
    assert (told["conversations"], told["turns"], told["bookings"], told["leads"]) == (0, 0, 0, 0)
    rates = ("containment_rate", "escalation_rate", "cache_hit_rate", "satisfaction", "task_completion_rate")
    assert [told[name] for name in rates] == [None] * 5
    assert told["latency"]["total_ms"]["p95"] is None
    assert (await get(business.owner, "timeseries"))["points"] == []
    assert (await get(business.owner, "intents"))["intents"] == []
    assert (await get(business.owner, "usage"))["total"]["turns"] == 0


async def test_the_overview_counts_what_happened(business: Business, agent: str) -> None:
    owner = business.owner
    first = await say(owner, "Are dogs allowed?")
    assert (await say(owner, "Are dogs allowed?"))["cached"] == "exact"
    await owner.post(f"/conversations/{first['conversation_id']}/feedback", json={"satisfaction": 5})
    angry = await say(owner, "I want to speak to a person")
    assert angry["escalate"]
    await say(owner, "A person, please!", conversation_id=angry["conversation_id"])
    await owner.post(f"/conversations/{angry['conversation_id']}/feedback", json={"satisfaction": 2})
    await owner.post("/leads", json={"name": "Zoë Ward", "phone": "+4930901820", "intent": "buy"})
    await owner.put("/frontdesk/settings", json={"tables": [{"name": "1", "seats": 6}]})
    day = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    wish = {"date": day, "time": "19:30", "party_size": 4, "name": "Zoë Ward", "phone": "+4930901820"}
    booked = (await owner.post("/reservations", json=wish)).json()["id"]

    told = await get(owner, "overview")
    assert (told["conversations"], told["turns"]) == (3, 4)
    assert (told["escalation_rate"], told["containment_rate"]) == (0.3333, 0.6667)
    assert (told["cache_hit_rate"], told["satisfaction"], told["rated"]) == (0.25, 3.5, 2)
    assert (told["bookings"], told["leads"], told["emergencies"]) == (1, 1, 0)
    assert (told["latency"]["turns"], told["average_turns"]) == (4, 1.3333)
    assert 0 < told["latency"]["total_ms"]["p50"] <= told["latency"]["total_ms"]["p99"]

    await owner.patch(f"/reservations/{booked}", json={"status": "cancelled"})
    assert (await get(owner, "overview"))["bookings"] == 0
    assert (await get(owner, f"agents/{agent}"))["conversations"] == 3
    steps = {step["step"] for step in (await get(owner, "latency"))["steps"]}
    assert {"open", "understand", "find"} <= steps
    shares = {row["intent"]: row for row in (await get(owner, "intents"))["intents"]}
    assert (shares["escalation"]["turns"], shares["escalation"]["conversations"]) == (2, 1)
    assert sum(row["share"] for row in shares.values()) == pytest.approx(1, abs=0.001)


async def test_filters_narrow_and_an_unknown_one_empties(business: Business, rival: Business, agent: str) -> None:
    owner = business.owner
    await say(owner, "Are dogs allowed?", agent_id=agent)
    now = datetime.now(UTC)
    before, after = (now - timedelta(hours=1)).isoformat(), (now + timedelta(hours=1)).isoformat()
    cases: list[tuple[dict[str, str], int]] = [
        ({"agent_id": agent}, 1),
        ({"agent_id": "nobody"}, 0),
        ({"channel": "text"}, 1),
        ({"channel": "phone"}, 0),
        ({"from": before, "to": after}, 1),
        ({"from": after}, 0),
        ({"to": before}, 0),
        ({"tenant_id": rival.id}, 0),
        ({"tenant_id": "nobody"}, 0),
    ]
    for params, count in cases:
        told = await get(owner, "overview", **params)
        assert told["conversations"] == told["turns"] == count, params
        assert sum(row["turns"] for row in (await get(owner, "intents", **params))["intents"]) == count, params
        assert (await get(owner, "latency", **params))["turns"] == count, params
    assert (await get(rival.owner, "overview"))["conversations"] == 0
    assert (await rival.owner.get(f"/analytics/agents/{agent}")).status_code == 404


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"from": "2026-02-01", "to": "2026-01-01"}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"to": "0001-01-01"}, "to"),
        ({"channel": "smoke"}, "channel"),
    ],
)
async def test_a_wrong_filter_is_named(business: Business, params: dict[str, str], names: str) -> None:
    answer = await business.owner.get("/analytics/overview", params=params)
    assert answer.status_code == 422
    assert names in answer.text


async def test_days_are_the_tenants_own(business: Business, agent: str) -> None:
    await business.owner.patch(f"/tenants/{business.id}", json={"timezone": "Pacific/Auckland"})
    await say(business.owner, "Are dogs allowed?")
    told = await get(business.owner, "timeseries", interval="day")
    [point] = told["points"]
    assert (told["timezone"], point["conversations"], point["turns"]) == ("Pacific/Auckland", 1, 1)
    at = datetime.fromisoformat(point["at"])
    assert (at.hour, at.minute) == (0, 0)
    assert at.utcoffset() in (timedelta(hours=12), timedelta(hours=13))


async def test_numbers_are_right_while_conversations_run(business: Business, agent: str) -> None:
    async def talk(number: int) -> None:
        told = await say(business.owner, f"Are dogs number {number} allowed on the terrace?")
        await say(business.owner, "Thank you!", conversation_id=told["conversation_id"])

    async def watch() -> None:
        seen = 0
        for _ in range(20):
            told = await get(business.owner, "overview")
            counted = sum(row["turns"] for row in (await get(business.owner, "intents"))["intents"])
            assert seen <= told["turns"] <= counted, "a turn is counted when it is on record, once and for all"
            seen = told["turns"]

    await asyncio.gather(watch(), *(talk(number) for number in range(12)))
    told = await get(business.owner, "overview")
    assert (told["conversations"], told["turns"], told["open_conversations"]) == (12, 24, 12)


def test_cost_is_the_models_price_times_its_tokens(resources: Resources) -> None:
    used = Usage(prompt_tokens=1_000_000, completion_tokens=100_000)
    assert resources.models.cost("anthropic/claude-sonnet-5-5", used) == 3_000_000, "two dollars and one"
    assert resources.models.cost("house/responder", used) == 0
