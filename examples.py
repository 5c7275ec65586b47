"""What one can do with Parley over HTTP, step by step, as a script: `python examples.py [base URL]`.

It needs a running Parley (`make run`) and nothing else. Each step asserts what it expects, so that the same file is the
journey test. It makes a tenant of its own and deletes it at the end.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
def restaurant(client: httpx.Client) -> Iterator[dict[str, Any]]:
    """A tenant that is deleted again."""
    tenant = client.post("/tenants", json={"name": "Tony's Restaurant", "industry": "hospitality", "language": "en"})
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


def main(base_url: str) -> None:
    """Every step, in order."""
    with httpx.Client(base_url=base_url, timeout=30) as client:
        step("Health")
        print(f"  {client.get('/health').json()}")
        with restaurant(client) as tenant:
            step("A receptionist for Tony's Restaurant")
            agent = receptionist(client, tenant)
            search(client, tenant)
            step("Questions")
            questions(client, tenant, agent)
            step("A booking")
            booking(client, tenant, agent)
            step("In German")
            german(client, tenant)
            step("Streaming")
            stream(client, tenant, agent)
            step("The log")
            log(client, tenant)
    print("\nAll of it worked.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
