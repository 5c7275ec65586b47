"""A thousand calls on the simulated line, a bad network for their webhooks, and two kills of the server in the middle.

Every call ends, in the right state and with the record that an undisturbed call of the same persona and seed has; none
is placed twice, no caller's line is stored twice.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from parley.kit.db import Database
from tests.soak.installation import Postgres, ServerProcess, Tenant, serving, working
from tests.soak.talk import client_of, report

pytestmark = [pytest.mark.soak, pytest.mark.anyio]

CALLS = int(os.environ.get("SOAK_CALLS", "1000"))
SEEDS = 3
PERSONAS = ("on_time", "delayed", "unloading", "blow_out", "medical", "hostile", "silent", "voicemail", "bad_line")
ROUGH = {"PYTHONPATH": os.pathsep.join(str(Path(__file__).parents[2] / part) for part in ("src", "."))}
AT_ONCE = 200  # calls under way; the tenant may have 500
PER_CALL = 3.0  # seconds a call may take on a shared machine, all in all
Record = dict[str, Any]


async def test_a_thousand_calls_through_a_bad_network_and_two_kills(
    postgres: Postgres, tenant: Tenant, chance: random.Random
) -> None:
    with working(postgres.url), serving(postgres.url) as [server]:
        async with client_of(server.base_url, tenant.key) as client:
            agent = await _agent(client)
            wanted = {
                (persona, seed): await _undisturbed(client, agent, persona, seed)
                for persona in PERSONAS
                for seed in range(SEEDS)
            }
    with working(postgres.url), serving(postgres.url, environment=ROUGH, app="tests.soak.rough_app:app") as [rough]:
        began = time.monotonic()
        kills = sorted(chance.sample(range(CALLS // 5, CALLS * 4 // 5), 2))
        placed = await _place_all(rough, tenant, agent, kills)
        records = await _ended(rough, tenant, placed)
        took = time.monotonic() - began
        wrong = {call: how for call, how in placed.items() if told(records[call]) != wanted[how]}
        async with client_of(rough.base_url, tenant.key) as client:
            for call, how in itertools.islice(wrong.items(), 5):
                report(f"{how}: {told(records[call])} instead of {wanted[how]}; said: {await lines(client, call)}")
    report(f"{CALLS} calls in {took:.0f} s ({CALLS / took:.1f} per second), server killed after {kills} of them")
    ends = Counter((record["status"], record["reason"]) for record in records.values())
    report(f"ends: {dict(ends)}; {len(wrong)} records differ")
    assert wrong == {}
    assert len({record["retell_call_id"] for record in records.values()}) == CALLS
    await _nothing_twice(postgres.url, tenant)


async def _agent(client: httpx.AsyncClient) -> str:
    body = {"name": "Check-in", "type": "dispatch", "scenario_type": "check_in"}
    return str((await client.post("/agents", json=body)).raise_for_status().json()["id"])


def _wish(agent: str, persona: str, seed: int, key: str) -> Record:
    about = {"driver_name": "Mo Reyes", "phone_number": "+16085550117", "load_number": "7891-B"}
    how = {"persona": persona, "seed": seed, "speed": 0}
    return {**about, "agent_config_id": agent, "simulate": how, "idempotency_key": key}


async def _undisturbed(client: httpx.AsyncClient, agent: str, persona: str, seed: int) -> Record:
    """What a call of this persona and seed comes to."""
    made = await client.post("/calls/initiate", json=_wish(agent, persona, seed, f"quiet-{persona}-{seed}"))
    record = await _end_of(client, made.raise_for_status().json()["id"])
    return told(record)


def told(record: Record) -> Record:
    """What must be the same however the call was disturbed."""
    facts = {name: value for name, value in (record["structured_data"] or {}).items() if name != "evidence"}
    return {"status": record["status"], "facts": facts}


async def lines(client: httpx.AsyncClient, call: str) -> list[tuple[str, str]]:
    """What was said in a call, as (role, text)."""
    said = (await client.get(f"/calls/{call}/transcript")).raise_for_status().json()
    return [(line["role"], line["content"]) for line in said["messages"]]


async def _end_of(client: httpx.AsyncClient, call: str) -> Record:
    while True:
        record: Record = (await client.get(f"/calls/{call}")).raise_for_status().json()
        if record["status"] not in ("initiated", "in_progress"):
            return record
        await asyncio.sleep(0.1)


async def _place_all(server: ServerProcess, tenant: Tenant, agent: str, kills: list[int]) -> dict[str, tuple[str, int]]:
    """Place every call once, whatever happens to the server meanwhile: a request that got no answer is sent again with
    its key."""
    waiting = [(PERSONAS[number % len(PERSONAS)], number % SEEDS, f"call-{number}") for number in range(CALLS)]
    placed: dict[str, tuple[str, int]] = {}
    left = list(kills)
    async with client_of(server.base_url, tenant.key) as client:
        while waiting:
            batch, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
            killing = None
            if left and len(placed) + len(batch) > left[0]:
                left.pop(0)
                killing = asyncio.create_task(_kill_and_start(server))
            answers = await asyncio.gather(*(_place(client, agent, *one) for one in batch))
            if killing is not None:
                await killing
            for one, call in zip(batch, answers, strict=True):
                if call is None:
                    waiting.append(one)
                else:
                    placed[call] = one[:2]
    return placed


async def _place(client: httpx.AsyncClient, agent: str, persona: str, seed: int, key: str) -> str | None:
    try:
        answer = await client.post("/calls/initiate", json=_wish(agent, persona, seed, key))
    except httpx.TransportError:
        await asyncio.sleep(0.5)
        return None
    if answer.status_code in (429, 502, 503):
        await asyncio.sleep(1)
        return None
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


async def _kill_and_start(server: ServerProcess) -> None:
    await asyncio.sleep(2)  # in the middle of the batch's calls
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)


async def _ended(server: ServerProcess, tenant: Tenant, placed: dict[str, tuple[str, int]]) -> dict[str, Record]:
    async with client_of(server.base_url, tenant.key) as client, asyncio.timeout(60 + CALLS * PER_CALL):
        return {call: await _end_of(client, call) for call in placed}


async def _nothing_twice(url: str, tenant: Tenant) -> None:
    """One simulated call, one conversation per record; no line of a caller stored twice in a row."""
    db = Database(url, pool_size=1)
    try:
        async with db.begin(tenant.id) as connection:
            calls = (await connection.execute(text("SELECT count(*) FROM simulated_calls"))).scalar_one()
            records = (await connection.execute(text("SELECT count(*) FROM call_records"))).scalar_one()
            talks = (await connection.execute(text("SELECT count(*) FROM conversations"))).scalar_one()
            doubled = await connection.execute(
                text("""
                SELECT count(*) FROM (
                  SELECT role, content, lag(role) OVER spoken AS role_before, lag(content) OVER spoken AS before
                  FROM messages WINDOW spoken AS (PARTITION BY conversation_id ORDER BY ordinal)) lines
                WHERE role = 'user' AND role_before = 'user' AND content = before
                """)
            )
            assert doubled.scalar_one() == 0
    finally:
        await db.aclose()
    assert calls == records == CALLS + len(PERSONAS) * SEEDS
    assert talks == records
