"""Rows of prompts, revisions, tallies, assignments and rules. Every query is scoped by tenant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.experiments.prompt import Arm, Prompt, Rules, Tally
from parley.experiments.tables import (
    experiment_assignments,
    experiment_prompts,
    experiment_revisions,
    experiment_settings,
    experiment_tallies,
)
from parley.kit.db import fetch
from parley.kit.ids import new_id

_PROMPT = tuple(experiment_prompts.c[field.name] for field in fields(Prompt))
_ARM = tuple(experiment_revisions.c[field.name] for field in fields(Arm))
_TALLY = tuple(experiment_tallies.c[field.name] for field in fields(Tally))


def _arm(row: RowMapping) -> Arm:
    return Arm(**row)


# Prompts


async def add_prompt(connection: AsyncConnection, values: Mapping[str, Any]) -> Prompt:
    query = insert(experiment_prompts).values(**values).returning(*_PROMPT)
    return Prompt(**(await connection.execute(query)).mappings().one())


async def get_prompt(
    connection: AsyncConnection, tenant_id: str, prompt_id: str, *, lock: bool = False
) -> Prompt | None:
    query = select(*_PROMPT).where(experiment_prompts.c.tenant_id == tenant_id, experiment_prompts.c.id == prompt_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else Prompt(**row)


async def change_prompt(
    connection: AsyncConnection, tenant_id: str, prompt_id: str, values: Mapping[str, Any]
) -> Prompt:
    query = update(experiment_prompts).where(
        experiment_prompts.c.tenant_id == tenant_id, experiment_prompts.c.id == prompt_id
    )
    query = query.values(**values, updated_at=func.now())
    return Prompt(**(await connection.execute(query.returning(*_PROMPT))).mappings().one())


async def remove_prompt(connection: AsyncConnection, tenant_id: str, prompt_id: str) -> bool:
    query = delete(experiment_prompts).where(
        experiment_prompts.c.tenant_id == tenant_id, experiment_prompts.c.id == prompt_id
    )
    return (await connection.execute(query)).rowcount > 0


async def page_prompts(
    connection: AsyncConnection,
    tenant_id: str,
    limit: int | None,
    cursor: str | None,
    filters: Mapping[str, Any],
    tags: Collection[str] = (),
) -> list[Prompt]:
    """The newest `limit` + 1 prompts before `cursor` (None: all) with any of the `tags`."""
    query = select(*_PROMPT).where(experiment_prompts.c.tenant_id == tenant_id)
    for name, value in filters.items():
        query = query.where(experiment_prompts.c[name] == value)
    if tags:
        query = query.where(experiment_prompts.c.tags.op("&&")(literal(list(tags), ARRAY(TEXT))))
    if cursor:
        query = query.where(experiment_prompts.c.id < cursor)
    query = query.order_by(experiment_prompts.c.id.desc())
    rows = await connection.execute(query if limit is None else query.limit(limit + 1))
    return [Prompt(**row) for row in rows.mappings()]


# Revisions


async def add_revision(connection: AsyncConnection, prompt: Prompt) -> None:
    """Keep the prompt's text as it stands under its revision, with an empty tally."""
    names = [column.name for column in _ARM if column.name not in {"prompt_id", "created_at"}]
    key = {"tenant_id": prompt.tenant_id, "prompt_id": prompt.id, "revision": prompt.revision}
    await connection.execute(
        insert(experiment_revisions).values(**key | {name: getattr(prompt, name) for name in names})
    )
    await connection.execute(insert(experiment_tallies).values(**key))


async def get_revision(connection: AsyncConnection, tenant_id: str, prompt_id: str, revision: int) -> Arm | None:
    query = select(*_ARM).where(
        experiment_revisions.c.tenant_id == tenant_id,
        experiment_revisions.c.prompt_id == prompt_id,
        experiment_revisions.c.revision == revision,
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _arm(row)


async def page_revisions(
    connection: AsyncConnection, tenant_id: str, prompt_id: str, limit: int, before: int | None
) -> list[tuple[Arm, Tally]]:
    """Revisions with what they came to, newest first."""
    query = (
        select(*_ARM, *_TALLY)
        .join_from(
            experiment_revisions,
            experiment_tallies,
            (experiment_revisions.c.prompt_id == experiment_tallies.c.prompt_id)
            & (experiment_revisions.c.revision == experiment_tallies.c.revision),
        )
        .where(experiment_revisions.c.tenant_id == tenant_id, experiment_revisions.c.prompt_id == prompt_id)
    )
    if before is not None:
        query = query.where(experiment_revisions.c.revision < before)
    rows = await connection.execute(query.order_by(experiment_revisions.c.revision.desc()).limit(limit + 1))
    return [(_arm(_part(row, _ARM)), _tally(_part(row, _TALLY))) for row in rows.mappings()]


def _part(row: RowMapping, columns: Sequence[Any]) -> Any:
    return {column.name: row[column] for column in columns}


# Tallies


def _tally(row: Mapping[str, Any]) -> Tally:
    sums: dict[str, Any] = {name: float(row[name]) for name in ("duration_sum", "duration_squares")}
    return Tally(**{**row, **sums})


async def tallies(connection: AsyncConnection, tenant_id: str, prompt_ids: Collection[str]) -> dict[str, Tally]:
    """What the present revision of each prompt has come to."""
    query = (
        select(experiment_tallies.c.prompt_id, *_TALLY)
        .join(
            experiment_prompts,
            (experiment_prompts.c.id == experiment_tallies.c.prompt_id)
            & (experiment_prompts.c.revision == experiment_tallies.c.revision),
        )
        .where(experiment_tallies.c.tenant_id == tenant_id, experiment_tallies.c.prompt_id.in_(prompt_ids))
    )
    rows = (await connection.execute(query)).mappings()
    return {row["prompt_id"]: _tally(_part(row, _TALLY)) for row in rows}


# Assignments

# Also stands, as `stuck`, before the statement that puts a conversation on record: a round trip less where one begins.
STICK = """
    INSERT INTO experiment_assignments AS a (tenant_id, agent_id, unit, prompt_id)
    VALUES (%(tenant_id)s, %(agent_id)s, %(unit)s, %(prompt_id)s)
    ON CONFLICT (tenant_id, agent_id, unit) DO UPDATE SET
      prompt_id = CASE WHEN a.prompt_id = ANY(%(open)s) THEN a.prompt_id ELSE excluded.prompt_id END,
      assigned_at = now()
    RETURNING prompt_id
"""


async def stick(
    connection: AsyncConnection, tenant_id: str, agent_id: str, unit: bytes, prompt_id: str, still_open: Sequence[str]
) -> str:
    """Remember `prompt_id` for this unit, unless one of the prompts `still_open` is remembered; returns which holds."""
    values = {"tenant_id": tenant_id, "agent_id": agent_id, "unit": unit, "prompt_id": prompt_id}
    return str((await fetch(connection, STICK, {**values, "open": list(still_open)}))[0][0])


async def forget_units(connection: AsyncConnection, tenant_id: str, units: Collection[bytes]) -> int:
    """Forget what these units were given; returns how many assignments there were."""
    query = delete(experiment_assignments).where(
        experiment_assignments.c.tenant_id == tenant_id, experiment_assignments.c.unit.in_(units)
    )
    return (await connection.execute(query)).rowcount


async def forget_assigned_before(connection: AsyncConnection, tenant_id: str, cutoff: datetime) -> int:
    """Forget assignments nobody came back to since `cutoff`."""
    query = delete(experiment_assignments).where(
        experiment_assignments.c.tenant_id == tenant_id, experiment_assignments.c.assigned_at < cutoff
    )
    return (await connection.execute(query)).rowcount


# Rules


@dataclass(frozen=True, slots=True)
class ScopedRules:
    """Rules and whose they are: `agent_id:<id>` or `agent_config:<key>`."""

    id: str
    scope: str
    rules: Rules


def _scoped(row: RowMapping) -> ScopedRules:
    return ScopedRules(row["id"], row["scope"], Rules.model_validate(row["rules"]))


async def put_rules(connection: AsyncConnection, tenant_id: str, scope: str, rules: Rules) -> str:
    """Put rules in place of those the scope had; returns their id."""
    values = {"rules": rules.model_dump(mode="json"), "watched": rules.watched}
    query = upsert(experiment_settings).values(id=new_id(), tenant_id=tenant_id, scope=scope, **values)
    query = query.on_conflict_do_update(
        index_elements=["tenant_id", "scope"], set_={**values, "updated_at": func.now()}
    )
    return str((await connection.execute(query.returning(experiment_settings.c.id))).scalar_one())


async def all_rules(connection: AsyncConnection, tenant_id: str) -> dict[str, Rules]:
    """Every scope's rules."""
    query = select(experiment_settings).where(experiment_settings.c.tenant_id == tenant_id)
    return {one.scope: one.rules for one in map(_scoped, (await connection.execute(query)).mappings())}


async def get_rules(connection: AsyncConnection, tenant_id: str, rules_id: str) -> ScopedRules | None:
    query = select(experiment_settings).where(
        experiment_settings.c.tenant_id == tenant_id, experiment_settings.c.id == rules_id
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _scoped(row)


async def find_watched(connection: AsyncConnection, after: str | None, most: int) -> list[tuple[str, str]]:
    """(tenant_id, id) of rules that want something done by itself. For the platform's door."""
    rows = await connection.execute(
        text("SELECT tenant_id, id FROM find_watched_experiments(:after, :most)"), {"after": after, "most": most}
    )
    return [(row.tenant_id, row.id) for row in rows]
