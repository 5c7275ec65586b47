"""One tenant's vendor key, and the trouble it has, are nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from parley.app import models
from parley.app.models import Models
from parley.app.resources import Resources
from parley.app.settings import Settings
from parley.inference.chat import ChatRequest, Message, TextDelta
from parley.inference.errors import ProviderKeyRejected
from parley.inference.facts import Facts
from parley.inference.ports import ChatModel
from parley.inference.scripted import ScriptedChat
from parley.providers.catalog import ProviderKeys
from tests.conftest import Business

pytestmark = pytest.mark.anyio

MODEL = "openai/some-model"


async def said(chain: ChatModel) -> str:
    request = ChatRequest((Message("user", "Hello"),), Facts("Hello"))
    return "".join([event.text async for event in chain.stream(request) if isinstance(event, TextDelta)])


async def test_a_rejected_key_costs_only_the_tenant_who_gave_it(
    resources: Resources, business: Business, rival: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vendor refuses the rival's key; the business's own key and ours go on, and health says nothing of it."""

    def resolve(name: str, keys: ProviderKeys, **_: Any) -> ChatModel:
        key = keys.access["openai"].api_key
        refused = ProviderKeyRejected("No.", vendor="openai")
        return ScriptedChat(*([[refused]] if key == "bad" else [f"from {key}"]) * 3, name=MODEL)

    monkeypatch.setattr(models, "resolve", resolve)
    for client, tenant, key in ((rival.owner, rival.id, "bad"), (business.owner, business.id, "good")):
        await client.put(f"/tenants/{tenant}/credentials/openai", json={"api_key": key})
    settings = Settings.model_construct(openai_api_key=None)
    here = Models(settings, resources.businesses, resources.metrics.model_answered)
    assert "from" not in await said(await here.for_agent(rival.id, MODEL))
    assert await said(await here.for_agent(business.id, MODEL)) == "from good"
    assert "bad" not in str(here.health())
    assert here.health() == []
    await here.aclose()
