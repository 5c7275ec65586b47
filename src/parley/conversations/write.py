"""Writing the answer: the model's words through the gate, its tools in between, a bounded number of times."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import orjson

from parley.agents import defaults
from parley.conversations import prompt
from parley.conversations.arm import instructions_of, sampling_of, system_prompt_of
from parley.conversations.confirmed import Confirmed
from parley.conversations.events import Acting, Action, Delta
from parley.conversations.grants import Material
from parley.conversations.hidden import Secrets
from parley.conversations.tools import Toolbox
from parley.conversations.trace import Trace
from parley.conversations.turn import Answer, ModelChoice, Turn
from parley.conversations.validate import Gate
from parley.inference.chat import ChatRequest, Finished, Message, TextDelta, ToolCall
from parley.inference.errors import ProviderError
from parley.inference.facts import Facts, Passage, ToolOutcome
from parley.inference.ports import ChatModel
from parley.kit import guard, log
from parley.knowledge import Findings

MOST_ROUNDS = 5
_PROMPT_LINES = 8
_AS_WRITTEN = frozenset({"thinking"})
_VOICES = frozenset({"voice", "phone"})
_SORRY = {
    "en": "I'm sorry, something went wrong on my side. Could you say that again?",
    "de": "Entschuldigung, bei mir ist etwas schiefgegangen. Könnten Sie das noch einmal sagen?",
}
_PLACEHOLDERS = {
    "en": "Words such as <PERSON_1> stand for what the caller told you. Use them as they are, in replies and tools.",
    "de": "Wörter wie <PERSON_1> stehen für Angaben des Anrufers. Verwenden Sie sie unverändert, auch in Werkzeugen.",
}
_log = log.get("conversations")


class Writer:
    """Turns facts into an answer."""

    def __init__(self, models: ModelChoice) -> None:
        self._models = models

    async def write(
        self, turn: Turn, answer: Answer, facts: Facts, found: Findings, toolbox: Toolbox, trace: Trace
    ) -> AsyncGenerator[Delta | Acting | Action, None]:
        """Released text and the tools that ran, in order. Every word is kept in `answer.reply` as it is released."""
        request = self._request(turn, facts, found, toolbox)
        model = await self._models.for_agent(turn.tenant.id, turn.version.definition.llm)
        confirmed = await _confirmed(turn, answer, toolbox)
        gate = _gate(turn, answer, facts, found, confirmed)
        for left in range(MOST_ROUNDS - 1, -1, -1):
            calls: list[ToolCall] = []
            before = len(gate.released)
            if not left:
                request = replace(request, tools=())
            with trace.step("write") as step:
                async with aclosing(self._round(model, request, gate, answer, calls, step)) as deltas:
                    async for delta in deltas:
                        yield delta
                step["model"], step["held"] = answer.model, list(gate.held)
            answer.put_right = not _AS_WRITTEN.issuperset(gate.held)
            if not calls or not left:
                break
            outcomes = []
            for call in calls:
                yield toolbox.acting(call.name)
                with trace.step("tool") as step:
                    outcome = await toolbox.run(call.name, call.arguments)
                    step["tool"], step["ok"] = call.name, outcome.ok
                outcomes.append(outcome)
                answer.actions.append(action := Action(call.name, outcome.arguments, outcome.result, outcome.ok))
                if outcome.ok:
                    gate.confirmed.add(outcome.name, outcome.result)
                yield action
            request = _with_outcomes(request, gate.released[before:], calls, outcomes)
        if not gate.released.strip():
            answer.reply = _SORRY.get(facts.language, _SORRY["en"])
            yield Delta(answer.reply)

    async def _round(
        self,
        model: ChatModel,
        request: ChatRequest,
        gate: Gate,
        answer: Answer,
        calls: list[ToolCall],
        step: dict[str, Any],
    ) -> AsyncGenerator[Delta, None]:
        """One request to the model; its tool calls are put into `calls`."""
        guard.require_no_transaction("model call")
        try:
            async with aclosing(model.stream(request)) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        for text in gate.take(event.text):
                            answer.reply = gate.released
                            yield Delta(text)
                    elif isinstance(event, ToolCall):
                        calls.append(event)
                    elif isinstance(event, Finished):
                        answer.usage, answer.model = answer.usage + event.usage, event.model or model.name
        except ProviderError as error:
            step["error"] = error.code
            _log.warning("turn.model_failed", code=error.code, model=model.name)
        for text in gate.finish([call.name for call in calls]):
            answer.reply = gate.released
            yield Delta(text)

    def _request(self, turn: Turn, facts: Facts, found: Findings, toolbox: Toolbox) -> ChatRequest:
        instructions = instructions_of(turn, facts.language)
        if turn.masking.hides:
            instructions = f"{instructions}\n{_PLACEHOLDERS.get(facts.language, _PLACEHOLDERS['en'])}".strip()
        script = prompt.Script(system_prompt_of(turn, facts.language), instructions, turn.tenant.name)
        talk = turn.earlier[-_PROMPT_LINES:]
        messages = prompt.build(script, facts, talk, found.passages, whole=found.whole)
        return ChatRequest(messages, facts, toolbox.specs, **sampling_of(turn))


async def _confirmed(turn: Turn, answer: Answer, toolbox: Toolbox) -> Confirmed:
    """What tools confirmed so far, in earlier turns and in this one."""
    confirmed = Confirmed(toolbox.specs, {name: {} for name in turn.done})
    if turn.done:
        for run in await toolbox.earlier():
            if run.standing == "stands":
                confirmed.add(run.name, run.result)
    for action in answer.actions:
        if action.ok:
            confirmed.add(action.name, action.result)
    return confirmed


def _gate(turn: Turn, answer: Answer, facts: Facts, found: Findings, confirmed: Confirmed) -> Gate:
    """The gate of one reply: what was confirmed so far, what may be quoted, what is nobody's business."""
    made_up = turn.masking.unknown if turn.masking.hides else None
    secrets = Secrets(_instructions(turn, facts.language), confirmed.tools, made_up=made_up)
    passages = (*_about(facts), *facts.passages, *(found.passages if found.whole else ()))
    said = tuple(line.content for line in turn.earlier if line.role != "user")
    own = (system_prompt_of(turn, facts.language), instructions_of(turn, facts.language))
    material = Material(passages, own, said, turn.message, turn.heard)
    voice = turn.conversation.channel in _VOICES
    return Gate(facts.language, confirmed, secrets, material, voice, released=answer.reply)


def _about(facts: Facts) -> tuple[Passage, ...]:
    return () if facts.about is None else (facts.about,)


def _instructions(turn: Turn, language: str) -> str:
    definition = turn.version.definition
    words = defaults(turn.version.type, language).system_prompt
    own = (words, definition.system_prompt, definition.prompts.get("instructions", ""))
    tried = () if turn.arm is None else (turn.arm.system_prompt, turn.arm.instructions or "")
    return "\n\n".join((*own, *tried))


def _with_outcomes(
    request: ChatRequest, said: str, calls: Sequence[ToolCall], outcomes: Sequence[ToolOutcome]
) -> ChatRequest:
    """The request of the next round: the calls and what became of them, as messages and as facts."""
    told = tuple(
        Message("tool", orjson.dumps({"ok": outcome.ok, **outcome.result}).decode(), tool_call_id=call.id)
        for call, outcome in zip(calls, outcomes, strict=True)
    )
    asked = Message("assistant", said.strip(), tool_calls=tuple(calls))
    facts = replace(request.facts, outcomes=(*request.facts.outcomes, *outcomes))
    return replace(request, messages=(*request.messages, asked, *told), facts=facts)
