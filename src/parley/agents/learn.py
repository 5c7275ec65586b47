"""An agent's own intents: trained by a job when they are saved, kept ready, used by every reading of a message.

While a new model is in training the last ready one answers, or the built-in understanding where there is none.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.agents import store
from parley.agents.agent import UnderstandingChoice
from parley.inference.ports import Embedder
from parley.kit import log
from parley.kit.db import Database
from parley.kit.errors import InvalidInput
from parley.kit.jobs import Enqueue, Job
from parley.understanding import TrainedIntents, train_intents

TRAIN_JOB = "agents.train"
_TRUST_SECONDS = 2.0
_MODELS_KEPT = 64
_EMBED_STEP = 256
_log = log.get("agents")


class Learning:
    """Trains, stores and recalls the models of agents' own intents."""

    def __init__(self, db: Database, embedder: Embedder, jobs: Enqueue) -> None:
        self._db = db
        self._embedder = embedder
        self._jobs = jobs
        self._ready: OrderedDict[str, tuple[float, str | None, TrainedIntents | None]] = OrderedDict()

    def background(self) -> list[Job]:
        """What a worker runs for this."""
        return [Job(TRAIN_JOB, self._train, attempts=2)]

    async def want(
        self, connection: AsyncConnection, tenant_id: str, agent_id: str, choice: UnderstandingChoice
    ) -> None:
        """On the transaction that saves the agent: have its intents trained, if they are other than before."""
        examples = _pairs(choice)
        if not examples:
            await store.forget_learnt(connection, tenant_id, agent_id)
            return
        fingerprint = _fingerprint(examples, builtin=choice.builtin)
        known = await store.get_learnt(connection, tenant_id, agent_id)
        if known is not None and known.fingerprint == fingerprint and known.status != "failed":
            return
        await store.begin_training(connection, tenant_id, agent_id, fingerprint, len(examples))
        await self._jobs.enqueue(
            connection,
            TRAIN_JOB,
            lock=f"train:{agent_id}",
            tenant_id=tenant_id,
            agent_id=agent_id,
            fingerprint=fingerprint,
        )

    async def status(self, tenant_id: str, agent_id: str) -> store.Learnt | None:
        """How far the training is; None where the agent has no intents of its own."""
        async with self._db.begin(tenant_id) as connection:
            return await store.get_learnt(connection, tenant_id, agent_id)

    async def model(self, tenant_id: str, agent_id: str) -> TrainedIntents | None:
        """The last ready model, looked up again every few seconds."""
        now = time.monotonic()
        known = self._ready.get(agent_id)
        if known is not None and known[0] > now:
            return known[2]
        async with self._db.begin(tenant_id) as connection:
            learnt = await store.get_learnt(connection, tenant_id, agent_id)
            wanted = learnt.model_fingerprint if learnt else None
            if known is not None and known[1] == wanted:
                model = known[2]
            else:
                packed = await store.get_model(connection, tenant_id, agent_id) if wanted else None
                model = TrainedIntents.from_bytes(packed) if packed else None
        self._ready[agent_id] = (now + _TRUST_SECONDS, wanted, model)
        self._ready.move_to_end(agent_id)
        if len(self._ready) > _MODELS_KEPT:
            self._ready.popitem(last=False)
        return model

    async def _train(self, tenant_id: str, agent_id: str, fingerprint: str) -> None:
        """The job. A model for examples that have changed since is thrown away: another job is waiting for them."""
        async with self._db.begin(tenant_id) as connection:
            agent = await store.get_agent(connection, tenant_id, agent_id)
            learnt = await store.get_learnt(connection, tenant_id, agent_id)
        if agent is None or learnt is None or learnt.fingerprint != fingerprint:
            return
        choice = agent.definition.understanding
        began = time.monotonic()
        try:
            packed = await self._fit(_pairs(choice), builtin=choice.builtin)
            values: dict[str, Any] = {
                "status": "ready",
                "error": None,
                "model": packed,
                "model_fingerprint": fingerprint,
            }
        except InvalidInput as error:
            values = {"status": "failed", "error": error.detail}
        values["seconds"] = round(time.monotonic() - began, 3)
        async with self._db.begin(tenant_id) as connection:
            await store.finish_training(connection, tenant_id, agent_id, fingerprint, values)
        self._ready.pop(agent_id, None)
        _log.info("agent.trained", agent_id=agent_id, status=values["status"], seconds=values["seconds"])

    async def _fit(self, examples: Sequence[tuple[str, str]], *, builtin: bool) -> bytes:
        """Embed on this loop's embedder, in steps that let callers' questions through; fit in a thread."""
        loop = asyncio.get_running_loop()

        def embed(texts: Sequence[str]) -> NDArray[np.float32]:
            return asyncio.run_coroutine_threadsafe(self._embed(texts), loop).result()

        trained = await asyncio.to_thread(train_intents, examples, embed, builtin=builtin)
        return trained.to_bytes()

    async def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        parts = [await self._embedder.embed(texts[at : at + _EMBED_STEP]) for at in range(0, len(texts), _EMBED_STEP)]
        return np.concatenate(parts) if parts else np.zeros((0, self._embedder.dimensions), np.float32)


def _pairs(choice: UnderstandingChoice) -> list[tuple[str, str]]:
    return [(example, intent.name) for intent in choice.intents for example in intent.examples]


def _fingerprint(examples: Sequence[tuple[str, str]], *, builtin: bool) -> str:
    return sha256(orjson.dumps([builtin, *examples])).hexdigest()[:32]
