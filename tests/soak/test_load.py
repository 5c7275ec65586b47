"""A minute of load: no errors, memory that stays, a loop that answers; many at once; callers who leave."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence

import httpx
import numpy as np
import pytest

from tests.soak.installation import Postgres, ServerProcess, Tenant, serving
from tests.soak.talk import Caller, begin, client_of, faults, not_in_turn, report, teach, transcript
from tests.wire.openai_replies import Behaviour, Wait, text_chunks, words_of
from tests.wire.openai_server import OpenAIServer

pytestmark = [pytest.mark.soak, pytest.mark.anyio]

SECONDS = 60.0
TALKERS = 12
LINES_PER_CONVERSATION = 6
GROWTH_MB = 40.0


async def test_a_minute_of_load(postgres: Postgres, tenant: Tenant) -> None:
    with serving(postgres.url) as [server]:
        async with client_of(server.base_url, tenant.key) as client:
            await teach(client)
            await _talk_for(client, SECONDS / 6)
            before = server.usage.memory_info().rss
            lags = asyncio.create_task(_lags(server))
            callers = await _talk_for(client, SECONDS)
            lags.cancel()
            grown = (server.usage.memory_info().rss - before) / 1e6
            seen = np.array(await lags)
            errors = [error for caller in callers for error in caller.errors]
            turns = sum(len(caller.acknowledged) for caller in callers)
            report(
                f"{turns} turns in {SECONDS:.0f} s, {len(errors)} errors, memory {grown:+.1f} MB; GET / beside them: "
                f"p50 {np.quantile(seen, 0.5) * 1e3:.0f} ms, p99 {np.quantile(seen, 0.99) * 1e3:.0f} ms"
            )
            assert errors == []
            assert all(not caller.unanswered for caller in callers)
            assert grown < GROWTH_MB
            assert await faults(client, callers[:: max(1, len(callers) // 50)]) == []


async def _talk_for(client: httpx.AsyncClient, seconds: float) -> list[Caller]:
    """Some talk without pause, each in conversations of a few lines."""
    stop = time.monotonic() + seconds
    callers: list[Caller] = []

    async def talk() -> None:
        while time.monotonic() < stop:
            callers.append(caller := Caller(len(callers)))
            for _ in range(LINES_PER_CONVERSATION):
                if time.monotonic() >= stop or not await caller.say(client):
                    break

    await asyncio.gather(*(talk() for _ in range(TALKERS)))
    return callers


async def _lags(server: ServerProcess) -> Sequence[float]:
    """How long the plainest route takes beside the load, twenty times a second, until cancelled: the loop's lag."""
    seen: list[float] = []
    with contextlib.suppress(asyncio.CancelledError):
        async with client_of(server.base_url, "") as client:
            while True:
                began = time.perf_counter()
                (await client.get("/")).raise_for_status()
                seen.append(time.perf_counter() - began)
                await asyncio.sleep(0.05)
    return seen


async def test_two_hundred_begin_at_once(postgres: Postgres, tenant: Tenant) -> None:
    with serving(postgres.url) as [server]:
        async with client_of(server.base_url, tenant.key) as client:
            await teach(client)
            callers = await begin(client, 200)
            assert len({caller.conversation_id for caller in callers}) == len(callers)
            assert await faults(client, callers) == []


async def test_fifty_messages_to_one_conversation_through_two_processes(postgres: Postgres, tenant: Tenant) -> None:
    with serving(postgres.url, processes=2) as servers:
        async with contextlib.AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(client_of(one.base_url, tenant.key)) for one in servers]
            await teach(clients[0])
            [caller] = await begin(clients[0], 1)
            body = {"conversation_id": caller.conversation_id}
            posts = [
                clients[number % 2].post("/chat/message", json={**body, "message": f"What about number {number}?"})
                for number in range(50)
            ]
            answers = await asyncio.gather(*posts)
            assert [answer.status_code for answer in answers] == [httpx.codes.OK] * 50
            lines = await transcript(clients[0], caller.conversation_id)
            assert [line["role"] for line in lines] == ["user", "agent"] * 51
            assert not_in_turn(caller.conversation_id, lines) == []


async def test_callers_who_leave_leave_settled_answers(
    postgres: Postgres, tenant: Tenant, chance: random.Random
) -> None:
    """A hosted model speaks slowly; fifty callers hang up in the middle of its second sentence or later."""
    with OpenAIServer() as model:
        spoken = [f" Sentence number {number} is here." for number in range(30)]
        steps = [step for words in spoken for step in (*text_chunks(words_of(words))[1:], Wait(0.4))]
        model.default = Behaviour(tuple(steps))
        environment = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "sk", "OPENAI_MODEL": "gpt-5.4-mini"}
        with serving(postgres.url, environment=environment) as [server]:
            async with client_of(server.base_url, tenant.key) as client:
                await teach(client)
                left = await asyncio.gather(*(_hang_up(client, chance.randint(2, 5)) for _ in range(50)))
                await asyncio.sleep(3)  # far less than the answers would have gone on
                for conversation_id, heard in left:
                    lines = await transcript(client, conversation_id)
                    assert [line["role"] for line in lines] == ["user", "agent"]
                    assert lines[1]["content"].startswith(heard.strip())
                    assert len(lines[1]["content"]) < len("".join(spoken))
                    trace = await client.get(f"/conversations/{conversation_id}/turns/{lines[1]['id']}")
                    assert trace.json()["trace"]["cut_short"] is True
                report(f"{len(left)} callers left in the middle; every answer was settled as far as it went")


async def _hang_up(client: httpx.AsyncClient, after: int) -> tuple[str, str]:
    """Listen to `after` pieces of an answer and close the connection; returns the conversation and what was heard."""
    conversation, heard, event = "", "", ""
    async with client.stream("POST", "/chat/stream", json={"message": "Tell me about the lasagna please"}) as answer:
        async for text in answer.aiter_lines():
            if text.startswith("event: "):
                event = text.removeprefix("event: ")
            elif text.startswith("data: "):
                data = httpx.Response(200, content=text.removeprefix("data: ")).json()
                conversation = data.get("conversation_id", conversation)
                if event == "delta":
                    heard, after = heard + data["text"], after - 1
                    if after == 0:
                        break
    return conversation, heard
