"""Facts out of a talk without a hosted model: by rules over who said what in answer to what.

A fact is what the caller said, or agreed to; only the outcome of a call and what was done about an emergency are proven
by the agent's words. Nothing is guessed: a field nobody spoke of is None. The last statement counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from parley.house.extractor_answers import read_field
from parley.house.extractor_dispatch import read_dispatch
from parley.house.extractor_match import Matcher
from parley.house.extractor_reading import Reading
from parley.house.extractor_talk import Talk
from parley.inference.ports import Embedder
from parley.understanding import Extracted, Finding, Line, Schema, detect_language, fits, gather, with_emergency


class Extractor:
    """Reads a transcript by a schema. With an embedder, questions are matched to fields by meaning too."""

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = embedder

    async def extract(
        self, lines: Sequence[Line], schema: Schema, *, now: datetime, language: str | None = None, region: str = "US"
    ) -> Extracted:
        """What the lines say about each field of `schema`, with evidence.

        `now` is the caller's local time when the talk took place: it decides what "tomorrow" is. `region` is the ISO
        3166 country of telephone numbers without a prefix. A check-in that turned into an emergency has the
        emergency's fields too.
        """
        if schema.dispatch:
            found, emergency = read_dispatch(lines)
            return gather(with_emergency(schema) if emergency and schema.name == "check_in" else schema, found)
        return gather(schema, await self._by_fields(lines, schema, now, language, region))

    async def _by_fields(
        self, lines: Sequence[Line], schema: Schema, now: datetime, language: str | None, region: str
    ) -> Mapping[str, Finding | None]:
        talk = Talk(lines)
        spoken = language or _language(lines)
        matcher = await Matcher.prepare(talk, schema.fields, self._embedder, spoken)
        reading = Reading(matcher, now, spoken, region)
        found: dict[str, Finding | None] = {}
        for one in schema.fields:
            finding = read_field(reading, one)
            if finding is not None and finding.value is not None and fits(one, finding.value) is None:
                finding = None
            found[one.name] = finding
        return found


def _language(lines: Sequence[Line]) -> str:
    counted = Counter(detect_language(line.text) for line in lines if len(line.text.split()) > 2)
    return counted.most_common(1)[0][0] if counted else "en"
