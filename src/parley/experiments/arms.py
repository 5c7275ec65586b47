"""The arms of running agents: chosen when a conversation begins, recalled at every turn after.

Active prompts are held in memory under the tenant's `prompts_revision`, which every turn reads anyway: a change counts
from the next conversation on, in every process. A revision never changes, so it is held for good.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.experiments import store
from parley.experiments.assign import Option, pick, pick_adaptively
from parley.experiments.prompt import Arm, Prompt, Rules, Tally
from parley.kit.clock import Clock
from parley.kit.secrets import Keyring

_KEPT_TENANTS = 5_000
_KEPT_REVISIONS = 2_048
_TALLY_SECONDS = 5.0  # how old a tally may be that adaptive assignment draws from

UnitKind = Literal["user", "phone", "session"]


@dataclass(frozen=True, slots=True)
class Addressed:
    """The agent a conversation begins with."""

    agent_id: str
    config_key: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What a beginning conversation gets: `prompt_id`, unless its `unit` is remembered with another of `open`.

    `open`: the revisions of all prompts it may get, by id. `unit`: None for somebody unknown, who is not remembered.
    """

    agent_id: str
    unit: bytes | None
    prompt_id: str
    open: Mapping[str, int]

    @property
    def revision(self) -> int:
        """That of `prompt_id`."""
        return self.open[self.prompt_id]

    def values(self) -> dict[str, Any]:
        """For `STICK`, beside `tenant_id` and `agent_id`; `revisions` belong to `open`, one to one."""
        revisions = list(self.open.values())
        return {"unit": self.unit, "prompt_id": self.prompt_id, "open": list(self.open), "revisions": revisions}


@dataclass(slots=True)
class _Known:
    """A tenant's active prompts and rules as of one `prompts_revision`."""

    revision: int
    prompts: list[Prompt]
    rules: Mapping[str, Rules]
    tallies: Mapping[str, Tally]
    tallied: float = 0.0


class Arms:
    """Assigns arms, and remembers them."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._key = keyring.derive("experiments.unit")
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._arms: OrderedDict[tuple[str, str, int], Arm] = OrderedDict()

    async def assign(
        self,
        connection: AsyncConnection,
        tenant_id: str,
        prompts_revision: int,
        agent: Addressed,
        unit: tuple[UnitKind, str] | None,
        conversation_id: str,
        wanted: str | None = None,
    ) -> Arm | None:
        """The arm that a conversation is to begin with, remembered from now on; None where no active prompt applies."""
        choice = await self.choose(connection, tenant_id, prompts_revision, agent, unit, conversation_id, wanted)
        if choice is None:
            return None
        chosen = choice.prompt_id
        if choice.unit is not None:
            chosen = await store.stick(connection, tenant_id, agent.agent_id, choice.unit, chosen, list(choice.open))
        return await self.recall(connection, tenant_id, chosen, choice.open[chosen])

    async def choose(
        self,
        connection: AsyncConnection,
        tenant_id: str,
        prompts_revision: int,
        agent: Addressed,
        unit: tuple[UnitKind, str] | None,
        conversation_id: str,
        wanted: str | None = None,
    ) -> Choice | None:
        """What a new conversation gets, not remembered yet; None where no active prompt applies to the agent.

        `wanted`: the prompt that was chosen already, which holds if it still applies.

        Who is known by user_id, telephone number or session gets the same arm again for as long as it is active.
        """
        known = self._known.get(tenant_id)
        if known is None or known.revision != prompts_revision:
            known = await self._load(connection, tenant_id, prompts_revision)
        fitting = {prompt.id: prompt.revision for prompt in known.prompts if applies(prompt, agent)}
        if not fitting:
            return None
        if wanted in fitting:
            return Choice(agent.agent_id, None, wanted, fitting)
        options = [Option(prompt.id, prompt.weight) for prompt in known.prompts if prompt.id in fitting]
        digest = self._digest(tenant_id, *(unit or ("conversation", conversation_id)))
        if rules_of(known.rules, agent).allocation == "adaptive":
            chosen = pick_adaptively(options, await self._tallies(connection, tenant_id, known), digest)
        else:
            chosen = pick(options, digest)
        if chosen is None:
            return None
        return Choice(agent.agent_id, digest if unit is not None else None, chosen, fitting)

    async def recall(self, connection: AsyncConnection, tenant_id: str, prompt_id: str, revision: int) -> Arm | None:
        """The arm a conversation began with, even if its prompt is gone; None where nothing is known of it."""
        key = (tenant_id, prompt_id, revision)
        arm = self._arms.get(key)
        if arm is None:
            arm = await store.get_revision(connection, tenant_id, prompt_id, revision)
            if arm is not None:
                self._arms[key] = arm
                if len(self._arms) > _KEPT_REVISIONS:
                    self._arms.popitem(last=False)
        return arm

    async def forget_units(
        self, connection: AsyncConnection, tenant_id: str, units: Collection[tuple[UnitKind, str]]
    ) -> int:
        """Forget what a person was given; returns how many assignments there were."""
        digests = [self._digest(tenant_id, kind, value) for kind, value in units]
        return await store.forget_units(connection, tenant_id, digests)

    async def forget_before(self, connection: AsyncConnection, tenant_id: str, cutoff: datetime) -> int:
        """Forget assignments nobody came back to since `cutoff`."""
        return await store.forget_assigned_before(connection, tenant_id, cutoff)

    async def _load(self, connection: AsyncConnection, tenant_id: str, prompts_revision: int) -> _Known:
        prompts = await store.page_prompts(connection, tenant_id, None, None, {"is_active": True})
        rules = await store.all_rules(connection, tenant_id) if prompts else {}
        self._known[tenant_id] = known = _Known(prompts_revision, prompts, rules, {})
        self._known.move_to_end(tenant_id)
        if len(self._known) > _KEPT_TENANTS:
            self._known.popitem(last=False)
        return known

    async def _tallies(self, connection: AsyncConnection, tenant_id: str, known: _Known) -> Mapping[str, Tally]:
        now = self._clock.now().timestamp()
        if now - known.tallied >= _TALLY_SECONDS:
            known.tallies = await store.tallies(connection, tenant_id, [prompt.id for prompt in known.prompts])
            known.tallied = now
        return known.tallies

    def _digest(self, tenant_id: str, kind: str, value: str) -> bytes:
        message = f"{tenant_id}\x1f{kind}\x1f{value}".encode()
        return blake2b(hmac.digest(self._key, message, "sha256"), digest_size=16).digest()


def applies(prompt: Prompt, agent: Addressed) -> bool:
    """Whether a prompt is for this agent: by its id, else by its config key and, where one is given, its name."""
    if prompt.agent_id is not None:
        return prompt.agent_id == agent.agent_id
    if prompt.agent_config is None or prompt.agent_config != agent.config_key:
        return False
    return prompt.agent_name is None or prompt.agent_name == agent.name


def rules_of(rules: Mapping[str, Rules], agent: Addressed) -> Rules:
    """The agent's own rules, else those of its config key, else the default ones."""
    own = rules.get(f"agent_id:{agent.agent_id}")
    return own or rules.get(f"agent_config:{agent.config_key}") or Rules()
