"""A turn, from the caller's line to the settled answer. The order of steps can be read here from top to bottom.

    open → understand → recall → find → write (model, tools, gate) → settle

Two short transactions: *open* stores the caller's line and takes the conversation's turn, *settle* stores the answer,
its trace and the new state and lets the next turn in. Between them no transaction is open. A turn that is cancelled
settles what was released; one whose process dies leaves the caller's line, and the next turn goes on from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.agents import Agents, LlmChoice, Version, defaults, get_agent, oldest_active_agent
from parley.conversations import prompt, store
from parley.conversations.events import Action, Cached, Delta, Done, Event, Opened, Source
from parley.conversations.ordering import LocalOrder, TurnHolder
from parley.conversations.recall import ExactRecall, Question, stands_alone
from parley.conversations.trace import Trace
from parley.conversations.validate import Gate, supporting
from parley.inference.chat import ChatRequest, Finished, TextDelta
from parley.inference.errors import ProviderError
from parley.inference.facts import Facts, Passage, SlotValue
from parley.inference.ports import ChatModel
from parley.inference.usage import Usage
from parley.kit import guard, log
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotFound, TooMany
from parley.kit.ids import new_id
from parley.knowledge import Findings, Search
from parley.tenants import Tenant, get_tenant
from parley.understanding import ExampleVectors, Understanding, detect_language, understand

MAX_MESSAGE_CHARACTERS = 10_000
_HISTORY_LINES = 20
_PROMPT_LINES = 8
_PASSAGES = 6
_RELEVANT = 0.25
_OTHER_PROCESS_WAIT = 30.0
_OTHER_PROCESS_POLL = 0.025
_SMALL_TALK = frozenset({"greeting", "thanks", "goodbye", "affirm", "deny"})
_FORGETFUL = frozenset(
    {"booking", "change_booking", "cancel_booking", "lead_capture", "escalation", "viewing", "emergency"}
)
_log = log.get("conversations")


class ModelChoice(Protocol):
    """Which chat model answers: given by the wiring, which knows vendors and keys."""

    async def for_agent(self, tenant_id: str, choice: str | LlmChoice | None) -> ChatModel:
        """The chain of models for an agent's choice; its last link always answers."""
        ...


@dataclass(frozen=True, slots=True)
class Ask:
    """One line of a caller and where it belongs. A left-out conversation begins a new one."""

    tenant_id: str
    message: str
    agent_id: str | None = None
    conversation_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    channel: str = "text"
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What *open* found."""

    tenant: Tenant
    version: Version
    conversation: store.Conversation
    earlier: tuple[store.Message, ...]
    question_id: str
    message: str

    @property
    def previous(self) -> str:
        """The agent's last line."""
        return next((line.content for line in reversed(self.earlier) if line.role != "user"), "")

    @property
    def slots(self) -> dict[str, SlotValue]:
        """What the conversation had established before this turn."""
        return dict(self.conversation.state.get("slots", {}))


@dataclass(slots=True)
class _Answer:
    """What the turn has said so far."""

    intent: str = "unknown"
    language: str = "en"
    slots: dict[str, SlotValue] = field(default_factory=dict)
    reply: str = ""
    sources: tuple[Source, ...] = ()
    cached: Cached = False
    escalate: bool = False
    emergency: bool = False
    actions: list[Action] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    cut_short: bool = False


class Responder:
    """Answers one line at a time. Everything it needs is handed to it."""

    def __init__(
        self,
        db: Database,
        agents: Agents,
        search: Search,
        models: ModelChoice,
        recall: ExactRecall,
        holder: TurnHolder,
        clock: Clock,
        examples: ExampleVectors | None,
        on_settled: Callable[[Done], None],
    ) -> None:
        self._db = db
        self._agents = agents
        self._search = search
        self._models = models
        self._recall = recall
        self._holder = holder
        self._clock = clock
        self._examples = examples
        self._on_settled = on_settled
        self._order = LocalOrder()
        self._settling: set[asyncio.Task[Any]] = set()

    async def respond(self, ask: Ask) -> AsyncGenerator[Event, None]:
        """The turn as events: Opened, Delta…, Done. Raises before `Opened` only."""
        _check(ask)
        conversation_id = ask.conversation_id or new_id()
        async with self._order.turn(conversation_id):
            trace = Trace()
            with trace.step("open"):
                turn = await self._open(ask, conversation_id)
            answer = _Answer(language=turn.conversation.language or turn.tenant.language)
            settled = False
            try:
                yield Opened(conversation_id, turn.question_id)
                async with aclosing(self._answer(turn, answer, trace)) as deltas:
                    async for delta in deltas:
                        trace.released()
                        yield delta
                settled = True
                yield await self._finish(self._settle(turn, answer, trace))
            finally:
                if not settled:
                    answer.cut_short = True
                    await self._finish(self._settle(turn, answer, trace))

    async def drain(self) -> None:
        """Wait until every answer that was cut short is on disk."""
        while self._settling:
            await asyncio.wait(self._settling)

    # Open

    async def _open(self, ask: Ask, conversation_id: str) -> _Turn:
        await self._holder.ensure()
        deadline = asyncio.get_running_loop().time() + _OTHER_PROCESS_WAIT
        while True:
            async with self._db.begin(ask.tenant_id, durable=False) as connection:
                turn = await self._take_turn(connection, ask, conversation_id)
            if turn is not None:
                return turn
            if asyncio.get_running_loop().time() > deadline:
                raise TooMany("conversation_id is being answered by another process.", retry_after=2)
            await asyncio.sleep(_OTHER_PROCESS_POLL)

    async def _take_turn(self, connection: AsyncConnection, ask: Ask, conversation_id: str) -> _Turn | None:
        tenant = await get_tenant(connection, ask.tenant_id)
        if tenant is None:
            raise NotFound("tenant")
        earlier: list[store.Message] = []
        if ask.conversation_id is None:
            conversation, version = await self._begin(connection, ask, conversation_id)
        else:
            claimed = await store.claim_turn(connection, ask.tenant_id, conversation_id, self._holder.number)
            if claimed is None:
                if await store.get_conversation(connection, ask.tenant_id, conversation_id) is None:
                    raise NotFound("conversation")
                return None
            conversation = claimed
            version = await self._version_of(connection, ask, conversation)
            earlier = await store.last_messages(connection, ask.tenant_id, conversation_id, _HISTORY_LINES)
        question_id = new_id()
        await store.add_message(connection, ask.tenant_id, conversation_id, question_id, "user", ask.message)
        return _Turn(tenant, version, conversation, tuple(earlier), question_id, ask.message)

    async def _begin(
        self, connection: AsyncConnection, ask: Ask, conversation_id: str
    ) -> tuple[store.Conversation, Version]:
        if ask.agent_id is None:
            agent = await oldest_active_agent(connection, ask.tenant_id)
        else:
            agent = await get_agent(connection, ask.tenant_id, ask.agent_id)
        if agent is None:
            raise NotFound("agent")
        if not agent.is_active:
            raise Conflict("agent_id names an agent that is not active.", code="agent.inactive")
        version = await self._agents.recall_version(connection, ask.tenant_id, agent.id, agent.version)
        row = {
            "id": conversation_id,
            "tenant_id": ask.tenant_id,
            "agent_id": agent.id,
            "agent_version": agent.version,
            "agent_config": agent.config_key,
            "agent_name": agent.name,
            "channel": ask.channel,
            "session_id": ask.session_id,
            "user_id": ask.user_id,
            "language": agent.definition.language,
            "turn_holder": self._holder.number,
            "metadata": dict(ask.metadata),
        }
        return await store.add_conversation(connection, row), version

    async def _version_of(self, connection: AsyncConnection, ask: Ask, conversation: store.Conversation) -> Version:
        if conversation.status == "ended":
            raise Conflict("conversation_id names a conversation that has ended.", code="conversation.ended")
        if conversation.agent_id is None or conversation.agent_version is None:
            raise Conflict("conversation_id names a conversation without an agent.", code="conversation.no_agent")
        if ask.agent_id is not None and ask.agent_id != conversation.agent_id:
            raise InvalidInput("agent_id differs from the agent of conversation_id.")
        number = conversation.agent_version
        return await self._agents.recall_version(connection, ask.tenant_id, conversation.agent_id, number)

    # Answer

    async def _answer(self, turn: _Turn, answer: _Answer, trace: Trace) -> AsyncGenerator[Delta, None]:
        vector, meaning = await self._understand(turn, answer, trace)
        question = self._question(turn, meaning)
        with trace.step("recall") as step:
            remembered = self._recall.look_up(question) if question is not None else None
            step["hit"] = remembered is not None
        if remembered is not None:
            answer.cached, answer.sources, answer.reply = "exact", remembered.sources, remembered.reply
            yield Delta(remembered.reply)
            return
        with trace.step("find") as step:
            found = await self._find(turn, meaning, vector)
            step["passages"] = [{"document_id": p.document_id, "score": p.score} for p in found.passages[:_PASSAGES]]
        facts = _facts(turn, meaning, answer, found, self._today(turn.tenant))
        async with aclosing(self._write(turn, answer, facts, found, trace)) as deltas:
            async for delta in deltas:
                yield delta
        used = supporting(answer.reply, facts.passages, answer.language)
        answer.sources = tuple(Source(p.document_id, p.title, p.source, p.score) for p in used)
        if question is not None and answer.sources and not answer.actions and answer.model:
            self._recall.remember(question, answer.reply, answer.intent, answer.sources)

    async def _understand(
        self, turn: _Turn, answer: _Answer, trace: Trace
    ) -> tuple[NDArray[Any] | None, Understanding]:
        guard.require_no_transaction("understanding")
        with trace.step("understand") as step:
            spoken = turn.version.definition.language or turn.conversation.language or turn.tenant.language
            language = detect_language(turn.message, spoken)
            vector = await self._search.query_vector(turn.message, language)
            meaning = understand(
                turn.message,
                now=self._local_now(turn.tenant),
                previous=turn.previous,
                agent_type=turn.version.type,
                language_hint=language,
                vector=vector,
                examples=self._examples,
                builtin=turn.version.definition.understanding.builtin,
                default_region=_REGION.get(language, "US"),
                known={slot.name: slot.values for slot in turn.version.definition.understanding.slots},
            )
            step["intent"], step["confidence"] = meaning.intent, round(meaning.confidence, 3)
        answer.intent, answer.language = meaning.intent, meaning.language
        answer.emergency, answer.escalate = meaning.emergency, meaning.intent == "escalation" or meaning.emergency
        answer.slots = {**turn.slots, **meaning.slots}
        return vector, meaning

    def _question(self, turn: _Turn, meaning: Understanding) -> Question | None:
        """The cache's view of this turn; None where the answer hangs on more than the question."""
        if meaning.intent in _FORGETFUL or meaning.intent in _SMALL_TALK or meaning.emergency or meaning.slots:
            return None
        if not stands_alone(turn.message):
            return None
        return Question(
            turn.tenant.id,
            turn.version.agent_id,
            turn.version.number,
            turn.conversation.experiment_id or "",
            meaning.language,
            turn.tenant.knowledge_revision,
            turn.message,
        )

    async def _find(self, turn: _Turn, meaning: Understanding, vector: NDArray[Any] | None) -> Findings:
        """Passages for what was asked; a line that points back is searched together with the one before it."""
        if meaning.intent in _SMALL_TALK:
            return Findings(())
        query = turn.message
        heard = [line.content for line in turn.earlier if line.role == "user"]
        if heard and not stands_alone(turn.message):
            query = f"{heard[-1]} {turn.message}"
            vector = await self._search.query_vector(query, meaning.language)
        return await self._search.find_passages(
            turn.tenant.id,
            query,
            language=meaning.language,
            revision=turn.tenant.knowledge_revision,
            vector=vector,
            top_k=_PASSAGES,
            threshold=_RELEVANT,
        )

    async def _write(
        self, turn: _Turn, answer: _Answer, facts: Facts, found: Findings, trace: Trace
    ) -> AsyncGenerator[Delta, None]:
        """Ask the model, pass its words through the gate, and keep what was released."""
        definition = turn.version.definition
        words = defaults(turn.version.type, facts.language)
        script = prompt.Script(
            definition.system_prompt or words.system_prompt,
            definition.prompts.get("instructions", ""),
            turn.tenant.name,
        )
        talk = turn.earlier[-_PROMPT_LINES:]
        request = ChatRequest(
            prompt.build(script, facts, talk, found.passages, whole=found.whole), facts, **_sampling(definition.llm)
        )
        model = await self._models.for_agent(turn.tenant.id, definition.llm)
        gate = Gate(facts.language, list(facts.outcomes))
        guard.require_no_transaction("model call")
        with trace.step("write") as step:
            try:
                async with aclosing(model.stream(request)) as events:
                    async for event in events:
                        if isinstance(event, TextDelta):
                            for text in gate.take(event.text):
                                answer.reply = gate.released
                                yield Delta(text)
                        elif isinstance(event, Finished):
                            answer.usage, answer.model = answer.usage + event.usage, event.model or model.name
            except ProviderError as error:
                step["error"] = error.code
                _log.warning("turn.model_failed", code=error.code, model=model.name)
            for text in gate.finish():
                answer.reply = gate.released
                yield Delta(text)
            if not gate.released.strip():
                answer.reply = _SORRY.get(facts.language, _SORRY["en"])
                yield Delta(answer.reply)
            step["model"], step["held"] = answer.model, gate.held

    # Settle

    async def _settle(self, turn: _Turn, answer: _Answer, trace: Trace) -> Done:
        reply_id = new_id()
        conversation, tenant_id = turn.conversation, turn.tenant.id
        timings = trace.timings()
        state = {**conversation.state, "slots": answer.slots, "intent": answer.intent}
        reply = answer.reply.strip()
        async with self._db.begin(tenant_id) as connection:
            if reply:
                await store.add_message(
                    connection, tenant_id, conversation.id, reply_id, "agent", reply, reply_to=turn.question_id
                )
            await store.add_turn(
                connection, _turn_row(turn, answer, trace, reply_id if reply else turn.question_id, timings)
            )
            packed = orjson.dumps(state).decode()
            await store.settle_conversation(connection, tenant_id, conversation.id, packed, answer.language)
        timings["total_ms"] = trace.elapsed()
        _log.info(
            "turn.settled",
            tenant_id=tenant_id,
            conversation_id=conversation.id,
            intent=answer.intent,
            cached=answer.cached,
            model=answer.model,
            cut_short=answer.cut_short,
            **timings,
        )
        done = Done(
            conversation.id,
            reply_id,
            reply,
            answer.intent,
            answer.language,
            answer.slots,
            answer.sources,
            answer.cached,
            answer.escalate,
            answer.emergency,
            tuple(answer.actions),
            timings,
            answer.model,
        )
        self._on_settled(done)
        return done

    async def _finish(self, work: Coroutine[Any, Any, Done]) -> Done:
        """Carry `work` through even if the caller of the turn leaves now."""
        task = asyncio.ensure_future(work)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        return await asyncio.shield(task)

    def _local_now(self, tenant: Tenant) -> datetime:
        return self._clock.now().astimezone(ZoneInfo(tenant.timezone))

    def _today(self, tenant: Tenant) -> str:
        return self._local_now(tenant).date().isoformat()


_REGION = {"en": "US", "de": "DE"}
_SORRY = {
    "en": "I'm sorry, something went wrong on my side. Could you say that again?",
    "de": "Entschuldigung, bei mir ist etwas schiefgegangen. Könnten Sie das noch einmal sagen?",
}


def _check(ask: Ask) -> None:
    if not ask.message.strip():
        raise InvalidInput("message must not be empty.")
    if len(ask.message) > MAX_MESSAGE_CHARACTERS:
        raise InvalidInput(f"message must be at most {MAX_MESSAGE_CHARACTERS:,} characters long.")


def _sampling(choice: str | LlmChoice | None) -> dict[str, Any]:
    if isinstance(choice, LlmChoice):
        return {"temperature": choice.temperature, "max_tokens": choice.max_tokens}
    return {}


def _facts(turn: _Turn, meaning: Understanding, answer: _Answer, found: Findings, today: str) -> Facts:
    relevant: tuple[Passage, ...] = tuple(p for p in found.passages if p.score >= _RELEVANT)[:_PASSAGES]
    if found.whole and not relevant:
        relevant = found.passages[:2]
    definition = turn.version.definition
    words = defaults(turn.version.type, meaning.language)
    greeting = definition.prompts.get("greeting") or words.greeting
    return Facts(
        message=turn.message,
        language=meaning.language,
        intent=meaning.intent,
        confidence=meaning.confidence,
        slots=answer.slots,
        passages=relevant,
        previous=turn.previous,
        heard=tuple(line.content for line in turn.earlier if line.role == "user"),
        agent_name=turn.version.name,
        agent_type=turn.version.type,
        business=turn.tenant.name,
        industry=turn.tenant.industry,
        today=today,
        greeting=greeting.replace("{business}", turn.tenant.name),
    )


def _turn_row(
    turn: _Turn, answer: _Answer, trace: Trace, message_id: str, timings: Mapping[str, float]
) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "tenant_id": turn.tenant.id,
        "conversation_id": turn.conversation.id,
        "intent": answer.intent,
        "cached": answer.cached or None,
        "model": answer.model,
        "escalate": answer.escalate,
        "emergency": answer.emergency,
        "prompt_tokens": answer.usage.prompt_tokens,
        "completion_tokens": answer.usage.completion_tokens,
        "first_token_ms": trace.first_token_ms,
        "total_ms": timings["total_ms"],
        "trace": {
            "steps": trace.steps,
            "slots": answer.slots,
            "sources": [source.document_id for source in answer.sources],
            "agent_version": turn.version.number,
            "cut_short": answer.cut_short,
        },
    }
