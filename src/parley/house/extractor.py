"""Facts out of a talk without a hosted model: by rules over who said what in answer to what.

A fact is what the caller said, or agreed to; only the outcome of a call and what was done about an emergency are proven
by the agent's words. Nothing is guessed: a field nobody spoke of is None. The last statement counts.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from parley.house.extractor_answers import read_field
from parley.house.extractor_choices import about_sort
from parley.house.extractor_dispatch import read_dispatch
from parley.house.extractor_freely import opened
from parley.house.extractor_match import Matcher
from parley.house.extractor_memory import Meanings
from parley.house.extractor_reading import Reading
from parley.house.extractor_talk import Talk, unsure
from parley.inference.ports import Embedder
from parley.understanding import Extracted, Field, Finding, Line, Schema, detect_language, fits, gather, with_emergency

_NEAR, _CLEARLY = 0.4, 0.08  # cosines
_MOST_COMPARED = 30
_MUCH = 20_000  # characters times fields: what is more work than some 20 ms is done beside the event loop


class Extractor:
    """Reads a transcript by a schema. With an embedder, questions are matched to fields by meaning too."""

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = None if embedder is None else Meanings(embedder)

    async def extract(
        self, lines: Sequence[Line], schema: Schema, *, now: datetime, language: str | None = None, region: str = "US"
    ) -> Extracted:
        """What the lines say about each field of `schema`, with evidence.

        `now` is the caller's local time when the talk took place: it decides what "tomorrow" is. `region` is the ISO
        3166 country of telephone numbers without a prefix. A check-in that turned into an emergency has the
        emergency's fields too.
        """
        if schema.dispatch:
            known = schema.name == "emergency"
            found, emergency = (
                await asyncio.to_thread(read_dispatch, lines, emergency=known)
                if _much(lines, schema)
                else read_dispatch(lines, emergency=known)
            )
            return gather(with_emergency(schema) if emergency and schema.name == "check_in" else schema, found)
        return gather(schema, await self._by_fields(lines, schema, now, language, region))

    async def _by_fields(
        self, lines: Sequence[Line], schema: Schema, now: datetime, language: str | None, region: str
    ) -> Mapping[str, Finding | None]:
        talk = Talk(lines)
        spoken = language or _language(lines)
        matcher = await Matcher.prepare(talk, schema.fields, self._embedder, spoken)
        reading = Reading(matcher, now, spoken, region)
        found = await asyncio.to_thread(_read, reading, schema) if _much(lines, schema) else _read(reading, schema)
        return found | await self._by_meaning(matcher, schema, found, spoken)

    async def _by_meaning(
        self, matcher: Matcher, schema: Schema, found: Mapping[str, Finding | None], language: str
    ) -> dict[str, Finding | None]:
        """Of an enum no option of which was named, the one whose meaning is nearest to the answer, if any is near."""
        picked: dict[str, Finding | None] = {}
        if self._embedder is None or language not in self._embedder.languages:
            return picked
        for one in schema.fields:
            if one.kind != "enum" or found.get(one.name) is not None:
                continue
            answer = matcher.best(one.name, 1.0) or (opened(matcher.talk) if about_sort(one) else ())
            if not answer or unsure(answer[0].line.text) or len(one.options) > _MOST_COMPARED:
                continue
            texts = [answer[0].line.text[:300], *(_spoken(one, place) for place in range(len(one.options)))]
            vectors = await self._embedder.embed(texts)
            near = vectors[1:] @ vectors[0]
            order = near.argsort()[::-1]
            clear = len(order) < 2 or near[order[0]] - near[order[1]] >= _CLEARLY
            if near[order[0]] >= _NEAR and clear:
                picked[one.name] = Finding(one.options[order[0]], answer[0].quote(), answer[0].line.id, 0.55)
        return picked


def _spoken(one: Field, place: int) -> str:
    """An option in words, with what the schema says of it."""
    told = one.told[place] if place < len(one.told) else ""
    return f"{re.sub(r'[_-]+', ' ', one.options[place])}. {told}".strip(" .")


def _much(lines: Sequence[Line], schema: Schema) -> bool:
    return sum(len(line.text) for line in lines) * len(schema.fields) > _MUCH


def _read(reading: Reading, schema: Schema) -> dict[str, Finding | None]:
    """Every field, as far as its type can hold what was found; what stays empty once more, by what is left over."""
    found = {one.name: _fitting(reading, one) for one in schema.fields}
    again = set(reading.matcher.settle(found))
    return found | {one.name: _fitting(reading, one) for one in schema.fields if one.name in again}


def _fitting(reading: Reading, one: Field) -> Finding | None:
    finding = read_field(reading, one)
    if finding is None or finding.value is None:
        return finding
    value = fits(one, finding.value)
    return None if value is None else replace(finding, value=value)


def _language(lines: Sequence[Line]) -> str:
    counted = Counter(detect_language(line.text) for line in lines if len(line.text.split()) > 2)
    return counted.most_common(1)[0][0] if counted else "en"
