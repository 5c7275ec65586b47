"""A typed question is answered from the business's own knowledge."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Business

pytestmark = pytest.mark.anyio

MENU = """# Menu
## Main courses
- Lasagna al forno: 14.50
- Mushroom risotto: 16.00
## Desserts
- Tiramisu: 7.50
# Opening hours
We are open Tuesday to Saturday from 17:00 to 23:00. On Sunday we close at 21:00. Monday is our day of rest.
# Dogs
Dogs are welcome on the terrace.
"""


async def furnish(business: Business, **agent: Any) -> str:
    """An agent that knows the menu; returns its id."""
    made = await business.owner.post("/agents", json={"name": "Front Desk", "type": "receptionist", **agent})
    assert made.status_code == 201, made.text
    body = {"source": "menu", "title": "Tony's", "content": MENU}
    taken = await business.owner.post("/knowledge/ingest", json=body)
    assert taken.status_code == 201, taken.text
    assert taken.json()["status"] == "ready"
    return str(made.json()["id"])


async def say(business: Business, message: str, **more: Any) -> dict[str, Any]:
    answer = await business.owner.post("/chat/message", json={"message": message, **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_question_is_answered_from_the_documents(business: Business) -> None:
    agent = await furnish(business)
    reply = await say(business, "How much is the lasagna?", agent_id=agent, tenant_id=business.id)
    assert "14.50" in reply["reply"]
    assert reply["sources"][0]["title"] == "Tony's"
    assert reply["cached"] is False
    assert reply["model"] == "house/responder"
    assert {"open_ms", "understand_ms", "recall_ms", "find_ms", "write_ms", "total_ms"} <= reply["timings"].keys()


async def test_what_is_not_known_is_not_made_up(business: Business) -> None:
    await furnish(business)
    reply = await say(business, "Do you have a swimming pool for children?")
    assert reply["sources"] == []
    assert "don't know" in reply["reply"] or "not sure" in reply["reply"] or "don't have" in reply["reply"]


async def test_a_booking_without_a_date_is_asked_for_it(business: Business) -> None:
    await furnish(business)
    reply = await say(business, "I want to book a table for 4 people")
    assert reply["intent"] == "booking"
    assert reply["slots"]["party_size"] == 4
    assert "date" in reply["reply"].lower() or "day" in reply["reply"].lower() or "when" in reply["reply"].lower()


async def test_the_same_question_is_answered_from_memory_until_the_knowledge_changes(business: Business) -> None:
    await furnish(business)
    first = await say(business, "What does the mushroom risotto cost?")
    again = await say(business, "what does the mushroom risotto cost")
    assert (first["cached"], again["cached"]) == (False, "exact")
    assert again["reply"] == first["reply"]
    assert again["sources"] == first["sources"]
    changed = {"source": "menu", "title": "New prices", "content": "Mushroom risotto: 18.00"}
    await business.owner.post("/knowledge/ingest", json=changed)
    assert (await say(business, "What does the mushroom risotto cost?"))["cached"] is False


async def test_a_conversation_goes_on_by_its_id(business: Business) -> None:
    await furnish(business)
    first = await say(business, "Are dogs allowed?")
    second = await say(business, "And what time do you close on Sunday?", conversation_id=first["conversation_id"])
    assert second["conversation_id"] == first["conversation_id"]
    assert "21:00" in second["reply"] or "9" in second["reply"]
    lines = (await business.owner.get(f"/conversations/{first['conversation_id']}/messages")).json()["messages"]
    assert [line["role"] for line in lines] == ["user", "agent", "user", "agent"]
    assert lines[3]["content"] == second["reply"]
    assert lines[3]["reply_to"] == lines[2]["id"]
    log = (await business.owner.get("/api/conversations")).json()["conversations"]
    assert log[0]["id"] == first["conversation_id"]
    assert log[0]["turn_count"] == 2
    assert [line["role"] for line in log[0]["transcript"]["messages"]] == ["user", "assistant"] * 2


async def test_german_is_answered_in_german(business: Business) -> None:
    body = {
        "source": "faq",
        "title": "Gasthaus",
        "content": "Öffnungszeiten: Dienstag bis Sonntag von 11 bis 22 Uhr. Montag ist Ruhetag.\n\n"
        "Hunde sind in der Gaststube erlaubt.\n\nDas Wiener Schnitzel kostet 21,50 €.",
    }
    await business.owner.post("/agents", json={"name": "Empfang", "type": "receptionist", "language": "de"})
    await business.owner.post("/knowledge/ingest", json=body)
    reply = await say(business, "Was kostet das Wiener Schnitzel?")
    assert reply["language"] == "de"
    assert "21,50" in reply["reply"]


async def test_the_stream_says_the_same_in_pieces(business: Business) -> None:
    await furnish(business)
    answer = await business.owner.post("/chat/stream", json={"message": "How much is the tiramisu?"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [
        (block.split("\n")[0].removeprefix("event: "), json.loads(block.split("\n")[1].removeprefix("data: ")))
        for block in answer.text.strip().split("\n\n")
    ]
    assert events[0][0] == "opened"
    assert events[-1][0] == "done"
    spoken = "".join(body["text"] for name, body in events if name == "delta").strip()
    assert spoken == events[-1][1]["reply"]
    assert "7.50" in spoken


async def test_the_trace_of_a_turn_is_served(business: Business) -> None:
    await furnish(business)
    reply = await say(business, "How much is the tiramisu?")
    trace = (await business.owner.get(f"/conversations/{reply['conversation_id']}/turns/{reply['message_id']}")).json()
    assert [step["step"] for step in trace["trace"]["steps"]] == [
        "open",
        "recall",
        "understand",
        "find",
        "follow",
        "write",
    ]
    assert trace["intent"] == reply["intent"]


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"message": ""}, 422, "message"),
        ({"message": "   "}, 422, "message"),
        ({"message": "x" * 10_001}, 422, "message"),
        ({"message": "hi", "agent_id": "nobody"}, 404, "agent"),
        ({"message": "hi", "conversation_id": "nothing"}, 404, "conversation"),
        ({"message": "hi", "tenant_id": "someone else"}, 403, "tenant_id"),
        ({"message": "hi", "surprise": 1}, 422, "surprise"),
        ({"message": "NUL \x00"}, 422, "NUL"),
    ],
)
async def test_bad_input_is_refused_by_name(business: Business, body: dict[str, Any], status: int, named: str) -> None:
    await furnish(business)
    answer = await business.owner.post("/chat/message", json=body)
    assert answer.status_code == status, answer.text
    assert named in answer.text
