"""Reading a caller's line for an agent: its language, its tenant's time, its own intents and slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from parley.agents.agent import Agent, Version
from parley.agents.learn import Learning
from parley.inference.ports import Embedder
from parley.kit import guard
from parley.tenants import Tenant, region_of
from parley.understanding import (
    ExampleVectors,
    SlotReading,
    TrainedIntents,
    Understanding,
    detect_language,
    read_slots,
    understand,
)


@dataclass(frozen=True, slots=True)
class Line:
    """What is read. `now` is aware, in the tenant's timezone; `previous` is the agent's last line.

    `masked` is the message as an embedder may see it, where that is not all of it: an embedder may be a vendor's.
    """

    message: str
    now: datetime
    previous: str = ""
    language: str | None = None
    masked: str | None = None

    @property
    def embedded(self) -> str:
        """What goes to the embedder."""
        return self.message if self.masked is None else self.masked


@dataclass(frozen=True, slots=True)
class Read:
    """A reading and the line's vector, which search uses again; None where the embedder lacks the language."""

    meaning: Understanding
    vector: NDArray[np.float32] | None


class Reader:
    """Reads lines. One per process: it holds the built-in examples' vectors."""

    def __init__(self, embedder: Embedder, learning: Learning, examples: ExampleVectors | None) -> None:
        self._embedder = embedder
        self._learning = learning
        self._examples = examples

    def expect(self, message: str) -> None:
        """This line is read in a moment: where its vector is made in this process, that may begin at once."""
        if detect_language(message) in self._embedder.languages:
            self._embedder.expect(message)

    async def read(self, tenant: Tenant, agent: Agent | Version, line: Line) -> Read:
        """Read one line."""
        return (await self.read_many(tenant, agent, [line]))[0]

    async def read_many(self, tenant: Tenant, agent: Agent | Version, lines: Sequence[Line]) -> list[Read]:
        """Read lines one by one, embedding them together. No transaction may be open."""
        guard.require_no_transaction("understanding")
        own = await self._own(tenant.id, agent)
        expected = agent.definition.language or tenant.language
        languages = [detect_language(line.message, line.language or expected) for line in lines]
        known = {slot.name: slot.values for slot in agent.definition.understanding.slots}
        region = region_of(tenant) or "US"
        slots = [  # before the vectors, which may be under way
            read_slots(
                line.message,
                now=line.now,
                language=language,
                previous=line.previous,
                default_region=region,
                known=known,
            )
            for line, language in zip(lines, languages, strict=True)
        ]
        vectors = await self._vectors(lines, languages, every=own is not None)
        return [
            self._read(agent, line, language, stated, vector, own)
            for line, language, stated, vector in zip(lines, languages, slots, vectors, strict=True)
        ]

    def _read(
        self,
        agent: Agent | Version,
        line: Line,
        language: str,
        stated: SlotReading,
        vector: NDArray[np.float32] | None,
        own: TrainedIntents | None,
    ) -> Read:
        meaning = understand(
            line.message,
            now=line.now,
            previous=line.previous,
            agent_type=agent.type,
            language_hint=language,
            vector=vector,
            examples=self._examples,
            own=own,
            builtin=agent.definition.understanding.builtin,
            stated=stated,
        )
        return Read(meaning, vector if language in self._embedder.languages else None)

    async def _own(self, tenant_id: str, agent: Agent | Version) -> TrainedIntents | None:
        if not agent.definition.understanding.intents:
            return None
        agent_id = agent.agent_id if isinstance(agent, Version) else agent.id
        return await self._learning.model(tenant_id, agent_id)

    async def _vectors(
        self, lines: Sequence[Line], languages: Sequence[str], *, every: bool
    ) -> list[NDArray[np.float32] | None]:
        """Vectors of the lines in the embedder's languages; of `every` line where own intents were trained on them."""
        wanted = [at for at, language in enumerate(languages) if every or language in self._embedder.languages]
        vectors: list[NDArray[np.float32] | None] = [None] * len(lines)
        if wanted:
            for at, vector in zip(
                wanted, await self._embedder.embed([lines[at].embedded for at in wanted]), strict=True
            ):
                vectors[at] = vector
        return vectors
