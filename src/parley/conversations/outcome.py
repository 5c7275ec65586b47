"""What a conversation came to: whether the caller got what they came for, and whether a person was wanted.

Judged on the transaction that ends it. Who types seldom says goodbye: a conversation in which nothing was said for a
while counts as over and is judged too; who comes back goes on, and it is judged again. A posted log says itself what it
came to, and a call tells its own outcome (`Outcomes.tell`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations import outcome_store as store
from parley.conversations.outcome_store import TurnTaken
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.jobs import Job

IDLE = timedelta(minutes=30)
End = Callable[[str, str, float], Awaitable[object]]
_AT_ONCE = 500
_EVERY_MINUTE = "* * * * *"
# Tools that only look, or end: what they confirm is not what a caller came for.
_LOOKING = frozenset(
    {"check_availability", "find_reservation", "find_listings", "transfer_to_person", "end_conversation"}
)
_WISHES = frozenset({"booking", "change_booking", "cancel_booking", "lead_capture", "viewing"})
_NO_QUESTION = frozenset({"greeting", "thanks", "goodbye", "affirm", "deny", "check_in", "escalation", "emergency"})


def was_completed(done: Collection[str], turns: Sequence[TurnTaken]) -> bool | None:
    """Whether the caller got what they came for; None where they did not say what that was.

    A tool that did something settles it; else an escalation or a wish that came to nothing says no, and the last
    question says whether it was answered.
    """
    if set(done) - _LOOKING:
        return True
    if any(turn.emergency for turn in turns):
        return None
    if any(turn.escalate for turn in turns) or any(turn.intent in _WISHES for turn in turns):
        return False
    questions = [turn for turn in turns if turn.intent not in _NO_QUESTION]
    return questions[-1].answered if questions else None


async def judge(connection: AsyncConnection, tenant_id: str, conversation_id: str) -> None:
    """Store what a conversation came to, on the caller's transaction; one that was judged stays as it is."""
    facts = await store.unjudged(connection, tenant_id, conversation_id)
    if facts is None:
        return
    done, turns, tokens = facts
    await store.keep_outcome(
        connection,
        tenant_id,
        conversation_id,
        task_completed=was_completed(done, turns),
        escalated=any(turn.escalate for turn in turns),
        tokens=tokens,
    )


class Outcomes:
    """Outcomes from outside a turn."""

    def __init__(self, db: Database, clock: Clock, end: End) -> None:
        """`end`: `Transcripts.end`."""
        self._db = db
        self._clock = clock
        self._end = end

    def background(self) -> Sequence[Job]:
        """The job, to be registered with the queue."""
        return [Job("conversations.judge_idle", self.judge_idle, attempts=1, cron=_EVERY_MINUTE)]

    async def judge_idle(self, timestamp: int = 0) -> None:  # noqa: ARG002 - the queue's: when it was due
        """Judge every conversation in which nothing was said for a while; end the live ones, whose line was lost."""
        while True:
            async with self._db.begin_platform("idle conversations") as connection:
                found = await store.find_idle(connection, self._clock.now() - IDLE, _AT_ONCE)
            for tenant_id, conversation_id in found:
                async with self._db.begin(tenant_id) as connection:
                    seconds = await store.left_on_the_line(connection, tenant_id, conversation_id)
                    if seconds is None:
                        await judge(connection, tenant_id, conversation_id)
                if seconds is not None:
                    await self._end(tenant_id, conversation_id, seconds)
            if len(found) < _AT_ONCE:
                return

    async def tell(self, tenant_id: str, conversation_id: str, *, task_completed: bool) -> None:
        """What somebody who knows better says, such as a call of its outcome."""
        async with self._db.begin(tenant_id) as connection:
            await judge(connection, tenant_id, conversation_id)
            await store.tell_outcome(connection, tenant_id, conversation_id, task_completed=task_completed)
