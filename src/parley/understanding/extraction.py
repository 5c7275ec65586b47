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

Kind = Literal[
    "text", "number", "integer", "boolean", "enum", "enums", "texts", "numbers", "date", "time", "datetime", "rows"
]
Row = dict[str, Any]
Value = str | int | float | bool | list[str] | list[int | float] | list[Row]

MOST_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to find. `options` are what an enum may be; `format` is JSON Schema's (email, phone, date, …).

    `path`: where a field of a nested object stands, of which `name` is the parts with points between; empty at the top.
    `allowed`: the numbers that an enum of numbers lists. `demands`: what else the schema wants of a value, as JSON.
    `columns`: what the objects of a list ("rows") hold, or the one thing that any other list holds. `others`: further
    forms the value may have. `told`: what the schema says of each option, "" or nothing where it is silent.
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
    columns: tuple[Field, ...] = ()
    others: tuple[Field, ...] = ()
    told: tuple[str, ...] = ()


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

    `confidence` is 0..1. A `value` of None with a quote is a question that was answered: there is none. `parts`: of
    rows the finding of each cell, by its place: "[0].name".
    """

    value: Value | None
    quote: str
    message_id: str
    confidence: float
    parts: Mapping[str, Finding] = field(default_factory=dict)


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

        Flat, as schemas mostly are; nested where the schema nests, with evidence under "object.field", and for the
        objects of a list under "list[0].field".
        """
        shown: dict[str, Any] = {}
        for name, one in self.evidence.items():
            for place, found in (("", one), *one.parts.items()):
                proof = {"quote": found.quote, "message_id": found.message_id, "confidence": round(found.confidence, 2)}
                shown[f"{name}{place}"] = proof
        return {**nested(self.values, self.paths), "evidence": shown}


def nested(values: Mapping[str, Value | None], paths: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Values by name as the object they are parts of."""
    data: dict[str, Any] = {}
    for name, value in values.items():
        *parents, last = paths.get(name, (name,))
        place = data
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return data


def gather(schema: Schema, findings: Mapping[str, Finding | None], by: str = "house") -> Extracted:
    """The findings as a whole record of `schema`."""
    values = {each.name: (found.value if (found := findings.get(each.name)) else None) for each in schema.fields}
    kept = {name: found for name, found in findings.items() if found is not None and name in values and found.quote}
    return Extracted(values, kept, by, paths={each.name: each.path for each in schema.fields if each.path})


def _written(one: Field) -> dict[str, Any]:
    """One field as JSON Schema."""
    if one.kind == "rows":
        cells = {each.name: _written(each) for each in one.columns}
        row = {"type": "object", "properties": cells, "required": list(cells), "additionalProperties": False}
        shape: dict[str, Any] = {"type": ["array", "null"], "items": row}
    elif one.kind in ("enums", "texts"):
        items = {"type": "string", "enum": list(one.options)} if one.options else {"type": "string"}
        shape = {"type": ["array", "null"], "items": items}
    elif one.kind == "numbers":
        shape = {"type": ["array", "null"], "items": {"type": "number"}}
    else:
        ways = [_type(each) for each in (one, *one.others)]
        shape = {"type": [*dict.fromkeys(ways), "null"]}
        if (listed := one.options or one.allowed) and not one.others:
            shape["enum"] = [*listed, None]
    told = {"date": "YYYY-MM-DD", "time": "HH:MM, 24 hours", "datetime": "YYYY-MM-DDTHH:MM"}.get(one.kind, "")
    meant = "; ".join(f"{option}: {what}" for option, what in zip(one.options, one.told, strict=False) if what)
    known = "" if not meant or meant.split(": ", 1)[-1] in one.description else meant
    description = ". ".join(part for part in (one.description, known, told) if part)
    return {**shape, "description": description} if description else shape


def _type(one: Field) -> str:
    return one.kind if one.kind in ("number", "integer", "boolean") else "string"


def fits(one: Field, value: object) -> Value | None:
    """`value` as this field may hold it, or None where it cannot."""
    for way in (one, *one.others):
        if (held := _demanding(way, value)) is not None:
            return held
    return None


def _demanding(one: Field, value: object) -> Value | None:
    held = _held(one, value)
    if held is None or not one.demands:
        return held
    ways: tuple[Value, ...] = (held,)
    if isinstance(held, str):
        ways = (held, re.sub(r"[\s-]+", "", held), held.upper(), re.sub(r"[\s-]+", "", held).upper())
    elif isinstance(held, list):
        ways = (held, held[: orjson.loads(one.demands).get("maxItems", len(held))])
    demanded = _demanded(one.demands)
    return next((way for way in ways if demanded.is_valid(way)), None)


@lru_cache(maxsize=500)
def _demanded(demands: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(orjson.loads(demands), validate_formats=True)


def _held(one: Field, value: object) -> Value | None:
    if one.kind == "rows":
        return [row for row in value if isinstance(row, dict)] or None if isinstance(value, list) else None
    if value is None or isinstance(value, dict):
        return None
    if one.kind == "boolean":
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())
    if one.kind in ("number", "integer"):
        return _number(one, value)
    if one.kind == "numbers":
        numbers = [_each(one, part) for part in (value if isinstance(value, list) else [value])]
        return [number for number in numbers if isinstance(number, int | float)] or None
    if one.kind in ("enums", "texts"):
        kept = [_each(one, part) for part in (value if isinstance(value, list) else [value])]
        return [part for part in dict.fromkeys(str(each) for each in kept if each is not None) if part] or None
    if isinstance(value, bool | list):
        return None
    text = str(value).strip()
    if one.options:
        return _option(one, text)
    if one.kind == "date":
        return _iso_date(text[:10])
    return text[:MOST_CHARACTERS] or None


def _each(one: Field, part: object) -> Value | None:
    """One thing of a list, as the schema of its things wants it."""
    if one.columns:
        return fits(one.columns[0], part)
    if one.kind == "numbers":
        return _number(one, part)
    return _option(one, str(part)) if one.options else str(part).strip()


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
