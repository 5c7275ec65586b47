"""What an agent of ours looks like at a carrier: created there, brought up to date, published, and compared.

An agent is published at Retell when its `voice_settings.carrier` is "retell", when a number carried by Retell is mapped
to it, and at the latest when a call is placed with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.agents import Agent, Agents, get_agent
from parley.calls import store
from parley.calls.carriers import RETELL, CarrierChoice
from parley.calls.failures import CallInitiationError, carrier_failed
from parley.calls.secrets import LineSecrets
from parley.inference.carrier import AgentSpec, Carrier, PublishedAgent
from parley.inference.errors import ProviderError
from parley.kit import log
from parley.kit.clock import Clock
from parley.kit.db import Database
from parley.kit.errors import NotFound
from parley.kit.ids import new_id
from parley.kit.jobs import Enqueue, Job
from parley.tenants import get_tenant

PUBLISH: Final = "calls.publish_agent"
_log = log.get("calls")


@dataclass(frozen=True, slots=True)
class Drift:
    """An agent of ours and in what its carrier's copy differs."""

    agent_id: str
    name: str
    differences: Sequence[str]


class LineAgents:
    """Agents at carriers. `public_url`: where carriers reach this installation; None where they do not."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        jobs: Enqueue,
        agents: Agents,
        choice: CarrierChoice,
        secrets: LineSecrets,
        public_url: str | None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._jobs = jobs
        self._agents = agents
        self._choice = choice
        self._secrets = secrets
        self._public_url = public_url
        self._turns: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def background(self) -> Sequence[Job]:
        """The job that publishes, to be registered with the queue."""
        return [Job(PUBLISH, self.publish, attempts=6, wait=5)]

    async def want(self, connection: AsyncConnection, tenant_id: str, agent_id: str) -> None:
        """Publish the agent soon, on the caller's transaction, if its carrier is one that has agents of its own."""
        agent = await get_agent(connection, tenant_id, agent_id)
        if agent is None or not await _is_carried(connection, agent):
            return
        await self._jobs.enqueue(
            connection, PUBLISH, lock=f"{PUBLISH}:{agent_id}", tenant_id=tenant_id, agent_id=agent_id
        )

    async def publish(self, tenant_id: str, agent_id: str) -> None:
        """The job: bring the carrier's copy up to date. What only the owner can put right is noted, not retried."""
        try:
            account = await self._choice.account(tenant_id, RETELL)
            made = await self.published(tenant_id, agent_id, account.carrier)
            await self._assign_numbers(tenant_id, agent_id, account.carrier, made)
        except (NotFound, CallInitiationError) as error:
            _log.warning("agent.not_published", agent_id=agent_id, code=error.code)
        except ProviderError as error:
            _log.warning("agent.not_published", agent_id=agent_id, code=error.code)
            if error.retryable:
                raise carrier_failed(error) from error

    async def published(self, tenant_id: str, agent_id: str, carrier: Carrier) -> PublishedAgent:
        """The carrier's agent, published there first where ours has changed since. Raises `ProviderError`,
        `CallInitiationError` (no public address), `NotFound`."""
        async with self._turns.setdefault(agent_id, asyncio.Lock()):  # two calls at once make one agent there
            return await self._published(tenant_id, agent_id, carrier)

    async def _published(self, tenant_id: str, agent_id: str, carrier: Carrier) -> PublishedAgent:
        agent, spec = await self._spec(tenant_id, agent_id)
        known = await self._row(tenant_id, agent_id, carrier.traits.name)
        existing = _existing(known)
        wanted = _fingerprint(spec)
        if existing is not None and known.fingerprint == wanted:
            return existing
        try:
            made = await carrier.publish_agent(spec, existing)
        except ProviderError as error:
            await self._note(known, {"error": error.code})
            raise
        values = {"carrier_agent_id": made.id, "carrier_version": made.version, "agent_version": agent.version}
        await self._note(known, {**values, "fingerprint": wanted, "error": None, "published_at": self._clock.now()})
        return made

    async def _assign_numbers(self, tenant_id: str, agent_id: str, carrier: Carrier, made: PublishedAgent) -> None:
        """Have the carrier's numbers that are mapped to the agent lead to it."""
        async with self._db.begin(tenant_id) as connection:
            name = carrier.traits.name
            rows = await store.numbers.page(connection, tenant_id, 500, None, agent_id=agent_id, carrier=name)
        for row in rows:
            await carrier.assign_number(row.number, made, f"{self._public_url}/webhooks/retell/inbound")

    async def drift(self, tenant_id: str) -> list[Drift]:
        """How the tenant's published agents stand at their carrier. Raises `ProviderError`, `CallInitiationError`."""
        async with self._db.begin(tenant_id) as connection:
            rows = await store.carrier_agents.page(connection, tenant_id, 500, None)
        found = []
        for row in rows:
            existing = _existing(row)
            agent, spec = await self._spec(tenant_id, row.agent_id)
            if existing is None:
                found.append(Drift(agent.id, agent.name, [f"was never published ({row.error or 'not tried'})"]))
                continue
            account = await self._choice.account(tenant_id, row.carrier)
            differences = list(await account.carrier.drift(spec, existing))
            if row.fingerprint != _fingerprint(spec):
                differences.append("has changed here since it was published")
            found.append(Drift(agent.id, agent.name, differences))
        return found

    async def _spec(self, tenant_id: str, agent_id: str) -> tuple[Agent, AgentSpec]:
        agent = await self._agents.get(tenant_id, agent_id)
        if self._public_url is None:
            raise CallInitiationError(
                "PUBLIC_URL is not set: a carrier could not reach this installation.", code="call.no_public_url"
            )
        async with self._db.begin(tenant_id) as connection:
            tenant = await get_tenant(connection, tenant_id)
        if tenant is None:
            raise NotFound("tenant")
        host = self._public_url.removeprefix("https://").removeprefix("http://")
        scheme = "ws" if self._public_url.startswith("http://") else "wss"
        return agent, AgentSpec(
            name=agent.name,
            language=agent.definition.language or tenant.language,
            line_url=f"{scheme}://{host}/retell/llm/{self._secrets.token(agent_id)}",
            webhook_url=f"{self._public_url}/webhooks/retell",
            voice=agent.definition.voice,
            voice_settings=agent.definition.voice_settings,
        )

    async def _row(self, tenant_id: str, agent_id: str, carrier: str) -> store.CarrierAgent:
        """What is known of the agent at the carrier; made where nothing is."""
        async with self._db.begin(tenant_id) as connection:
            known = await store.carrier_agents.by(connection, tenant_id, agent_id=agent_id, carrier=carrier)
            if known is not None:
                return known
            row = {"id": new_id(), "tenant_id": tenant_id, "agent_id": agent_id, "carrier": carrier}
            row["token_hash"] = self._secrets.token_hash(agent_id)
            made = await store.carrier_agents.add(connection, row)
            found = made or await store.carrier_agents.by(connection, tenant_id, agent_id=agent_id, carrier=carrier)
        if found is None:
            raise NotFound("agent")
        return found

    async def _note(self, known: store.CarrierAgent, values: dict[str, Any]) -> None:
        async with self._db.begin(known.tenant_id) as connection:
            await store.carrier_agents.change(connection, known.tenant_id, known.id, values)


async def _is_carried(connection: AsyncConnection, agent: Agent) -> bool:
    if agent.definition.voice_settings.get("carrier") == RETELL:
        return True
    for table in (store.numbers, store.carrier_agents):
        if await table.by(connection, agent.tenant_id, agent_id=agent.id, carrier=RETELL) is not None:
            return True
    return False


def _existing(known: store.CarrierAgent) -> PublishedAgent | None:
    if known.carrier_agent_id is None or known.carrier_version is None:
        return None
    return PublishedAgent(known.carrier_agent_id, known.carrier_version)


def _fingerprint(spec: AgentSpec) -> str:
    """Of all that the carrier is told."""
    said = [spec.name, spec.language, spec.line_url, spec.webhook_url, spec.voice, dict(spec.voice_settings)]
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
