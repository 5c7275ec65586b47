"""Callers who talk to a server over HTTP and remember exactly what was acknowledged, to hold the server to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

QUESTIONS = (
    "How much is the lasagna?",
    "Are dogs allowed on the terrace?",
    "What time do you close on Sunday?",
    "I want to book a table for four",
    "Do you have a swimming pool for children?",
    "Can I pay by card?",
)
MENU = """# Menu
- Lasagna al forno: 14.50
- Mushroom risotto: 16.00
- Tiramisu: 7.50
# Opening hours
We are open Tuesday to Saturday from 17:00 to 23:00. On Sunday we close at 21:00. Monday is our day of rest.
# House rules
Dogs are welcome on the terrace. We take cash and all cards.
"""


@dataclass
class Caller:
    """One conversation: what was said, and what came back before the connection broke."""

    number: int
    conversation_id: str = ""
    acknowledged: list[tuple[str, str, str]] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def say(self, client: httpx.AsyncClient) -> bool:
        """Say a line, unlike every other one by its end; False where no answer came."""
        turn = len(self.acknowledged) + len(self.unanswered)
        message = f"{QUESTIONS[(self.number + turn) % len(QUESTIONS)]} (caller {self.number}, line {turn})"
        body = {"message": message} | ({"conversation_id": self.conversation_id} if self.conversation_id else {})
        try:
            answer = await client.post("/chat/message", json=body)
        except httpx.TransportError:
            self.unanswered.append(message)
            return False
        if answer.status_code != httpx.codes.OK:
            self.unanswered.append(message)
            self.errors.append(f"{answer.status_code} {answer.text[:200]}")
            return False
        reply = answer.json()
        self.conversation_id = reply["conversation_id"]
        self.acknowledged.append((message, reply["reply"], reply["message_id"]))
        return True


def client_of(base_url: str, key: str, *, timeout: float = 60) -> httpx.AsyncClient:
    """A client with room for many requests at a time."""
    # Idle connections go before the server closes them: a request into a closing one is an error nobody made.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=1)
    return httpx.AsyncClient(base_url=base_url, headers={"X-API-Key": key}, timeout=timeout, limits=limits)


async def teach(client: httpx.AsyncClient) -> None:
    """Give the tenant an agent and something to know."""
    made = await client.post("/agents", json={"name": "Desk", "type": "receptionist"})
    assert made.status_code == httpx.codes.CREATED, made.text
    taken = await client.post("/knowledge/ingest", json={"source": "menu", "title": "Menu", "content": MENU})
    assert taken.status_code == httpx.codes.CREATED, taken.text


async def begin(client: httpx.AsyncClient, count: int) -> list[Caller]:
    """Callers whose first line was answered."""
    callers = [Caller(number) for number in range(count)]
    answered = await asyncio.gather(*(caller.say(client) for caller in callers))
    assert all(answered), [one.errors for one in callers if one.errors][:3]
    return callers


async def talk_until_cut(
    client: httpx.AsyncClient, callers: Sequence[Caller], after: int, cut: Callable[[], object]
) -> None:
    """Everybody talks at once, each line after the answer to the one before; after `after` answers in all, `cut`.

    Whose answer comes with the cut says one more line, nobody another. Returns when the lines under way have got their
    answers or failed.
    """
    enough, left, over = asyncio.Event(), after, False

    async def talk(caller: Caller) -> None:
        nonlocal left
        last = False
        while not last:
            last = over
            if not await caller.say(client):
                return
            left -= 1
            if left == 0:
                enough.set()

    async def cut_off() -> None:
        nonlocal over
        await enough.wait()
        await asyncio.to_thread(cut)
        over = True

    await asyncio.gather(cut_off(), *(talk(caller) for caller in callers))


async def transcript(client: httpx.AsyncClient, conversation_id: str) -> list[dict[str, Any]]:
    """Every line of a conversation, in order, however many pages they are."""
    lines: list[dict[str, Any]] = []
    page: dict[str, str] = {}
    while True:
        answer = await client.get(f"/conversations/{conversation_id}/messages", params={"limit": "500", **page})
        assert answer.status_code == httpx.codes.OK, answer.text
        lines += answer.json()["messages"]
        if answer.json()["next_cursor"] is None:
            return lines
        page = {"cursor": answer.json()["next_cursor"]}


async def faults(client: httpx.AsyncClient, callers: Sequence[Caller]) -> list[str]:
    """How what is stored differs from what was acknowledged. Empty: nothing was lost, doubled or put out of order."""
    found: list[str] = []
    for caller in callers:
        found += _faults(caller, await transcript(client, caller.conversation_id))
    return found


def _faults(caller: Caller, lines: Sequence[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    name = caller.conversation_id
    by_id = {one["id"]: one for one in lines}
    for question, reply, message_id in caller.acknowledged:
        stored = by_id.get(message_id)
        if stored is None or stored["content"] != reply:
            found.append(f"{name}: the reply to {question!r} is not there")
        elif by_id.get(stored["reply_to"], {}).get("content") != question:
            found.append(f"{name}: {question!r} is not what was answered")
    said = [one["content"] for one in lines if one["role"] == "user"]
    acknowledged = [question for question, _, _ in caller.acknowledged]
    if [one for one in said if one in set(acknowledged)] != acknowledged:
        found.append(f"{name}: lines are missing, doubled or out of order: {said}")
    if strange := set(said) - set(acknowledged) - set(caller.unanswered):
        found.append(f"{name}: nobody said {strange}")
    return found + not_in_turn(name, lines)


def not_in_turn(name: str, lines: Sequence[dict[str, Any]]) -> list[str]:
    """Replies that do not follow the line they answer."""
    return [
        f"{name}: a reply does not follow its question"
        for before, after in zip([None, *lines], lines, strict=False)
        if after["role"] == "agent" and (before is None or after["reply_to"] != before["id"])
    ]


def report(text: str) -> None:
    """Print what a proof measured; `make soak` shows it."""
    print(text)  # noqa: T201
