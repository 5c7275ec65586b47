"""What an agent can do besides talking. The same tools for a hosted model and for the house responder.

A tool that makes something runs once per conversation and arguments: asked for again, by a retried turn or a model
that repeats itself, it is answered with what it confirmed the first time, as long as that has not been changed or
cancelled since. Refusals are outcomes too, never exceptions: the answer has to say what happened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Protocol

import jsonschema_rs
import orjson

from parley.conversations import store
from parley.conversations.turn import Turn
from parley.inference.chat import ToolSpec
from parley.inference.facts import Passage, ToolOutcome
from parley.kit import guard, log
from parley.kit.db import Database
from parley.kit.errors import VoiceAgentException
from parley.privacy import Vaults
from parley.understanding import EmergencyReading

_log = log.get("tools")

Action = Callable[[Turn, Mapping[str, Any], str], Awaitable[Mapping[str, Any]]]
"""Does the thing and returns what it confirms. Gets the turn, checked arguments and an idempotency key."""


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
    """

    spec: ToolSpec
    act: Action
    changes: bool = False
    settles: bool = False
    outside: bool = False


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
    _runs: list[store.ToolRun] | None = None

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
        done = await self._act(tool, real, key)
        outcome = replace(done, arguments=given, result=self.turn.masking.hide_json(dict(done.result)))
        if tool.changes:
            await self._record(key, outcome)
        return outcome

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

    async def _act(self, tool: Tool, arguments: Mapping[str, Any], key: str) -> ToolOutcome:
        name = tool.spec.name
        try:
            result = await tool.act(self.turn, arguments, f"{self.turn.conversation.id}:{key}")
        except ToolRefused as error:
            return ToolOutcome(name, arguments, {"error": error.detail, **error.result}, ok=False)
        except VoiceAgentException as error:
            if error.status >= 500:
                _log.warning("tool.failed", tool=name, code=error.code)
            return ToolOutcome(name, arguments, {"error": error.detail}, ok=False)
        return ToolOutcome(name, arguments, result, ok=True)

    async def earlier(self) -> list[store.ToolRun]:
        """What tools that change something confirmed in this conversation, in order."""
        if self._runs is None:
            self._runs = []
            if self.turn.earlier or self.turn.done:
                async with self.db.begin(self.turn.tenant.id) as connection:
                    self._runs = await store.tool_runs_of(connection, self.turn.tenant.id, self.turn.conversation.id)
        return self._runs

    async def _before(self, tool: Tool, given: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | None]:
        """The key of this call, and what it confirmed before where that still holds."""
        runs = await self.earlier()
        for time in range(len(runs) + 1):
            key = _key(tool.spec.name, given, time)
            place = next((place for place, run in enumerate(runs) if run.key == key), None)
            if place is None:
                break
            if not tool.settles and not self._overtaken(runs[place], runs[place + 1 :]):
                return key, runs[place].result
        return key, None

    def _overtaken(self, run: store.ToolRun, later: Sequence[store.ToolRun]) -> bool:
        reference = run.result.get("reference")
        return reference is not None and any(
            (tool := self.tools.get(one.name)) is not None and tool.settles and one.result.get("reference") == reference
            for one in later
        )

    async def _record(self, key: str, outcome: ToolOutcome) -> None:
        """Only what was confirmed is remembered: a refusal may be otherwise in a minute."""
        if not outcome.ok:
            return
        arguments = dict(outcome.arguments) if self.turn.masking.keeps_words else {}
        row = {"key": key, "name": outcome.name, "arguments": arguments, "result": dict(outcome.result)}
        if self._runs is not None:
            self._runs.append(store.ToolRun(key, outcome.name, dict(outcome.result)))
        tenant_id, conversation_id = self.turn.tenant.id, self.turn.conversation.id
        async with self.db.begin(tenant_id) as connection:
            if await store.hold_conversation(connection, tenant_id, conversation_id):
                await self.vaults.save(connection, tenant_id, conversation_id, self.turn.masking)
                await store.add_tool_run(connection, tenant_id, conversation_id, row)


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
