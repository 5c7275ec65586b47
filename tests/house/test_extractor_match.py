"""Questions matched to fields: what it costs where there are many of both, and that nobody waits for it."""

from __future__ import annotations

import asyncio
import time

import pytest

from parley.house import Extractor
from parley.house.extractor_match import Matcher
from parley.house.extractor_memory import Meanings
from parley.house.extractor_talk import Talk
from parley.inference.scripted import ScriptedEmbedder
from parley.understanding import parse_schema, read_transcript
from tests.house.extraction_scoring import NOW

pytestmark = pytest.mark.anyio

MANY = parse_schema({"type": "object", "properties": {f"part_{number}": {"type": "string"} for number in range(90)}})
LONG = read_transcript("\n".join(f"Agent: Why is it {number} now?\nUser: I told you so." for number in range(200)))


async def test_many_fields_find_their_questions_soon() -> None:
    matcher = await Matcher.prepare(Talk(LONG), MANY.fields, Meanings(ScriptedEmbedder()), "en")
    begun = time.process_time()
    matcher.settle({one.name: None for one in MANY.fields})
    assert time.process_time() - begun < 2


async def test_much_work_is_done_beside_the_event_loop() -> None:
    reading = asyncio.create_task(Extractor().extract(LONG, MANY, now=NOW, language="en"))
    await asyncio.sleep(0)
    assert not reading.done()
    await reading
