"""Any process serves any session: what one stores and answers, the other goes on from."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import pytest

from parley.app.resources import Resources
from parley.training import Rehearsals, customer
from tests.conftest import Business
from tests.training.test_practice import GOOD, a_model, begin, messages

pytestmark = pytest.mark.anyio


def another(here: Resources) -> Rehearsals:
    """What a second process has: the same database, nothing in memory."""
    one = here.rehearsals
    return Rehearsals(here.db, one._scenarios, one._talks, one._models, here.embedder, here.businesses, one._clock)


def check_whole(lines: Sequence[dict[str, Any]], said: Sequence[str]) -> None:
    """Every line once and in the order in which lines were stored, each with one reply after it."""
    assert sorted(line["content"] for line in lines if line["role"] == "user") == sorted(said)
    assert [line["role"] for line in lines].count("assistant") == len(said) + 1
    waiting = 0
    for line in lines[1:]:
        waiting += 1 if line["role"] == "user" else -1
        assert waiting >= 0, "a reply to nothing"
    assert len({line["message_id"] for line in lines}) == len(lines)


async def test_two_processes_in_turn_make_the_talk_that_one_would(
    business: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer, "crc32", lambda _: 11)
    one = resources.rehearsals
    told = []
    for here, there in ((one, one), (one, another(resources)), (another(resources), another(resources))):
        session_id = await begin(business.owner)
        for number, words in enumerate((*GOOD[:3], "Which colour was it?", "...")):
            said = await (there if number % 2 else here).say(business.id, session_id, words)
            assert said.settled
        told.append([line["content"] for line in await messages(business, session_id)])
    assert told[0] == told[1] == told[2]


async def test_lines_that_meet_are_all_said_and_answered_once(business: Business, resources: Resources) -> None:
    one = resources.rehearsals
    both = (one, another(resources))
    session_id = await begin(business.owner)
    words = [f"Is this line number {number}?" for number in range(12)]
    said = await asyncio.gather(
        *(both[n % 2].say(business.id, session_id, line, f"c{n}") for n, line in enumerate(words)),
        *(both[(n + 1) % 2].say(business.id, session_id, line, f"c{n}") for n, line in enumerate(words)),
    )
    assert len({one.line_id for one in said}) == len(words), "a line sent twice is said once"
    await one.answer(business.id, session_id)
    check_whole(await messages(business, session_id), words)


async def test_one_process_with_a_model_and_one_without(
    business: Business, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = resources.rehearsals, another(resources)
    session_id = await begin(business.owner)
    words = [f"One moment, number {number}." for number in range(6)]
    for number, line in enumerate(words):
        with monkeypatch.context() as hosted:
            if number % 2:
                hosted.setattr(resources.models, "hosted", a_model)
            await (other if number % 3 else one).say(business.id, session_id, line)
    await asyncio.gather(one.answer(business.id, session_id), other.answer(business.id, session_id))
    check_whole(await messages(business, session_id), words)


async def test_a_client_that_goes_in_the_middle_leaves_nothing_half(business: Business, resources: Resources) -> None:
    session_id = await begin(business.owner)
    for number, words in enumerate(GOOD[:3]):
        for steps in range(1, 40, 3):
            saying = asyncio.create_task(resources.rehearsals.say(business.id, session_id, words, f"c{number}"))
            for _ in range(steps):
                await asyncio.sleep(0)
            saying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await saying
        await resources.rehearsals.say(business.id, session_id, words, f"c{number}")
    check_whole(await messages(business, session_id), GOOD[:3])
