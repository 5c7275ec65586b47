"""Posted logs: ordinary conversations from then on, counted exactly, and handed out again as files."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from sqlalchemy import text

from parley.app.resources import Resources
from parley.kit.ids import new_id
from tests.conftest import Business

pytestmark = pytest.mark.anyio

LOG: dict[str, Any] = {
    "session_id": "session-456",
    "agent_config": "customerServiceRetail",
    "agent_name": "Sales Agent",
    "transcript": {
        "messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi! How can I help?"}]
    },
    "duration": 120.5,
    "turn_count": 10,
    "user_satisfaction": 5,
    "task_completed": True,
    "metadata": {"browser": "Chrome", "location": "US"},
}


async def post(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/conversations", json={**LOG, **more})
    assert answer.status_code == 201, answer.text
    logged: dict[str, Any] = answer.json()["conversation"]
    return logged


async def prompt(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    body = {"name": "A", "agent_config": "customerServiceRetail", "system_prompt": "Be kind.", **more}
    made: dict[str, Any] = (await client.post("/api/prompts", json=body)).json()["prompt"]
    return made


async def totals(client: httpx.AsyncClient, prompt_id: str) -> tuple[Any, ...]:
    found = (await client.get(f"/api/prompts/{prompt_id}")).json()["prompt"]
    return found["total_runs"], found["success_rate"], found["avg_duration"]


async def import_lines(client: httpx.AsyncClient, content: bytes) -> list[dict[str, Any]]:
    answer = await client.post("/api/conversations/import", content=content)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_a_posted_log_is_a_conversation_like_any_other(business: Business) -> None:
    logged = await post(business.owner)
    assert {name: logged[name] for name in LOG} == LOG
    assert (logged["channel"], logged["status"], logged["tenant_id"]) == ("import", "ended", business.id)
    assert logged["ended_at"] == logged["created_at"], "it has not ended in the future"
    got = await business.owner.get(f"/api/conversations/{logged['id']}")
    assert got.json()["conversation"] == logged
    lines = (await business.owner.get(f"/conversations/{logged['id']}/messages")).json()["messages"]
    assert [(line["role"], line["content"]) for line in lines] == [("user", "Hello"), ("agent", "Hi! How can I help?")]
    rated = await business.owner.post(f"/conversations/{logged['id']}/feedback", json={"satisfaction": 2})
    assert rated.json()["user_satisfaction"] == 2


async def test_little_is_needed(business: Business) -> None:
    logged = await post(business.owner, duration=None, turn_count=None, task_completed=None, user_satisfaction=None)
    assert (logged["turn_count"], logged["duration"], logged["task_completed"]) == (1, 0, None)
    empty = await business.owner.post("/api/conversations", json={"transcript": {"messages": []}})
    assert empty.status_code == 201
    when = await post(business.owner, created_at="2026-01-02T03:04:05+01:00")
    assert datetime.fromisoformat(when["created_at"]) == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user_satisfaction": 6}, "user_satisfaction"),
        ({"user_satisfaction": 0}, "user_satisfaction"),
        ({"transcript": "Hello"}, "transcript"),
        ({"transcript": []}, "transcript"),
        ({"transcript": None}, "transcript"),
        ({"transcript": {}}, "messages"),
        ({"transcript": {"messages": "Hello"}}, "messages"),
        ({"transcript": {"messages": [{"role": "robot", "content": "x"}]}}, "role"),
        ({"transcript": {"messages": [{"role": "user"}]}}, "content"),
        ({"transcript": {"messages": [{"role": "user", "content": 1}]}}, "content"),
        ({"duration": -1}, "duration"),
        ({"turn_count": -1}, "turn_count"),
        ({"task_completed": "perhaps"}, "task_completed"),
        ({"metadata": []}, "metadata"),
        ({"channel": "pigeon"}, "channel"),
        ({"created_at": 1700000000}, "created_at"),
        ({"created_at": "1700000000"}, "created_at"),
        ({"created_at": "2026-01-02T03:04:05"}, "created_at"),
        ({"experiment_id": new_id()}, "experiment_id"),
        ({"experiment_id": "abc123"}, "experiment_id"),
        ({"agent_id": new_id()}, "agent_id"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_bad_input_is_refused_by_name(business: Business, body: dict[str, Any], field: str) -> None:
    refused = await business.owner.post("/api/conversations", json={**LOG, **body})
    assert refused.status_code == 422
    assert field in refused.text
    assert (await business.owner.get("/api/conversations")).json()["conversations"] == []


async def test_ten_megabytes_of_metadata_are_refused_by_name(business: Business) -> None:
    refused = await business.owner.post("/api/conversations", json={**LOG, "metadata": {"x": "y" * 10_000_000}})
    assert (refused.status_code, refused.json()["code"]) == (413, "input.too_large")
    assert refused.json()["detail"].startswith("metadata ")


async def test_counts_are_exact_after_every_change(business: Business) -> None:
    arm = (await prompt(business.owner))["id"]
    first = await post(business.owner, experiment_id=arm, duration=10.25, task_completed=True)
    assert await totals(business.owner, arm) == (1, 100.0, 10.25)
    second = await post(business.owner, experiment_id=arm, duration=20.5, task_completed=False)
    await post(business.owner, experiment_id=arm, duration=None, task_completed=None)
    assert await totals(business.owner, arm) == (3, 50.0, 15.375)
    assert (await business.owner.delete(f"/api/conversations/{first['id']}")).status_code == 204
    assert await totals(business.owner, arm) == (2, 0.0, 20.5)
    await business.owner.delete(f"/api/conversations/{second['id']}")
    assert await totals(business.owner, arm) == (1, None, None)
    listed = (await business.owner.get(f"/api/conversations?experiment_id={arm}")).json()["conversations"]
    assert len(listed) == 1


async def test_results_stay_with_the_text_that_earned_them(business: Business) -> None:
    arm = (await prompt(business.owner))["id"]
    for won in (True, True, False):
        await post(business.owner, experiment_id=arm, task_completed=won)
    await business.owner.patch(f"/api/prompts/{arm}", json={"system_prompt": "Be quick."})
    await post(business.owner, experiment_id=arm, task_completed=False)
    revisions = (await business.owner.get(f"/api/prompts/{arm}/revisions")).json()["revisions"]
    assert [(one["results"]["runs"], one["results"]["success_rate"]) for one in revisions] == [
        (1, 0.0),
        (3, pytest.approx(66.667, abs=0.001)),
    ]
    assert (await totals(business.owner, arm))[:2] == (4, 50.0)
    compared = (await business.owner.get("/api/prompts/compare?agent_config=customerServiceRetail")).json()
    assert [(one["revision"], one["runs"]) for one in compared["arms"]] == [(2, 1)]


async def test_counts_hold_under_two_hundred_writers(business: Business, resources: Resources) -> None:
    """Posts, ratings and deletions of two arms at once; then each count is held against the rows."""
    arms = [(await prompt(business.owner, name=name))["id"] for name in "AB"]

    async def write(number: int) -> None:
        logged = await post(
            business.owner, experiment_id=arms[number % 2], task_completed=number % 3 == 0, duration=number / 7
        )
        if number % 5 == 0:
            await business.owner.delete(f"/api/conversations/{logged['id']}")
        elif number % 5 == 1:
            await business.owner.post(f"/conversations/{logged['id']}/feedback", json={"satisfaction": 1 + number % 5})

    await asyncio.gather(*(write(number) for number in range(200)))
    true = text("""
        SELECT count(*), 100.0 * count(*) FILTER (WHERE task_completed) / count(*), avg(duration),
               sum(user_satisfaction)
        FROM conversations WHERE experiment_id = :arm""")
    tally = text("SELECT runs, rating_sum FROM experiment_tallies WHERE prompt_id = :arm")
    for arm in arms:
        async with resources.db.begin(business.id) as connection:
            runs, rate, duration, stars = (await connection.execute(true, {"arm": arm})).one()
            assert (await connection.execute(tally, {"arm": arm})).one() == (runs, stars)
        assert runs == 80
        assert await totals(business.owner, arm) == (runs, pytest.approx(float(rate)), pytest.approx(duration))


async def test_a_masking_agents_logs_are_masked(business: Business, resources: Resources) -> None:
    for mode in ("masked", "metadata_only"):
        agent = {"name": mode, "config_key": mode, "privacy": {"mode": mode}}
        assert (await business.owner.post("/agents", json=agent)).status_code == 201
        said = {
            "messages": [{"role": "user", "content": "My name is Quillon Abernatter, my number is +49 30 23125017"}]
        }
        logged = await post(
            business.owner, agent_config=mode, agent_name=mode, transcript=said, metadata={"phone": "+49 30 23125017"}
        )
        assert "Abernatter" not in json.dumps(logged)
        assert "23125017" not in json.dumps(logged)
        [line] = logged["transcript"]["messages"]
        assert ("<PHONE" in line["content"]) == (mode == "masked")
        unmasked = await business.owner.post(
            "/privacy/unmask",
            json={"conversation_id": logged["id"], "text": line["content"], "reason": "a test"},
        )
        assert ("Abernatter" in unmasked.text) == (mode == "masked")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("agent_config=one", {"a"}),
        ("agent_name=N", {"b"}),
        ("channel=phone", {"b"}),
        ("session_id=s-b", {"b"}),
        ("user_id=u", {"a"}),
        ("task_completed=true", {"a"}),
        ("task_completed=false", {"b"}),
        ("user_satisfaction=4", {"b"}),
        ("status=ended", {"a", "b"}),
        ("status=open", set()),
        ("from=2026-02-01T00:00:00Z", {"b"}),
        ("to=2026-02-01T00:00:00Z", {"a"}),
        ("from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", {"a"}),
        ("experiment_id=unknown", set()),
        ("agent_id=unknown", set()),
    ],
)
async def test_filters(business: Business, query: str, found: set[str]) -> None:
    await post(
        business.owner, session_id="s-a", agent_config="one", agent_name=None, user_id="u", user_satisfaction=None,
        created_at="2026-01-01T10:00:00Z", metadata={"name": "a"},
    )  # fmt: skip
    await post(
        business.owner, session_id="s-b", agent_config="two", agent_name="N", channel="phone", user_satisfaction=4,
        task_completed=False, created_at="2026-03-01T10:00:00Z", metadata={"name": "b"},
    )  # fmt: skip
    answer = await business.owner.get(f"/api/conversations?{query}")
    assert {one["metadata"]["name"] for one in answer.json()["conversations"]} == found


async def test_a_file_is_imported_with_progress_and_bad_lines_are_told(business: Business) -> None:
    arm = (await prompt(business.owner))["id"]
    lines = [json.dumps({**LOG, "experiment_id": arm, "session_id": f"s{number}"}) for number in range(1200)]
    lines[3] = json.dumps({**LOG, "user_satisfaction": 6})
    lines[4] = "{not json"
    lines[5] = ""
    lines[6] = json.dumps({**LOG, "experiment_id": "abc"})
    told = await import_lines(business.owner, "\n".join(lines).encode())
    assert len(told) == 4
    assert [one["lines"] for one in told] == [500, 1000, 1200, 1200]
    assert (told[-1]["imported"], told[-1]["failed"], told[-1]["done"]) == (1196, 3, True)
    assert [error["line"] for error in told[0]["errors"]] == [4, 5, 7]
    assert "user_satisfaction" in told[0]["errors"][0]["detail"]
    assert await totals(business.owner, arm) == (1196, 100.0, 120.5)


@pytest.mark.parametrize("kind", ["ndjson", "parquet"])
async def test_an_export_that_cannot_be_looked_up_is_refused_before_it_begins(business: Business, kind: str) -> None:
    refused = await business.owner.get(f"/api/conversations/export.{kind}?agent_config=%00")
    assert (refused.status_code, refused.json()["code"]) == (422, "input.invalid")
    nothing = await business.owner.get(f"/api/conversations/export.{kind}?agent_config=nobody")
    assert nothing.status_code == 200


async def test_what_was_exported_can_be_imported_and_read_elsewhere(business: Business, rival: Business) -> None:
    for number in range(205):
        await post(business.owner, session_id=f"s{number}", task_completed=number % 2 == 0)
    exported = await business.owner.get("/api/conversations/export.ndjson?task_completed=true")
    assert exported.headers["content-type"] == "application/x-ndjson"
    assert len(exported.text.splitlines()) == 103
    told = await import_lines(rival.owner, exported.content)
    assert (told[-1]["imported"], told[-1]["failed"]) == (103, 0)
    whole = await business.owner.get("/api/conversations/export.parquet")
    table = pq.read_table(io.BytesIO(whole.content)).to_pylist()
    assert len(table) == 205
    assert table[0]["session_id"] == "s204"
    assert table[0]["transcript"] == LOG["transcript"]["messages"]
    assert json.loads(table[0]["metadata"]) == LOG["metadata"]
    assert (table[0]["duration"], table[0]["task_completed"], table[1]["task_completed"]) == (120.5, True, False)
    assert table[0]["created_at"].tzinfo is not None
    empty = await rival.owner.get("/api/conversations/export.parquet?status=open")
    assert pq.read_table(io.BytesIO(empty.content)).num_rows == 0
