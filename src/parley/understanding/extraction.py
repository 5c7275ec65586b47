"""What to get out of a talk: fields with a type and a description, and what was found of them.

A schema is one of the two that dispatch calls bring (`data/extraction.yaml`), one that an agent type brings, or an
agent's own, as `extraction_schema` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Literal

import jsonschema_rs
import orjson

Kind = Literal["text", "number", "integer", "boolean", "enum", "enums", "texts", "numbers", "date", "time", "datetime"]
Value = str | int | float | bool | list[str] | list[int | float]

MOST_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to find. `options` are what an enum may be; `format` is JSON Schema's (email, phone, date, …).

    `path`: where a field of a nested object stands, of which `name` is the parts with points between; empty at the top.
    `allowed`: the numbers that an enum of numbers lists. `demands`: what else the schema wants of a value, as JSON.
    """

    name: str
    kind: Kind = "text"
    description: str = ""
    options: tuple[str, ...] = ()
    format: str = ""
    least: float | None = None
    most: float | None = None
    path: tuple[str, ...] = ()
    allowed: tuple[float, ...] = ()
    demands: str = ""


@dataclass(frozen=True, slots=True)
class Schema:
    """Fields in their order. `name` is check_in, emergency, an agent type, or custom."""

    name: str
    fields: tuple[Field, ...]

    @property
    def dispatch(self) -> bool:
        """Whether this is one of the two of a dispatch call."""
        return self.name in ("check_in", "emergency")

    def json_schema(self, **extra: Field) -> dict[str, Any]:
        """The same as JSON Schema; every field may be null."""
        return {"type": "object", "properties": {each.name: _written(each) for each in (*self.fields, *extra.values())}}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a talk says about one field: the value, the words that prove it, and where they were said.

    `confidence` is 0..1. A `value` of None with a quote is a question that was answered: there is none.
    """

    value: Value | None
    quote: str
    message_id: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Extracted:
    """Field → value or None for every field of the schema, with evidence where there is any.

    `by` is who read it: "house" or the catalog name of a hosted model. `rejected` are fields whose value did not hold.
    `paths`: where the fields of nested objects stand.
    """

    values: Mapping[str, Value | None]
    evidence: Mapping[str, Finding] = field(default_factory=dict)
    by: str = "house"
    rejected: tuple[str, ...] = ()
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def structured_data(self) -> dict[str, Any]:
        """Field → value or None, plus `evidence`: {field: {quote, message_id, confidence}}.

        Flat, as schemas mostly are; nested where the schema nests, with evidence under "object.field".
        """
        shown = {
            name: {"quote": one.quote, "message_id": one.message_id, "confidence": round(one.confidence, 2)}
            for name, one in self.evidence.items()
        }
        data: dict[str, Any] = {}
        for name, value in self.values.items():
            *parents, last = self.paths.get(name, (name,))
            place = data
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value
        return {**data, "evidence": shown}


def gather(schema: Schema, findings: Mapping[str, Finding | None], by: str = "house") -> Extracted:
    """The findings as a whole record of `schema`."""
    values = {each.name: (found.value if (found := findings.get(each.name)) else None) for each in schema.fields}
    kept = {name: found for name, found in findings.items() if found is not None and name in values and found.quote}
    return Extracted(values, kept, by, paths={each.name: each.path for each in schema.fields if each.path})


def _written(one: Field) -> dict[str, Any]:
    """One field as JSON Schema."""
    shape: dict[str, Any]
    if one.kind == "enum":
        shape = {"type": ["string", "null"], "enum": [*one.options, None]}
    elif one.kind in ("enums", "texts"):
        items = {"type": "string", "enum": list(one.options)} if one.options else {"type": "string"}
        shape = {"type": ["array", "null"], "items": items}
    elif one.kind == "numbers":
        shape = {"type": ["array", "null"], "items": {"type": "number"}}
    elif one.allowed:
        shape = {"type": [one.kind, "null"], "enum": [*one.allowed, None]}
    elif one.kind in ("number", "integer", "boolean"):
        shape = {"type": [one.kind, "null"]}
    else:
        shape = {"type": ["string", "null"]}
    told = {"date": "YYYY-MM-DD", "time": "HH:MM, 24 hours", "datetime": "YYYY-MM-DDTHH:MM"}.get(one.kind, "")
    description = ". ".join(part for part in (one.description, told) if part)
    return {**shape, "description": description} if description else shape


def fits(one: Field, value: object) -> Value | None:
    """`value` as this field may hold it, or None where it cannot."""
    held = _held(one, value)
    if held is None or not one.demands:
        return held
    ways = (held, re.sub(r"[\s-]+", "", held), held.upper()) if isinstance(held, str) else (held,)
    demanded = _demanded(one.demands)
    return next((way for way in ways if demanded.is_valid(way)), None)


@lru_cache(maxsize=500)
def _demanded(demands: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(orjson.loads(demands))


def _held(one: Field, value: object) -> Value | None:
    if value is None or isinstance(value, dict):
        return None
    if one.kind == "boolean":
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())
    if one.kind in ("number", "integer"):
        return _number(one, value)
    if one.kind == "numbers":
        numbers = [_number(one, part) for part in (value if isinstance(value, list) else [value])]
        return [number for number in numbers if number is not None] or None
    if one.kind in ("enums", "texts"):
        parts = value if isinstance(value, list) else [value]
        kept = [_option(one, str(part)) if one.options else str(part).strip() for part in parts]
        return [part for part in dict.fromkeys(kept) if part] or None
    if isinstance(value, bool | list):
        return None
    text = str(value).strip()
    if one.options:
        return _option(one, text)
    if one.kind == "date":
        return _iso_date(text[:10])
    return text[:MOST_CHARACTERS] or None


def _option(one: Field, text: str) -> str | None:
    return next((option for option in one.options if option.casefold() == text.strip().casefold()), None)


def _number(one: Field, value: object) -> int | float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    too_small = one.least is not None and number < one.least
    if one.allowed and number not in one.allowed:
        return None
    if too_small or (one.most is not None and number > one.most) or abs(number) > 1e15 or number != number:
        return None
    if one.kind == "integer":
        return int(number) if number == int(number) else None
    return int(number) if number == int(number) else number


def _iso_date(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None
