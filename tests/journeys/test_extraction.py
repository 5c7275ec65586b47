"""Facts out of transcripts and conversations over HTTP, by the house and by a hosted model that is checked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Business
from tests.journeys.conftest import talk
from tests.wire.openai_replies import bad_key, streamed
from tests.wire.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

CHECK_IN = """Agent: Hi Mike, this is dispatch with a check call on load 7891-B. Where are you now?
User: I-10 westbound, just past Indio, California.
Agent: And what's your ETA?
User: Tomorrow at 9. No wait, make that 8:00 AM.
Agent: Any delays?
User: Yeah, heavy traffic around Phoenix cost me an hour.
Agent: Please remember the POD.
User: Will do."""

BLOW_OUT = """Agent: Where are you, Ray?
User: I-44 by Rolla. Whoa, I just had a blowout, pulling over!
Agent: Are you safe?
User: Yeah, I'm on the shoulder.
Agent: Anyone hurt?
User: No.
Agent: Where exactly?
User: Mile marker 186 eastbound.
Agent: Is the load secure?
User: Yes.
Agent: I'm connecting you to a human dispatcher now."""


async def extract(business: Business, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = await business.owner.post("/calls/extract", json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_check_in_is_flat_and_proven(business: Business) -> None:
    facts = (await extract(business, transcript=CHECK_IN, scenario_type="check_in"))["structured_data"]
    evidence = facts.pop("evidence")
    assert facts == {
        "call_outcome": "In-Transit Update",
        "driver_status": "Delayed",
        "current_location": "I-10 westbound, just past Indio, California",
        "eta": "8:00 AM",
        "delay_reason": "Heavy Traffic",
        "unloading_status": None,
        "pod_reminder_acknowledged": True,
    }
    assert evidence["eta"]["quote"] in CHECK_IN
    assert evidence["eta"]["message_id"] == "4"
    assert 0 < evidence["eta"]["confidence"] <= 1
    assert "unloading_status" not in evidence


async def test_a_check_in_that_turns_into_an_emergency_has_both(business: Business) -> None:
    facts = (await extract(business, transcript=BLOW_OUT, scenario_type="check_in"))["structured_data"]
    assert facts["call_outcome"] == "Emergency Escalation"
    assert facts["emergency_type"] == "Breakdown"
    assert facts["current_location"] == "I-44 by Rolla"
    assert facts["emergency_location"] == "Mile marker 186 eastbound"
    assert (facts["load_secure"], facts["injury_status"]) == (True, "No injuries reported")
    assert facts["escalation_status"] == "Connected to Human Dispatcher"


async def test_messages_and_a_schema_of_ones_own(business: Business) -> None:
    said = [
        {"role": "agent", "content": "How many pallets do you have?", "message_id": "m1"},
        {"role": "user", "content": "Twelve. No, sorry, fourteen.", "message_id": "m2"},
        {"role": "agent", "content": "Is the freight hazardous?", "message_id": "m3"},
        {"role": "user", "content": "No.", "message_id": "m4"},
    ]
    schema = {
        "type": "object",
        "properties": {
            "pallets": {"type": "integer", "description": "Number of pallets"},
            "hazardous": {"type": ["boolean", "null"], "description": "Whether the freight is hazardous"},
            "temperature": {"type": "number", "description": "Temperature in degrees"},
        },
    }
    facts = (await extract(business, transcript=said, schema=schema))["structured_data"]
    assert (facts["pallets"], facts["hazardous"], facts["temperature"]) == (14, False, None)
    assert facts["evidence"]["hazardous"] == {"quote": "No.", "message_id": "m4", "confidence": 0.9}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"transcript": "Agent: Hi."}, "scenario_type"),
        ({"transcript": "Agent: Hi.", "scenario_type": "party"}, "scenario_type"),
        ({"transcript": " ", "scenario_type": "check_in"}, "transcript"),
        ({"transcript": [{"role": 3}], "scenario_type": "check_in"}, "transcript[0]"),
        ({"transcript": "x", "schema": {"type": "object", "properties": {"a": {"type": "object"}}}}, "properties.a"),
        ({"transcript": "x", "schema": {"properties": {"a": {"enum": [1, "b"]}}}}, "properties.a.enum"),
        ({"transcript": "x", "schema": {"type": "banana"}}, "schema.type"),
        ({"transcript": "x", "schema": {"properties": {"a": {"$ref": "http://127.0.0.1/a"}}}}, "properties.a.$ref"),
    ],
)
async def test_bad_input_names_its_field(business: Business, body: dict[str, Any], named: str) -> None:
    assert named in str((await extract(business, 422, **body))["detail"])


async def test_a_nested_object_is_filled_where_it_stands(business: Business) -> None:
    car = {"type": "object", "properties": {"year": {"type": "integer"}, "drivable": {"type": "boolean"}}}
    talk = "Agent: What year is the car?\nCaller: It's a 2019.\nAgent: Is it still drivable?\nCaller: No."
    told = await extract(business, transcript=talk, schema={"type": "object", "properties": {"car": car}})
    facts = told["structured_data"]
    assert facts["car"] == {"year": 2019, "drivable": False}
    assert facts["evidence"]["car.year"]["quote"] == "It's a 2019."


async def test_a_list_of_objects_is_filled_row_by_row(business: Business) -> None:
    item = {"type": "object", "properties": {"name": {"type": "string"}, "quantity": {"type": "integer"}}}
    schema = {
        "type": "object",
        "$defs": {"item": item},
        "properties": {"items": {"type": "array", "items": {"$ref": "#/$defs/item"}, "description": "What is ordered"}},
    }
    talk = "Agent: What would you like?\nCaller: Two lattes and one blueberry muffin, please."
    facts = (await extract(business, transcript=talk, schema=schema))["structured_data"]
    assert facts["items"] == [{"name": "lattes", "quantity": 2}, {"name": "blueberry muffin", "quantity": 1}]
    assert facts["evidence"]["items[1].name"]["message_id"] == "2"
    assert facts["evidence"]["items[1].name"]["quote"] in talk


async def test_rows_of_a_hosted_model_are_checked_cell_by_cell(hosted: Business, server: OpenAIServer) -> None:
    stop = {"type": "object", "properties": {"city": {"type": "string"}, "pallets": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"stops": {"type": "array", "items": stop}}}
    talk = "Agent: Your stops?\nDriver: Boise with four pallets, and Elko."
    claims = {
        "stops": [
            {"value": {"city": "Boise", "pallets": 4}, "quote": "Boise with four pallets"},
            {"value": {"city": "Elko", "pallets": 9}, "quote": "and Elko"},
            {"value": {"city": "Reno", "pallets": 2}, "quote": "Reno with two"},
        ]
    }
    server.queue(streamed(json.dumps(claims)))
    facts = (await extract(hosted, transcript=talk, schema=schema))["structured_data"]
    assert facts["stops"] == [{"city": "Boise", "pallets": 4}, {"city": "Elko", "pallets": None}]
    form = server.requests[-1].body["response_format"]["json_schema"]["schema"]
    row = form["properties"]["stops"]["items"]
    assert set(row["required"]) == {"value", "quote"}


async def test_a_conversation_by_the_agents_schema(business: Business) -> None:
    schema = {"type": "object", "properties": {"party_size": {"type": "integer"}, "phone": {"type": "string"}}}
    here = await talk(business, extraction_schema=schema)
    await here.say("I'd like to book a table for 4 tomorrow at 7 pm")
    answer = await business.owner.post(f"/conversations/{here.conversation_id}/extract")
    assert answer.status_code == 200, answer.text
    facts = answer.json()["structured_data"]
    assert (facts["party_size"], facts["phone"]) == (4, None)
    kept = (await business.owner.get(f"/api/conversations/{here.conversation_id}")).json()["conversation"]["metadata"]
    assert kept["structured_data"] == facts
    said = (await business.owner.get(f"/conversations/{here.conversation_id}/messages")).json()["messages"]
    assert facts["evidence"]["party_size"]["message_id"] == said[0]["id"]

    fields: Any = schema["properties"]
    wider = {**schema, "properties": {**fields, "time": {"type": "string", "format": "time"}}}
    await business.owner.patch(f"/agents/{here.agent_id}", json={"extraction_schema": wider})
    again = (await business.owner.post(f"/conversations/{here.conversation_id}/extract")).json()["structured_data"]
    assert again["time"] == "19:00"


async def test_an_agents_schema_is_checked_when_it_is_saved(business: Business) -> None:
    for schema, place in (
        ({"type": "object", "properties": {"cargo": {"type": "object", "properties": {}}}}, "properties.cargo"),
        ({"type": "banana"}, "type"),
        ({"properties": {"cargo": {"type": "string", "pattern": "["}}}, "properties.cargo.pattern"),
    ):
        answer = await business.owner.post("/agents", json={"name": "Mine", "extraction_schema": schema})
        assert answer.status_code == 422
        assert f"extraction_schema.{place}" in answer.json()["detail"]


async def test_a_hosted_model_answers_in_the_schema_and_is_checked(hosted: Business, server: OpenAIServer) -> None:
    claims = {
        "current_location": {"value": "Just past Indio, CA on I-10", "quote": "I-10 westbound, just past Indio"},
        "eta": {"value": "9:00 AM", "quote": "Tomorrow at nine in the morning sharp"},
        "delay_reason": {"value": "Heavy Traffic", "quote": "heavy traffic around Phoenix"},
        "driver_status": {"value": None, "quote": None},
    }
    server.queue(streamed(json.dumps(claims)))
    facts = (await extract(hosted, transcript=CHECK_IN, scenario_type="check_in"))["structured_data"]
    assert facts["current_location"] == "Just past Indio, CA on I-10"
    assert facts["eta"] == "8:00 AM", "a quote that nobody said is rejected: the house's value stands"
    assert facts["driver_status"] == "Delayed", "what the model overlooks and the house is sure of"
    form = server.requests[-1].body["response_format"]
    assert form["type"] == "json_schema"
    assert set(form["json_schema"]["schema"]["required"]) >= {"eta", "emergency_type"}


async def test_the_house_reads_when_the_vendor_fails(hosted: Business, server: OpenAIServer) -> None:
    server.queue(bad_key())
    facts = (await extract(hosted, transcript=CHECK_IN, scenario_type="check_in"))["structured_data"]
    assert facts["eta"] == "8:00 AM"
