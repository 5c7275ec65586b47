"""One question and its answer, read by a schema of one's own."""

from __future__ import annotations

from typing import Any

from parley.house import Extractor
from parley.understanding import parse_schema, read_transcript
from tests.house.extraction_scoring import NOW


async def answered(question: str, answer: str, region: str = "US", **fields: Any) -> dict[str, Any]:
    """What the extractor makes of it. `fields`: by name its JSON schema, or only its type, format or options."""
    return await read_talk(f"Agent: {question}\nUser: {answer}", region, **fields)


async def read_talk(transcript: str, region: str = "US", **fields: Any) -> dict[str, Any]:
    """The same of a whole talk."""
    schema = parse_schema({"type": "object", "properties": {name: _typed(told) for name, told in fields.items()}})
    found = await Extractor().extract(read_transcript(transcript), schema, now=NOW, region=region)
    return found.structured_data()


def _typed(told: Any) -> dict[str, Any]:
    if isinstance(told, dict):
        return told
    if isinstance(told, list):
        return {"type": "string", "enum": told}
    return {"type": "string", "format": told} if told in ("date", "time", "date-time") else {"type": told}
