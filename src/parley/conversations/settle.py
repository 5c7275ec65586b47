"""The last step of a turn: one durable transaction with the answer, its trace and the state the next begins from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations import store
from parley.conversations.events import Action, Done
from parley.conversations.lines import BEFORE
from parley.conversations.outcome import judge
from parley.conversations.takeover import MESSAGE
from parley.conversations.told import tell_of_turn
from parley.conversations.tool_run_store import RETRACTED
from parley.conversations.trace import Trace
from parley.conversations.turn import Answer, Turn
from parley.conversations.unwritten import Unwritten
from parley.inference.usage import Usage
from parley.kit import log
from parley.kit.db import Database
from parley.kit.events import Event
from parley.kit.ids import new_id
from parley.privacy import Masking, Vaults

_log = log.get("conversations")
_CLOSES = frozenset({"voice"})  # a goodbye closes the line; who types may go on, and who carries a call hangs up
_RETRACTS = frozenset({"phone"})  # a carrier may find out that an answer was never spoken


Cost = Callable[[str, Usage], int]  # millionths of a US dollar; 0 for a model without a known price


@dataclass(frozen=True, slots=True)
class Written:
    """A turn that is stored, and of which nobody knows yet. `stands`: its conversation was not erased meanwhile."""

    turn: Turn
    answer: Answer
    trace: Trace
    timings: dict[str, float]
    reply: str
    reply_id: str
    stands: bool


class Settlement:
    """Settles turns, whatever becomes of those who asked."""

    def __init__(
        self, db: Database, vaults: Vaults, unwritten: Unwritten, on_settled: Callable[[Done], None], cost: Cost
    ) -> None:
        self._db = db
        self._vaults = vaults
        self._unwritten = unwritten
        self._on_settled = on_settled
        self._cost = cost
        self._running: set[asyncio.Task[Done]] = set()

    async def settle(self, turn: Turn, answer: Answer, trace: Trace) -> Done:
        """Store the turn, carried through even if the caller of this leaves now."""
        task = asyncio.ensure_future(self._settle(turn, answer, trace))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def drain(self) -> None:
        """Wait until every answer is on disk."""
        while self._running:
            await asyncio.wait(self._running)

    async def _settle(self, turn: Turn, answer: Answer, trace: Trace) -> Done:
        async with self._db.begin(turn.tenant.id) as connection:
            written = await self.write(connection, turn, answer, trace)
        return self.conclude(written)

    async def write(self, connection: AsyncConnection, turn: Turn, answer: Answer, trace: Trace) -> Written:
        """Store the turn in a transaction of the caller's, who commits it and then calls `conclude`."""
        reply, reply_id = answer.reply.strip(), new_id()
        timings = trace.timings()
        tenant_id, conversation_id = turn.tenant.id, turn.conversation.id
        length = None if turn.masking.keeps_words else len(turn.masking.reveal(reply))
        line = store.Line(reply_id, turn.masking.stored(reply), length)
        row = {**_turn_row(turn, answer, trace, timings), "lines": int(bool(reply))}
        row["cost_micros"] = self._cost(answer.model, answer.usage)
        about = {"conversation_id": conversation_id, "message_id": reply_id if reply else turn.question_id}
        news = Event(tenant_id, MESSAGE, about)
        stands = await store.settle_turn(connection, tenant_id, conversation_id, turn.question_id, line, row, news)
        if stands:  # erased meanwhile: who asked still hears the answer, and nothing of it is written down
            await self._vaults.save(connection, tenant_id, conversation_id, turn.masking)
            if row["ends"]:
                await judge(connection, tenant_id, conversation_id)
            await tell_of_turn(connection, turn, answer, ended=bool(row["ends"]))
        return Written(turn, answer, trace, timings, reply, reply_id, stands)

    def conclude(self, written: Written) -> Done:
        """What is left to do once the turn is on disk."""
        turn, answer, timings, reply = written.turn, written.answer, written.timings, written.reply
        if turn.talk is not None and written.stands:
            self._unwritten.add(turn.talk, "agent", reply)
            turn.talk.before = (turn.talk.slots, turn.talk.node)
            turn.talk.slots, turn.talk.node = dict(answer.slots), answer.node
        timings["total_ms"] = written.trace.elapsed()
        done = Done(
            conversation_id=turn.conversation.id,
            message_id=written.reply_id,
            reply=turn.masking.reveal(reply),
            intent=answer.intent,
            language=answer.language,
            slots=turn.masking.reveal_json(answer.slots),
            sources=answer.sources,
            cached=answer.cached,
            escalate=answer.escalate,
            emergency=answer.emergency,
            actions=tuple(revealed(action, turn.masking) for action in answer.actions),
            timings=timings,
            model=answer.model,
            held=turn.conversation.held_by is not None,
            ends=answer.ends,
        )
        _log_turn(turn, answer, timings)
        self._on_settled(done)
        return done


def revealed(action: Action, masking: Masking) -> Action:
    """A tool's run as the caller may see it."""
    if not masking.hides:
        return action
    return replace(action, arguments=masking.reveal_json(action.arguments), result=masking.reveal_json(action.result))


def _state(turn: Turn, answer: Answer) -> dict[str, Any]:
    """Where the conversation stands: the next turn begins from here."""
    confirmed = turn.done | {action.name for action in answer.actions if action.ok}
    new: dict[str, Any] = {"slots": answer.slots, "intent": answer.intent, "node": answer.node}
    if not turn.masking.keeps_words:
        new |= {"slots": {}, "node": None}
    new["done"] = sorted(confirmed)
    if answer.alarm:
        new["alarm"] = answer.alarm
    if answer.escalate:
        new["escalated"] = True
    if answer.tries:
        new["tries"] = answer.tries
    before = turn.conversation.state
    if before.get(RETRACTED) and not answer.cut_short:
        new[RETRACTED] = False
    if turn.conversation.channel in _RETRACTS:
        new[BEFORE] = {name: value for name, value in before.items() if name != BEFORE}
        if not turn.masking.keeps_words:
            new[BEFORE] |= {"slots": {}, "node": None}
    return {**before, **new}


def _turn_row(turn: Turn, answer: Answer, trace: Trace, timings: Mapping[str, float]) -> dict[str, Any]:
    return {
        "state": orjson.dumps(_state(turn, answer)).decode(),
        "language": answer.language,
        "ends": answer.ends and turn.conversation.channel in _CLOSES,
        "intent": answer.intent,
        "cached": answer.cached or None,
        "model": answer.model,
        "escalate": answer.escalate,
        "emergency": answer.emergency,
        "prompt_tokens": answer.usage.prompt_tokens,
        "completion_tokens": answer.usage.completion_tokens,
        "first_token_ms": trace.first_token_ms,
        "total_ms": timings["total_ms"],
        "trace": orjson.dumps(_told(turn, answer, trace)).decode(),
    }


def _told(turn: Turn, answer: Answer, trace: Trace) -> dict[str, Any]:
    """How the turn went, as it is served later."""
    return {
        "steps": trace.steps,
        "slots": answer.slots if turn.masking.keeps_words else {},
        "node": answer.node,
        "actions": [{"name": action.name, "ok": action.ok} for action in answer.actions],
        "sources": [source.document_id for source in answer.sources],
        "agent_version": turn.version.number,
        "cut_short": answer.cut_short,
    }


def _log_turn(turn: Turn, answer: Answer, timings: Mapping[str, float]) -> None:
    _log.info(
        "turn.settled",
        tenant_id=turn.tenant.id,
        conversation_id=turn.conversation.id,
        intent=answer.intent,
        cached=answer.cached,
        model=answer.model,
        escalate=answer.escalate,
        emergency=answer.emergency,
        actions=[action.name for action in answer.actions],
        cut_short=answer.cut_short,
        **timings,
    )
