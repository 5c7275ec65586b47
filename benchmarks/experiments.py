"""Experiments: what an arm adds to a turn, comparing arms over a million conversations, taking 100,000 logs in.

Run: python -m benchmarks.experiments
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
from sqlalchemy import text

from benchmarks.ingest import _peak as peak_of
from benchmarks.measure import head, quantile, row, verdict
from benchmarks.stage import Stage, staged
from tests.soak.installation import SECRET

PAIRS = 400
WARM = 50
MILLION = 1_000_000
LOGS = 100_000
LINES = 6


def main() -> None:
    with staged() as stage:
        asyncio.run(_in_process(stage))
        _import(stage)


async def _in_process(stage: Stage) -> None:
    from parley.app.resources import open_resources
    from parley.app.settings import Settings

    async with open_resources(Settings(), stage.url, SECRET) as here:
        await _assign(here)
        await _compare(here)


async def _business(here: Any, arms: int) -> tuple[str, str]:
    """A tenant with an agent and so many arms for it."""
    from parley.tenants import Principal, levels_of

    who = Principal("open", "benchmark", "", "admin", levels_of("admin"))
    tenant = await here.businesses.create(who, {"name": f"{arms} arms"})
    agent = await here.agents.create(who, tenant.id, {"name": "Front Desk", "config_key": "desk"})
    for number in range(arms):
        values = {"name": f"Arm {number}", "agent_config": "desk", "system_prompt": "Be kind."}
        await here.prompts.create(who, tenant.id, values)
    return tenant.id, agent.id


async def _assign(here: Any) -> None:
    """The first step of a turn with four arms and with none, in turn: a new conversation, and one that goes on."""
    from parley.conversations import Ask
    from parley.kit.ids import new_id

    opening = here.responder._parts.opening
    stages = [await _business(here, 0), await _business(here, 4)]
    begun: list[list[float]] = [[], []]
    went_on: list[list[float]] = [[], []]
    for number in range(WARM + PAIRS):
        for place in (0, 1) if number % 2 else (1, 0):
            tenant, agent = stages[place]
            conversation = new_id()
            first = Ask(tenant, "Hello there", agent, user_id=f"user {number}")
            again = Ask(tenant, "Hello again", agent, conversation)
            for ask, taken in ((first, begun[place]), (again, went_on[place])):
                started = time.perf_counter()
                await opening.open(ask, conversation)
                if number >= WARM:
                    taken.append(time.perf_counter() - started)
    head()
    base = row("begin a conversation, no arm", begun[0])
    row("begin a conversation, four arms", begun[1], base)
    plain = row("go on with one, no arm", went_on[0])
    row("go on with one, four arms", went_on[1], plain)
    for label, with_arms, without in (("goes on", went_on[1], went_on[0]), ("begins", begun[1], begun[0])):
        quiet = quantile(with_arms, 0.1) - quantile(without, 0.1)
        verdict(f"added where a conversation {label}, in quiet moments (p10)", quiet * 1e3, 0.3, "ms")


async def _compare(here: Any) -> None:
    from parley.experiments import Scope

    tenant, agent = await _business(here, 4)
    arms = [prompt.id for prompt in await here.prompts.page(tenant, 10, None)]
    fill = text("""
        INSERT INTO conversations (id, tenant_id, agent_id, agent_config, experiment_id, experiment_revision, channel,
          status, duration, user_satisfaction, task_completed, escalated, judged_at)
        SELECT 'c' || n, :tenant, :agent, 'desk', (cast(:arms AS text[]))[1 + n % 4], 1, 'import', 'ended',
          n % 300, 1 + n % 5, (n * 7919::bigint) % 1000 < 600 + 2 * (n % 4), n % 10 = 0, now()
        FROM generate_series(cast(:first AS integer), cast(:last AS integer)) n""")
    step = 50_000
    started = time.perf_counter()
    for first in range(0, MILLION, step):
        async with here.db.begin(tenant) as connection:
            values = {"tenant": tenant, "agent": agent, "arms": arms, "first": first, "last": first + step - 1}
            await connection.execute(fill, values)
    print(f"\n{MILLION:,} conversations written in {time.perf_counter() - started:.0f} s, their counters with them")
    taken = []
    for _ in range(50):
        started = time.perf_counter()
        found = await here.prompts.compare(tenant, Scope(agent_config="desk"))
        taken.append(time.perf_counter() - started)
    assert sum(one.arm.tally.runs for one in found.arms) == MILLION
    head()
    row(f"comparing 4 arms over {MILLION:,} conversations", taken)
    verdict("comparing arms, p95", quantile(taken, 0.95) * 1e3, 200, "ms")


def _import(stage: Stage) -> None:
    with httpx.Client(base_url=stage.server.base_url, headers=stage.headers, timeout=900) as client:
        body = {"name": "A", "agent_config": "imported", "system_prompt": "Be kind."}
        arm = client.post("/api/prompts", json=body).json()["prompt"]["id"]
        with peak_of(stage.server.usage) as peak:
            started = time.perf_counter()
            with client.stream("POST", "/api/conversations/import", content=_logs(arm)) as answer:
                told = [json.loads(line) for line in answer.iter_lines()]
            seconds = time.perf_counter() - started
        assert (told[-1]["imported"], told[-1]["done"]) == (LOGS, True), told[-1]
        assert client.get(f"/api/prompts/{arm}").json()["prompt"]["total_runs"] == LOGS
        print(
            f"\n{LOGS:,} logs of {LINES} lines ({told[-1]['bytes'] / 1e6:.0f} MB) imported in {seconds:.0f} s: "
            f"{LOGS / seconds:,.0f} logs/s, {len(told)} reports, server's memory peak {peak[-1] / 1e6:.0f} MB "
            f"(+{(peak[-1] - peak[0]) / 1e6:.0f})"
        )


def _logs(arm: str) -> Iterator[bytes]:
    said = [{"role": ("user", "assistant")[n % 2], "content": f"Line {n} of what was said here."} for n in range(LINES)]
    for number in range(LOGS):
        log = {"experiment_id": arm, "session_id": f"s{number}", "agent_config": "imported", "duration": number % 300}
        log |= {"transcript": {"messages": said}, "task_completed": number % 3 > 0, "metadata": {"number": number}}
        yield json.dumps(log).encode() + b"\n"


if __name__ == "__main__":
    main()
