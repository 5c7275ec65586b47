"""Reading a schema of what to get out of a talk: the built-in ones, and the subset of JSON Schema that can be filled.

Draft 2020-12 (and what older drafts write alike): an object of plain fields, nested objects, `$ref` within the schema,
and anything with null. Every other schema is refused by the name of the place that is wrong: a schema is checked as a
schema by jsonschema-rs, then field by field for what a talk can tell. Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from parley.kit.errors import InvalidInput
from parley.understanding.extraction import MOST_CHARACTERS, Field, Kind, Schema
from parley.understanding.lexicon import read_yaml

MOST_FIELDS, MOST_OPTIONS, MOST_BYTES, DEEPEST, MOST_NESTED = 100, 200, 200_000, 24, 5

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
_TYPES: Mapping[str, str] = {"str": "string", "text": "string", "float": "number", "int": "integer", "bool": "boolean"}
_KEYWORDS = frozenset(
    "$schema $id $defs $ref $comment $anchor definitions type enum const title description properties required items "
    "format default examples minimum maximum anyOf oneOf allOf additionalProperties nullable".split()
)
_DEMANDS = frozenset(
    "pattern minLength maxLength multipleOf exclusiveMinimum exclusiveMaximum minItems maxItems uniqueItems".split()
)
_BEYOND = (
    "not",
    "if",
    "patternProperties",
    "prefixItems",
    "contains",
    "$dynamicRef",
    "$recursiveRef",
    "dependentSchemas",
)


def parse_schema(source: object, *, name: str = "custom", where: str = "schema") -> Schema:
    """A schema from JSON Schema of type object, or from the short form {"field": "what it is"}.

    Raises `InvalidInput` naming the place (as `schema.properties.x.type`) that is wrong or beyond the subset.
    """
    if not isinstance(source, Mapping) or not source:
        raise InvalidInput(f"{where} must be a JSON schema of type object with properties.")
    _require_bounds(source, where)
    return Schema(name, _Reader(source, where).fields())


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


@dataclass(frozen=True, slots=True)
class _Above:
    """The objects a field stands in: their names, and what their descriptions say."""

    path: tuple[str, ...] = ()
    about: tuple[str, ...] = ()


class _Reader:
    """One schema. `root` is where its `$ref`s point into."""

    def __init__(self, root: Mapping[str, Any], where: str) -> None:
        self._root = root
        self._where = where
        self._count = 0

    def fields(self) -> tuple[Field, ...]:
        properties, where = self._properties()
        found = tuple(self._all(properties, where, _Above()))
        if properties is self._root:
            for key, one in properties.items():
                _require_schema({} if isinstance(one, str) else one, f"{where}.{key}")
        else:
            _require_schema(self._root, self._where)
        return found

    def _properties(self) -> tuple[Mapping[str, Any], str]:
        """The fields at the top: of a JSON schema its properties, of the short form all of it."""
        root, where = self._root, self._where
        return self._object(root, where) if _is_schema(root) else (root, where)

    def _object(self, source: Mapping[str, Any], where: str) -> tuple[Mapping[str, Any], str]:
        whole = self._resolved(source, where)
        if whole.get("type", "object") != "object":
            raise InvalidInput(f"{where}.type must be object, not {str(whole['type'])[:50]!r}.")
        properties = whole.get("properties")
        if not isinstance(properties, Mapping) or not properties:
            raise InvalidInput(f"{where}.properties must be an object with at least one field.")
        return properties, f"{where}.properties"

    def _all(self, properties: Mapping[str, Any], where: str, above: _Above) -> Iterator[Field]:
        for key, value in properties.items():
            yield from self._field(str(key), value, f"{where}.{str(key)[:100]}", above)

    def _field(self, name: str, source: object, where: str, above: _Above) -> Iterator[Field]:
        self._count += 1
        if self._count > MOST_FIELDS:
            raise InvalidInput(f"{self._where} must have at most {MOST_FIELDS} fields.")
        if (name == "evidence" and not above.path) or not name.strip() or len(name) > 100:
            raise InvalidInput(f"{where}: a field's name must have 1 to 100 characters and not be 'evidence'.")
        if isinstance(source, str):
            kind = _PLAIN.get(source.lower())
            yield _placed(Field(name, kind or "text", "" if kind else _text(source, where)), above)
            return
        if not isinstance(source, Mapping):
            raise InvalidInput(f"{where} must be a JSON schema such as {{'type': 'string'}}.")
        plain = self._resolved(source, where)
        if plain.get("type") == "object" or "properties" in plain:
            yield from self._nested(name, plain, where, above)
        else:
            yield _placed(self._plain(name, plain, where), above)

    def _nested(self, name: str, source: Mapping[str, Any], where: str, above: _Above) -> Iterator[Field]:
        if len(above.path) >= MOST_NESTED:
            raise InvalidInput(f"{where} is nested too deeply: {MOST_NESTED} levels are read.")
        properties, inside = self._object(source, where)
        told = _text(source.get("description") or source.get("title") or "", f"{where}.description")
        yield from self._all(properties, inside, _Above((*above.path, name), (*above.about, told)))

    def _plain(self, name: str, source: Mapping[str, Any], where: str) -> Field:
        description = _text(source.get("description") or source.get("title") or "", f"{where}.description")
        wanted = _demands(source, where)
        if "enum" in source or "const" in source:
            return _enum(name, source.get("enum", [source.get("const")]), description, where)
        written = source.get("type", "string")
        if written == "array":
            return self._array(name, source.get("items", {}), description, wanted, where)
        if not isinstance(written, str) or written.lower() not in _PLAIN:
            raise InvalidInput(
                f"{where}.type must be string, number, integer, boolean, object or array, not {str(written)[:50]!r}."
            )
        kind = _PLAIN[written.lower()]
        form = str(source.get("format") or "").lower()
        if kind == "text":
            kind = _FORMATS.get(form, "text")
        least, most = _bound(source, "minimum", where), _bound(source, "maximum", where)
        return Field(name, kind, description, format=form, least=least, most=most, demands=wanted)

    def _array(self, name: str, items: object, description: str, demands: str, where: str) -> Field:
        one = self._resolved(items, f"{where}.items") if isinstance(items, Mapping) else {}
        if "enum" in one:
            options = _options(one["enum"], f"{where}.items")
            return Field(name, "enums", description, options, demands=demands)
        written = one.get("type", "string") if isinstance(items, Mapping) else None
        kind = _PLAIN.get(written) if isinstance(written, str) else None
        if kind in ("number", "integer"):
            least, most = _bound(one, "minimum", f"{where}.items"), _bound(one, "maximum", f"{where}.items")
            return Field(name, "numbers", description, least=least, most=most, demands=demands)
        if kind != "text":
            raise InvalidInput(f"{where}.items must be strings, numbers, or an enum of strings.")
        return Field(name, "texts", description, demands=demands)

    def _resolved(self, source: Mapping[str, Any], where: str, depth: int = 0) -> Mapping[str, Any]:
        """The schema without references and without null, which every field may be anyway."""
        if depth > MOST_NESTED:
            raise InvalidInput(f"{where}: its references go round in a circle, or too deep.")
        for key in _BEYOND:
            if key in source:
                raise InvalidInput(f"{where}.{key} is not supported: name the fields with their types.")
        if "$ref" in source:
            rest = {key: value for key, value in source.items() if key != "$ref"}
            return self._resolved({**self._pointed(source["$ref"], where), **rest}, where, depth + 1)
        for key in ("anyOf", "oneOf", "allOf"):
            if key in source:
                given = source[key] if isinstance(source[key], list) else []
                kinds = [one for one in given if isinstance(one, Mapping) and one.get("type") != "null"]
                if len(kinds) != 1:
                    raise InvalidInput(f"{where}.{key} must be one type, or one type and null.")
                rest = {name: value for name, value in source.items() if name != key}
                return self._resolved({**kinds[0], **rest}, where, depth + 1)
        written = source.get("type")
        if isinstance(written, list):
            named = [one for one in written if one != "null"]
            if len(named) != 1:
                raise InvalidInput(f"{where}.type must be one type, or one type and null.")
            return {**source, "type": named[0]}
        return source

    def _pointed(self, reference: object, where: str) -> Mapping[str, Any]:
        """What a reference within the schema points at. Others are never looked up."""
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise InvalidInput(f"{where}.$ref must point into the schema itself, as #/$defs/name does.")
        found: object = self._root
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping):
            raise InvalidInput(f"{where}.$ref points at nothing: {reference[:100]!r}.")
        return found


def _is_schema(root: Mapping[str, Any]) -> bool:
    """Whether it is meant as a JSON schema: {"type": "banana"} is, {"title": "what it is called"} is the short form."""
    if isinstance(root.get("properties"), Mapping) or "$schema" in root or root.get("type") == "object":
        return True
    if not root.keys() <= _KEYWORDS:
        return False
    kind = root.get("type")
    return (isinstance(kind, str) and " " not in kind.strip()) or not all(isinstance(one, str) for one in root.values())


def _placed(one: Field, above: _Above) -> Field:
    """A field of a nested object, under its whole name; what the object is for is said of its fields too."""
    if not above.path:
        return one
    path = (*above.path, one.name)
    described = ". ".join(part for part in (one.description, *reversed(above.about)) if part)
    return Field(
        ".".join(path), one.kind, described[:MOST_CHARACTERS], one.options, one.format, one.least, one.most, path,
        one.allowed, one.demands,
    )  # fmt: skip


def _enum(name: str, source: object, description: str, where: str) -> Field:
    given = [one for one in source if one is not None] if isinstance(source, list) else []
    if given and all(isinstance(one, bool) for one in given):
        return Field(name, "boolean", description)
    if given and all(isinstance(one, int | float) and not isinstance(one, bool) for one in given):
        kind: Kind = "integer" if all(float(one).is_integer() for one in given) else "number"
        return Field(name, kind, description, allowed=tuple(given[:MOST_OPTIONS]))
    return Field(name, "enum", description, _options(source, where))


def _demands(source: Mapping[str, Any], where: str) -> str:
    demands = {key: source[key] for key in sorted(_DEMANDS & source.keys())}
    try:
        jsonschema_rs.Draft202012Validator(demands)
    except jsonschema_rs.ValidationError as error:
        place = ".".join((where, *(str(part) for part in error.instance_path)))
        raise InvalidInput(f"{place}: {error.message[:200]}.") from error
    return orjson.dumps(demands).decode() if demands else ""


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


def _require_bounds(source: object, where: str) -> None:
    """Not too deep and not too large to be looked at at all."""
    level: Sequence[object] = [source]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _inner(one)]
        if not level:
            break
    else:
        raise InvalidInput(f"{where} is nested too deeply.")
    try:
        size = len(orjson.dumps(source))
    except TypeError as error:
        raise InvalidInput(f"{where} must be JSON.") from error
    if size > MOST_BYTES:
        raise InvalidInput(f"{where} must be at most {MOST_BYTES:,} bytes of JSON.")


def _inner(one: object) -> Sequence[object]:
    if isinstance(one, Mapping):
        return list(one.values())
    return one if isinstance(one, list) else ()


def _require_schema(source: Mapping[str, Any], where: str) -> None:
    """Whether it is a schema at all, by the metaschema of draft 2020-12."""
    strict = _strict(source)
    strict["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    try:
        jsonschema_rs.meta.validate(strict)
    except jsonschema_rs.ValidationError as error:
        place = ".".join((where, *(str(part) for part in error.instance_path)))
        raise InvalidInput(f"{place}: {error.message[:200]}.") from error


def _strict(source: Any) -> Any:
    """The schema with its types as the standard names them."""
    if isinstance(source, list):
        return [_strict(one) for one in source]
    if not isinstance(source, Mapping):
        return source
    made: dict[str, Any] = {}
    for key, value in source.items():
        if key == "properties" and isinstance(value, Mapping):
            made[key] = {name: {} if isinstance(one, str) else _strict(one) for name, one in value.items()}
        elif key == "type" and isinstance(value, str):
            low = value.lower()
            made[key] = "string" if low in ("date", "time", "date-time") else _TYPES.get(low, value)
        elif key in ("enum", "const", "default", "examples"):
            made[key] = value
        else:
            made[key] = _strict(value)
    return made
