"""What a caller hears before being recorded, in the language of the call."""

from __future__ import annotations

from typing import Any

import pytest

from parley.app.resources import Resources
from parley.recordings import announcement, records
from tests.conftest import Business

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("voice_settings", "language", "sentence"),
    [
        ({"recording": True}, "en", "This call is recorded."),
        ({"recording": True}, "de", "Dieses Gespräch wird aufgezeichnet."),
        ({"recording": True}, "fr", "This call is recorded."),
        ({"recording": True, "recording_announcement": " Achtung, Aufnahme! "}, "de", "Achtung, Aufnahme!"),
    ],
)
async def test_it_is_said_in_the_callers_language(
    business: Business, resources: Resources, voice_settings: dict[str, Any], language: str, sentence: str
) -> None:
    made = await business.owner.post("/agents", json={"name": "Desk", "voice_settings": voice_settings})
    agent = await resources.agents.get(business.id, made.json()["id"])
    assert announcement(agent, language) == sentence
    assert records(agent, "phone")
    assert not records(agent, "training"), "practice is masked"


@pytest.mark.parametrize("voice_settings", [{}, {"recording": False}, {"recording_announcement": "Recorded."}])
async def test_it_is_off_unless_it_is_asked_for(
    business: Business, resources: Resources, voice_settings: dict[str, Any]
) -> None:
    made = await business.owner.post("/agents", json={"name": "Desk", "voice_settings": voice_settings})
    agent = await resources.agents.get(business.id, made.json()["id"])
    assert not records(agent, "voice")
    assert not records(agent, "phone")
