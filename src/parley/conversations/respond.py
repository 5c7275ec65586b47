"""A turn, from the caller's line to the settled answer. The order of steps can be read here from top to bottom.

    open and recall → understand → emergency, or find → follow → write → settle

Two short transactions: *open* stores the caller's line and takes the conversation's turn, *settle* stores the answer,
its trace and the new state and lets the next turn in. Between them no transaction is open. A turn that is cancelled
settles what was released; one whose process dies leaves the caller's line, and the next turn goes on from there. A
remembered answer needs no thought: its turn is opened and settled in one (`at_once`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from parley.agents import Line, Read, Reader, defaults
from parley.conversations.about import SHOWN, SLOT
from parley.conversations.at_once import AtOnce, asked
from parley.conversations.driver import carry_over
from parley.conversations.emergency import answer_emergency, mark_emergency, record_at_hand_over, takes_over
from parley.conversations.events import Acting, Action, Delta, Event, Opened, Source
from parley.conversations.follow import Walk
from parley.conversations.notices import notices
from parley.conversations.open import Opening
from parley.conversations.ordering import LocalOrder
from parley.conversations.pending import with_own_words, with_pending
from parley.conversations.recall import Question, Recall, stands_alone
from parley.conversations.settle import Settlement, revealed
from parley.conversations.sources import supporting
from parley.conversations.tool_run_store import RETRACTED
from parley.conversations.tools import Toolbox, Tools
from parley.conversations.trace import Trace
from parley.conversations.turn import Answer, Ask, Turn
from parley.conversations.wishes import read_wishes
from parley.conversations.write import Writer
from parley.experiments import Arm
from parley.inference.facts import Facts, Step, ToolOutcome
from parley.kit.clock import Clock
from parley.kit.ids import new_id
from parley.knowledge import Findings, Search
from parley.privacy import has_placeholder
from parley.tenants import Quota, Tenant
from parley.understanding import SlotProblem, Understanding

PASSAGES = 6
WHOLE_PASSAGES = 10  # of a business whose whole knowledge is small enough to be read
RELEVANT = 0.25
_SMALL_TALK = frozenset({"greeting", "thanks", "goodbye", "affirm", "deny"})
_ACTS = frozenset(
    {
        "booking",
        "check_booking",
        "change_booking",
        "cancel_booking",
        "lead_capture",
        "escalation",
        "viewing",
        "listing_search",
    }
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a responder is made of."""

    opening: Opening
    reader: Reader
    search: Search
    tools: Tools
    writer: Writer
    recall: Recall
    settlement: Settlement
    clock: Clock
    quota: Quota
    order: LocalOrder = field(default_factory=LocalOrder)


class Responder:
    """Answers one line at a time. Everything it needs is handed to it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._order = parts.order

    async def respond(self, ask: Ask) -> AsyncGenerator[Event, None]:
        """The turn as events: Opened, then Delta, Acting and Action, at the end Done. Raises before `Opened` only."""
        ask.check()
        conversation_id = ask.conversation_id or new_id()
        with self._parts.quota.turn(ask.tenant_id):
            async with self._order.turn(conversation_id):
                trace = Trace()
                self._parts.reader.expect(ask.message)
                await self._parts.recall.prepare(ask.tenant_id)
                at_once = AtOnce(self._parts.recall, self._parts.settlement, trace)
                with trace.step("open"):
                    turn = await self._parts.opening.open(ask, conversation_id, at_once)
                if at_once.written is not None:
                    done = self._parts.settlement.conclude(at_once.written)
                    yield Opened(conversation_id, turn.question_id)
                    yield Delta(done.reply, remembered=True)
                    yield done
                    return
                answer = Answer(language=turn.language, slots=turn.slots, node=turn.conversation.state.get("node"))
                answer.cut_short = True
                shown = turn.masking.stream()
                try:
                    yield Opened(conversation_id, turn.question_id)
                    async with aclosing(self._answer(turn, answer, at_once.question, trace)) as events:
                        async for event in events:
                            if isinstance(event, Action):
                                yield revealed(event, turn.masking)
                            elif isinstance(event, Acting):
                                yield event
                            elif text := shown.feed(event.text):
                                trace.released()
                                yield Delta(text, event.remembered)
                    if text := shown.finish():
                        yield Delta(text)
                    if turn.conversation.state.get(RETRACTED):
                        await (await self._parts.tools.open(turn)).withdraw()
                    answer.cut_short = False
                finally:
                    if answer.cut_short:
                        await self._parts.settlement.settle(turn, answer, trace)
                yield await self._parts.settlement.settle(turn, answer, trace)

    async def foresee(self, ask: Ask) -> Arm | None:
        """See `Opening.foresee`."""
        return await self._parts.opening.foresee(ask)

    async def drain(self) -> None:
        """Wait until every answer that was cut short is on disk."""
        await self._parts.settlement.drain()

    async def _answer(
        self, turn: Turn, answer: Answer, looked_up: Question | None, trace: Trace
    ) -> AsyncGenerator[Delta | Acting | Action, None]:
        reading = await self._understand(turn, answer, trace)
        meaning = reading.meaning
        if turn.conversation.held_by is not None and not meaning.emergency:
            return
        toolbox = await self._parts.tools.open(turn)
        if takes_over(turn, meaning):
            async with aclosing(answer_emergency(turn, answer, meaning, toolbox, trace)) as spoken:
                async for event in spoken:
                    yield event
            return
        question = _question(turn, meaning, looked_up)
        if question is not None:
            self._parts.recall.miss(question)
        with trace.step("find") as step:
            found = await self._find(turn, meaning, reading.vector)
            step["passages"] = [{"document_id": p.document_id, "score": p.score} for p in found.passages[:PASSAGES]]
        about = await self._parts.tools.about(turn, answer.slots)
        facts = replace(self._facts(turn, meaning, answer, found), about=about)
        async with aclosing(self._follow_and_write(turn, answer, meaning, facts, found, toolbox, trace)) as events:
            async for event in events:
                yield event
        material = facts.passages if about is None else (about, *facts.passages)
        used = supporting(answer.reply, material, answer.language, turn.message)
        answer.sources = tuple(Source(p.document_id, p.title, p.source, p.score) for p in used)
        private = turn.masking.hides and has_placeholder(answer.reply)
        if (
            question is not None
            and about is None
            and answer.sources
            and not answer.actions
            and answer.model
            and not private
            and not answer.put_right
        ):
            self._parts.recall.remember(question, answer.reply, answer.intent, answer.sources)

    async def _understand(self, turn: Turn, answer: Answer, trace: Trace) -> Read:
        with trace.step("understand") as step:
            previous, masked = turn.masking.reveal(turn.previous), turn.message if turn.masking.hides else None
            previous = with_pending(previous, _awaited(turn), turn.language)
            previous = with_own_words(previous, turn.said, [turn.masking.reveal(line) for line in turn.heard[-1:]])
            line = Line(turn.said, self._local_now(turn.tenant), previous, turn.language, masked)
            reading = await self._parts.reader.read(turn.tenant, turn.version, line)
            meaning = reading.meaning
            step["intent"], step["confidence"] = meaning.intent, round(meaning.confidence, 3)
        answer.intent, answer.language, answer.emergency = meaning.intent, meaning.language, meaning.emergency
        answer.escalate = meaning.intent == "escalation" or meaning.emergency
        node = turn.flow().nodes.get(answer.node or "")
        asked = node is not None and "reference" in node.slots
        known = {**turn.slots, **turn.masking.hide_slots(meaning.slots)}
        wishes = read_wishes(turn.said, known, reference_asked=asked)
        answer.slots = {**known, **turn.masking.hide_slots(wishes)}
        carry_over(turn.slots, answer.slots, meaning.slots, _awaited(turn))
        mark_emergency(turn, answer, meaning)
        return reading

    async def _find(self, turn: Turn, meaning: Understanding, vector: NDArray[np.float32] | None) -> Findings:
        """Passages for what was asked; a line that points back is searched together with the one before it."""
        if meaning.intent in _SMALL_TALK:
            return Findings(())
        query = turn.message
        if turn.heard and not stands_alone(turn.message):
            query = f"{turn.heard[-1]} {turn.message}"
            vector = await self._parts.search.query_vector(query, meaning.language)
        return await self._parts.search.find_passages(
            turn.tenant.id,
            query,
            language=meaning.language,
            revision=turn.tenant.knowledge_revision,
            vector=vector,
            top_k=PASSAGES,
            threshold=RELEVANT,
        )

    async def _follow_and_write(
        self,
        turn: Turn,
        answer: Answer,
        meaning: Understanding,
        facts: Facts,
        found: Findings,
        toolbox: Toolbox,
        trace: Trace,
    ) -> AsyncGenerator[Delta | Acting | Action, None]:
        """Walk the flow, run the tools it wants, say what it wants said, and let the model write the rest."""
        walk = Walk(
            flow=turn.flow(),
            language=meaning.language,
            intent=meaning.intent,
            slots=answer.slots,
            stated=frozenset(name for name, value in answer.slots.items() if turn.slots.get(name) != value)
            | frozenset(meaning.slots),
            node=answer.node,
            tries=dict(turn.conversation.state.get("tries", {})),
        )
        outcomes: list[ToolOutcome] = []
        with trace.step("follow") as step:
            wanted = walk.begin()
            while wanted.kind == "call":
                yield toolbox.acting(wanted.tool)
                outcome = await toolbox.run(wanted.tool, wanted.arguments)
                outcomes.append(outcome)
                answer.actions.append(action := Action(outcome.name, outcome.arguments, outcome.result, outcome.ok))
                yield action
                _remember(answer, outcome)
                if outcome.name == "transfer_to_person":
                    answer.escalate = True
                    if (recorded := await record_at_hand_over(turn, meaning, toolbox)) is not None:
                        answer.actions.append(recorded)
                        yield recorded
                wanted = walk.after(outcome)
            if wanted.kind == "handoff":
                yield Acting("transfer_to_person")
                outcome = await toolbox.run("transfer_to_person", {"reason": turn.message[:500]})
                answer.actions.append(action := Action(outcome.name, outcome.arguments, outcome.result, outcome.ok))
                answer.escalate = True
                yield action
            step["node"], step["kind"] = walk.node, wanted.kind
        answer.node, answer.ends, answer.tries = walk.node, walk.ends, walk.tries
        problems = [problem for problem in meaning.problems if _matters(problem, meaning.intent, turn)]
        told_back = [turn.masking.hide(sentence) for sentence in notices(problems, meaning.language)]
        for sentence in (*told_back, *walk.said):
            answer.reply += f"{sentence} "
            yield Delta(f"{sentence} ")
        if wanted.kind == "say":
            return
        told = tuple(outcome for outcome in outcomes if _worth_telling(outcome, outcomes[-1]))
        facts = replace(facts, slots=dict(answer.slots), step=_spoken(wanted), outcomes=told)
        async with aclosing(self._parts.writer.write(turn, answer, facts, found, toolbox, trace)) as events:
            async for event in events:
                yield event

    def _facts(self, turn: Turn, meaning: Understanding, answer: Answer, found: Findings) -> Facts:
        relevant = found.passages[:WHOLE_PASSAGES]
        if not found.whole:
            relevant = tuple(passage for passage in relevant if passage.score >= RELEVANT)[:PASSAGES]
        words = defaults(turn.version.type, meaning.language)
        greeting = turn.version.definition.prompts.get("greeting") or words.greeting
        return Facts(
            message=turn.message,
            language=meaning.language,
            intent=meaning.intent,
            confidence=meaning.confidence,
            slots=answer.slots,
            passages=relevant,
            previous=turn.previous,
            heard=turn.heard,
            agent_name=turn.version.name,
            agent_type=turn.version.type,
            business=turn.tenant.name,
            industry=turn.tenant.industry,
            today=self._local_now(turn.tenant).date().isoformat(),
            greeting=greeting.replace("{business}", turn.tenant.name),
        )

    def _local_now(self, tenant: Tenant) -> datetime:
        return self._parts.clock.now().astimezone(ZoneInfo(tenant.timezone))


def _question(turn: Turn, meaning: Understanding, looked_up: Question | None) -> Question | None:
    """What to remember the answer under; None where it hangs on more than the question. `looked_up`: what it was looked
    up by, before the words were understood."""
    acts = meaning.intent in _ACTS or meaning.intent in _SMALL_TALK
    if acts or meaning.slots or meaning.problems:
        return None
    same = looked_up is not None and looked_up.language == meaning.language
    return looked_up if same else asked(turn, meaning.language)


def _matters(problem: SlotProblem, intent: str, turn: Turn) -> bool:
    """A day gone by is worth a word where something is planned for it, not in "I left my jacket there yesterday"."""
    return (
        problem.reason != "past" or intent in _ACTS - {"lead_capture", "escalation"} or problem.slot in _awaited(turn)
    )


def _awaited(turn: Turn) -> tuple[str, ...]:
    """The slots that the flow asked for and does not know yet."""
    node = turn.flow().nodes.get(turn.conversation.state.get("node") or "")
    if node is None or node.type != "ask":
        return ()
    return tuple(slot for slot in node.slots if turn.slots.get(slot) in (None, ""))


def _spoken(step: Step) -> Step | None:
    """An `answer` node leaves the model free: the facts then name no step."""
    return None if step.kind == "answer" else step


def _worth_telling(outcome: ToolOutcome, last: ToolOutcome) -> bool:
    """A look-up on the way to something else says nothing by itself, nor does a business that tells no availability."""
    on_the_way = outcome.ok and outcome.name == "find_reservation" and outcome is not last
    return outcome.result.get("status") != "unknown" and not on_the_way


def _remember(answer: Answer, outcome: ToolOutcome) -> None:
    """A reference that a tool gave is known from now on, and the one listing it was about."""
    reference = outcome.result.get("reference")
    if outcome.ok and isinstance(reference, str):
        answer.slots["reference"] = reference
    offered = [outcome.result, *outcome.result.get("listings", ())] if outcome.ok else []
    named = list(dict.fromkeys(one["property_id"] for one in offered if one.get("property_id")))
    if len(named) == 1:
        answer.slots[SLOT] = named[0]
    elif named:
        answer.slots[SHOWN] = ",".join(named)
