"""Logs that clients post, one by one or in files: each becomes a conversation like any other, which is over.

What its agent masks or does not keep is masked or not kept here too. No webhook hears of it: `conversation.ended` is
for what ends here and now, and whoever posts a log, or a hundred thousand at once, knows already that it is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.agents import Agent, get_agent, page_agents
from parley.conversations.log_entry import LogIn, read_line
from parley.conversations.log_store import PostedLine, PostedRow, add_posted
from parley.experiments import Prompt, find_prompt
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import InvalidInput, TooLarge, VoiceAgentException
from parley.kit.ids import new_id
from parley.privacy import Masking, Mode, Vaults

_BATCH = 500
_BATCH_BYTES = 4_000_000
_LONGEST_LINE = 12_000_000
_ERRORS_TOLD = 100


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is. `errors` are of the lines since the last report, at most a hundred in all."""

    lines: int
    imported: int
    failed: int
    bytes: int
    errors: tuple[dict[str, Any], ...] = ()
    done: bool = False


@dataclass(slots=True)
class _Known:
    """What the logs of one import refer to, looked up once."""

    prompts: dict[str, Prompt | None] = field(default_factory=dict)
    agents: dict[tuple[str | None, str | None, str | None], Agent | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Kept:
    row: PostedRow
    masking: Masking


class PostedLogs:
    """Takes logs in."""

    def __init__(self, db: Database, vaults: Vaults, clock: Clock) -> None:
        self._db = db
        self._vaults = vaults
        self._clock = clock

    async def post(self, tenant_id: str, entry: LogIn) -> str:
        """Store one log; returns its conversation's id. Raises `InvalidInput` naming what it refers to in vain."""
        entry.check_size()
        known = _Known()
        async with self._db.begin(tenant_id) as connection:
            await _look_up(connection, tenant_id, [entry], known)
        if isinstance(kept := await self._prepare(entry, known), VoiceAgentException):
            raise kept
        await self._store(tenant_id, [kept])
        return kept.row.id

    async def take_in(self, tenant_id: str, chunks: AsyncIterator[bytes]) -> AsyncGenerator[Progress, None]:
        """Store every line of an NDJSON file, reporting after each batch. A line that is wrong is told and skipped."""
        total, known, told = Progress(0, 0, 0, 0), _Known(), 0
        async for batch, size in _batches(chunks):
            results = await self._take_batch(tenant_id, batch, known)
            wrong = [
                {"line": total.lines + number, "detail": result.detail}
                for number, result in enumerate(results, 1)
                if isinstance(result, VoiceAgentException)
            ]
            errors = tuple(wrong[: _ERRORS_TOLD - told])
            told += len(errors)
            total = Progress(
                lines=total.lines + len(results),
                imported=total.imported + sum(result is not None for result in results) - len(wrong),
                failed=total.failed + len(wrong),
                bytes=total.bytes + size,
                errors=errors,
            )
            yield total
        yield replace(total, errors=(), done=True)

    async def _take_batch(
        self, tenant_id: str, lines: Sequence[bytes], known: _Known
    ) -> list[_Kept | VoiceAgentException | None]:
        """Per line what was stored, what is wrong with it, or None for an empty one."""
        entries = await asyncio.to_thread(lambda: [_read(line) for line in lines])
        async with self._db.begin(tenant_id) as connection:
            await _look_up(connection, tenant_id, [one for one in entries if isinstance(one, LogIn)], known)
        results = [await self._prepare(one, known) if isinstance(one, LogIn) else one for one in entries]
        if kept := [one for one in results if isinstance(one, _Kept)]:
            await self._store(tenant_id, kept)
        return results

    async def _prepare(self, entry: LogIn, known: _Known) -> _Kept | VoiceAgentException:
        prompt = known.prompts.get(entry.experiment_id or "")
        if entry.experiment_id is not None and prompt is None:
            return InvalidInput("experiment_id names no prompt of this tenant.", code="conversation.unknown_experiment")
        agent = known.agents.get((entry.agent_id, entry.agent_config, entry.agent_name))
        if entry.agent_id is not None and agent is None:
            return InvalidInput("agent_id names no agent of this tenant.", code="conversation.unknown_agent")
        mode: Mode = "keep_all" if agent is None else agent.definition.privacy_on(entry.channel)
        masking = Masking(mode)
        if not masking.hides:
            return _Kept(self._row(entry, agent, prompt, masking), masking)
        await self._vaults.warm()
        return _Kept(await asyncio.to_thread(self._row, entry, agent, prompt, masking), masking)

    def _row(self, entry: LogIn, agent: Agent | None, prompt: Prompt | None, masking: Masking) -> PostedRow:
        now = self._clock.now()
        started = entry.created_at or now
        ended = started + timedelta(seconds=entry.duration or 0)
        said = entry.transcript.messages
        lines = []
        for one in said:
            words = masking.hide(one.content)
            length = None if masking.keeps_words else len(one.content)
            role = "user" if one.role == "user" else "agent"
            lines.append(PostedLine(new_id(), role, masking.stored(words), length))
        config = entry.agent_config if prompt is None else entry.agent_config or prompt.agent_config
        name = entry.agent_name if prompt is None else entry.agent_name or prompt.agent_name
        turns = entry.turn_count
        return PostedRow(
            id=new_id(),
            agent_id=None if agent is None else agent.id,
            agent_config=config if agent is None else config or agent.config_key,
            agent_name=name if agent is None else name or agent.name,
            experiment_id=None if prompt is None else prompt.id,
            experiment_revision=None if prompt is None else prompt.revision,
            channel=entry.channel,
            session_id=entry.session_id,
            user_id=entry.user_id,
            language=entry.language,
            privacy=masking.mode,
            turn_count=sum(one.role == "user" for one in said) if turns is None else turns,
            duration=entry.duration,
            user_satisfaction=entry.user_satisfaction,
            task_completed=entry.task_completed,
            metadata=orjson.dumps(masking.hide_json(entry.metadata)).decode(),
            started_at=started,
            ended_at=max(started, min(ended, now)),  # a log that does not say when it began is posted at its end
            lines=tuple(lines),
        )

    async def _store(self, tenant_id: str, kept: Sequence[_Kept]) -> None:
        async with self._db.begin(tenant_id) as connection:
            await add_posted(connection, tenant_id, [one.row for one in kept])
            for one in kept:
                await self._vaults.save(connection, tenant_id, one.row.id, one.masking)


def _read(line: bytes) -> LogIn | VoiceAgentException | None:
    if not line.strip():
        return None
    try:
        return read_line(line)
    except VoiceAgentException as error:
        return error


async def _look_up(connection: AsyncConnection, tenant_id: str, entries: Sequence[LogIn], known: _Known) -> None:
    """Find the prompts and agents that these logs name and nobody looked up yet."""
    for prompt_id in {one.experiment_id for one in entries if one.experiment_id is not None} - known.prompts.keys():
        known.prompts[prompt_id] = await find_prompt(connection, tenant_id, prompt_id)
    wanted = {(one.agent_id, one.agent_config, one.agent_name) for one in entries}
    for key in wanted - known.agents.keys():
        known.agents[key] = await _agent(connection, tenant_id, *key)


async def _agent(
    connection: AsyncConnection, tenant_id: str, agent_id: str | None, config: str | None, name: str | None
) -> Agent | None:
    """By id, else by config key and, where given, name: the oldest such agent."""
    if agent_id is not None:
        return await get_agent(connection, tenant_id, agent_id)
    if config is None:
        return None
    filters = {"config_key": config, **({} if name is None else {"name": name})}
    found = await page_agents(connection, tenant_id, 499, None, filters)
    return found[-1] if found else None


async def _batches(chunks: AsyncIterator[bytes]) -> AsyncGenerator[tuple[list[bytes], int], None]:
    """Whole lines, some hundreds at a time, and how many bytes they are."""
    lines: list[bytes] = []
    size, rest = 0, b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n") if rest else chunk.split(b"\n")
        if len(rest) > _LONGEST_LINE:
            raise TooLarge(f"A line must be at most {_LONGEST_LINE // 1_000_000} MB long.")
        for line in whole:
            lines.append(line)
            size += len(line) + 1
            if len(lines) >= _BATCH or size >= _BATCH_BYTES:
                yield lines, size
                lines, size = [], 0
    if rest:
        lines.append(rest)
        size += len(rest)
    if lines:
        yield lines, size
