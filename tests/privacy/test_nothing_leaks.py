"""Whatever callers say of themselves, and whoever answers: no masked value stands anywhere but in their records."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, given

from parley.app.resources import Resources
from tests.conftest import Business
from tests.privacy.conftest import RECORDS, Dump, make_agent, say, tables_with
from tests.privacy.dialogues import Said, dialogues
from tests.wire.openai_replies import streamed, tool_called
from tests.wire.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

MODES = ("masked", "metadata_only")
few: Callable[[Any], Any] = hypothesis.settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


async def hold(business: Business, agent: str, said: Said) -> str:
    """The whole dialogue; returns the conversation's id."""
    talk: dict[str, Any] = {}
    for line in said.lines:
        talk = {"conversation_id": (await say(business, line, agent_id=agent, **talk))["conversation_id"]}
    return str(talk["conversation_id"])


async def masked_values(resources: Resources, business: Business, talk: str) -> list[str]:
    """What the conversation's vault stands for; where nothing is written down there is nothing in it."""
    async with resources.db.begin(business.id) as connection:
        masking = await resources.persons._vaults.open(connection, business.id, talk, "masked")
    return [value for name, value in masking.vault.items() if len(value) > 4 and not name.startswith("<LITERAL_")]


async def shown(business: Business, talk: str) -> str:
    """What the API shows of the conversation to those who may read it: lines and traces."""
    lines = await business.owner.get(f"/conversations/{talk}/messages")
    traces = [
        (await business.owner.get(f"/conversations/{talk}/turns/{line['id']}")).text
        for line in lines.json()["messages"]
        if line["role"] == "agent"
    ]
    return "\n".join([lines.text, *traces])


def assert_nowhere(values: list[str], before: dict[str, str], after: dict[str, str], *texts: str) -> None:
    known = "\n".join(before.values()).lower()
    values = [value for value in values if value.lower() not in known]  # "Berlin" is in the tenant's timezone
    kept = {table: rows for table, rows in after.items() if table not in RECORDS}
    assert tables_with(kept, values) == {}
    assert [value for value in values if any(value.lower() in text.lower() for text in texts)] == []


@pytest.mark.parametrize("mode", MODES)
@few
@given(said=dialogues())
async def test_with_the_house(
    business: Business,
    resources: Resources,
    everything: Dump,
    logged: list[dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
    mode: str,
    said: Said,
) -> None:
    agent, before = await make_agent(business, mode, language=said.language), everything(business.id)
    talk = await hold(business, agent, said)
    values = [*said.private, *await masked_values(resources, business, talk)]
    texts = (await shown(business, talk), str(logged), "\n".join(caplog.messages))
    assert_nowhere(values, before, everything(business.id), *texts)


@pytest.mark.parametrize("mode", MODES)
@few
@given(said=dialogues())
async def test_with_a_hosted_model_that_says_it_all_back(
    shop: Business,
    hosted: Resources,
    model_server: OpenAIServer,
    everything: Dump,
    logged: list[dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
    mode: str,
    said: Said,
) -> None:
    """It repeats every placeholder, and hands them to a tool."""
    free = {"start": "free", "nodes": {"free": {}}}
    agent = await make_agent(shop, mode, language=said.language, conversation_flow=free)
    before, since = everything(shop.id), len(model_server.requests)
    lead = json.dumps({"name": "<PERSON_1>", "phone": "<PHONE_NUMBER_1>", "notes": "<EMAIL_ADDRESS_1> <ADDRESS_1>"})
    for _ in said.lines:
        model_server.queue(tool_called(("call_1", "capture_lead", lead)))
        model_server.queue(streamed("So you are <PERSON_1>. I can reach you on <PHONE_NUMBER_1>, <EMAIL_ADDRESS_1>."))
    try:
        talk = await hold(shop, agent, said)
    finally:
        model_server._queue.clear()
    values = [*said.private, *await masked_values(hosted, shop, talk)]
    sent = json.dumps([one.body for one in model_server.requests[since:]], ensure_ascii=False)
    assert len(model_server.requests) > since
    texts = (sent, await shown(shop, talk), str(logged), "\n".join(caplog.messages))
    assert_nowhere(values, before, everything(shop.id), *texts)
