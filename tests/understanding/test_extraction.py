"""Schemas of what to get out of a talk, and transcripts in all their forms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley.kit.errors import InvalidInput
from parley.understanding import (
    Finding,
    builtin_schema,
    find_places,
    find_times,
    fits,
    gather,
    parse_schema,
    read_transcript,
)


def kinds(source: Any) -> dict[str, str]:
    return {one.name: one.kind for one in parse_schema(source).fields}


def test_the_contracts_two_records() -> None:
    assert [one.name for one in builtin_schema("check_in").fields] == [
        "call_outcome", "driver_status", "current_location", "eta", "delay_reason", "unloading_status",
        "pod_reminder_acknowledged",
    ]  # fmt: skip
    assert [one.name for one in builtin_schema("emergency").fields] == [
        "call_outcome", "emergency_type", "safety_status", "injury_status", "emergency_location", "load_secure",
        "escalation_status",
    ]  # fmt: skip
    assert builtin_schema("dispatch") == builtin_schema("check_in")


def test_types_of_fields() -> None:
    properties = {
        "a": {"type": "string"},
        "b": {"type": ["number", "null"]},
        "c": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "d": {"enum": ["x", "y", None]},
        "e": {"type": "array", "items": {"type": "string", "enum": ["x"]}},
        "f": {"type": "string", "format": "date-time"},
        "g": {"type": "array", "items": {"type": "string"}},
    }
    found = {"a": "text", "b": "number", "c": "integer", "d": "enum", "e": "enums", "f": "datetime", "g": "texts"}
    assert kinds({"type": "object", "properties": properties, "required": ["a"]}) == found


def test_the_short_form() -> None:
    assert kinds({"name": "The caller's name", "paid": "boolean", "day": "date"}) == {
        "name": "text", "paid": "boolean", "day": "date",
    }  # fmt: skip


@pytest.mark.parametrize(
    "source", [{"title": "What it is called", "items": "What was ordered"}, {"type": "What kind of truck it is"}]
)
def test_fields_named_as_schemas_speak(source: dict[str, str]) -> None:
    assert kinds(source) == dict.fromkeys(source, "text")


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (None, "schema"),
        ({}, "schema"),
        ({"type": "array", "properties": {"a": "string"}}, "schema.type"),
        ({"type": "object"}, "schema.properties"),
        ({"properties": {"a": {"type": "object", "properties": {}}}}, "schema.properties.a"),
        ({"properties": {"a": {"$ref": "#/x"}}}, "schema.properties.a"),
        ({"properties": {"a": {"type": "string", "enum": []}}}, "schema.properties.a.enum"),
        ({"properties": {"a": {"type": "array", "items": {"type": "object"}}}}, "schema.properties.a.items"),
        ({"type": "banana"}, "schema.type"),
        ({"type": "string", "description": "a city"}, "schema.type"),
        ({"properties": {"a": {"type": "banana"}}}, "schema.properties.a.type"),
        ({"a": {"type": "banana"}}, "schema.a.type"),
        ({"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}}, "schema.properties.a.pattern"),
        ({"properties": {"a": {"type": "string"}}, "required": "a"}, "schema.required"),
        ({"properties": {"a": {"type": "string", "minLength": -1}}}, "schema.properties.a.minLength"),
        ({"properties": {"a": {"$ref": "https://example.com/a.json"}}}, "schema.properties.a.$ref"),
        ({"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}}, "schema.properties.a"),
        (
            {"properties": {"a": {"type": "object", "properties": {"b": {"type": "x"}}}}},
            "schema.properties.a.properties.b.type",
        ),
        ({"properties": {"a": {"not": {"type": "string"}}}}, "schema.properties.a.not"),
        ({"properties": {f"f{n}": {"type": "string"} for n in range(101)}}, "at most 100 fields"),
        ({"properties": {"a": {"type": "string", "description": "x" * 3000}}}, "schema.properties.a.description"),
        (json.loads('{"a":' * 30 + "1" + "}" * 30), "nested too deeply"),
        ({"properties": {"a": {"type": "string", "examples": ["x" * 300_000]}}}, "bytes"),
        ({"properties": {"a": {"type": ["string", "banana"]}}}, "schema.properties.a.type"),
        ({"properties": {"a": {"type": "integer", "minimum": "1"}}}, "schema.properties.a.minimum"),
        ({"properties": {"evidence": {"type": "string"}}}, "evidence"),
        ({"properties": {"a": 5}}, "schema.properties.a"),
        ({"properties": {"a": {"type": "array", "items": {"type": "array"}}}}, "schema.properties.a.items"),
        ({"properties": {"a": {"type": "array", "items": {"properties": {"b": {"type": "array", "items": {
            "properties": {"c": {}}}}}}}}}, "schema.properties.a.items.properties.b.items"),
        ({"properties": {"a": {"oneOf": [{"properties": {"b": {}}}, {"properties": {"c": {}}}]}}},
         "schema.properties.a"),
        ({"properties": {"a": {"type": "array", "prefixItems": [{}]}}}, "schema.properties.a.prefixItems"),
        ({"properties": {"a": {"anyOf": [{"type": "string"}] * 13}}}, "schema.properties.a"),
        ({"properties": {"a": {}}, "if": {}}, "schema.if"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(source: Any, named: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_schema(source)
    assert named in caught.value.detail


def test_nested_objects_and_references() -> None:
    address = {"type": "object", "description": "Where to deliver", "properties": {"city": {"type": "string"}}}
    schema = parse_schema({
        "type": "object",
        "$defs": {"Address": address, "Size": {"enum": ["S", "M"]}},
        "properties": {
            "to": {"$ref": "#/$defs/Address"},
            "size": {"anyOf": [{"$ref": "#/$defs/Size"}, {"type": "null"}]},
            "counts": {"type": "array", "items": {"type": "integer"}},
            "stars": {"enum": [1, 2, 3]},
        },
    })  # fmt: skip
    assert [(one.name, one.kind) for one in schema.fields] == [
        ("to.city", "text"), ("size", "enum"), ("counts", "numbers"), ("stars", "integer"),
    ]  # fmt: skip
    assert "Where to deliver" in schema.fields[0].description
    found = Finding("Tulsa", "to Tulsa", "1", 0.9)
    told = gather(schema, {"to.city": found}).structured_data()
    assert told == {
        "to": {"city": "Tulsa"}, "size": None, "counts": None, "stars": None,
        "evidence": {"to.city": {"quote": "to Tulsa", "message_id": "1", "confidence": 0.9}},
    }  # fmt: skip


def test_lists_of_objects_and_alternatives() -> None:
    item = {"type": "object", "properties": {"name": {"type": "string"}, "made": {"properties": {"by": True}}}}
    schema = parse_schema({
        "type": "object",
        "$defs": {"item": {**item, "$anchor": "it"}},
        "anyOf": [{"required": ["items"]}, {"required": ["kind"]}],
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#it"}, "maxItems": 2, "description": "What was ordered"},
            "kind": {"oneOf": [{"const": "a", "description": "the first"}, {"const": "b", "title": "the other"}]},
            "level": {"enum": ["low", "high"], "description": "low: can wait; high: today"},
            "size": {"type": ["string", "integer", "null"]},
            "size_too": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]},
            "note": {"allOf": [{"$ref": "#/$defs/item/properties/name"}], "description": "A note"},
            "is": {"const": True},
            "days": {"type": "array", "items": {"type": "string", "format": "date"}},
        },
    })  # fmt: skip
    found = {one.name: one for one in schema.fields}
    assert {name: one.kind for name, one in found.items()} == {
        "items": "rows", "kind": "enum", "level": "enum", "size": "integer", "size_too": "number", "note": "text",
        "is": "boolean", "days": "texts",
    }  # fmt: skip
    assert [(one.name, one.path) for one in found["items"].columns] == [("name", ()), ("made.by", ("made", "by"))]
    assert (found["kind"].options, found["kind"].told) == (("a", "b"), ("the first", "the other"))
    assert found["level"].told == ("can wait", "today")
    assert found["note"].description == "A note"
    assert [fits(found["size"], value) for value in (3, "XL")] == [3, "XL"]
    assert [fits(found["is"], value) for value in (True, False)] == [True, None]
    assert fits(found["days"], ["2026-11-20", "soon"]) == ["2026-11-20"]
    assert fits(found["items"], [{"name": one} for one in "abc"]) == [{"name": "a"}, {"name": "b"}]


def test_what_goes_round_in_itself_is_read_twice() -> None:
    ref = {"$ref": "#/$defs/node"}
    node = {"type": "object", "properties": {"name": {"type": "string"}, "next": ref, "all": {"items": ref}}}
    node["properties"]["all"]["type"] = "array"  # type: ignore[index]
    schema = parse_schema({"properties": {"a": ref}, "$defs": {"node": node}})
    assert [one.name for one in schema.fields] == ["a.name", "a.next.name", "a.all"]
    assert [one.name for one in schema.fields[-1].columns] == ["name"]


def test_what_a_schema_demands_of_a_value() -> None:
    code, stars = parse_schema({
        "properties": {"code": {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"}, "stars": {"enum": [1, 2, 3]}}
    }).fields  # fmt: skip
    assert [fits(code, value) for value in ("AB12", "AB 12", "12")] == ["AB12", "AB12", None]
    assert [fits(stars, value) for value in (2, 4)] == [2, None]


def test_values_that_fit() -> None:
    schema = {"n": {"type": "integer", "maximum": 5}, "e": {"enum": ["Low", "High"]}, "d": {"type": "date"}}
    number, option, day = parse_schema({"properties": schema}).fields
    assert [fits(number, value) for value in (3, "4", 3.5, 6, True, None)] == [3, 4, None, None, None, None]
    assert [fits(option, value) for value in ("high", "Middle")] == ["High", None]
    assert [fits(day, value) for value in ("2026-11-20", "20.11.2026")] == ["2026-11-20", None]


def sides(source: Any) -> list[tuple[str, str]]:
    return [(line.speaker, line.text) for line in read_transcript(source)]


HELLO = [("agent", "Where are you?"), ("caller", "In Tulsa.")]


@pytest.mark.parametrize(
    "source",
    [
        "Agent: Where are you?\nUser: In Tulsa.",
        "AGENT: Where are you?\n\nDRIVER: In Tulsa.",
        "Dispatcher (00:01): Where are you?\nDriver (00:04): In Tulsa.",
        "[00:00:01] Disponent: Where are you?\n[00:00:04] Fahrer: In Tulsa.",
        "10:31 AM - Dispatch: Where are you?\n10:32 AM - Mike: In Tulsa.",
        "**Agent:** Where are you?\n**Caller:** In Tulsa.",
        "Agent: Where are you? User: In Tulsa.",
        "Where are you?\nIn Tulsa.",
        "Speaker 1: Where are you?\nSpeaker 2: In Tulsa.",
        "Dispatch - Where are you?\nDriver - In Tulsa.",
        [{"role": "assistant", "content": "Where are you?"}, {"role": "user", "content": "In Tulsa."}],
        [{"speaker": "Agent", "text": "Where are you?"}, {"speaker": "Mike", "text": "In Tulsa."}],
        {"messages": [{"role": "agent", "content": "Where are you?"}, {"role": "driver", "content": "In Tulsa."}]},
        json.dumps([{"role": "agent", "content": "Where are you?"}, {"role": "user", "content": "In Tulsa."}]),
        [{"role": "system", "content": "Be kind."}, {"role": "agent", "content": "Where are you?"},
         {"role": "user", "content": "In Tulsa."}],
    ],
)  # fmt: skip
def test_transcripts_in_their_forms(source: Any) -> None:
    assert sides(source) == HELLO


def test_a_line_goes_on_until_the_next_label_and_keeps_its_id() -> None:
    lines = read_transcript("Agent: Where are you?\nUser: In Tulsa,\nEast side: near the river.\nAgent: Thanks.")
    assert [line.text for line in lines][1] == "In Tulsa,\nEast side: near the river."
    assert [line.id for line in lines] == ["1", "2", "3"]
    assert read_transcript([{"role": "user", "content": "Hi", "message_id": "m7"}])[0].id == "m7"


@pytest.mark.parametrize("source", [None, 5, [{"content": 5}], ["Agent: hi", 4]])
def test_what_is_no_transcript(source: Any) -> None:
    with pytest.raises(InvalidInput, match="transcript"):
        read_transcript(source)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("closer to four thirty", ["4:30"]),
        ("tomorrow at half past seven", ["tomorrow", "7:30"]),
        ("gegen halb vier", ["3:30"]),
        ("um achtzehn Uhr", ["18 Uhr"]),
        ("in about two hours", ["2 hours"]),
        ("at noon on Friday", ["noon", "on Friday"]),
        ("guten Morgen", []),
    ],
)
def test_times_and_how_they_are_written(text: str, written: list[str]) -> None:
    language = "de" if any(word in text for word in ("gegen", "Uhr", "guten")) else "en"
    assert [one.written for one in find_times(text, language)] == written


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("I'm on I-10 just west of Indio, California", "I-10 just west of Indio, California"),
        ("eye seventy five north of macon georgia", "I-75 north of macon georgia"),
        ("mile marker one eighty six eastbound", "mile marker 186 eastbound"),
        ("Ich bin kurz hinter Kassel auf der A7", "kurz hinter Kassel auf der A7"),
        ("I hit the guardrail", ""),
        ("Waiting on lumpers, they're short handed", ""),
    ],
)
def test_places(text: str, plain: str) -> None:
    assert [one.plain for one in find_places(text)] == ([plain] if plain else [])
