"""Taking back what tools did for half a sentence: the whole of it did not want it, or nobody is there any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from parley.conversations.tool_run_store import Standing, ToolRun, runs_of, set_standing
from parley.kit import log
from parley.kit.db import Database
from parley.kit.errors import VoiceAgentException

_log = log.get("tools")

Undo = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Takes back what was done, as if it had never been asked for. Gets the tenant and what undoing it needs."""


class Undoing(Protocol):
    """Knows how tools are undone."""

    def undo_of(self, name: str) -> Undo | None:
        """How what a tool did is undone; None where it cannot be."""
        ...


class Withdrawals:
    """For conversations that have ended."""

    def __init__(self, db: Database, undoing: Undoing) -> None:
        self._db = db
        self._undoing = undoing

    async def finish(self, tenant_id: str, conversation_id: str) -> None:
        """Undo what was done for words that were taken back, where no answer came any more that decided about it."""
        async with self._db.begin(tenant_id) as connection:
            runs = await runs_of(connection, tenant_id, conversation_id)
        await withdraw(self._db, tenant_id, conversation_id, runs, self._undoing.undo_of)


async def withdraw(
    db: Database,
    tenant_id: str,
    conversation_id: str,
    runs: Sequence[ToolRun],
    undo_of: Callable[[str], Undo | None],
) -> None:
    """Undo the retracted ones of `runs`, the newest first. What cannot be undone has happened, and stands."""
    for run in reversed([one for one in runs if one.standing == "retracted"]):
        undo = undo_of(run.name)
        if undo is not None and run.undo is not None:
            try:
                await undo(tenant_id, run.undo)
            except VoiceAgentException as error:
                _log.warning("tool.not_undone", tool=run.name, code=error.code)
        async with db.begin(tenant_id) as connection:
            standing: Standing = "stands" if undo is None or run.undo is None else "undone"
            await set_standing(connection, tenant_id, conversation_id, run.key, standing)
