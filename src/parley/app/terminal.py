"""The commands that work on an installation's resources: talk, take documents in, add people."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import Progress

from parley.agents import Agent
from parley.app.resources import Resources
from parley.conversations import Ask, Delta, Done
from parley.kit.errors import InvalidInput, NotFound, VoiceAgentException
from parley.tenants import Principal, Tenant, levels_of

_ME = Principal("open", "command-line", "", "admin", levels_of("admin"))
_SOURCES = ("pdf", "menu", "listing", "policy", "faq", "web", "other")
_MANY = 499


async def talk(out: Console, here: Resources, agent_name: str | None, tenant_name: str | None) -> None:
    """A conversation in the terminal, until an empty line or end of input."""
    tenant, agent = await find_agent(here, agent_name, tenant_name)
    out.print(f"[bold]{agent.name}[/bold] of {tenant.name}. An empty line ends the conversation.\n")
    conversation: str | None = None
    while line := await asyncio.to_thread(_read_line, out):
        ask = Ask(tenant.id, line, agent_id=agent.id, conversation_id=conversation)
        try:
            async with aclosing(here.responder.respond(ask)) as events:
                async for event in events:
                    if isinstance(event, Delta):
                        out.print(event.text, end="", style="cyan", highlight=False, markup=False)
                    elif isinstance(event, Done):
                        conversation = event.conversation_id
        except VoiceAgentException as error:
            out.print(error.detail, style="red", end="")
        out.print("\n")
    if conversation is not None:
        await here.transcripts.end(tenant.id, conversation)


def _read_line(out: Console) -> str:
    try:
        return out.input("[bold]You:[/bold] ").strip()
    except EOFError:
        return ""


async def take_in(out: Console, here: Resources, files: list[Path], tenant_name: str | None, source: str) -> None:
    """Add files to a tenant's knowledge, with progress; large ones are indexed before this returns."""
    if source not in _SOURCES:
        raise InvalidInput(f"--source must be one of {', '.join(_SOURCES)}.")
    tenant = await _find_tenant(here, tenant_name)
    failed = 0
    with Progress(console=out) as progress:
        task = progress.add_task("Reading", total=len(files))
        for file in files:
            progress.update(task, description=file.name)
            try:
                document, job = await here.library.upload(
                    _ME, tenant.id, data=file.read_bytes(), filename=file.name, content_type=None, source=source,
                    title=file.stem,
                )  # fmt: skip
            except VoiceAgentException as error:
                failed += 1
                out.print(f"[red]{file.name}[/red]: {error.detail}", highlight=False)
            else:
                state = "is indexed by the worker" if job else f"{document.chunk_count} passages"
                out.print(f"{file.name}: {state}", highlight=False)
            progress.advance(task)
        if failed < len(files):
            await here.jobs.work(until_empty=True)
    if failed:
        raise InvalidInput(f"{failed} of {len(files)} files were refused.")


async def take_logs_in(out: Console, here: Resources, file: Path, tenant_name: str | None) -> None:
    """Store every line of a file as a conversation, with progress. Lines that are wrong are told and skipped."""
    tenant = await _find_tenant(here, tenant_name)
    with file.open("rb") as source, Progress(console=out) as progress:
        task = progress.add_task("Importing", total=os.fstat(source.fileno()).st_size)
        async for one in here.posted.take_in(tenant.id, _chunks(source)):
            for error in one.errors:
                out.print(f"[red]line {error['line']}[/red]: {error['detail']}", highlight=False)
            progress.update(task, completed=one.bytes)
    out.print(f"{one.imported} conversations imported.", highlight=False)
    if one.failed:
        raise InvalidInput(f"{one.failed} of {one.lines} lines were refused.")


async def _chunks(source: BinaryIO) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(source.read, 1_000_000):
        yield chunk


async def add_user(
    out: Console, here: Resources, email: str, role: str, tenant_name: str | None, password: str
) -> None:
    """Let a person sign in. Without any tenant, a first one is made."""
    if role not in {"admin", "owner", "operator", "trainee"}:
        raise InvalidInput("--role must be admin, owner, operator or trainee.")
    if "@" not in email:
        raise InvalidInput("EMAIL must be an e-mail address.")
    try:
        tenant = await _find_tenant(here, tenant_name)
    except NotFound:
        if tenant_name is not None:
            raise
        tenant = await here.businesses.create(_ME, {"name": "First business"})
    user = await here.businesses.add_user(_ME, tenant.id, email, password, role)
    out.print(f"{user.email} may sign in as {user.role} of {tenant.name}.", highlight=False)


async def _find_tenant(here: Resources, wanted: str | None) -> Tenant:
    """By id or name; without either the oldest. Raises `NotFound`, or `InvalidInput` naming those there are."""
    tenants = list(reversed(await here.businesses.page(_MANY, None)))
    if not tenants:
        raise NotFound("tenant")
    if wanted is None:
        return tenants[0]
    for tenant in tenants:
        if wanted in (tenant.id, tenant.name):
            return tenant
    raise InvalidInput(f"--tenant: there is no {wanted!r}; there are {', '.join(one.name for one in tenants[:20])}.")


async def find_agent(here: Resources, wanted: str | None, tenant_name: str | None) -> tuple[Tenant, Agent]:
    """The agent of that id or name; without one, the first of the tenant."""
    tenants = list(reversed(await here.businesses.page(_MANY, None)))
    if tenant_name is not None or wanted is None:
        tenants = [await _find_tenant(here, tenant_name)]
    known: list[str] = []
    for tenant in tenants:
        for agent in reversed(await here.agents.page(tenant.id, _MANY, None, is_active=True)):
            if wanted is None or wanted in (agent.id, agent.name):
                return tenant, agent
            known.append(f"{agent.name} ({tenant.name})")
    raise InvalidInput(f"--agent: there is no {wanted!r}; there are {', '.join(known[:20]) or 'none'}.")
