"""A log line holds ids, numbers and codes: never a caller's words, in no mode and whatever goes wrong."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy.exc import DBAPIError

from parley.app.resources import Resources
from parley.conversations import store
from parley.kit import log
from tests.conftest import Business
from tests.privacy.conftest import book, make_agent, say
from tests.wire.openai_replies import failure
from tests.wire.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

WORDS = ("Quillon", "Abernatter", "23125017", "zebra crossing", "marmalade")


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """Everything that is logged at level DEBUG, as the process prints it."""
    before = structlog.get_config()
    stream = io.StringIO()
    log.configure("DEBUG", json=True)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream), cache_logger_on_first_use=False)
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)
    structlog.configure(**before)


@pytest.mark.parametrize("mode", ["keep_all", "masked", "metadata_only"])
async def test_a_dialogue_leaves_no_word_in_the_log(business: Business, printed: io.StringIO, mode: str) -> None:
    agent = await make_agent(business, mode)
    await book(business, agent, "Quillon Abernatter", "+49 30 23125017")
    await say(business, "Help, the zebra crossing is on fire and there is marmalade", agent_id=agent)
    assert [word for word in WORDS if word in printed.getvalue()] == []


async def test_nor_when_a_model_fails(shop: Business, model_server: OpenAIServer, printed: io.StringIO) -> None:
    agent = await make_agent(shop, None)
    model_server.queue(failure(400, message="I cannot read 'marmalade'"))
    await say(shop, "Where is the zebra crossing with marmalade, asks Quillon Abernatter", agent_id=agent)
    assert [word for word in WORDS if word in printed.getvalue()] == []


async def test_nor_when_the_database_does(
    business: Business, resources: Resources, printed: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the database is logged with its statement and without what was in it."""
    agent = await make_agent(business, None)
    real = store.add_question

    async def refused(connection: Any, conversation: store.Conversation, line: store.Line) -> None:
        await real(connection, conversation, line)
        await real(connection, conversation, line)  # the same id again

    monkeypatch.setattr(store, "add_question", refused)
    with pytest.raises(DBAPIError):
        await business.owner.post("/chat/message", json={"message": "the zebra crossing", "agent_id": agent})
    assert "IntegrityError" in printed.getvalue()
    assert [word for word in WORDS if word in printed.getvalue()] == []
