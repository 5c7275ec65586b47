"""A business that has one of everything, and says a word in every field that nobody else may ever read.

`ID_OF` is the table to extend when a route takes a new kind of id: the parameter's name → where the victim keeps one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from parley.kit.ids import new_id
from tests.conftest import Business

CANARY = "Zyxquavo"  # in every stored field of the victim
SCOPES = ["train", "chat", "read", "write", "manage"]


@dataclass(frozen=True)
class Victim:
    """A tenant and the ids of what it has."""

    business: Business
    word: str
    agent: str
    document: str
    conversation: str
    answer: str
    user: str
    api_key: str

    def ids(self) -> list[str]:
        """Every id that must not show anywhere else."""
        return [
            self.business.id,
            self.agent,
            self.document,
            self.conversation,
            self.answer,
            self.user,
            self.api_key,
        ]


ID_OF: dict[str, Callable[[Victim], str]] = {
    "tenant_id": lambda victim: victim.business.id,
    "agent_id": lambda victim: victim.agent,
    "document_id": lambda victim: victim.document,
    "conversation_id": lambda victim: victim.conversation,
    "message_id": lambda victim: victim.answer,
    "user_id": lambda victim: victim.user,
    "key_id": lambda victim: victim.api_key,
}

# Path parameters that name no row of a tenant.
NAMES = {"vendor": "openai"}

# Fields that are the caller's own free text, or only ever matched inside the caller's tenant.
FREE_TEXT = frozenset({"session_id", "user_id", "experiment_id"})


async def made(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What a POST created."""
    answer = await client.post(path, json=body)
    assert answer.status_code in (200, 201), f"{path}: {answer.text}"
    result: dict[str, Any] = answer.json()
    return result


async def furnish(business: Business, word: str = CANARY) -> Victim:
    """One of everything, through the API, with `word` in every field."""
    owner = business.owner
    head = {"name": word, "industry": word, "settings": {word: word}}
    assert (await owner.patch(f"/tenants/{business.id}", json=head)).status_code == 200
    vendor = f"/tenants/{business.id}/credentials/openai"
    assert (await owner.put(vendor, json={"api_key": word})).status_code == 204
    login = {"email": f"{word}-{new_id()}@example.com", "password": f"{word} password"}
    user = await made(owner, "/users", {**login, "role": "operator"})
    await made(owner, "/auth/login", login)
    key = await made(owner, "/api-keys", {"name": word, "scopes": SCOPES})
    await made(owner, "/auth/ticket", {})
    agent = await made(owner, "/agents", agent_body(word))
    text = f"# {word}\n\nThe {word} lasagna costs {price_of(word)} euros."
    document = await made(owner, "/knowledge/ingest", {"source": "menu", "title": word, "content": text})
    line = {"message": f"What does the {word} lasagna cost?", "agent_id": agent["id"]}
    turn = await made(owner, "/chat/message", {**line, "session_id": word, "user_id": word})
    told = {"satisfaction": 4, "comment": word}
    await made(owner, f"/conversations/{turn['conversation_id']}/feedback", told)
    return Victim(
        business,
        word,
        agent["id"],
        document["document_id"],
        turn["conversation_id"],
        turn["message_id"],
        user["id"],
        key["id"],
    )


def price_of(word: str) -> str:
    """What the victim's lasagna costs: an answer that shows whose it is without the word."""
    return f"{sum(map(ord, word))}.90"


def agent_body(word: str) -> dict[str, Any]:
    """An agent with words in every field that takes them."""
    flow = {"start": "a", "nodes": {"a": {"text": word}}}
    return {
        "name": word,
        "type": "custom",
        "config_key": word,
        "system_prompt": word,
        "voice": word,
        "prompts": {word: word},
        "voice_settings": {word: word},
        "conversation_flow": flow,
        "understanding": {"intents": [{"name": word, "examples": [word]}]},
        "extraction_schema": {word: word},
    }
