"""Whom a caller is connected with who wants a person."""

from __future__ import annotations

from parley.agents import Agent
from parley.calls import e164_or_empty
from parley.tenants import Tenant


def transfer_number(agent: Agent, tenant: Tenant) -> str | None:
    """`voice_settings.transfer_number` of the agent, else the tenant's; None where nobody can be reached."""
    number = agent.definition.voice_settings.get("transfer_number") or tenant.settings.get("transfer_number")
    return (e164_or_empty(number) or None) if isinstance(number, str) else None
