"""How long availability and a booking take for a tenant with 100,000 reservations, beside the bare round trips.

.venv/bin/python -m benchmarks.availability
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time as clock
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import text

from parley.app.migrate import migrate
from parley.frontdesk import FrontDeskSettings, NotBookable, Reservations, Wish
from parley.kit.clock import ManualClock
from parley.kit.db import Database
from parley.kit.ids import new_id
from parley.kit.postgres import embedded

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
RESERVATIONS = 100_000
DAYS = 730  # half of them past, half to come
TABLES = 30
RUNS = 100

# Four or five parties a table and day, one after the other from noon on, but for every seventh, which is cancelled.
_FILL = text("""
    INSERT INTO reservations (id, tenant_id, reference, kind, status, name, date, time, starts_at, ends_at, party_size,
                              tables)
    WITH sizes AS (SELECT cast(:tables AS integer) AS tables, cast(:days AS integer) AS days),
         planned AS (
           SELECT n, 'T' || n % tables AS at,
                  timestamptz '2026-11-20 11:00Z'
                  + make_interval(days => n / tables % days - days / 2, hours => 2 * (n / (tables * days))) AS start
           FROM sizes, generate_series(0, :many - 1) AS n)
    SELECT 'r' || n, :tenant, 'R' || n, 'table', CASE WHEN n % 7 = 0 THEN 'cancelled' ELSE 'confirmed' END, 'Guest',
           (start AT TIME ZONE 'Europe/Berlin')::date, (start AT TIME ZONE 'Europe/Berlin')::time,
           start, start + interval '2 hours', 1 + n % 4, ARRAY[at]
    FROM planned
""")


def main() -> None:
    """Print the median and the 95th percentile of each."""
    with tempfile.TemporaryDirectory(prefix="parley-") as folder, embedded(Path(folder)) as url:
        migrate(url)
        asyncio.run(_measure(url))


async def _measure(url: str) -> None:
    db = Database(url)
    desk = Reservations(db, ManualClock(NOW))
    tenant = await _furnish(db, desk)

    async def bare() -> None:
        async with db.begin(tenant) as connection:
            for _ in range(3):
                await connection.execute(text("SELECT 1"))

    def ahead(run: int) -> date:
        return TODAY + timedelta(days=1 + run % 300)

    async def whole_day(run: int) -> None:
        await desk.availability(tenant, ahead(run), 4)

    async def one_time(run: int) -> None:
        await desk.availability(tenant, ahead(run), 2, time(19))

    async def book(run: int) -> None:
        try:
            await desk.book(tenant, Wish(ahead(run), time(12 + run % 9), 2, name="Guest"))
        except NotBookable:
            refused.append(run)

    refused: list[int] = []
    await _time("bare transaction of three statements", lambda _: bare())
    await _time("free times of a day", whole_day)
    await _time("one time, with alternatives where full", one_time)
    await _time("booking", book)
    print(f"{len(refused)} of {RUNS} bookings met a full house and were given alternatives")
    await db.aclose()


async def _furnish(db: Database, desk: Reservations) -> str:
    tenant = new_id()
    week = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    settings = FrontDeskSettings.model_validate(
        {
            "opening_hours": {day: ["12:00-23:00"] for day in week},
            "tables": [{"name": f"T{n}", "seats": 2 + n % 3 * 2, "combinable": n % 2 == 0} for n in range(TABLES)],
        }
    )
    async with db.begin(tenant) as connection:
        await connection.execute(
            text("INSERT INTO tenants (id, name, timezone) VALUES (:id, 'Large', 'Europe/Berlin')"), {"id": tenant}
        )
        planned = {"tenant": tenant, "tables": TABLES, "days": DAYS, "many": RESERVATIONS}
        await connection.execute(_FILL, planned)
    await desk.put_settings(None, tenant, settings)
    async with db.begin(tenant) as connection:
        found = (await connection.execute(text("SELECT count(*) FROM reservations"))).scalar_one()
    print(f"{found:,} reservations over {DAYS} days, {TABLES} tables")
    return tenant


async def _time(what: str, run: Callable[[int], Awaitable[None]]) -> None:
    for number in range(5):
        await run(number + 200)
    taken = []
    for number in range(RUNS):
        started = clock.perf_counter()
        await run(number)
        taken.append((clock.perf_counter() - started) * 1000)
    print(f"{what:40} p50 {statistics.median(taken):6.2f} ms   p95 {statistics.quantiles(taken, n=20)[-1]:6.2f} ms")


if __name__ == "__main__":
    main()
