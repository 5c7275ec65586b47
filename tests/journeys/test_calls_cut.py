"""A simulated call whose process dies goes on in another one as if nothing had happened, wherever it was cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from parley.app.resources import Resources
from parley.calls.simulated_talk import SimulatedTalk
from tests.conftest import Business
from tests.journeys.calls import dispatcher, initiate, over, transcript, working
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio

_SETTLED = 0.1  # seconds in which our engine ends what it was at when the line fell silent


@pytest.fixture(autouse=True)
async def worker(resources: Resources) -> AsyncIterator[None]:
    async with working(resources):
        yield


@dataclass
class Scissors:
    """Stops a talk for good before its frame number `at`, sent or received; counts them where `at` is 0."""

    at: int = 0
    frames: int = 0
    cut: asyncio.Event = field(default_factory=asyncio.Event)

    def hold(self, patch: pytest.MonkeyPatch) -> None:
        """Put them to every frame of every talk."""
        send, receive = SimulatedTalk._send, SimulatedTalk._receive

        async def sending(talk: SimulatedTalk, kind: str, **fields: Any) -> None:
            await self._pass()
            await send(talk, kind, **fields)

        async def receiving(talk: SimulatedTalk, number: int) -> Any:
            answer = await receive(talk, number)
            await self._pass()
            return answer

        patch.setattr(SimulatedTalk, "_send", sending)
        patch.setattr(SimulatedTalk, "_receive", receiving)

    def open_at(self, at: int) -> None:
        self.at, self.frames = at, 0
        self.cut.clear()

    async def _pass(self) -> None:
        self.frames += 1
        if self.frames == self.at:
            self.cut.set()
            await asyncio.Event().wait()


# The voicemail says all it says at once; the angry one talks over the agent; the line of the last is asked about when
# only half of it was said.
@pytest.mark.parametrize(("persona", "seed", "every"), [("voicemail", 0, 1), ("hostile", 0, 3), ("blow_out", 1, 4)])
async def test_a_call_goes_on_wherever_it_was_cut(
    business: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch, persona: str, seed: int, every: int
) -> None:
    scissors, line = Scissors(), resources.simulated
    scissors.hold(monkeypatch)
    agent = await dispatcher(business)

    async def ended(call: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        record = await over(business, call)
        facts = {name: value for name, value in record["structured_data"].items() if name != "evidence"}
        return facts, [(one["role"], one["content"]) for one in await transcript(business, call)]

    facts, said = await ended(await initiate(business, agent, persona=persona, seed=seed))
    for at in range(1, scissors.frames + 1, every):
        scissors.open_at(at)
        call = await initiate(business, agent, persona=persona, seed=seed)
        await asyncio.wait_for(scissors.cut.wait(), PATIENCE)
        await asyncio.sleep(_SETTLED)
        await line.aclose()
        async with resources.db.begin(business.id) as connection:
            await connection.execute(text("UPDATE simulated_calls SET holder = 1"))
        scissors.open_at(0)
        await line.open()
        again, lines = await ended(call)
        assert again == facts, f"cut at frame {at}"
        # That we would have hung up was lost with the line: who had heard the goodbye may return it, or keep silent.
        assert lines[: len(said)] == said, f"cut at frame {at}"
        assert sum(role == "user" for role, _ in lines[len(said) :]) <= 1, f"cut at frame {at}"
