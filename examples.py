"""What one can do with Parley over HTTP, step by step, as a script: `python examples.py [base URL]`.

It needs a running Parley (`make run`) and nothing else. Each step asserts what it expects, so that the same file is the
journey test. It makes a tenant of its own and deletes it at the end.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import httpx

MENU = """Appetizers: Bruschetta 7.50, Fried calamari 11.00, Caprese salad 9.00

Main Courses: Lasagna 14.50, Mushroom risotto 16.00, Grilled sea bass 22.00

Desserts: Tiramisu 7.50, Panna cotta 6.50"""

RULES = """Opening hours
We are open Tuesday to Saturday from 5 pm to 11 pm and on Sunday from 12 noon to 9 pm. On Monday we are closed.

Dogs
Well-behaved dogs are welcome on the terrace.

Parking
Guests park for free in the yard behind the house."""

GERMAN = """Öffnungszeiten: Dienstag bis Sonntag von 11 bis 22 Uhr, Montag ist Ruhetag.

Das Wiener Schnitzel kostet 21,50 €. Der Zwiebelrostbraten kostet 24,90 €."""


def step(title: str) -> None:
    """Say what comes next."""
    print(f"\n— {title}")


def talk(client: httpx.Client, message: str, **more: Any) -> dict[str, Any]:
    """Say one line to an agent and print its answer."""
    answer = client.post("/chat/message", json={"message": message, **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    print(f"  Caller: {message}\n  Agent:  {body['reply']}   [{body['intent']}, {body['timings']['total_ms']} ms]")
    return body


@contextmanager
def business(client: httpx.Client, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A tenant that is deleted again."""
    tenant = client.post("/tenants", json=body)
    assert tenant.status_code == 201, tenant.text
    try:
        yield tenant.json()
    finally:
        assert client.delete(f"/tenants/{tenant.json()['id']}").status_code == 204


def receptionist(client: httpx.Client, tenant: dict[str, Any]) -> dict[str, Any]:
    """An agent that knows the house."""
    body = {"tenant_id": tenant["id"], "name": "Front Desk", "type": "receptionist", "voice": "en-US-Neural2-A"}
    agent = client.post("/agents", json=body)
    assert agent.status_code == 201, agent.text
    for source, title, content in (("menu", "Restaurant Menu", MENU), ("policy", "House rules", RULES)):
        document = {"tenant_id": tenant["id"], "source": source, "title": title, "content": content}
        taken = client.post("/knowledge/ingest", json=document)
        assert taken.status_code == 201, taken.text
        assert taken.json()["status"] == "ready"
    made: dict[str, Any] = agent.json()
    return made


def search(client: httpx.Client, tenant: dict[str, Any]) -> None:
    """The knowledge can be searched on its own."""
    found = client.get("/knowledge/search", params={"tenant_id": tenant["id"], "query": "main courses", "top_k": 3})
    results = found.json()["results"]
    assert "Lasagna" in results[0]["content"], results
    print(f"  Best passage: {results[0]['content'][:70]}…")


def questions(client: httpx.Client, tenant: dict[str, Any], agent: dict[str, Any]) -> None:
    """Answers come from the documents, what is not in them is not made up, and repeats come from memory."""
    where = {"tenant_id": tenant["id"], "agent_id": agent["id"]}
    assert "14.50" in talk(client, "How much is the lasagna?", **where)["reply"]
    first = talk(client, "Can I bring my dog?", **where)
    assert "terrace" in first["reply"]
    closing = talk(client, "And when do you close on Sunday?", **where, conversation_id=first["conversation_id"])
    assert "9 pm" in closing["reply"], closing["reply"]
    unknown = talk(client, "Do you have a swimming pool?", **where)
    assert unknown["sources"] == []
    assert talk(client, "How much is the lasagna?", **where)["cached"] == "exact"
    lines = client.get(f"/conversations/{first['conversation_id']}/messages").json()["messages"]
    assert [line["role"] for line in lines] == ["user", "agent", "user", "agent"]


def booking(client: httpx.Client, tenant: dict[str, Any], agent: dict[str, Any]) -> None:
    """A booking without a date is asked for it."""
    reply = talk(client, "I want to book a table for 4 people", tenant_id=tenant["id"], agent_id=agent["id"])
    assert reply["intent"] == "booking"
    assert "date" in reply["reply"]


def german(client: httpx.Client, tenant: dict[str, Any]) -> None:
    """The same house in German."""
    body = {"tenant_id": tenant["id"], "name": "Empfang", "type": "receptionist", "language": "de"}
    agent = client.post("/agents", json=body).json()
    document = {"tenant_id": tenant["id"], "source": "faq", "title": "Gasthaus", "content": GERMAN}
    assert client.post("/knowledge/ingest", json=document).status_code == 201
    reply = talk(client, "Was kostet das Wiener Schnitzel?", tenant_id=tenant["id"], agent_id=agent["id"])
    assert "21,50" in reply["reply"]


def german_booking(client: httpx.Client, tenant: dict[str, Any]) -> None:
    """A table booked in German: a conflict is impossible to miss, a correction is taken, the row is real."""
    hours = {day: ["12:00-23:00"] for day in ("tue", "wed", "thu", "fri", "sat", "sun")}
    desk = {"tenant_id": tenant["id"], "opening_hours": hours, "tables": [{"name": "Stammtisch", "seats": 6}]}
    assert client.put("/frontdesk/settings", json=desk).status_code == 200
    body = {"tenant_id": tenant["id"], "name": "Empfang", "type": "receptionist", "language": "de"}
    where = {"tenant_id": tenant["id"], "agent_id": client.post("/agents", json=body).json()["id"]}
    day = next_friday()
    first = talk(client, "Guten Tag, ich möchte einen Tisch für vier Personen reservieren", **where)
    where["conversation_id"] = first["conversation_id"]
    free = talk(client, f"Am {day.day}.{day.month}. um halb acht", **where)
    assert free["actions"][0]["result"]["available"], free["actions"]
    talk(client, "Nein, doch für sechs bitte", **where)
    booked = talk(client, "Auf den Namen Huber, meine Nummer ist +49 151 23456789", **where)
    [action] = booked["actions"]
    assert (action["name"], action["ok"]) == ("book_table", True), action
    [row] = client.get("/reservations", params={"tenant_id": tenant["id"]}).json()["reservations"]
    assert (row["date"], row["time"], row["party_size"]) == (day.isoformat(), "19:30", 6), row
    assert row["reference"] in booked["reply"]


def viewing(client: httpx.Client) -> None:
    """An estate agency: a home is found, its viewing arranged, and who asked is noted as a lead."""
    with business(client, {"name": "Elm Homes", "industry": "real estate", "language": "en"}) as tenant:
        listing = {"property_id": "A-102", "title": "Two-bedroom flat on Elm Street", "city": "Leipzig", "kind": "rent"}
        made = client.post("/listings", json={**listing, "tenant_id": tenant["id"], "price": 1150, "bedrooms": 2})
        assert made.status_code == 201, made.text
        body = {"tenant_id": tenant["id"], "name": "Front Desk", "type": "real_estate"}
        where = {"tenant_id": tenant["id"], "agent_id": client.post("/agents", json=body).json()["id"]}
        found = talk(client, "I am looking for a flat to rent in Leipzig with two bedrooms", **where)
        assert "Elm Street" in found["reply"]
        where["conversation_id"] = found["conversation_id"]
        talk(client, "I would like to see A-102", **where)
        talk(client, f"On {next_friday():%B} {next_friday().day} at 2 pm", **where)
        arranged = talk(client, "My name is Eve Stone, my number is +1 202 555 0143", **where)
        assert [action["name"] for action in arranged["actions"]] == ["schedule_viewing"], arranged
        [lead] = client.get("/leads", params={"tenant_id": tenant["id"]}).json()["leads"]
        assert (lead["name"], lead["property_id"]) == ("Eve Stone", "A-102")
        print(f"  Lead: {lead['name']}, {lead['phone']}, score {lead['score']}")


def next_friday() -> date:
    """A day that is open, and far enough ahead."""
    soon = datetime.now().astimezone().date() + timedelta(days=3)
    return soon + timedelta(days=(4 - soon.weekday()) % 7)


def stream(client: httpx.Client, tenant: dict[str, Any], agent: dict[str, Any]) -> None:
    """The answer in pieces, as server-sent events."""
    body = {"tenant_id": tenant["id"], "agent_id": agent["id"], "message": "Where can I park?"}
    names, spoken = [], ""
    with client.stream("POST", "/chat/stream", json=body) as answer:
        for line in answer.iter_lines():
            if line.startswith("event: "):
                names.append(line.removeprefix("event: "))
            elif line.startswith("data: ") and names[-1] == "delta":
                spoken += json.loads(line.removeprefix("data: "))["text"]
    assert names[-1] == "done"
    assert "yard" in spoken
    print(f"  {' '.join(names)}: {spoken.strip()}")


def log(client: httpx.Client, tenant: dict[str, Any]) -> None:
    """Everything that was said can be read back."""
    conversations = client.get("/api/conversations", params={"tenant_id": tenant["id"]}).json()["conversations"]
    assert all(one["tenant_id"] == tenant["id"] for one in conversations)
    print(f"  {len(conversations)} conversations, newest: {conversations[0]['transcript']['messages'][-1]['content']}")


def experiment(client: httpx.Client, tenant: dict[str, Any]) -> None:
    """Two prompts answer in turn; what their conversations come to decides."""
    desk = {"tenant_id": tenant["id"], "name": "Sales", "config_key": "sales"}
    where = {"tenant_id": tenant["id"], "agent_id": client.post("/agents", json=desk).json()["id"]}
    arms = []
    for name, words in (("Friendly", "You are a friendly sales agent."), ("Brief", "You are a brief sales agent.")):
        body = {"tenant_id": tenant["id"], "name": name, "agent_config": "sales", "system_prompt": words}
        made = client.post("/api/prompts", json=body)
        assert made.status_code == 201, made.text
        arms.append(made.json()["prompt"])
    first = talk(client, "Hello there", **where, user_id="ann")["conversation_id"]
    again = talk(client, "Hello there", **where, user_id="ann")["conversation_id"]
    used = [client.get(f"/api/conversations/{one}").json()["conversation"]["experiment_id"] for one in (first, again)]
    assert used[0] == used[1], "the same caller gets the same prompt"
    for number in range(60):
        said = {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}]}
        log = {"tenant_id": tenant["id"], "agent_config": "sales", "transcript": said, "duration": 30}
        log |= {"experiment_id": arms[number % 2]["id"], "task_completed": number % 2 == 0}
        assert client.post("/api/conversations", json=log).status_code == 201
    query = {"tenant_id": tenant["id"], "agent_config": "sales"}
    compared = client.get("/api/prompts/compare", params=query).json()
    assert compared["winner"] == arms[0]["id"], compared
    print(f"  {compared['sentence']}")


def main(base_url: str) -> None:
    """Every step, in order."""
    with httpx.Client(base_url=base_url, timeout=30) as client:
        step("Health")
        print(f"  {client.get('/health').json()}")
        with business(client, {"name": "Tony's Restaurant", "industry": "hospitality", "language": "en"}) as tenant:
            step("A receptionist for Tony's Restaurant")
            agent = receptionist(client, tenant)
            search(client, tenant)
            step("Questions")
            questions(client, tenant, agent)
            step("A booking")
            booking(client, tenant, agent)
            step("In German")
            german(client, tenant)
            step("A booking in German")
            german_booking(client, tenant)
            step("Streaming")
            stream(client, tenant, agent)
            step("The log")
            log(client, tenant)
            step("Which prompt is better")
            experiment(client, tenant)
        step("A viewing, and the lead it leaves")
        viewing(client)
    print("\nAll of it worked.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
