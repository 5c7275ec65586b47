"""What to get out of a talk: fields with a type and a description, and what was found of them.

A schema is one of the two that dispatch calls bring (`data/extraction.yaml`), one that an agent type brings, or an
agent's own: a subset of JSON Schema (draft 2020-12) with one level of fields. Parsing names the field that is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from parley.kit.errors import InvalidInput
from parley.understanding.lexicon import read_yaml

Kind = Literal["text", "number", "integer", "boolean", "enum", "enums", "texts", "date", "time", "datetime"]
Value = str | int | float | bool | list[str]

MOST_FIELDS, MOST_OPTIONS, MOST_CHARACTERS = 100, 200, 2_000

_PLAIN: Mapping[str, Kind] = {
    "string": "text",
    "str": "text",
    "text": "text",
    "number": "number",
    "float": "number",
    "integer": "integer",
    "int": "integer",
    "boolean": "boolean",
    "bool": "boolean",
    "date": "date",
    "time": "time",
    "date-time": "datetime",
}
_FORMATS: Mapping[str, Kind] = {"date": "date", "time": "time", "date-time": "datetime"}
_HEADS = frozenset({"$schema", "$id", "title", "description", "type", "required", "additionalProperties", "properties"})


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to find. `options` are what an enum may be; `format` is JSON Schema's (email, phone, date, …)."""

    name: str
    kind: Kind = "text"
    description: str = ""
    options: tuple[str, ...] = ()
    format: str = ""
    least: float | None = None
    most: float | None = None


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
    """

    values: Mapping[str, Value | None]
    evidence: Mapping[str, Finding] = field(default_factory=dict)
    by: str = "house"
    rejected: tuple[str, ...] = ()

    def structured_data(self) -> dict[str, Any]:
        """Flat: field → value or None, plus `evidence`: {field: {quote, message_id, confidence}}."""
        shown = {
            name: {"quote": one.quote, "message_id": one.message_id, "confidence": round(one.confidence, 2)}
            for name, one in self.evidence.items()
        }
        return {**self.values, "evidence": shown}


def gather(schema: Schema, findings: Mapping[str, Finding | None], by: str = "house") -> Extracted:
    """The findings as a whole record of `schema`."""
    values = {each.name: (found.value if (found := findings.get(each.name)) else None) for each in schema.fields}
    kept = {name: found for name, found in findings.items() if found is not None and name in values and found.quote}
    return Extracted(values, kept, by)


@lru_cache(maxsize=1)
def _builtin() -> dict[str, Schema]:
    return {name: parse_schema(source, name=name) for name, source in read_yaml("extraction.yaml").items()}


def builtin_schema(name: str) -> Schema:
    """check_in, emergency, or what an agent type brings: receptionist, real_estate, dispatch, custom."""
    schemas = _builtin()
    if name == "dispatch":
        return schemas["check_in"]
    if name not in schemas:
        raise InvalidInput(f"scenario_type must be one of check_in, emergency, not {name[:50]!r}.")
    return schemas[name]


def with_emergency(schema: Schema) -> Schema:
    """The check-in's fields and the emergency's beside them."""
    known = {each.name for each in schema.fields}
    more = tuple(each for each in builtin_schema("emergency").fields if each.name not in known)
    return Schema(schema.name, (*schema.fields, *more))


def parse_schema(source: object, *, name: str = "custom", where: str = "schema") -> Schema:
    """A schema from JSON Schema of type object, or from the short form {"field": "what it is"}.

    Raises `InvalidInput` naming the field (as `where.properties.x`) that is wrong or beyond the subset.
    """
    if not isinstance(source, Mapping) or not source:
        raise InvalidInput(f"{where} must be a JSON schema of type object with properties.")
    properties: object = source
    if isinstance(source.get("properties"), Mapping):
        if source.get("type", "object") != "object":
            raise InvalidInput(f"{where}.type must be object, not {str(source['type'])[:50]!r}.")
        properties, where = source["properties"], f"{where}.properties"
    elif source.get("type") == "object" or (source.keys() & {"$schema", "properties"}):
        raise InvalidInput(f"{where}.properties must be an object with at least one field.")
    if not isinstance(properties, Mapping) or not properties:
        raise InvalidInput(f"{where} must name at least one field.")
    if len(properties) > MOST_FIELDS:
        raise InvalidInput(f"{where} must have at most {MOST_FIELDS} fields.")
    return Schema(name, tuple(_field(str(key), value, f"{where}.{key}") for key, value in properties.items()))


def _field(name: str, source: object, where: str) -> Field:
    if name == "evidence" or not name.strip() or len(name) > 100:
        raise InvalidInput(f"{where}: a field's name must have 1 to 100 characters and not be 'evidence'.")
    if isinstance(source, str):
        kind = _PLAIN.get(source.lower())
        return Field(name, kind or "text", "" if kind else _text(source, where))
    if not isinstance(source, Mapping):
        raise InvalidInput(f"{where} must be a JSON schema such as {{'type': 'string'}}.")
    source = _without_null(source, where)
    description = _text(source.get("description") or source.get("title") or "", f"{where}.description")
    if "enum" in source or "const" in source:
        options = _options(source.get("enum", [source.get("const")]), where)
        return Field(name, "enum", description, options)
    written = source.get("type", "string")
    if written == "array":
        return _array(name, source.get("items", {}), description, where)
    if not isinstance(written, str) or written.lower() not in _PLAIN:
        raise InvalidInput(
            f"{where}.type must be string, number, integer, boolean or array of enum, not {str(written)[:50]!r}."
        )
    kind = _PLAIN[written.lower()]
    form = str(source.get("format") or "").lower()
    if kind == "text":
        kind = _FORMATS.get(form, "text")
    return Field(
        name,
        kind,
        description,
        format=form,
        least=_bound(source, "minimum", where),
        most=_bound(source, "maximum", where),
    )


def _without_null(source: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """`{"type": ["string", "null"]}` and `anyOf` with null as what they mean: every field may be null anyway."""
    if "$ref" in source or "properties" in source:
        raise InvalidInput(f"{where} must be a plain field: nested objects and $ref are not supported.")
    for key in ("anyOf", "oneOf"):
        if key in source:
            kinds = [one for one in source[key] if isinstance(one, Mapping) and one.get("type") != "null"]
            if len(kinds) != 1:
                raise InvalidInput(f"{where}.{key} must be one type, or one type and null.")
            return _without_null({**{k: v for k, v in source.items() if k != key}, **kinds[0]}, where)
    written = source.get("type")
    if isinstance(written, list):
        kinds_named = [one for one in written if one != "null"]
        if len(kinds_named) != 1:
            raise InvalidInput(f"{where}.type must be one type, or one type and null.")
        return {**source, "type": kinds_named[0]}
    return source


def _array(name: str, items: object, description: str, where: str) -> Field:
    if not isinstance(items, Mapping) or items.get("type", "string") != "string":
        raise InvalidInput(f"{where}.items must be strings, or an enum of strings.")
    if "enum" in items:
        return Field(name, "enums", description, _options(items["enum"], f"{where}.items"))
    return Field(name, "texts", description)


def _options(source: object, where: str) -> tuple[str, ...]:
    given = [one for one in source if one is not None] if isinstance(source, list) else []
    if not given or not all(isinstance(one, str) and one.strip() for one in given):
        raise InvalidInput(f"{where}.enum must be a list of texts.")
    if len(given) > MOST_OPTIONS or len(set(given)) != len(given):
        raise InvalidInput(f"{where}.enum must hold at most {MOST_OPTIONS} texts, each once.")
    return tuple(_text(one, f"{where}.enum") for one in given)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS:
        raise InvalidInput(f"{where} must be a text of at most {MOST_CHARACTERS:,} characters.")
    return value


def _bound(source: Mapping[str, Any], key: str, where: str) -> float | None:
    value = source.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise InvalidInput(f"{where}.{key} must be a number.")
    return value


def _written(one: Field) -> dict[str, Any]:
    """One field as JSON Schema."""
    shape: dict[str, Any]
    if one.kind == "enum":
        shape = {"type": ["string", "null"], "enum": [*one.options, None]}
    elif one.kind in ("enums", "texts"):
        items = {"type": "string", "enum": list(one.options)} if one.options else {"type": "string"}
        shape = {"type": ["array", "null"], "items": items}
    elif one.kind in ("number", "integer", "boolean"):
        shape = {"type": [one.kind, "null"]}
    else:
        shape = {"type": ["string", "null"]}
    told = {"date": "YYYY-MM-DD", "time": "HH:MM, 24 hours", "datetime": "YYYY-MM-DDTHH:MM"}.get(one.kind, "")
    description = ". ".join(part for part in (one.description, told) if part)
    return {**shape, "description": description} if description else shape


def fits(one: Field, value: object) -> Value | None:
    """`value` as this field may hold it, or None where it cannot."""
    if value is None or isinstance(value, dict):
        return None
    if one.kind == "boolean":
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())
    if one.kind in ("number", "integer"):
        return _number(one, value)
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
