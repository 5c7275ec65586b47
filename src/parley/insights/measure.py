"""The numbers: what was asked of the views, brought into the shape in which people read it.

Rates are 0..1 and null where there is nothing to divide by. Money is in US dollars. A conversation belongs to the
moment it began; a booking and a lead to the moment they were written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from parley.agents import get_agent
from parley.insights import store
from parley.kit.db import Database
from parley.kit.errors import InvalidInput, NotFound
from parley.tenants import get_tenant

Interval = Literal["hour", "day", "week", "month"]
MOST_POINTS = 2000
MOST_TURNS = 50_000  # that latency is measured over: the newest of the window
_MOST_STEPS = 5_000
_QUANTILES = ("p50", "p90", "p95", "p99")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which conversations count. None: no bound. `since` is included, `until` is not."""

    tenant_id: str
    since: datetime | None = None
    until: datetime | None = None
    agent_id: str | None = None
    channel: str | None = None

    def check(self) -> None:
        """Raise `InvalidInput` for a window that ends before it begins."""
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise InvalidInput("from must be earlier than to.")

    def values(self) -> dict[str, Any]:
        return {
            "tenant_id": self.tenant_id,
            "since": self.since,
            "until": self.until,
            "agent_id": self.agent_id,
            "channel": self.channel,
        }


class Insights:
    """Answers from one transaction each, so the numbers of an answer belong together."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def overview(self, scope: Scope) -> dict[str, Any]:
        """How it goes, in one page of numbers."""
        scope.check()
        async with self._db.begin(scope.tenant_id) as connection:
            [sums] = await store.ask(connection, "overview", scope.values())
            records = await store.ask(connection, "records", scope.values())
            [speed] = await store.ask(connection, "latency", scope.values() | {"most": MOST_TURNS})
        return {**_overview(sums), **_records(records), "latency": _speed(speed)}

    async def of_agent(self, scope: Scope) -> dict[str, Any]:
        """The overview of the scope's one agent, with its name. Raises `NotFound`."""
        async with self._db.begin(scope.tenant_id) as connection:
            agent = await get_agent(connection, scope.tenant_id, scope.agent_id or "")
        if agent is None:
            raise NotFound("agent")
        return {"agent_id": agent.id, "name": agent.name, **await self.overview(scope)}

    async def timeseries(self, scope: Scope, interval: Interval) -> dict[str, Any]:
        """The same in steps of the tenant's own hours, days, weeks or months; steps without anything are left out."""
        scope.check()
        async with self._db.begin(scope.tenant_id) as connection:
            timezone = await self._timezone(connection, scope.tenant_id)
            values = scope.values() | {"interval": interval, "timezone": timezone, "most": MOST_POINTS}
            rows = await store.ask(connection, "series", values)
        zone = ZoneInfo(timezone)
        points = [
            {**row, "at": row["at"].astimezone(zone), "cost": _dollars(row.pop("cost_micros"))}
            for row in (dict(one) for one in rows)
        ]
        return {"interval": interval, "timezone": timezone, "points": points}

    async def intents(self, scope: Scope) -> list[dict[str, Any]]:
        """What was asked for, most frequent first."""
        scope.check()
        async with self._db.begin(scope.tenant_id) as connection:
            rows = await store.ask(connection, "intents", scope.values())
        turns = sum(row["turns"] for row in rows)
        return [
            {
                "intent": row["intent"],
                "turns": row["turns"],
                "conversations": row["conversations"],
                "share": _rate(row["turns"], turns),
                "cache_hit_rate": _rate(row["cached"], row["turns"]),
                "escalation_rate": _rate(row["escalated"], row["turns"]),
            }
            for row in rows
        ]

    async def latency(self, scope: Scope) -> dict[str, Any]:
        """Percentiles in milliseconds over the newest turns of the window, whole and step by step."""
        scope.check()
        async with self._db.begin(scope.tenant_id) as connection:
            [speed] = await store.ask(connection, "latency", scope.values() | {"most": MOST_TURNS})
            steps = await store.ask(connection, "steps", scope.values() | {"most": _MOST_STEPS})
        told = [{"step": row["name"], "turns": row["turns"], **_quantiles(row["ms"])} for row in steps]
        return {**_speed(speed), "steps": told}

    async def cost(self, scope: Scope) -> float:
        """What the window's turns cost, in US dollars."""
        async with self._db.begin(scope.tenant_id) as connection:
            [row] = await store.ask(connection, "cost", scope.values())
        return _dollars(row["cost_micros"])

    async def usage(self, scope: Scope) -> dict[str, Any]:
        """Turns, tokens and cost per day and model, newest first, and their sums."""
        scope.check()
        async with self._db.begin(scope.tenant_id) as connection:
            timezone = await self._timezone(connection, scope.tenant_id)
            values = scope.values() | {"timezone": timezone, "most": MOST_POINTS}
            rows = await store.ask(connection, "usage", values)
        usage = [{**_spent(row), "day": row["day"], "model": row["model"], "turns": row["turns"]} for row in rows]
        names = ("turns", "prompt_tokens", "completion_tokens")
        sums = {name: sum(row[name] for row in rows) for name in names}
        return {
            "timezone": timezone,
            "usage": usage,
            "total": {**sums, "cost": _dollars(sum(row["cost_micros"] for row in rows))},
        }

    @staticmethod
    async def _timezone(connection: Any, tenant_id: str) -> str:
        tenant = await get_tenant(connection, tenant_id)
        if tenant is None:
            raise NotFound("tenant")
        return tenant.timezone


def _overview(sums: Mapping[str, Any]) -> dict[str, Any]:
    talked = sums["talked"]
    return {
        "conversations": sums["conversations"],
        "open_conversations": sums["open"],
        "turns": int(sums["turns"]),
        "escalation_rate": _rate(sums["escalated"], talked),
        "containment_rate": _rate(talked - sums["escalated"], talked),
        "emergencies": sums["emergencies"],
        "cache_hit_rate": _rate(sums["cache_hits"], sums["turns"]),
        "satisfaction": _rounded(sums["satisfaction"]),
        "rated": sums["rated"],
        "task_completion_rate": _rate(sums["completed"], sums["judged"]),
        "average_duration": _rounded(sums["average_duration"]),
        "average_turns": _rate(sums["turns"], talked),
        "tokens": {
            "prompt": int(sums["prompt_tokens"]),
            "completion": int(sums["completion_tokens"]),
            "total": int(sums["prompt_tokens"] + sums["completion_tokens"]),
        },
        "cost": _dollars(sums["cost_micros"]),
    }


def _records(rows: list[dict[str, Any]]) -> dict[str, int]:
    made = {row["kind"]: row["made"] for row in rows}
    return {"bookings": made.get("booking", 0), "leads": made.get("lead", 0)}


def _speed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "turns": row["turns"],
        "first_token_ms": _quantiles(row["first_token_ms"]),
        "total_ms": _quantiles(row["total_ms"]),
    }


def _quantiles(values: list[float] | None) -> dict[str, float | None]:
    return dict(zip(_QUANTILES, map(_rounded, values), strict=True)) if values else dict.fromkeys(_QUANTILES)


def _spent(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "prompt_tokens": int(row["prompt_tokens"]),
        "completion_tokens": int(row["completion_tokens"]),
        "cost": _dollars(row["cost_micros"]),
    }


def _rate(part: float, whole: float) -> float | None:
    return round(float(part) / float(whole), 4) if whole else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)


def _dollars(micros: float) -> float:
    return round(float(micros) / 1_000_000, 6)
