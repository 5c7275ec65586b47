"""Whole dialogues between a simulated caller and the real turn, as a telephone line holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from parley.app.resources import Resources
from parley.conversations import Ask, Done
from parley.personas import Caller, Line

MOST_TURNS = 30
SILENCES = 2
STILL_THERE = {"en": "Hello, are you still there?", "de": "Hallo, sind Sie noch da?"}
GREETING = {
    "en": "Hello, this is dispatch. How is your load coming along?",
    "de": "Hallo, hier ist die Disposition. Wie läuft es mit Ihrer Ladung?",
}


@dataclass
class Dialogue:
    """What was said, in order, and what became of it. `ended_by` is agent, caller, line (silence) or nobody."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    turns: list[Done] = field(default_factory=list)
    ended_by: str = "nobody"

    @property
    def slots(self) -> Mapping[str, Any]:
        return self.turns[-1].slots if self.turns else {}

    @property
    def actions(self) -> list[str]:
        return [action.name for turn in self.turns for action in turn.actions if action.ok]

    @property
    def replies(self) -> list[str]:
        return [turn.reply for turn in self.turns]

    @override
    def __str__(self) -> str:
        return "\n".join(f"{who:>6}: {words}" for who, words in self.lines)


async def answer(resources: Resources, ask: Ask) -> Done:
    """One turn, settled."""
    done: Done | None = None
    async for event in resources.responder.respond(ask):
        if isinstance(event, Done):
            done = event
    assert done is not None
    return done


async def hold(
    resources: Resources, tenant_id: str, agent_id: str, caller: Caller, greeting: str = "", channel: str = "phone"
) -> Dialogue:
    """Let a caller talk to an agent until one of them ends it."""
    talk = Dialogue()
    prompt = greeting or GREETING[caller.language]
    line = await caller.opening()
    if line is None:
        talk.lines.append(("agent", prompt))
        line = await caller.reply(prompt)
    silences = 0
    conversation: str | None = None
    for _ in range(MOST_TURNS):
        if line.silent or not line.text:
            silences += 1
            if line.hang_up or silences > SILENCES:
                talk.ended_by = "caller" if line.hang_up else "line"
                return talk
            talk.lines.append(("agent", STILL_THERE[caller.language]))
            line = await caller.reply(STILL_THERE[caller.language])
            continue
        talk.lines.append(("caller", line.text))
        ask = Ask(tenant_id, line.text, agent_id=agent_id, conversation_id=conversation, channel=channel)
        done = await answer(resources, ask)
        conversation = done.conversation_id
        talk.turns.append(done)
        talk.lines.append(("agent", done.reply))
        if done.ends or line.hang_up:
            talk.ended_by = "agent" if done.ends and not line.hang_up else "caller"
            return talk
        line = await caller.reply(done.reply)
    return talk


async def say(resources: Resources, tenant_id: str, agent_id: str, lines: Sequence[str]) -> Dialogue:
    """Fixed lines instead of a caller, until the agent ends the talk."""
    talk = Dialogue()
    conversation: str | None = None
    for text in lines:
        talk.lines.append(("caller", text))
        ask = Ask(tenant_id, text, agent_id=agent_id, conversation_id=conversation, channel="phone")
        talk.turns.append(await answer(resources, ask))
        conversation = talk.turns[-1].conversation_id
        talk.lines.append(("agent", talk.turns[-1].reply))
        if talk.turns[-1].ends:
            talk.ended_by = "agent"
            break
    return talk


__all__ = ["GREETING", "Dialogue", "Line", "answer", "hold", "say"]
