"""Two hundred turns are running when a process is killed. What was acknowledged is there, and everybody goes on."""

from __future__ import annotations

import asyncio
import random
import time

import httpx
import pytest

from tests.soak.installation import Postgres, ServerProcess, Tenant, serving
from tests.soak.talk import Caller, begin, client_of, faults, report, talk_until_cut, teach

pytestmark = [pytest.mark.soak, pytest.mark.anyio]

CALLERS = 200
PROMPTLY = 30.0  # seconds for all callers together on a shared machine; a stuck turn alone would wait this long


async def everybody_goes_on(client: httpx.AsyncClient, callers: list[Caller]) -> float:
    """The next line of every caller is answered; returns the seconds it took in all."""
    began = time.monotonic()
    answered = await asyncio.gather(*(caller.say(client) for caller in callers))
    took = time.monotonic() - began
    assert all(answered), [caller.errors for caller in callers if caller.errors][:3]
    assert took < PROMPTLY
    return took


async def test_killed_servers_lose_nothing(postgres: Postgres, tenant: Tenant, chance: random.Random) -> None:
    """Three kills in a row, each at another moment, on the same conversations."""
    with serving(postgres.url) as [server]:
        async with client_of(server.base_url, tenant.key) as client:
            await teach(client)
            callers = await begin(client, CALLERS)
        for kills in range(1, 4):
            async with client_of(server.base_url, tenant.key) as client:
                await talk_until_cut(client, callers, chance.randrange(50, 400), server.kill)
            assert sum(len(caller.unanswered) for caller in callers) == kills * CALLERS, "everybody was in a turn"
            await asyncio.to_thread(server.start)
            async with client_of(server.base_url, tenant.key, timeout=PROMPTLY) as client:
                assert await faults(client, callers) == []
                took = await everybody_goes_on(client, callers)
                assert await faults(client, callers) == []
            said = sum(len(caller.acknowledged) for caller in callers)
            report(f"killed server: {said} answers, none lost; all {CALLERS} went on in {took:.1f} s")


async def test_a_killed_process_frees_its_turns_for_the_other(
    postgres: Postgres, tenant: Tenant, chance: random.Random
) -> None:
    """Two server processes: what one held when it died, the other takes over at once."""
    with serving(postgres.url, processes=2) as [one, other]:
        async with client_of(one.base_url, tenant.key) as client:
            await teach(client)
            callers = await begin(client, CALLERS)
            await talk_until_cut(client, callers, chance.randrange(50, 400), one.kill)
        async with client_of(other.base_url, tenant.key, timeout=PROMPTLY) as client:
            took = await everybody_goes_on(client, callers)
            assert await faults(client, callers) == []
        report(f"the other process went on with all {CALLERS} in {took:.1f} s")


async def test_a_killed_database_is_waited_for(postgres: Postgres, tenant: Tenant, chance: random.Random) -> None:
    """PostgreSQL dies under 200 turns and comes back: 503 meanwhile, then everything works without a restart."""
    with serving(postgres.url) as [server]:
        async with client_of(server.base_url, tenant.key) as client:
            await teach(client)
            callers = await begin(client, CALLERS)
            await talk_until_cut(client, callers, chance.randrange(50, 400), postgres.kill)
            refused = [error for caller in callers for error in caller.errors]
            assert len(refused) > CALLERS / 2, "most were in a turn"
            assert len(refused) == sum(len(caller.unanswered) for caller in callers), "a request was left hanging"
            assert all(error.startswith("503") for error in refused), {error[:120] for error in refused}
            down = await _until_ready(server)
            for caller in callers:
                caller.errors.clear()
            took = await everybody_goes_on(client, callers)
            assert await faults(client, callers) == []
            await _large_document_is_taken_in_hand(client)
        report(f"killed database: ready again after {down:.1f} s; all {CALLERS} went on in {took:.1f} s")


async def _until_ready(server: ServerProcess) -> float:
    began = time.monotonic()
    await asyncio.to_thread(server.wait_until_ready)
    return time.monotonic() - began


async def _large_document_is_taken_in_hand(client: httpx.AsyncClient) -> None:
    """The queue's own connections have recovered too: a job can be put in."""
    body = {"source": "menu", "title": "Long", "content": "Lasagna al forno costs 14.50.\n\n" * 4000}
    taken = await client.post("/knowledge/ingest", json=body)
    assert taken.status_code == httpx.codes.CREATED, taken.text
    assert taken.json()["job_id"]
