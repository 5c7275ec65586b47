"""What a place of a JSON schema allows, without its detours: references looked up, `allOf` merged, alternatives listed.

References point into the schema itself (a pointer, or the name of an `$anchor`); nothing is fetched. One that leads
back into itself is followed once more and then left out, so a tree is read two levels deep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from parley.kit.errors import InvalidInput

MOST_STEPS, MOST_REPEATS, MOST_WAYS = 24, 2, 12

_BEYOND = (
    "if",
    "patternProperties",
    "prefixItems",
    "dependentSchemas",
    "minProperties",
    "maxProperties",
    "$dynamicRef",
    "$recursiveRef",
)
_CONDITIONS = frozenset("required dependentRequired $comment title description".split())


@dataclass(frozen=True, slots=True)
class Shape:
    """One of the forms a place may have. `refs`: the references that lead there, of its whole path."""

    source: Mapping[str, Any]
    refs: tuple[str, ...] = ()


class Shapes:
    """Reads the places of one schema, `root`."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def of(self, source: Mapping[str, Any], where: str, refs: tuple[str, ...] = ()) -> list[Shape]:
        """Every form but null; none where a reference goes round once too often. `refs`: those of the path so far."""
        found = list(self._forms(Shape(source, refs), where, MOST_STEPS))
        if len(found) > MOST_WAYS:
            raise InvalidInput(f"{where} has too many alternatives: at most {MOST_WAYS} are read.")
        return found

    def _forms(self, shape: Shape, where: str, steps: int) -> Iterator[Shape]:
        source = shape.source
        if steps <= 0:
            raise InvalidInput(f"{where}: its references go round in a circle, or too deep.")
        for key in _BEYOND:
            if key in source:
                raise InvalidInput(f"{where}.{key} is not supported: name the fields with their types.")
        if "$ref" in source:
            yield from self._pointed(shape, where, steps)
        elif (only := _only(source.get("allOf"))) is not None:
            rest = {key: value for key, value in source.items() if key != "allOf"}
            yield from self._forms(Shape({**only, **rest}, shape.refs), where, steps - 1)
        elif "allOf" in source:
            yield from self._forms(Shape(self._merged(source, where), shape.refs), where, steps - 1)
        elif (key := next((key for key in ("anyOf", "oneOf") if key in source), "")) != "":
            yield from self._alternatives(shape, key, where, steps)
        elif isinstance(written := source.get("type"), list):
            if "enum" in source or "const" in source:
                yield Shape({name: value for name, value in source.items() if name != "type"}, shape.refs)
            else:
                named = [one for one in written if one != "null"]
                yield from (Shape({**source, "type": one}, shape.refs) for one in named)
        elif written != "null":
            yield shape

    def _pointed(self, shape: Shape, where: str, steps: int) -> Iterator[Shape]:
        reference = shape.source["$ref"]
        found = self._looked_up(reference, where)
        if "$ref" in found and found["$ref"] == reference:
            raise InvalidInput(f"{where}: its references go round in a circle, or too deep.")
        if shape.refs.count(reference) >= MOST_REPEATS:
            return
        rest = {key: value for key, value in shape.source.items() if key != "$ref"}
        yield from self._forms(Shape({**found, **rest}, (*shape.refs, reference)), where, steps - 1)

    def _alternatives(self, shape: Shape, key: str, where: str, steps: int) -> Iterator[Shape]:
        given = shape.source[key] if isinstance(shape.source[key], list) else []
        rest = {name: value for name, value in shape.source.items() if name != key}
        ways = [one for one in given if isinstance(one, Mapping)]
        if not ways:
            raise InvalidInput(f"{where}.{key} must be a list of schemas.")
        if all(one.keys() <= _CONDITIONS for one in ways):  # "one of these two fields": every field may be null
            yield from self._forms(Shape(rest, shape.refs), where, steps - 1)
            return
        named = [one for one in ways if one.get("type") != "null" and "const" in one and one["const"] is not None]
        kept = [one for one in ways if one.get("type") != "null" and one.get("const", "") is not None]
        if len(kept) > 1 and len(named) == len(kept):  # an enumeration that tells what its options mean
            told = [str(one.get("description") or one.get("title") or "") for one in kept]
            yield Shape({**rest, "enum": [one["const"] for one in kept], "x-told": told}, shape.refs)
            return
        for one in kept:
            yield from self._forms(Shape({**rest, **one, **_told(rest, one)}, shape.refs), where, steps - 1)

    def _merged(self, source: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """All of `allOf` as one; what stands beside it counts most."""
        made: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        given = source["allOf"] if isinstance(source["allOf"], list) else []
        rest = {key: value for key, value in source.items() if key != "allOf"}
        for one in (*given, rest):
            if not isinstance(one, Mapping):
                raise InvalidInput(f"{where}.allOf must be a list of schemas.")
            part = one
            for _ in range(MOST_STEPS):
                if "allOf" in part:
                    part = self._merged(part, where)
                if "$ref" not in part or one is rest:
                    break
                beside = {key: value for key, value in part.items() if key != "$ref"}
                part = {**self._looked_up(part["$ref"], where), **beside}
            else:
                raise InvalidInput(f"{where}: its references go round in a circle, or too deep.")
            properties |= part.get("properties") or {}
            made |= part
        return {**made, "properties": properties} if properties else made

    def _looked_up(self, reference: object, where: str) -> Mapping[str, Any]:
        """What a reference within the schema points at. Others are never looked up."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise InvalidInput(f"{where}.$ref must point into the schema itself, as #/$defs/name does.")
        found: object = self._root
        if reference.startswith("#/"):
            for part in reference[2:].split("/"):
                key = part.replace("~1", "/").replace("~0", "~")
                if isinstance(found, list):
                    found = found[int(key)] if key.isdecimal() and int(key) < len(found) else None
                else:
                    found = found.get(key) if isinstance(found, Mapping) else None
        elif reference != "#":
            named = self._root.get("$defs") or self._root.get("definitions") or {}
            places = named.values() if isinstance(named, Mapping) else ()
            found = next((one for one in places if _anchored(one, reference[1:])), None)
        if not isinstance(found, Mapping):
            raise InvalidInput(f"{where}.$ref points at nothing: {reference[:100]!r}.")
        return found


def _only(parts: object) -> Mapping[str, Any] | None:
    """The one schema of an `allOf` of one, which is how some write a reference with a description."""
    return parts[0] if isinstance(parts, list) and len(parts) == 1 and isinstance(parts[0], Mapping) else None


def _anchored(one: object, name: str) -> bool:
    return isinstance(one, Mapping) and one.get("$anchor") == name


def _told(rest: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, str]:
    """The description of the place and of the alternative, both."""
    said = [str(part) for part in (rest.get("description"), one.get("description")) if part]
    return {"description": ". ".join(dict.fromkeys(said))} if said else {}
