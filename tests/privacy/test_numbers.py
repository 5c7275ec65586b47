"""Who is known by their telephone number alone: in clear where words are kept, sealed where they are masked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from parley.app.resources import Resources
from parley.conversations import Ask
from tests.conftest import Business

pytestmark = pytest.mark.anyio

NUMBER = "+4930901820"


@pytest.mark.parametrize(("privacy", "kept"), [({"mode": "keep_all"}, True), ({"mode": "masked"}, False)])
async def test_a_callers_number_is_masked_with_their_words(
    resources: Resources, business: Business, privacy: dict[str, Any], kept: bool
) -> None:
    body = {"name": "Host", "type": "receptionist", "privacy": privacy}
    agent = (await business.owner.post("/agents", json=body)).json()["id"]
    about = {"phone_number": NUMBER}
    ask = Ask(business.id, "Hello!", agent, channel="phone", user_id=NUMBER, metadata=about)
    async for _ in resources.responder.respond(ask):
        pass
    async with resources.db.begin(business.id) as connection:
        rows = await connection.execute(text("SELECT to_jsonb(c)::text FROM conversations c"))
        assert (NUMBER in " ".join(rows.scalars())) == kept
