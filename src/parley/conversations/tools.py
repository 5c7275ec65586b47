"""What an agent can do besides talking. The same tools for a hosted model and for the house responder.

A tool that makes something runs once per conversation and arguments: asked for again, by a retried turn or a model
that repeats itself, it is answered with what it confirmed the first time, as long as that has not been changed or
cancelled since. Refusals are outcomes too, never exceptions: the answer has to say what happened.

A tool may have run for words that turn out to be half a sentence; its turn is taken back then (`Lines.retract`). Where
the whole sentence wants the same, that stands; where it wants it otherwise, what was made is made into it (`amend`) or
undone first (`undo`); what can be neither is not done a second time. The rest is undone when the turn ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Protocol

import jsonschema_rs
import orjson

from parley.conversations import store
from parley.conversations.events import Acting
from parley.conversations.tool_run_store import RETRACTED, Standing, ToolRun, add_run, runs_of, set_standing
from parley.conversations.turn import Turn
from parley.conversations.withdraw import Undo, withdraw
from parley.inference.chat import ToolSpec
from parley.inference.facts import Passage, ToolOutcome
from parley.kit import guard, log
from parley.kit.db import Database
from parley.kit.errors import VoiceAgentException
from parley.privacy import Vaults
from parley.understanding import EmergencyReading

_log = log.get("tools")

Action = Callable[[Turn, Mapping[str, Any], str], Awaitable[Mapping[str, Any]]]
"""Does the thing and returns what it confirms. Gets the turn, checked arguments and an idempotency key.

Under `UNDO` the result may hold what undoing it needs; nobody is shown that.
"""

Amend = Callable[[Turn, Mapping[str, Any], Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Makes what was done into what the arguments want. Gets the turn, checked arguments, and what undoing it needs."""

UNDO = "_undo"


class ToolRefused(VoiceAgentException):
    """A tool could not do what was asked; `result` goes to the model beside the sentence."""

    code, status = "tool.refused", 409

    def __init__(self, detail: str, /, **result: Any) -> None:
        super().__init__(detail)
        self.result = result


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what the model sees of it, and what it does. `changes`: it runs once, and is remembered.

    `settles`: what it says holds from now on, however often it is asked for (a change, a cancellation); what was
    remembered about the same reference holds no more. `outside`: it gives what it is given to somebody else.
    `amend`, `undo`: see above.
    """

    spec: ToolSpec
    act: Action
    changes: bool = False
    settles: bool = False
    outside: bool = False
    amend: Amend | None = None
    undo: Undo | None = None


class Incidents(Protocol):
    """Puts an emergency on record."""

    async def raise_incident(self, turn: Turn, danger: EmergencyReading, excerpt: str) -> Mapping[str, Any]: ...


@dataclass(slots=True)
class Toolbox:
    """The tools of one turn, and what they confirmed in this conversation."""

    db: Database
    vaults: Vaults
    turn: Turn
    incidents: Incidents
    tools: Mapping[str, Tool] = field(default_factory=dict)
    _runs: list[ToolRun] | None = None

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What is offered to the model."""
        return tuple(tool.spec for tool in self.tools.values())

    async def run(self, name: str, arguments: Mapping[str, Any]) -> ToolOutcome:
        """Run a tool. Whatever goes wrong is an outcome with `ok` False and a sentence under "error".

        The tool gets the real values; arguments and result of the outcome are masked, as the arguments given may be.
        """
        guard.require_no_transaction("tool")
        tool = self.tools.get(name)
        if tool is None:
            return ToolOutcome(name, arguments, {"error": f"There is no tool {name!r}."}, ok=False)
        given = {key: value for key, value in arguments.items() if value is not None}
        real = self.turn.masking.reveal_json(given)
        fault = self._unknown_placeholder(given) or _fault(tool.spec, real)
        if fault is not None:
            return ToolOutcome(name, given, {"error": self.turn.masking.hide(fault)}, ok=False)
        if tool.outside and not await self._stands():
            return ToolOutcome(name, given, {"error": "This conversation was erased."}, ok=False)
        key, before = await self._before(tool, given) if tool.changes else (_key(name, given), None)
        if before is not None:
            return ToolOutcome(name, given, before, ok=True)
        half = await self._half_said(name) if tool.changes else None
        if half is not None and not (tool.amend or tool.undo):
            return ToolOutcome(name, given, {**half.result, "error": _DONE_ALREADY}, ok=False)
        done = await self._act(tool, real, key, half)
        undo = dict(done.result).get(UNDO)
        shown = {field: value for field, value in done.result.items() if field != UNDO}
        outcome = replace(done, arguments=given, result=self.turn.masking.hide_json(shown))
        if tool.changes:
            await self._record(key, outcome, undo)
        return outcome

    def acting(self, name: str) -> Acting:
        """The event before a tool runs. `lasting` where what it does goes to somebody else and stays there."""
        tool = self.tools.get(name)
        return Acting(name, lasting=tool is not None and tool.changes and tool.outside)

    async def _stands(self) -> bool:
        """Whether the conversation is still there: what leaves the house cannot be taken back."""
        async with self.db.begin(self.turn.tenant.id) as connection:
            return await store.hold_conversation(connection, self.turn.tenant.id, self.turn.conversation.id)

    async def raise_incident(self, danger: EmergencyReading, excerpt: str) -> ToolOutcome:
        """Put an emergency on record. Not a tool of the model's: nobody can talk it out of it."""
        result = await self.incidents.raise_incident(self.turn, danger, excerpt)
        return ToolOutcome("raise_incident", {"kind": danger.kind or "other"}, result, ok=True)

    def _unknown_placeholder(self, given: Mapping[str, Any]) -> str | None:
        """A value that a model made up in the form of a masked one must not reach a record."""
        unknown = self.turn.masking.unknown(orjson.dumps(given).decode())
        return None if unknown is None else f"Nothing is known under {unknown}. Ask the caller."

    async def _half_said(self, name: str) -> ToolRun | None:
        """What this tool did last for half of the sentence that is answered now."""
        runs = await self.earlier()
        return next((run for run in reversed(runs) if run.name == name and run.standing == "retracted"), None)

    async def _act(self, tool: Tool, arguments: Mapping[str, Any], key: str, half: ToolRun | None) -> ToolOutcome:
        name = tool.spec.name
        try:
            if half is not None and half.undo is not None and tool.amend is not None:
                result = await tool.amend(self.turn, arguments, half.undo)
                await self._set_standing(half, "undone")
                return ToolOutcome(name, arguments, result, ok=True)
            if half is not None and half.undo is not None and tool.undo is not None:
                await tool.undo(self.turn.tenant.id, half.undo)
                await self._set_standing(half, "undone")
            result = await tool.act(self.turn, arguments, f"{self.turn.conversation.id}:{key}")
        except ToolRefused as error:
            return ToolOutcome(name, arguments, {"error": error.detail, **error.result}, ok=False)
        except VoiceAgentException as error:
            if error.status >= 500:
                _log.warning("tool.failed", tool=name, code=error.code)
            return ToolOutcome(name, arguments, {"error": error.detail}, ok=False)
        return ToolOutcome(name, arguments, result, ok=True)

    async def earlier(self) -> list[ToolRun]:
        """What tools that change something did in this conversation, in order, whether it stands or not."""
        if self._runs is None:
            self._runs = []
            if self.turn.earlier or self.turn.done or self.turn.conversation.state.get(RETRACTED):
                async with self.db.begin(self.turn.tenant.id) as connection:
                    self._runs = await runs_of(connection, self.turn.tenant.id, self.turn.conversation.id)
        return self._runs

    async def withdraw(self) -> None:
        """Undo what was done for half a sentence, where the whole of it turned out not to want it."""
        runs, self._runs = await self.earlier(), None
        await withdraw(self.db, self.turn.tenant.id, self.turn.conversation.id, runs, self._undo_of)

    def _undo_of(self, name: str) -> Undo | None:
        tool = self.tools.get(name)
        return None if tool is None else tool.undo

    async def _set_standing(self, run: ToolRun, standing: Standing, **values: Any) -> None:
        tenant_id, conversation_id = self.turn.tenant.id, self.turn.conversation.id
        async with self.db.begin(tenant_id) as connection:
            await set_standing(connection, tenant_id, conversation_id, run.key, standing, **values)
        if self._runs is not None:
            self._runs[self._runs.index(run)] = replace(run, standing=standing)

    async def _before(self, tool: Tool, given: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | None]:
        """The key of this call, and what it confirmed before where that still holds."""
        runs = await self.earlier()
        for time in range(len(runs) + 1):
            key = _key(tool.spec.name, given, time)
            place = next((place for place, run in enumerate(runs) if run.key == key), None)
            if place is None:
                break
            run = runs[place]
            if run.standing == "undone":
                continue
            if run.standing == "retracted":
                await self._set_standing(run, "stands", question_id=self.turn.question_id)
                return key, run.result
            if not tool.settles and not self._overtaken(run, runs[place + 1 :]):
                return key, run.result
        return key, None

    def _overtaken(self, run: ToolRun, later: Sequence[ToolRun]) -> bool:
        reference = run.result.get("reference")
        return reference is not None and any(
            one.standing == "stands"
            and (tool := self.tools.get(one.name)) is not None
            and tool.settles
            and one.result.get("reference") == reference
            for one in later
        )

    async def _record(self, key: str, outcome: ToolOutcome, undo: Mapping[str, Any] | None) -> None:
        """Only what was confirmed is remembered: a refusal may be otherwise in a minute."""
        if not outcome.ok:
            return
        arguments = dict(outcome.arguments) if self.turn.masking.keeps_words else {}
        row: dict[str, Any] = {"key": key, "name": outcome.name, "arguments": arguments, "result": dict(outcome.result)}
        kept = None if undo is None else dict(undo)
        row |= {"question_id": self.turn.question_id, "undo": kept}
        if self._runs is not None:
            self._runs.append(ToolRun(key, outcome.name, dict(outcome.result), undo=kept))
        tenant_id, conversation_id = self.turn.tenant.id, self.turn.conversation.id
        async with self.db.begin(tenant_id) as connection:
            if await store.hold_conversation(connection, tenant_id, conversation_id):
                await self.vaults.save(connection, tenant_id, conversation_id, self.turn.masking)
                await add_run(connection, tenant_id, conversation_id, row)


_DONE_ALREADY = "This was done already for the first words of this sentence, and cannot be changed from here."


def _fault(spec: ToolSpec, arguments: Mapping[str, Any]) -> str | None:
    """What is wrong with the arguments, in a sentence that names the field."""
    try:
        jsonschema_rs.validate(dict(spec.parameters), dict(arguments), validate_formats=True)
    except jsonschema_rs.ValidationError as error:
        place = ".".join(str(part) for part in error.instance_path)
        return f"{place}: {error.message}" if place else error.message
    return None


def _key(name: str, arguments: Mapping[str, Any], time: int = 0) -> str:
    """One key per call; `time` counts those that were the same but hold no more."""
    packed = orjson.dumps([name, arguments, *([time] if time else [])], option=orjson.OPT_SORT_KEYS)
    return blake2b(packed, digest_size=16).hexdigest()


class Tools:
    """Gives each turn its tools: those of the agent's type, and those its tenant has declared."""

    def __init__(self, db: Database, vaults: Vaults, desk: DeskTools, declared: DeclaredTools) -> None:
        self._db = db
        self._vaults = vaults
        self._desk = desk
        self._declared = declared

    async def open(self, turn: Turn) -> Toolbox:
        """The tools of a turn."""
        tools = {**await self._declared.tools_for(turn.tenant.id), **self._desk.tools_for(turn.version.type)}
        return Toolbox(self._db, self._vaults, turn, self._desk, tools)

    async def about(self, turn: Turn, slots: Mapping[str, Any]) -> Passage | None:
        """What the conversation is about, as material to answer from."""
        return await self._desk.about(turn, slots)


class DeskTools(Incidents, Protocol):
    """The built-in tools."""

    def tools_for(self, agent_type: str) -> dict[str, Tool]: ...

    async def about(self, turn: Turn, slots: Mapping[str, Any]) -> Passage | None: ...


class DeclaredTools(Protocol):
    """Tools that tenants declare, by tenant id."""

    async def tools_for(self, tenant_id: str, /) -> dict[str, Tool]: ...
