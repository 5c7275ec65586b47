"""`parley simulate`: a simulated caller and an agent, printed."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from parley.app.resources import Resources
from parley.app.simulate import rehearse
from parley.kit.errors import InvalidInput
from tests.conftest import Business

pytestmark = pytest.mark.anyio


async def rehearsed(resources: Resources, business: Business, key: str, agent: str | None, seed: int = 1) -> str:
    shown = io.StringIO()
    await rehearse(Console(file=shown, width=200), resources, key, agent, business.id, seed, "en")
    return shown.getvalue()


async def test_a_whole_call_is_printed_and_the_same_for_the_same_seed(resources: Resources, business: Business) -> None:
    for name, scenario in (("Emergencies", "emergency"), ("Check-in", "check_in")):
        made = await business.owner.post("/agents", json={"name": name, "scenario_type": scenario, "language": "en"})
        assert made.status_code == 201, made.text
    first = await rehearsed(resources, business, "delayed", None)
    assert first.startswith("Driver running late (seed 1) calls Check-in of ")
    assert "delayed: " in first
    assert "Goodbye" in first or "goodbye" in first
    assert await rehearsed(resources, business, "delayed", None) == first
    assert await rehearsed(resources, business, "delayed", "Check-in", seed=2) != first


async def test_what_cannot_be_called_is_named(resources: Resources, business: Business) -> None:
    with pytest.raises(InvalidInput, match="no agent of type dispatch"):
        await rehearsed(resources, business, "delayed", None)
    with pytest.raises(InvalidInput, match="there is no 'nobody'"):
        await rehearsed(resources, business, "nobody", None)
