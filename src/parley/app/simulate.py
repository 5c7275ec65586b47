"""A rehearsal in the terminal: a simulated caller talks to an agent, and both are printed."""

from __future__ import annotations

from contextlib import aclosing

from rich.console import Console

from parley.agents import Agent, defaults
from parley.app.resources import Resources
from parley.app.terminal import find_agent
from parley.conversations import Ask, Done
from parley.kit.errors import InvalidInput
from parley.personas import Caller, Line, Persona, persona
from parley.tenants import Tenant

_MOST_TURNS = 40
_MOST_SILENCES = 2


async def rehearse(
    out: Console,
    here: Resources,
    key: str,
    agent_name: str | None,
    tenant_name: str | None,
    seed: int,
    language: str | None,
) -> None:
    """One call, until either side ends it or nobody speaks."""
    who = persona(key)
    tenant, agent = await _agent_for(here, who, agent_name, tenant_name)
    spoken = language or agent.definition.language or tenant.language
    caller = Caller(who, seed, spoken if spoken in who.languages else None)
    out.print(f"[bold]{who.title}[/bold] (seed {seed}) calls [bold]{agent.name}[/bold] of {tenant.name}.\n")
    greeting = agent.definition.prompts.get("greeting") or defaults(agent.type, caller.language).greeting
    line = await caller.opening()
    if line is None:
        greeting = greeting.replace("{business}", tenant.name)
        _print(out, agent.name, greeting, "cyan")
        line = await caller.reply(greeting)
    await _talk(out, here, tenant, agent, caller, line)


async def _talk(out: Console, here: Resources, tenant: Tenant, agent: Agent, caller: Caller, line: Line) -> None:
    conversation: str | None = None
    silences = 0
    for _ in range(_MOST_TURNS):
        _print(out, caller.persona.key, line.text or "…", "green")
        if line.silent:
            silences += 1
            if line.hang_up or silences > _MOST_SILENCES:
                break
            line = await caller.reply("")
            continue
        done = await _turn(here, Ask(tenant.id, line.text, agent.id, conversation, channel="phone"))
        conversation = done.conversation_id
        _print(out, agent.name, done.reply, "cyan")
        if done.ends or line.hang_up:
            break
        line = await caller.reply(done.reply)
    if conversation is not None:
        await here.transcripts.end(tenant.id, conversation)


async def _turn(here: Resources, ask: Ask) -> Done:
    async with aclosing(here.responder.respond(ask)) as events:
        async for event in events:
            if isinstance(event, Done):
                return event
    raise InvalidInput("The agent gave no answer.")


async def _agent_for(
    here: Resources, who: Persona, agent_name: str | None, tenant_name: str | None
) -> tuple[Tenant, Agent]:
    """The agent named, else the first one of the type and scenario that this persona would call."""
    if agent_name is not None:
        return await find_agent(here, agent_name, tenant_name)
    tenants = [
        one for one in reversed(await here.businesses.page(499, None)) if tenant_name in (None, one.id, one.name)
    ]
    found = [
        (tenant, agent)
        for tenant in tenants
        for agent in reversed(await here.agents.page(tenant.id, 499, None, type=who.calls, is_active=True))
    ]
    found.sort(key=lambda pair: pair[1].scenario_type != who.scenario)
    if not found:
        raise InvalidInput(f"--agent: there is no agent of type {who.calls}; name the one to call.")
    return found[0]


def _print(out: Console, who: str, words: str, style: str) -> None:
    out.print(f"{who}:", style="bold", end=" ", highlight=False, markup=False)
    out.print(words, style=style, highlight=False, markup=False)
