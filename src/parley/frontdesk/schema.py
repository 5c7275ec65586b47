"""JSON Schemas of declared tools (2020-12, unless one says otherwise): sound or not, kept to or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

from parley.kit.errors import InvalidInput

MOST_BYTES = 20_000
_WITHIN = ("#", "https://json-schema.org/", "http://json-schema.org/")  # the drafts are known here by heart
_REFERENCES = ("$ref", "$dynamicRef", "$schema", "$id")


def check_schema(schema: Any) -> None:
    """Raise `InvalidInput` naming the place unless `schema` is a sound schema of type object.

    References lead nowhere outside of it: following them would be a request to an address of somebody else's choosing.
    """
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise InvalidInput("parameters must be a JSON Schema of type object.")
    packed = orjson.dumps(schema)
    if len(packed) > MOST_BYTES:
        raise InvalidInput(f"parameters must be at most {MOST_BYTES} bytes as JSON.")
    for keyword, target in _references(schema):
        if not target.startswith(_WITHIN):
            raise InvalidInput(f"parameters: {keyword} must stay within the schema, not lead to {target[:100]!r}.")
    _validator(packed)


def check_arguments(schema: Mapping[str, Any], arguments: Any) -> None:
    """Raise `InvalidInput` naming the argument that does not keep to a sound `schema`."""
    import jsonschema_rs

    try:
        _validator(orjson.dumps(schema)).validate(arguments)
    except jsonschema_rs.ValidationError as error:
        place = ".".join(map(str, ("arguments", *error.instance_path)))
        raise InvalidInput(f"{place}: {error.message}.", code="tool.arguments") from error


@lru_cache(maxsize=256)
def _validator(packed: bytes) -> Any:
    import jsonschema_rs

    schema = orjson.loads(packed)
    try:
        jsonschema_rs.meta.validate(schema)
        return jsonschema_rs.validator_for(schema, offline=True)
    except jsonschema_rs.ValidationError as error:
        place = ".".join(map(str, ("parameters", *error.instance_path)))
        raise InvalidInput(f"{place} is not a sound JSON Schema: {error.message}.") from error
    except jsonschema_rs.ReferencingError as error:
        raise InvalidInput("parameters: a $ref leads to nothing within the schema.") from error


def _references(value: Any) -> Iterator[tuple[str, str]]:
    """Every (keyword, target) that could name another document. A property may be called "$ref": it is then no text."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in _REFERENCES and isinstance(inner, str):
                yield name, inner
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
