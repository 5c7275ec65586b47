"""How long the analytics of a tenant with a million messages take, beside a bare count of its turns.

.venv/bin/python -m benchmarks.analytics
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from parley.app.migrate import migrate
from parley.insights import Insights, Scope
from parley.kit.db import Database, driver_url
from parley.kit.postgres import embedded

TALKS, LINES = 100_000, 10
RUNS = 15
_FILL = (  # only constants are put together
    "INSERT INTO tenants (id, name, timezone) VALUES ('t', 'Bench', 'Europe/Berlin')",
    "INSERT INTO agents (id, tenant_id, name, type, definition)"
    " SELECT 'a' || i, 't', 'Agent', 'receptionist', '{}' FROM generate_series(0, 4) i",
    f"""INSERT INTO conversations (id, tenant_id, agent_id, channel, status, turn_count, message_count, task_completed,
          user_satisfaction, started_at, last_message_at, created_at, prompt_tokens, completion_tokens, cache_hits)
        SELECT 'c' || lpad(i::text, 7, '0'), 't', 'a' || i % 5, (ARRAY['text', 'voice', 'phone'])[1 + i % 3], 'ended',
          {LINES // 2}, {LINES}, i % 3 = 0, CASE WHEN i % 4 = 0 THEN 1 + i % 5 END, at, at, at, 500, 100, 1
        FROM generate_series(1, {TALKS}) i, LATERAL (SELECT now() - i % 90 * interval '1 day' AS at) a""",  # noqa: S608
    f"""INSERT INTO messages (id, tenant_id, conversation_id, ordinal, role, content)
        SELECT 'm' || lpad(i::text, 8, '0'), 't', 'c' || lpad((1 + (i - 1) / {LINES})::text, 7, '0'),
          1 + (i - 1) % {LINES}, CASE WHEN i % 2 = 1 THEN 'user' ELSE 'agent' END, repeat('word ', 12)
        FROM generate_series(1, {TALKS * LINES}) i""",  # noqa: S608
    """INSERT INTO turns (message_id, tenant_id, conversation_id, intent, cached, model, escalate, prompt_tokens,
         completion_tokens, first_token_ms, total_ms, trace, created_at)
       SELECT m.id, 't', conversation_id, (ARRAY['faq', 'booking', 'pricing', 'unknown'])[1 + ordinal % 4],
         CASE WHEN ordinal % 5 = 0 THEN 'exact' END, 'house/responder', ordinal = 9 AND random() < 0.1, 100, 20,
         5 + random() * 50, 20 + random() * 100, '{"steps": [{"step": "open", "at_ms": 0, "ms": 1.5},
         {"step": "understand", "at_ms": 2, "ms": 2.5}, {"step": "write", "at_ms": 5, "ms": 4}]}', c.started_at
       FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE role = 'user'""",
    "VACUUM ANALYZE",
)


def main() -> None:
    """Print the median and the 95th percentile of each."""
    with tempfile.TemporaryDirectory(prefix="parley-") as folder, embedded(Path(folder)) as url:
        migrate(url)
        asyncio.run(_measure(url))


async def _measure(url: str) -> None:
    owner = create_async_engine(driver_url(url), isolation_level="AUTOCOMMIT")
    async with owner.connect() as connection:
        for statement in _FILL:
            await connection.execute(text(statement))
    await owner.dispose()
    db = Database(url)
    insights = Insights(db)
    whole, narrow = Scope("t"), Scope("t", agent_id="a1", channel="voice")

    async def bare() -> int:
        async with db.begin("t") as connection:
            return int(
                (await connection.execute(text("SELECT count(*) FROM turns WHERE tenant_id = 't'"))).scalar_one()
            )

    print(f"{TALKS * LINES:,} messages, {TALKS:,} conversations, one tenant, row-level security on; ms p50 / p95")
    asked: list[tuple[str, Callable[[], Awaitable[Any]]]] = [
        ("bare count of turns", bare),
        ("overview", lambda: insights.overview(whole)),
        ("overview, agent and channel", lambda: insights.overview(narrow)),
        ("timeseries by day", lambda: insights.timeseries(whole, "day")),
        ("intents", lambda: insights.intents(whole)),
        ("latency", lambda: insights.latency(whole)),
        ("usage", lambda: insights.usage(whole)),
    ]
    for name, question in asked:
        print(f"{name:30} {await _timed(question)}")
    await db.aclose()


async def _timed(question: Callable[[], Awaitable[Any]]) -> str:
    await question()
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        await question()
        taken.append((time.perf_counter() - began) * 1000)
    return f"{statistics.median(taken):7.0f} / {statistics.quantiles(taken, n=20)[-1]:.0f}"


if __name__ == "__main__":
    main()
