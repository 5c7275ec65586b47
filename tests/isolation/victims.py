"""A business that has one of everything, and says a word in every field that nobody else may ever read.

`furnish` is what to extend when a route takes a new kind of id or a table is added: it makes one of the kind and keeps
its id under the name of the routes' parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

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
    ids["call_id"] = new_id()  # its row is written below: no telephone rings for a test
    ids["key_id"] = (await made(owner, "/api-keys", {"name": word, "scopes": SCOPES}))["id"]
    await made(owner, "/auth/ticket", {})
    ids["agent_id"] = (await made(owner, "/agents", _agent(word)))["id"]
    ids["prompt_id"] = await _prompt(owner, word)
    ids |= await _practice(owner, word)
    words = f"# {word}\n\nThe {word} lasagna costs {price_of(word)} euros."
    document = await made(owner, "/knowledge/ingest", {"source": "menu", "title": word, "content": words})
    ids["document_id"] = document["document_id"]
    ids |= await _lines(owner, word, ids["agent_id"])
    return Victim(business, word, ids | await _talk(owner, word, ids["agent_id"]) | await _desk(owner, word))


async def _lines(owner: httpx.AsyncClient, word: str, agent: str) -> dict[str, str]:
    """A number belongs to one business only, so everybody gets another one."""
    own = f"+4930{uuid4().int % 10**8:08}"
    number = await made(owner, "/phone-numbers", {"number": own, "carrier": "simulated", "agent_id": agent})
    listed = await made(owner, "/suppressions", {"phone_number": "+4930901820", "reason": word})
    return {"number_id": number["id"], "suppression_id": listed["id"]}


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


async def _practice(owner: httpx.AsyncClient, word: str) -> dict[str, str]:
    """A scenario with a document, and a session that was played."""
    persona = {"key": "customer", "title": word, "scripts": {"en": {"situation": word, "opening": word}}}
    rubric = {"items": [{"id": "sorry", "title": word, "points": 1, "cues": [word]}]}
    config = {"title": word, "description": word, "persona": persona, "rubric": rubric}
    scenario = (await made(owner, "/api/scenarios", {"name": word.lower(), "config": config}))["id"]
    files = {"file": (f"{word}.md", word.encode(), "text/markdown")}
    added = await owner.post(f"/api/scenarios/{scenario}/documents", files=files, data={"title": word})
    assert added.status_code == 201, added.text
    session = (await made(owner, "/api/sessions", {"scenario_id": scenario, "user_id": word}))["id"]
    await made(owner, f"/api/sessions/{session}/complete", {})
    return {"scenario_id": scenario, "filename": f"{word}.md", "session_id": session}


async def _prompt(owner: httpx.AsyncClient, word: str) -> str:
    """A prompt that answers the agent's conversations, and rules for it."""
    body: dict[str, Any] = {
        "name": word,
        "agent_config": word,
        "agent_name": word,
        "system_prompt": word,
        "instructions": word,
    }
    body |= {"instructions": word, "voice": word, "description": word, "tags": [word]}
    await made(owner, "/api/prompts/rules", {"agent_config": word, "auto_stop": True}, "PUT")
    prompt: str = (await made(owner, "/api/prompts", body))["prompt"]["id"]
    return prompt


async def _desk(owner: httpx.AsyncClient, word: str) -> dict[str, str]:
    await made(owner, "/frontdesk/settings", {"tables": [{"name": word, "seats": 6}]}, "PUT")
    day = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    wish = {"date": day, "time": "19:30", "party_size": 4, "name": word, "phone": "+4930901820", "notes": word}
    lead = {"name": word, "phone": "+16085550117", "intent": "buy", "notes": word}
    listing = {"property_id": word, "title": word, "kind": "buy", "city": word, "price": 1, "description": word}
    tool = {"name": word, "description": word, "url": f"https://{word}.invalid/", "method": "GET"}
    hook = {"url": f"https://{word}.example.com/", "events": ["*"], "description": word}
    subscription = (await made(owner, "/webhook-subscriptions", hook))["id"]
    records = {
        "reservation_id": (await made(owner, "/reservations", wish))["id"],
        "lead_id": (await made(owner, "/leads", lead))["id"],
        "listing_id": (await made(owner, "/listings", listing))["id"],
        "tool_id": (await made(owner, "/tools", {**tool, "parameters": {"type": "object", "properties": {}}}))["id"],
    }
    delivery = (await owner.get("/webhook-deliveries")).json()["webhook_deliveries"][0]["id"]
    return {**records, "subscription_id": subscription, "delivery_id": delivery}


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
            "INSERT INTO call_records (id, tenant_id, direction, carrier, status, placement, driver_name)"
            " VALUES (:call_id, :tenant_id, 'outbound', 'simulated', 'completed', 'placed', :word)",
            "INSERT INTO call_streams (call_id, tenant_id, token_hash, expires_at)"
            " VALUES (:call_id, :tenant_id, :id, now() + interval '1 hour')",
            "INSERT INTO recordings (id, tenant_id, conversation_id, status, started_at, duration_ms, size, timeline)"
            " VALUES (:id, :tenant_id, :conversation_id, 'ready', now(), 1, 1, jsonb_build_array("
            "jsonb_build_object('role', 'agent', 'start_ms', 0, 'end_ms', 1, 'complete', true,"
            " 'message_id', cast(:word AS text))))",
            "INSERT INTO simulated_calls (id, tenant_id, call_id, agent_id, holder, simulate, status, reason,"
            " reported_at) VALUES (:id, :tenant_id, :call_id, :agent_id, 1, '{}', 'ended', :word, now())",
            "INSERT INTO carrier_events (id, tenant_id, carrier, carrier_call_id, event, fingerprint, payload)"
            " VALUES (:id, :tenant_id, 'retell', :id, 'call_ended', :word, to_jsonb(cast(:word AS text)))",
            "INSERT INTO carrier_agents (id, tenant_id, agent_id, carrier, token_hash, error)"
            " VALUES (:id, :tenant_id, :agent_id, 'retell', :id, :word)",
            "INSERT INTO experiment_assignments (tenant_id, agent_id, unit, prompt_id)"
            " VALUES (:tenant_id, :agent_id, cast(:word AS bytea), :prompt_id)",
            "INSERT INTO remembered_answers (id, tenant_id, agent_id, exact_key, claim, reply, intent, sources,"
            " expires_at) VALUES (:id, :tenant_id, :agent_id, convert_to(:id, 'UTF8'), convert_to(:id, 'UTF8'), :word,"
            " 'faq', '[]', now() + interval '1 hour')",
            "INSERT INTO rejected_answers (tenant_id, agent_id, claim, rejected_by)"
            " VALUES (:tenant_id, :agent_id, convert_to(:id, 'UTF8'), :word)",
        ):
            await connection.execute(text(statement), ids)
