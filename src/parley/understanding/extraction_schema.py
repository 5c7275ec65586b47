"""Reading a schema of what to get out of a talk: the built-in ones, and the subset of JSON Schema that can be filled.

Draft 2020-12 (and what older drafts write alike): an object of plain fields, nested objects, lists of texts, numbers,
options or objects, alternatives, `$ref` within the schema, and anything with null. Every other schema is refused by the
name of the place that is wrong: a schema is checked as a schema by jsonschema-rs, then field by field for what a talk
can tell. Nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from parley.kit.errors import InvalidInput
from parley.understanding.extraction import MOST_CHARACTERS, Field, Kind, Schema
from parley.understanding.extraction_shapes import Shape, Shapes
from parley.understanding.lexicon import read_yaml

MOST_FIELDS, MOST_OPTIONS, MOST_BYTES, DEEPEST, MOST_NESTED = 100, 200, 200_000, 28, 8

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
_OF_TEXT = frozenset("pattern minLength maxLength not".split())
_OF_NUMBER = frozenset("multipleOf exclusiveMinimum exclusiveMaximum not".split())
_OF_LIST = frozenset("minItems maxItems uniqueItems contains minContains maxContains".split())
_FORMAL = frozenset("email idn-email uri iri hostname ipv4 ipv6 uuid duration".split())
_LISTS: Mapping[Kind, Kind] = {
    "text": "texts",
    "enum": "enums",
    "number": "numbers",
    "integer": "numbers",
    "date": "texts",
    "time": "texts",
    "datetime": "texts",
}
_WIDTH: Mapping[Kind, int] = {"text": 2, "texts": 3, "enums": 0, "numbers": 0, "rows": 4}


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
    """The objects a field stands in: their names, what their descriptions say, the references that led there."""

    path: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    in_rows: bool = False


class _Reader:
    """One schema. `root` is where its `$ref`s point into."""

    def __init__(self, root: Mapping[str, Any], where: str) -> None:
        self._root = root
        self._where = where
        self._shapes = Shapes(root)
        self._count = 0

    def fields(self) -> tuple[Field, ...]:
        if _is_schema(self._root):
            found = tuple(self._top())
            _require_schema(self._root, self._where)
            return found
        found = tuple(self._all(self._root, self._where, _Above()))
        for key, one in self._root.items():
            _require_schema({} if isinstance(one, str) else one, f"{self._where}.{key}")
        return found

    def _top(self) -> Iterator[Field]:
        shapes = self._shapes.of(self._root, self._where)
        if len(shapes) != 1:
            raise InvalidInput(f"{self._where} must be one object, not alternatives of objects.")
        properties, where = _properties(shapes[0].source, self._where)
        yield from self._all(properties, where, _Above(refs=shapes[0].refs))

    def _all(self, properties: Mapping[str, Any], where: str, above: _Above) -> Iterator[Field]:
        for key, value in properties.items():
            yield from self._field(str(key), value, f"{where}.{str(key)[:100]}", above)

    def _field(self, name: str, source: object, where: str, above: _Above) -> Iterator[Field]:
        self._count += 1
        if self._count > MOST_FIELDS:
            raise InvalidInput(f"{self._where} must have at most {MOST_FIELDS} fields.")
        at_top = not above.path and not above.in_rows
        if (name == "evidence" and at_top) or not name.strip() or len(name) > 100:
            raise InvalidInput(f"{where}: a field's name must have 1 to 100 characters and not be 'evidence'.")
        if isinstance(source, str):
            kind = _PLAIN.get(source.lower())
            yield _placed(Field(name, kind or "text", "" if kind else _text(source, where)), above)
            return
        if source is True:
            source = {}
        if not isinstance(source, Mapping):
            raise InvalidInput(f"{where} must be a JSON schema such as {{'type': 'string'}}.")
        shapes = self._shapes.of(source, where, above.refs)
        objects = [one for one in shapes if one.source.get("type") == "object" or "properties" in one.source]
        if len(objects) > 1 and len(objects) == len(shapes):
            raise InvalidInput(f"{where} must be one kind of object, not alternatives of objects.")
        if objects and len(shapes) == 1:
            yield from self._nested(name, objects[0], where, above)
        else:
            ways = [self._plain(name, one, where, above) for one in shapes if one not in objects]
            if kept := [one for one in ways if one is not None]:
                yield _placed(_as_one(kept), above)

    def _nested(self, name: str, shape: Shape, where: str, above: _Above) -> Iterator[Field]:
        if len(above.path) >= MOST_NESTED:
            raise InvalidInput(f"{where} is nested too deeply: {MOST_NESTED} levels are read.")
        properties, inside = _properties(shape.source, where)
        within = _Above((*above.path, name), (*above.about, _described(shape.source, where)), shape.refs, above.in_rows)
        yield from self._all(properties, inside, within)

    def _plain(self, name: str, shape: Shape, where: str, above: _Above) -> Field | None:
        """None where nothing is left of it: a list of what goes round in itself."""
        source = shape.source
        description = _described(source, where)
        if "enum" in source or "const" in source:
            return _enum(name, source, description, where)
        written = source.get("type", "string")
        if written == "array":
            return self._array(name, shape, description, where, above)
        if not isinstance(written, str) or written.lower() not in _PLAIN:
            raise InvalidInput(
                f"{where}.type must be string, number, integer, boolean, object or array, not {str(written)[:50]!r}."
            )
        if "not" in source and "type" not in source:
            raise InvalidInput(f"{where}.not is not supported without a type beside it.")
        kind = _PLAIN[written.lower()]
        form = str(source.get("format") or "").lower()
        if kind == "text":
            kind = _FORMATS.get(form, "text")
        least, most = _bound(source, "minimum", where), _bound(source, "maximum", where)
        wanted = _demands(source, where, _OF_TEXT if kind == "text" else _OF_NUMBER)
        return Field(name, kind, description, format=form, least=least, most=most, demands=wanted)

    def _array(self, name: str, shape: Shape, description: str, where: str, above: _Above) -> Field | None:
        items, place = shape.source.get("items", {}), f"{where}.items"
        if not isinstance(items, Mapping):
            raise InvalidInput(f"{place} must be one schema, of texts, numbers, options or plain objects.")
        wanted = _demands(shape.source, where, _OF_LIST)
        shapes = self._shapes.of(items, place, shape.refs)
        objects = [one for one in shapes if one.source.get("type") == "object" or "properties" in one.source]
        if objects:
            if len(shapes) > 1:
                raise InvalidInput(f"{place} must be one kind of object, not alternatives.")
            if above.in_rows:
                raise InvalidInput(f"{place}: objects in a list within objects in a list are not supported.")
            return self._rows(name, objects[0], description, wanted, place)
        if not (ways := [way for each in shapes if (way := self._plain(name, each, place, above)) is not None]):
            return None
        one = _as_one(ways)
        kind = _LISTS.get(one.kind)
        if kind is None:
            raise InvalidInput(f"{place} must be texts, numbers, options, days, times or objects.")
        return Field(
            name, kind, description or one.description, one.options, one.format, one.least, one.most, (), one.allowed,
            wanted, (one,), told=one.told,
        )  # fmt: skip

    def _rows(self, name: str, shape: Shape, description: str, wanted: str, place: str) -> Field | None:
        properties, inside = _properties(shape.source, place)
        columns = tuple(self._all(properties, inside, _Above(refs=shape.refs, in_rows=True)))
        if not columns:
            return None
        told = _described(shape.source, place)
        described = ". ".join(part for part in (description, told) if part)[:MOST_CHARACTERS]
        return Field(name, "rows", described, demands=wanted, columns=columns)


def _properties(source: Mapping[str, Any], where: str) -> tuple[Mapping[str, Any], str]:
    if source.get("type", "object") != "object":
        raise InvalidInput(f"{where}.type must be object, not {str(source['type'])[:50]!r}.")
    properties = source.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        raise InvalidInput(f"{where}.properties must be an object with at least one field.")
    return properties, f"{where}.properties"


def _described(source: Mapping[str, Any], where: str) -> str:
    return _text(source.get("description") or source.get("title") or "", f"{where}.description")


def _as_one(ways: Sequence[Field]) -> Field:
    """Alternatives as one field: the narrowest form first, a free text last."""
    order = sorted(ways, key=lambda one: _WIDTH.get(one.kind, 1))
    return replace(order[0], others=tuple(order[1:])) if len(order) > 1 else order[0]


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
    return replace(one, name=".".join(path), description=described[:MOST_CHARACTERS], path=path)


def _enum(name: str, source: Mapping[str, Any], description: str, where: str) -> Field:
    listed = source.get("enum", [source.get("const")])
    given = [one for one in listed if one is not None] if isinstance(listed, list) else []
    if given and all(isinstance(one, bool) for one in given):
        return Field(name, "boolean", description, demands=_packed({"enum": given}))
    if given and all(isinstance(one, int | float) and not isinstance(one, bool) for one in given):
        kind: Kind = "integer" if all(float(one).is_integer() for one in given) else "number"
        return Field(name, kind, description, allowed=tuple(given[:MOST_OPTIONS]))
    options = _options(listed, where)
    told = source.get("x-told")
    meant = (
        tuple(map(str, told))
        if isinstance(told, list) and len(told) == len(options)
        else _meanings(options, description)
    )
    return Field(name, "enum", description, options, told=meant)


def _meanings(options: tuple[str, ...], description: str) -> tuple[str, ...]:
    """What a description says of each option: "low: can wait; high: today"; empty where it says nothing of them."""
    names = "|".join(re.escape(one) for one in sorted(options, key=len, reverse=True))
    told = rf"(?:^|[\s,;.(])[\"'`]?(?P<option>{names})[\"'`]?\s*(?::|=|\u2013|-\s|\()\s*"
    places = list(re.finditer(told, description, re.IGNORECASE))
    if len(places) < 2:
        return ()
    ends = [one.start() for one in places[1:]] + [len(description)]
    said = {one["option"].casefold(): description[one.end() : end] for one, end in zip(places, ends, strict=True)}
    return tuple(said.get(one.casefold(), "").strip(" .,;()") for one in options)


def _demands(source: Mapping[str, Any], where: str, keys: frozenset[str]) -> str:
    demands = {key: source[key] for key in sorted(keys & source.keys())}
    if source.get("format") in _FORMAL and keys is _OF_TEXT:
        demands["format"] = source["format"]
    try:
        jsonschema_rs.Draft202012Validator(demands)
    except jsonschema_rs.ValidationError as error:
        place = ".".join((where, *(str(part) for part in error.instance_path)))
        raise InvalidInput(f"{place}: {error.message[:200]}.") from error
    return _packed(demands) if demands else ""


def _packed(demands: Mapping[str, Any]) -> str:
    return orjson.dumps(demands).decode()


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
