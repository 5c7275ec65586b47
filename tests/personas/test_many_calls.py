"""Hundreds of simulated calls with seeds nobody has seen: each ends as it must, and no check-in raises an alarm."""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from parley.app.resources import Resources
from parley.personas import Caller, persona, personas
from tests.conftest import Business
from tests.personas.talk import Dialogue, hold
from tests.personas.test_dispatch_calls import EMERGENCY, KNOWN, agent, polite

pytestmark = [pytest.mark.soak, pytest.mark.anyio]

CALLS = 450


async def test_hundreds_of_calls_end_as_they_must(resources: Resources, business: Business) -> None:
    number_of_all = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(2**31))
    chance = random.Random(number_of_all)
    drivers = [one.key for one in personas() if one.calls == "dispatch"]
    agents = {language: await agent(business, language=language) for language in ("en", "de")}
    faults: list[str] = []
    counted: Counter[str] = Counter()
    for number in range(CALLS):
        key, language = drivers[number % len(drivers)], ("en", "de")[number // len(drivers) % 2]
        seed = chance.randrange(2**31)
        talk = await hold(resources, business.id, agents[language], Caller(persona(key), seed, language))
        if fault := _fault(key, talk):
            faults.append(f"{key} {language} seed {seed}: {fault}\n{talk}")
        counted[key] += 1
    print(f"\nSOAK_SEED={number_of_all}: {sum(counted.values())} calls, {len(faults)} faults: {dict(counted)}")  # noqa: T201
    assert not faults, "\n\n".join(faults[:10])


def _fault(key: str, talk: Dialogue) -> str:
    """What is wrong with a call's end, "" for nothing."""
    emergency = key in ("blow_out", "medical")
    if not emergency and "raise_incident" in talk.actions:
        return "an alarm without an emergency"
    if key == "silent":
        return "" if talk.ended_by == "line" else "the silence was not left to the line"
    if not polite(talk) and not (talk.ended_by == "caller" and key == "hostile"):
        return f"ended by {talk.ended_by}, not politely"
    wanted = EMERGENCY if emergency else KNOWN.get(key, ())
    missing = [name for name in wanted if talk.slots.get(name) in (None, "")]
    if missing:
        return f"{', '.join(missing)} not known"
    if emergency and talk.actions[-1:] != ["transfer_to_person"]:
        return "not handed over"
    if key in KNOWN and talk.slots["driver_status"] != {"on_time": "driving"}.get(key, key):
        return f"status read as {talk.slots['driver_status']}"
    return ""
