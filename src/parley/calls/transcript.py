"""What was said on a call: its conversation's lines, else what the carrier wrote down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from parley.calls.record import CallRecord
from parley.conversations import Lines, Transcripts, Withdrawals
from parley.inference.carrier import CarrierLine
from parley.kit.errors import NotFound

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Said:
    """One line. role: user, agent, or operator (a person of ours who stepped in)."""

    role: str
    content: str
    at: datetime | None = None
    message_id: str | None = None


def as_text(lines: Sequence[Said]) -> str | None:
    """The transcript as Retell writes one: a line per turn, "Agent: …" or "User: …"; None where nothing was kept."""
    spoken = [f"{'User' if line.role == 'user' else 'Agent'}: {line.content}" for line in lines if line.content]
    return "\n".join(spoken) or None


class CallTranscripts:
    """The lines of calls."""

    def __init__(self, transcripts: Transcripts, lines: Lines, withdrawals: Withdrawals) -> None:
        self._transcripts = transcripts
        self._lines = lines
        self._withdrawals = withdrawals

    async def of(self, call: CallRecord) -> list[Said]:
        """Every line so far, in order."""
        if call.conversation_id is not None:
            try:
                return await self._conversation(call.tenant_id, call.conversation_id)
            except NotFound:
                return []
        return [_carried(call, line) for line in call.lines]

    async def end(self, call: CallRecord, seconds: int | None, told: Sequence[CarrierLine]) -> None:
        """Close the call's conversation, if it holds one that is still there, as one of the call's own `seconds`.

        By all that the carrier `told` was said it is cut to what was heard; what was done for half a sentence that
        nothing followed is undone.
        """
        if call.conversation_id is None:
            return
        said = [("agent" if line.role == "agent" else "user", line.content) for line in told]
        try:
            await self._lines.conclude(call.tenant_id, call.conversation_id, said)
            await self._withdrawals.finish(call.tenant_id, call.conversation_id)
            await self._transcripts.end(call.tenant_id, call.conversation_id, seconds)
        except NotFound:
            return

    async def _conversation(self, tenant_id: str, conversation_id: str) -> list[Said]:
        found: list[Said] = []
        after = 0
        while True:
            page = await self._transcripts.messages(tenant_id, conversation_id, _PAGE, after)
            found += [
                Said(line.role, line.content, line.created_at, line.id)
                for line in page[:_PAGE]
                if line.role != "system"
            ]
            if len(page) <= _PAGE:
                return found
            after = page[_PAGE - 1].ordinal


def _carried(call: CallRecord, line: dict[str, Any]) -> Said:
    begin, at = call.started_at, line.get("at")
    said_at = begin + timedelta(seconds=at) if begin is not None and isinstance(at, int | float) else begin
    return Said(str(line["role"]), str(line["content"]), said_at)
