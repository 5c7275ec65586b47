"""A business that has one of everything, and says a word in every field that nobody else may ever read.

`furnish` is what to extend when a route takes a new kind of id or a table is added: it makes one of the kind and keeps
its id under the name of the routes' parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from parley.kit.db import Database
from parley.kit.ids import new_id
from tests.conftest import Business

CANARY = "Zyxquavo"  # in every stored field of the victim
SCOPES = ["train", "chat", "read", "write", "manage"]

# Parameters that name no row of a tenant.
NAMES = {"vendor": "deepgram"}  # a vendor that no turn here asks: nothing leaves the machine

# Fields that are a business's own text, or are only ever compared within the caller's tenant.
FREE_TEXT = frozenset({"session_id", "user_id", "experiment_id", "property_id"})


@dataclass(frozen=True)
class Victim:
    """A tenant, its word, and the ids of what it has by the names that routes give them."""

    business: Business
    word: str
    ids: dict[str, str]

    @property
    def price(self) -> str:
        """What its lasagna costs: an answer that shows whose it is without the word."""
        return price_of(self.word)


def price_of(word: str) -> str:
    return f"{sum(map(ord, word))}.90"


async def made(client: httpx.AsyncClient, path: str, body: dict[str, Any], method: str = "POST") -> dict[str, Any]:
    """What a request created."""
    answer = await client.request(method, path, json=body)
    assert answer.status_code in (200, 201), f"{path}: {answer.text}"
    result: dict[str, Any] = answer.json()
    return result


async def furnish(business: Business, word: str = CANARY) -> Victim:
    """One of everything, through the API, with `word` in every field."""
    owner = business.owner
    ids = {"tenant_id": business.id}
    await made(owner, f"/tenants/{business.id}", {"name": word, "industry": word, "settings": {word: word}}, "PATCH")
    vendor = f"/tenants/{business.id}/credentials/deepgram"
    assert (await owner.put(vendor, json={"api_key": word})).status_code == 204
    login = {"email": f"{word}-{new_id()}@example.com", "password": f"{word} password"}
    ids["user_id"] = (await made(owner, "/users", {**login, "role": "operator"}))["id"]
    await made(owner, "/auth/login", login)
    ids["key_id"] = (await made(owner, "/api-keys", {"name": word, "scopes": SCOPES}))["id"]
    await made(owner, "/auth/ticket", {})
    ids["agent_id"] = (await made(owner, "/agents", _agent(word)))["id"]
    words = f"# {word}\n\nThe {word} lasagna costs {price_of(word)} euros."
    document = await made(owner, "/knowledge/ingest", {"source": "menu", "title": word, "content": words})
    ids["document_id"] = document["document_id"]
    return Victim(business, word, ids | await _talk(owner, word, ids["agent_id"]) | await _desk(owner, word))


async def _talk(owner: httpx.AsyncClient, word: str, agent: str) -> dict[str, str]:
    line = {"message": f"What does the {word} lasagna cost?", "agent_id": agent, "session_id": word, "user_id": word}
    turn = await made(owner, "/chat/message", line)
    talk = turn["conversation_id"]
    await made(owner, f"/conversations/{talk}/feedback", {"satisfaction": 4, "comment": word})
    await made(owner, "/privacy/mask", {"text": f"My name is {word} Smith.", "conversation_id": talk})
    danger = {"message": f"Help, the {word} kitchen is on fire!", "agent_id": agent}
    assert (await made(owner, "/chat/message", danger))["emergency"]
    incident = (await owner.get("/incidents")).json()["incidents"][0]["id"]
    return {"conversation_id": talk, "message_id": turn["message_id"], "incident_id": incident}


async def _desk(owner: httpx.AsyncClient, word: str) -> dict[str, str]:
    await made(owner, "/frontdesk/settings", {"tables": [{"name": word, "seats": 6}]}, "PUT")
    day = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    wish = {"date": day, "time": "19:30", "party_size": 4, "name": word, "phone": "+4930901820", "notes": word}
    lead = {"name": word, "phone": "+16085550117", "intent": "buy", "notes": word}
    listing = {"property_id": word, "title": word, "kind": "buy", "city": word, "price": 1, "description": word}
    tool = {"name": word, "description": word, "url": f"https://{word}.invalid/", "method": "GET"}
    return {
        "reservation_id": (await made(owner, "/reservations", wish))["id"],
        "lead_id": (await made(owner, "/leads", lead))["id"],
        "listing_id": (await made(owner, "/listings", listing))["id"],
        "tool_id": (await made(owner, "/tools", {**tool, "parameters": {"type": "object", "properties": {}}}))["id"],
    }


def _agent(word: str) -> dict[str, Any]:
    """An agent with words in every field that takes them."""
    return {
        "name": word,
        "type": "custom",
        "config_key": word,
        "system_prompt": word,
        "voice": word,
        "prompts": {word: word},
        "voice_settings": {word: word},
        "conversation_flow": {"start": "a", "nodes": {"a": {"text": word}}},
        "understanding": {"intents": [{"name": word, "examples": [word]}]},
        "extraction_schema": {word: word},
    }


async def add_rows_without_routes(db: Database, victim: Victim) -> None:
    """Rows that only background work writes."""
    ids = {**victim.ids, "word": victim.word, "id": new_id()}
    async with db.begin(victim.business.id) as connection:
        for statement in (
            "INSERT INTO agent_understanding (agent_id, tenant_id, fingerprint, status, error)"
            " VALUES (:agent_id, :tenant_id, :word, 'failed', :word) ON CONFLICT (agent_id) DO NOTHING",
            "INSERT INTO tool_runs (tenant_id, conversation_id, key, name, arguments)"
            " VALUES (:tenant_id, :conversation_id, :word, :word, '{}')",
            "INSERT INTO carrier_events (id, tenant_id, carrier_call_id, event, fingerprint, payload)"
            " VALUES (:id, :tenant_id, :id, 'call_ended', :word, jsonb_build_object('said', cast(:word AS text)))",
            "INSERT INTO carrier_agents (id, tenant_id, agent_id, carrier, token_hash, error)"
            " VALUES (:id, :tenant_id, :agent_id, 'retell', :id, :word)",
            "INSERT INTO call_records (id, tenant_id, direction, carrier, status, placement, driver_name)"
            " VALUES (:id, :tenant_id, 'outbound', 'simulated', 'completed', 'placed', :word)",
            "INSERT INTO phone_numbers (id, tenant_id, number, carrier, agent_id)"
            " VALUES (:id, :tenant_id, :id, :word, :agent_id)",
            "INSERT INTO suppressions (id, tenant_id, phone_number, source, reason)"
            " VALUES (:id, :tenant_id, :id, 'manual', :word)",
        ):
            await connection.execute(text(statement), ids)
