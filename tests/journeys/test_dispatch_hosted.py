"""The dispatch flow decides what is asked and when it ends, whoever words it: here a hosted model."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Business
from tests.journeys.conftest import rows, talk
from tests.wire.openai_replies import streamed
from tests.wire.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio


def told(server: OpenAIServer) -> list[str]:
    """What the model was told for each turn: the last system message."""
    bodies: list[dict[str, Any]] = [one.body for one in server.requests if one.path.endswith("/chat/completions")]
    return [[line["content"] for line in body["messages"] if line["role"] == "system"][-1] for body in bodies]


async def test_a_check_in_in_a_models_words(hosted: Business, server: OpenAIServer) -> None:
    here = await talk(hosted, "dispatch", scenario_type="check_in")
    server.queue(
        streamed("Good to hear. Where are you, and when will you be there?"),
        streamed("Got it. Could you send the POD once you're unloaded?"),
        streamed("Thanks a lot. Safe travels, goodbye!"),
    )
    await here.say("I'm driving, all on schedule.")
    await here.say("On I-80 near Lincoln, there around 3:30 pm.")
    last = await here.say("Sure, will do.")
    assert last["slots"]["pod_reminder_acknowledged"] is True
    first, second, third = told(server)
    assert "Now ask for: current_location, eta" in first
    assert "proof of delivery" in second
    assert "eta = around 3:30 pm" in second
    assert "Now say, in these words: Thank you, that's all I need" in third


async def test_an_emergency_leaves_the_model_for_the_script_and_returns_to_it(
    hosted: Business, server: OpenAIServer
) -> None:
    here = await talk(hosted, "dispatch", scenario_type="check_in")
    server.queue(streamed("Good that you are safe. Is anybody hurt?"))
    alarm = await here.say("My tire just blew out on I-80 near exit 401!")
    assert alarm["reply"].startswith("Your safety comes first.")
    assert told(server) == []
    after = await here.say("I'm safe, on the shoulder.")
    assert after["emergency"] is True
    assert after["reply"] == "Good that you are safe. Is anybody hurt?"
    assert "Now ask for: injury_status" in told(server)[0]
    assert [one["kind"] for one in await rows(hosted, "incidents")] == ["breakdown"]
