"""Every caller holds a whole call with the dispatch agent, through the real turn, and it ends as it must."""

from __future__ import annotations

import re
from typing import Any

import pytest

from parley.app.resources import Resources
from parley.personas import Caller, persona, personas
from tests.conftest import Business
from tests.personas.talk import Dialogue, hold, say

pytestmark = pytest.mark.anyio

SEEDS = range(3)
DRIVING = ("driver_status", "current_location", "eta", "pod_reminder_acknowledged")
KNOWN = {
    "on_time": DRIVING,
    "delayed": (*DRIVING, "delay_reason"),
    "unloading": ("driver_status", "current_location", "unloading_status", "pod_reminder_acknowledged"),
}
EMERGENCY = ("safety_status", "injury_status", "emergency_location", "load_secure", "emergency_type")
GOODBYE = re.compile(r"goodbye|auf wiederhören|wiederhören", re.IGNORECASE)


async def agent(business: Business, **values: Any) -> str:
    made = await business.owner.post("/agents", json={"name": "Dispatch", "scenario_type": "check_in", **values})
    assert made.status_code == 201, made.text
    agent_id: str = made.json()["id"]
    return agent_id


async def call(
    resources: Resources, business: Business, key: str, seed: int, language: str, **values: Any
) -> tuple[Dialogue, Caller]:
    caller = Caller(persona(key), seed, language)
    scenario = persona(key).scenario
    agent_id = await agent(business, **{"scenario_type": scenario, "language": language, **values})
    return await hold(resources, business.id, agent_id, caller), caller


def polite(talk: Dialogue) -> bool:
    return talk.ended_by == "agent" and GOODBYE.search(talk.replies[-1]) is not None


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("key", sorted(KNOWN))
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_check_in_knows_all_it_needs(
    resources: Resources, business: Business, key: str, seed: int, language: str
) -> None:
    talk, caller = await call(resources, business, key, seed, language)
    assert {name: talk.slots.get(name) for name in KNOWN[key] if talk.slots.get(name) in (None, "")} == {}, talk
    assert talk.slots["driver_status"] == {"on_time": "driving"}.get(key, key), talk
    assert talk.slots["pod_reminder_acknowledged"] is True
    place = str(talk.slots["current_location"])
    assert any(word in caller.values["location"] for word in re.findall(r"[A-ZÄÖÜ]\S*\d+|[A-ZÄÖÜ]\w{3,}", place)) or (
        key == "unloading" and re.search(r"receiver|Empfänger|door|Tor|Rampe", place)
    ), talk
    assert talk.actions == [], talk
    assert polite(talk), talk
    assert len(talk.turns) <= 7, talk


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("key", ["blow_out", "medical"])
@pytest.mark.parametrize("seed", SEEDS)
async def test_an_emergency_leaves_the_check_in_and_is_handed_over(
    resources: Resources, business: Business, key: str, seed: int, language: str
) -> None:
    talk, _ = await call(resources, business, key, seed, language, scenario_type="check_in")
    assert "raise_incident" in talk.actions, talk
    assert talk.actions[-1] == "transfer_to_person", talk
    assert {name for name in EMERGENCY if talk.slots.get(name) in (None, "")} == set(), talk
    assert "pod_reminder_acknowledged" not in talk.slots
    assert talk.turns[-1].emergency
    assert talk.turns[-1].escalate
    assert polite(talk), talk
    found = (await business.owner.get("/incidents")).json()["incidents"]
    assert [one["kind"] for one in found] == [talk.slots["emergency_type"]]
    assert not re.search(r"proof of delivery|Ablieferbeleg|ETA|expect to arrive", " ".join(talk.replies))


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("key", "most"), [("hostile", 8), ("voicemail", 2), ("bad_line", 12)])
@pytest.mark.parametrize("seed", SEEDS)
async def test_who_will_not_or_cannot_talk_is_let_go_politely(
    resources: Resources, business: Business, key: str, most: int, seed: int, language: str
) -> None:
    talk, _ = await call(resources, business, key, seed, language)
    assert polite(talk) or talk.ended_by == "caller", talk
    assert len(talk.turns) <= most, talk
    assert "raise_incident" not in talk.actions, talk


@pytest.mark.parametrize("language", ["en", "de"])
async def test_nobody_there_is_left_to_the_line(resources: Resources, business: Business, language: str) -> None:
    talk, _ = await call(resources, business, "silent", 1, language)
    assert talk.ended_by == "line"


# What the flow asks, in fixed lines


EVERYTHING = {
    "en": "I'm running late because of heavy traffic, I'm on I-80 near Lincoln and should be there around 3:30 pm.",
    "de": "Ich habe Verspätung, Stau auf der A7 bei Kassel, ich bin gegen 17 Uhr da.",
}


@pytest.mark.parametrize("language", ["en", "de"])
async def test_who_says_everything_at_once_is_asked_only_for_the_rest(
    resources: Resources, business: Business, language: str
) -> None:
    yes = {"en": "Yes, will do.", "de": "Ja, mache ich."}[language]
    talk = await say(resources, business.id, await agent(business, language=language), [EVERYTHING[language], yes])
    assert re.search(r"proof of delivery|Ablieferbeleg", talk.replies[0]), talk
    assert polite(talk)
    assert talk.slots["driver_status"] == "delayed"
    assert {"delay_reason", "eta", "current_location"} <= talk.slots.keys()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["What do you want now?", "Look it up.", "Can't you look at the tracker?", "Who won the game last night?"],
        ),
        (
            "de",
            ["Was wollen Sie denn?", "Schauen Sie nach.", "Können Sie nicht ins System schauen?", "Wer hat gewonnen?"],
        ),
    ],
)
async def test_who_did_not_call_is_offered_no_call_back(
    resources: Resources, business: Business, language: str, words: list[str]
) -> None:
    """A driver's grumbling is no question to an information desk."""
    agent_id = await agent(business, language=language)
    for said in words:
        talk = await say(resources, business.id, agent_id, [said])
        told = " ".join(talk.replies)
        assert not re.search(r"information|details|kollege|kontaktdaten", told, re.IGNORECASE), (said, told)
        assert "?" in talk.replies[-1]


async def test_monosyllables_are_thanked_and_let_go(resources: Resources, business: Business) -> None:
    talk = await say(resources, business.id, await agent(business), ["Hello?", "Fine.", "Okay.", "Yeah.", "Hm.", "So?"])
    assert len(talk.turns) == 4, talk
    assert "Thank you" in talk.replies[-1]
    assert polite(talk)


@pytest.mark.parametrize("noise", ["(unintelligible audio)", "[inaudible]", "...", "I... (static)"])
async def test_noise_is_asked_again_three_times_at_most(resources: Resources, business: Business, noise: str) -> None:
    talk = await say(resources, business.id, await agent(business), [noise] * 6)
    assert len(talk.turns) == 4, talk
    assert all(reply.endswith(("?", "slowly.")) for reply in talk.replies[:3]), talk
    assert len(set(talk.replies[:3])) == 3
    assert polite(talk)


async def test_one_noise_does_not_lose_what_is_known(resources: Resources, business: Business) -> None:
    lines = ["I'm driving, on schedule.", "(unintelligible audio)", "On I-80 near Lincoln, there at 4 pm.", "Will do."]
    talk = await say(resources, business.id, await agent(business), lines)
    assert polite(talk), talk
    assert talk.slots["eta"] == "at 4 pm"


async def test_a_driver_who_does_not_know_is_not_asked_for_ever(resources: Resources, business: Business) -> None:
    lines = ["Driving.", "I'm near Omaha, no idea when.", "I don't know.", "Sure."]
    talk = await say(resources, business.id, await agent(business), lines)
    assert "eta" not in talk.slots
    assert polite(talk), talk


async def test_an_emergency_in_mid_call_switches_and_asks_only_for_what_is_missing(
    resources: Resources, business: Business
) -> None:
    lines = [
        "I'm driving, on time.",
        "I'm on I-80 near Lincoln, but hold on, my tire just blew out!",
        "I'm safe, on the shoulder, nobody's hurt. It's I-80 mile marker 401.",
        "Yes, the load is secure.",
    ]
    talk = await say(resources, business.id, await agent(business), lines)
    assert talk.replies[1].startswith("Your safety comes first."), talk
    assert re.search("load secure", talk.replies[2]), talk
    assert "hurt" not in talk.replies[2]
    assert talk.actions == ["raise_incident", "transfer_to_person"]
    assert polite(talk)


async def test_an_emergency_line_asks_for_safety_first_and_records_before_it_hands_over(
    resources: Resources, business: Business
) -> None:
    lines = ["Hi, it's me, Walt.", "Yes.", "No.", "I-25 south of Pueblo", "Yes it is."]
    talk = await say(resources, business.id, await agent(business, scenario_type="emergency"), lines)
    order = ["safe", "hurt", "[Ww]here", "load secure"]
    assert [bool(re.search(word, reply)) for word, reply in zip(order, talk.replies, strict=False)] == [True] * 4, talk
    assert set(talk.actions) == {"transfer_to_person", "raise_incident"}, talk
    assert talk.ended_by == "agent"


async def test_own_greeting_and_the_least_flow_are_taken(resources: Resources, business: Business) -> None:
    """The body that existing clients send: its flow names a node and leaves the talk to the scenario."""
    body: dict[str, Any] = {
        "prompts": {"greeting": "Hello driver, how is the load?"},
        "voice_settings": {"speed": 1.0},
        "conversation_flow": {"start": "greet", "nodes": {"greet": {}}},
        "is_active": True,
    }
    caller = Caller(persona("on_time"), 4, "en")
    talk = await hold(resources, business.id, await agent(business, **body), caller, body["prompts"]["greeting"])
    assert polite(talk), talk
    assert set(DRIVING) <= talk.slots.keys()


async def test_a_flow_of_ones_own_is_followed(resources: Resources, business: Business) -> None:
    flow = {
        "start": "ask",
        "nodes": {
            "ask": {"type": "ask", "slots": ["eta"], "text": "Just the ETA, please?", "next": "over"},
            "over": {"type": "end", "text": "Noted. Goodbye!"},
        },
    }
    talk = await say(resources, business.id, await agent(business, conversation_flow=flow), ["Hi.", "Around 5 pm."])
    assert talk.replies == ["Just the ETA, please?", "Noted. Goodbye!"]


def test_every_driver_is_covered_here() -> None:
    drivers = {one.key for one in personas() if one.calls == "dispatch"}
    assert drivers == {*KNOWN, "blow_out", "medical", "hostile", "silent", "voicemail", "bad_line"}
