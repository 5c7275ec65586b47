"""A server is killed while it answers: nothing acknowledged is lost, and no conversation is stuck."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.soak.installation import ServerProcess, found_tenant
from tests.soak.talk import begin, client_of, faults, talk_until_cut, teach, transcript

pytestmark = pytest.mark.anyio


async def test_a_killed_server_loses_nothing_and_blocks_nothing(
    database_url: str, tmp_path: Path, scratch: Path
) -> None:
    tenant = await asyncio.to_thread(found_tenant, database_url)
    server = ServerProcess(database_url, tmp_path, {"DATA_DIR": str(scratch)})
    try:
        await asyncio.to_thread(server.start)
        async with client_of(server.base_url, tenant.key) as client:
            await teach(client)
            callers = await begin(client, 20)
            await talk_until_cut(client, callers, 30, server.kill)
        assert all(caller.unanswered for caller in callers), "every conversation was in a turn when the server died"
        await asyncio.to_thread(server.start)
        async with client_of(server.base_url, tenant.key, timeout=10) as client:
            assert await faults(client, callers) == []
            answered = await asyncio.gather(*(caller.say(client) for caller in callers))
            assert all(answered), [caller.errors for caller in callers]
            assert await faults(client, callers) == []
            roles = [line["role"] for line in await transcript(client, callers[0].conversation_id)]
            assert roles[-2:] == ["user", "agent"]
    finally:
        server.stop()
