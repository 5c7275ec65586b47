"""The verbs on prompts: write, change, remove, compare, export and import.

Changing what a revision fixes starts a new one; what earlier ones came to stays with their text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.agents import get_agent
from parley.experiments import store
from parley.experiments.arms import Addressed, applies
from parley.experiments.changes import Change, changes_between
from parley.experiments.prompt import Arm, Prompt, Rules, Tally, text_of
from parley.experiments.verdict import Contender, Verdict, judge_arms
from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotFound
from parley.kit.ids import new_id
from parley.outbox import announce
from parley.tenants import Principal, bump_prompts_revision, record_audit

MOST_PROMPTS = 1000


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose arms are meant: an agent's own, or those of a config key and perhaps a name."""

    agent_id: str | None = None
    agent_config: str | None = None
    agent_name: str | None = None

    @property
    def key(self) -> str:
        """Under which its rules are kept."""
        return f"agent_id:{self.agent_id}" if self.agent_id is not None else f"agent_config:{self.agent_config}"

    def filters(self) -> dict[str, Any]:
        """The columns that prompts of this scope have."""
        given = {"agent_id": self.agent_id, "agent_config": self.agent_config, "agent_name": self.agent_name}
        return {name: value for name, value in given.items() if value is not None}


class Prompts:
    """The prompts of all tenants."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def create(self, who: Principal, tenant_id: str, values: Mapping[str, Any]) -> Prompt:
        """A new prompt with its first revision."""
        async with self._db.begin(tenant_id) as connection:
            return await self._create(connection, who, tenant_id, values)

    async def get(self, tenant_id: str, prompt_id: str) -> Prompt:
        """The prompt, or `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            return await _existing(connection, tenant_id, prompt_id)

    async def page(
        self, tenant_id: str, limit: int, cursor: str | None, tags: Collection[str] = (), **filters: Any
    ) -> list[Prompt]:
        """The newest `limit` + 1 prompts before `cursor`; filters that are None do not filter."""
        wanted = {name: value for name, value in filters.items() if value is not None}
        async with self._db.begin(tenant_id) as connection:
            return await store.page_prompts(connection, tenant_id, limit, cursor, wanted, tags)

    async def change(self, who: Principal, tenant_id: str, prompt_id: str, values: Mapping[str, Any]) -> Prompt:
        """Merge `values`; other words start a new revision."""
        async with self._db.begin(tenant_id) as connection:
            before = await _existing(connection, tenant_id, prompt_id, lock=True)
            return await self._change(connection, who, before, values)

    async def delete(self, who: Principal, tenant_id: str, prompt_id: str, *, force: bool = False) -> None:
        """Remove a prompt. Its conversations keep their record of it, and those that go on their words.

        Raises `Conflict` while conversations are going on with it, unless `force`.
        """
        async with self._db.begin(tenant_id) as connection:
            prompt = await _existing(connection, tenant_id, prompt_id, lock=True)
            if prompt.running and not force:
                raise Conflict(
                    f"prompt_id names a prompt in use: {prompt.running} conversations are going on with it. "
                    "Set is_active to false and wait for their end, or delete it with force=true.",
                    code="prompt.in_use",
                )
            await store.remove_prompt(connection, tenant_id, prompt_id)
            await bump_prompts_revision(connection, tenant_id)
            await record_audit(connection, who, tenant_id, "prompt.deleted", prompt_id)

    # Revisions

    async def revisions(
        self, tenant_id: str, prompt_id: str, limit: int, before: int | None
    ) -> list[tuple[Arm, Tally]]:
        """Revisions with what they came to, newest first, one more than `limit` where there are more."""
        async with self._db.begin(tenant_id) as connection:
            await _existing(connection, tenant_id, prompt_id)
            return await store.page_revisions(connection, tenant_id, prompt_id, limit, before)

    async def changes(self, tenant_id: str, prompt_id: str, before: int | None, after: int | None) -> list[Change]:
        """What differs from revision `before` (None: the one before `after`) to `after` (None: the present one)."""
        async with self._db.begin(tenant_id) as connection:
            prompt = await _existing(connection, tenant_id, prompt_id)
            last = after if after is not None else prompt.revision
            first = before if before is not None else max(1, last - 1)
            arms = [await store.get_revision(connection, tenant_id, prompt_id, number) for number in (first, last)]
        if arms[0] is None or arms[1] is None:
            raise NotFound("revision")
        return changes_between(arms[0], arms[1])

    # Comparing

    async def compare(self, tenant_id: str, scope: Scope) -> Verdict:
        """The verdict on the arms of a scope: the active ones, and stopped ones that had runs."""
        async with self._db.begin(tenant_id) as connection:
            return await compare_on(connection, tenant_id, scope)

    async def rules(self, tenant_id: str, scope: Scope) -> Rules:
        """The rules of a scope; the default ones where none were set."""
        async with self._db.begin(tenant_id) as connection:
            return (await store.all_rules(connection, tenant_id)).get(scope.key, Rules())

    async def set_rules(self, who: Principal, tenant_id: str, scope: Scope, rules: Rules) -> Rules:
        """Put the rules of a scope in place."""
        async with self._db.begin(tenant_id) as connection:
            await _check_agent(connection, tenant_id, scope.agent_id)
            rules_id = await store.put_rules(connection, tenant_id, scope.key, rules)
            await bump_prompts_revision(connection, tenant_id)
            detail = {"rules": rules.model_dump(mode="json")}
            await record_audit(connection, who, tenant_id, "experiment.rules_set", rules_id, **detail)
        return rules

    async def promote(self, who: Principal, tenant_id: str, prompt_id: str, *, reason: str = "chosen") -> Prompt:
        """Let one arm answer alone: the other arms of its scope are stopped."""
        async with self._db.begin(tenant_id) as connection:
            prompt = await _existing(connection, tenant_id, prompt_id, lock=True)
            others = await store.page_prompts(connection, tenant_id, None, None, {**_scope_of(prompt).filters()})
            stopped = [one.id for one in others if one.is_active and one.id != prompt_id]
            for one in sorted(stopped):
                await store.change_prompt(connection, tenant_id, one, {"is_active": False})
            prompt = await store.change_prompt(connection, tenant_id, prompt_id, {"is_active": True})
            await bump_prompts_revision(connection, tenant_id)
            detail = {"stopped": stopped, "reason": reason}
            await record_audit(connection, who, tenant_id, "prompt.promoted", prompt_id, **detail)
            await _tell(connection, prompt, "promoted", detail)
        return prompt

    async def stop(self, who: Principal, tenant_id: str, prompt_id: str, measures: Sequence[str]) -> None:
        """Take an arm out that harms. `measures`: on which."""
        async with self._db.begin(tenant_id) as connection:
            prompt = await store.change_prompt(connection, tenant_id, prompt_id, {"is_active": False})
            await bump_prompts_revision(connection, tenant_id)
            detail = {"measures": list(measures)}
            await record_audit(connection, who, tenant_id, "prompt.stopped", prompt_id, **detail)
            await _tell(connection, prompt, "stopped", detail)

    # Import and export

    async def everything(self, tenant_id: str, filters: Mapping[str, Any]) -> list[Prompt]:
        """Every prompt, oldest first."""
        async with self._db.begin(tenant_id) as connection:
            return (await store.page_prompts(connection, tenant_id, None, None, filters))[::-1]

    async def take_in(self, who: Principal, tenant_id: str, given: Sequence[Mapping[str, Any]]) -> list[Prompt]:
        """Prompts from a file, all or none: one of the same name for the same agents is changed, others are new."""
        written = []
        async with self._db.begin(tenant_id) as connection:
            present = {_identity(one): one for one in await store.page_prompts(connection, tenant_id, None, None, {})}
            for values in given:
                known = present.get(tuple(values.get(name) for name in _IDENTITY))
                if known is None:
                    prompt = await self._create(connection, who, tenant_id, values)
                else:
                    locked = await _existing(connection, tenant_id, known.id, lock=True)
                    prompt = await self._change(connection, who, locked, values)
                present[_identity(prompt)] = prompt
                written.append(prompt)
        return written

    async def _create(
        self, connection: AsyncConnection, who: Principal, tenant_id: str, values: Mapping[str, Any]
    ) -> Prompt:
        await _check_agent(connection, tenant_id, values.get("agent_id"))
        prompt = await store.add_prompt(connection, {"id": new_id(), "tenant_id": tenant_id, **values})
        await store.add_revision(connection, prompt)
        await bump_prompts_revision(connection, tenant_id)
        await record_audit(connection, who, tenant_id, "prompt.created", prompt.id)
        return prompt

    async def _change(
        self, connection: AsyncConnection, who: Principal, before: Prompt, values: Mapping[str, Any]
    ) -> Prompt:
        await _check_agent(connection, before.tenant_id, values.get("agent_id"))
        rewritten = any(getattr(before, name) != value for name, value in text_of(values).items())
        draft = {**values, "revision": before.revision + 1} if rewritten else dict(values)
        prompt = await store.change_prompt(connection, before.tenant_id, before.id, draft)
        if rewritten:
            await store.add_revision(connection, prompt)
        await bump_prompts_revision(connection, before.tenant_id)
        await record_audit(
            connection, who, before.tenant_id, "prompt.changed", before.id, revision=prompt.revision,
            fields=sorted(values),
        )  # fmt: skip
        return prompt


_IDENTITY = ("name", "agent_config", "agent_name", "agent_id")


async def _tell(connection: AsyncConnection, prompt: Prompt, decision: str, detail: Mapping[str, Any]) -> None:
    names = ("name", "agent_config", "agent_name", "agent_id", "revision")
    about = {"prompt_id": prompt.id, **{name: getattr(prompt, name) for name in names}}
    await announce(connection, prompt.tenant_id, "experiment.decided", {"decision": decision, **about, **detail})


def _identity(prompt: Prompt) -> tuple[Any, ...]:
    return tuple(getattr(prompt, name) for name in _IDENTITY)


def _scope_of(prompt: Prompt) -> Scope:
    if prompt.agent_id is not None:
        return Scope(agent_id=prompt.agent_id)
    return Scope(agent_config=prompt.agent_config, agent_name=prompt.agent_name)


async def compare_on(connection: AsyncConnection, tenant_id: str, scope: Scope) -> Verdict:
    """See `Prompts.compare`, on the caller's transaction."""
    prompts = await _prompts_of(connection, tenant_id, scope)
    tallies = await store.tallies(connection, tenant_id, [prompt.id for prompt in prompts])
    rules = (await store.all_rules(connection, tenant_id)).get(scope.key, Rules())
    arms = [
        Contender(one.id, one.name, one.revision, one.is_active, one.weight, tallies.get(one.id, Tally()))
        for one in sorted(prompts, key=lambda one: one.id)
        if one.is_active or tallies.get(one.id, Tally()).runs
    ]
    return judge_arms(arms, rules)


async def _prompts_of(connection: AsyncConnection, tenant_id: str, scope: Scope) -> list[Prompt]:
    if scope.agent_id is None:
        return await store.page_prompts(connection, tenant_id, None, None, scope.filters())
    agent = await get_agent(connection, tenant_id, scope.agent_id)
    if agent is None:
        return []
    addressed = Addressed(agent.id, agent.config_key, agent.name)
    prompts = await store.page_prompts(connection, tenant_id, None, None, {})
    return [prompt for prompt in prompts if applies(prompt, addressed)]


async def find_prompt(connection: AsyncConnection, tenant_id: str, prompt_id: str) -> Prompt | None:
    """A prompt on the caller's transaction, for what refers to one."""
    return await store.get_prompt(connection, tenant_id, prompt_id)


async def _existing(connection: AsyncConnection, tenant_id: str, prompt_id: str, *, lock: bool = False) -> Prompt:
    prompt = await store.get_prompt(connection, tenant_id, prompt_id, lock=lock)
    if prompt is None:
        raise NotFound("prompt")
    return prompt


async def _check_agent(connection: AsyncConnection, tenant_id: str, agent_id: str | None) -> None:
    if agent_id is not None and await get_agent(connection, tenant_id, agent_id) is None:
        raise InvalidInput("agent_id names no agent of this tenant.", code="prompt.unknown_agent")
