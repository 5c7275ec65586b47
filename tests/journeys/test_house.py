"""Whole conversations without a hosted model, in both languages, with what they leave on record."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

import pytest

from parley.app.resources import Resources
from parley.conversations import LiveView
from tests.conftest import Business
from tests.journeys.conftest import coming, rows, talk, teach
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio

FRIDAY, MONDAY = coming("friday"), coming("monday")
MONTHS = {
    "en": "January February March April May June July August September October November December".split(),
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
}
LISTING = {
    "property_id": "A-102",
    "title": "Two-bedroom flat on Elm Street",
    "city": "Leipzig",
    "kind": "rent",
    "price": 1150,
    "currency": "EUR",
    "bedrooms": 2,
}
LINES: dict[str, dict[str, Any]] = {
    "en": {
        "want": "I would like to book a table",
        "when": "On {friday} at 7:30 pm",
        "four": "for 4",
        "aside": "Is there parking?",
        "yard": "yard",
        "six": "no, make it six people please",
        "name": "Anna Baker",
        "move": "Please move it to 8 pm",
        "cancel": "cancel my booking please",
        "full": "A table for 6 on {friday} at 7:30 pm, my name is Carl Winter, my number is +49 30 901820",
        "other": "A table for 6 on {friday} at 7:30 pm please",
        "later": "then at 9:30 pm",
        "dora": "My name is Dora King, +49 30 901821",
        "want_cancel": "I want to cancel my reservation",
        "dora_name": "Dora King",
        "no_reference": "I do not have the reference",
        "carl": "My name is Carl Winter, +49 30 901820",
        "price": ("How much is the lasagna?", "14.50"),
        "pool": "Do you have a swimming pool?",
        "angry": "I want to talk to a human right now, this is ridiculous!",
        "dogs": ("Are dogs allowed?", "terrace"),
        "nobody": "a table for 0 people tomorrow at 8 pm",
        "crowd": "I need a table for 5000 people",
        "never": "a table on February 31st for two at 8 pm",
        "closed": "a table for two on {monday} at 8 pm",
        "fire": "Help, there is a fire in the kitchen!",
        "where": "at the back of the house",
        "hurt": "no one is hurt",
    },
    "de": {
        "want": "Ich möchte einen Tisch reservieren",
        "when": "Am {friday} um halb acht",
        "four": "für vier",
        "aside": "Gibt es Parkplätze?",
        "yard": "Hof",
        "six": "nein, doch sechs Personen bitte",
        "name": "Anna Huber",
        "move": "Bitte verschieben Sie auf 20 Uhr",
        "cancel": "Bitte stornieren Sie die Reservierung",
        "full": "Einen Tisch für 6 am {friday} um halb acht, ich heiße Karl Winter, meine Nummer ist +49 30 901820",
        "other": "Einen Tisch für 6 am {friday} um halb acht bitte",
        "later": "dann um halb zehn",
        "dora": "Ich heiße Dora König, +49 30 901821",
        "want_cancel": "Ich möchte meine Reservierung stornieren",
        "dora_name": "Dora König",
        "no_reference": "die Nummer habe ich nicht",
        "carl": "Ich heiße Karl Winter, +49 30 901820",
        "price": ("Was kostet das Wiener Schnitzel?", "21,50"),
        "pool": "Haben Sie ein Schwimmbad?",
        "angry": "Ich will sofort mit einem Menschen sprechen, das ist eine Unverschämtheit!",
        "dogs": ("Sind Hunde erlaubt?", "Gaststube"),
        "nobody": "einen Tisch für 0 Personen morgen um 20 Uhr",
        "crowd": "Ich brauche einen Tisch für 5000 Personen",
        "never": "einen Tisch am 31. Februar für zwei um 20 Uhr",
        "closed": "einen Tisch für zwei am {monday} um 20 Uhr",
        "fire": "Hilfe, in der Küche brennt es!",
        "where": "hinten im Haus",
        "hurt": "niemand ist verletzt",
    },
}
KNOWN = {
    "en": (
        "Lasagna al forno: 14.50. Mushroom risotto: 16.00.",
        "Well-behaved dogs are welcome on the terrace.\n\nGuests park for free in the yard behind the house.",
    ),
    "de": (
        "Wiener Schnitzel: 21,50 €. Zwiebelrostbraten: 24,90 €.",
        "Hunde sind in der Gaststube erlaubt.\n\nGäste parken kostenlos im Hof.",
    ),
}


def spoken(day: date, language: str) -> str:
    return f"{day.day}{'.' if language == 'de' else ''} {MONTHS[language][day.month - 1]}"


def line(language: str, name: str) -> str:
    days = {"friday": spoken(FRIDAY, language), "monday": spoken(MONDAY, language)}
    return str(LINES[language][name]).format(**days)


async def know(business: Business, language: str) -> None:
    menu, rules = KNOWN[language]
    await teach(business, "Menu", menu, "menu")
    await teach(business, "House", rules, "policy")


def done(answer: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(one["name"], one["ok"]) for one in answer["actions"]]


@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_booking_with_a_question_in_between_and_a_correction(restaurant: Business, language: str) -> None:
    await know(restaurant, language)
    here = await talk(restaurant, language=language)
    for name in ("want", "when", "four"):
        answer = await here.say(line(language, name))
    assert done(answer) == [("check_availability", True)]
    assert line(language, "yard") in (await here.say(line(language, "aside")))["reply"]
    corrected = await here.say(line(language, "six"))
    assert corrected["actions"][0]["result"]["party_size"] == 6
    await here.say(line(language, "name"))
    answer = await here.say("+49 151 23456789")
    assert done(answer) == [("book_table", True)]
    [row] = await rows(restaurant, "reservations")
    assert (row["date"], row["time"], row["party_size"]) == (FRIDAY.isoformat(), "19:30", 6)
    assert (row["name"], row["phone"], row["status"]) == (line(language, "name"), "+4915123456789", "confirmed")
    assert row["reference"] in answer["reply"]
    moved = await here.say(line(language, "move"))
    assert done(moved) == [("change_reservation", True)]
    assert (await rows(restaurant, "reservations"))[0]["time"] == "20:00"
    cancelled = await here.say(line(language, "cancel"))
    assert done(cancelled) == [("cancel_reservation", True)]
    assert (await rows(restaurant, "reservations"))[0]["status"] == "cancelled"


@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_conflict_is_said_with_another_time(restaurant: Business, language: str) -> None:
    first = await talk(restaurant, language=language)
    assert done(await first.say(line(language, "full"))) == [("check_availability", True), ("book_table", True)]
    second = await talk(restaurant, language=language)
    answer = await second.say(line(language, "other"))
    assert answer["actions"][0]["result"]["available"] is False
    assert answer["actions"][0]["result"]["alternatives"]
    assert str(FRIDAY.day) in answer["reply"]
    await second.say(line(language, "later"))
    assert done(await second.say(line(language, "dora"))) == [("book_table", True)]
    assert {row["time"] for row in await rows(restaurant, "reservations")} == {"19:30", "21:30"}


@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_cancellation_in_a_new_conversation_needs_to_know_who(restaurant: Business, language: str) -> None:
    await (await talk(restaurant, language=language)).say(line(language, "full"))
    [row] = await rows(restaurant, "reservations")
    by_reference = await talk(restaurant, language=language)
    await by_reference.say(line(language, "want_cancel"))
    asked = await by_reference.say(row["reference"])
    assert asked["actions"] == []
    wrong = await by_reference.say(line(language, "dora_name"))
    assert done(wrong) == [("cancel_reservation", False)]
    assert (await rows(restaurant, "reservations"))[0]["status"] == "confirmed"
    by_name = await talk(restaurant, language=language)
    await by_name.say(line(language, "want_cancel"))
    await by_name.say(line(language, "no_reference"))
    answer = await by_name.say(line(language, "carl"))
    assert done(answer) == [("find_reservation", True), ("cancel_reservation", True)]
    assert (await rows(restaurant, "reservations"))[0]["status"] == "cancelled"


async def test_a_reference_in_a_sentence_is_no_name(restaurant: Business) -> None:
    await (await talk(restaurant, language="en")).say(line("en", "full"))
    [row] = await rows(restaurant, "reservations")
    here = await talk(restaurant, language="en")
    await here.say(f"I want to cancel my reservation {row['reference']}")
    assert done(await here.say("Carl Winter")) == [("cancel_reservation", True)]
    here = await talk(restaurant, language="en")
    await here.say("I want to cancel my reservation")
    assert (await here.say(f"it is {row['reference']}"))["actions"] == []


@pytest.mark.parametrize("language", ["en", "de"])
async def test_prices_the_unknown_and_a_wish_for_a_person(restaurant: Business, language: str) -> None:
    await know(restaurant, language)
    here = await talk(restaurant, language=language)
    question, price = LINES[language]["price"]
    assert price in (await here.say(question))["reply"]
    unknown = await here.say(line(language, "pool"))
    assert unknown["sources"] == []
    angry = await here.say(line(language, "angry"))
    assert angry["escalate"] is True
    assert done(angry) == [("transfer_to_person", True)]
    question, where = LINES[language]["dogs"]
    assert where in (await here.say(question))["reply"], "until a person has come, the agent goes on answering"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", ["nobody", "crowd", "never", "closed"])
async def test_what_cannot_be_is_noticed(restaurant: Business, language: str, name: str) -> None:
    here = await talk(restaurant, language=language)
    answer = await here.say(line(language, name))
    assert not any(one["name"] == "book_table" for one in answer["actions"])
    assert answer["reply"].rstrip().endswith("?")
    if name == "closed":
        assert answer["actions"][0]["result"]["status"] == "closed"
    else:
        assert "0" in answer["reply"] or "31" in answer["reply"]
    assert await rows(restaurant, "reservations") == []


@pytest.mark.parametrize("language", ["en", "de"])
async def test_an_emergency_keeps_to_its_script_and_is_recorded_once(restaurant: Business, language: str) -> None:
    await know(restaurant, language)
    here = await talk(restaurant, language=language)
    answer = await here.say(line(language, "fire"))
    assert answer["emergency"] is True
    assert "112" in answer["reply"]
    for name in ("where", "hurt"):
        assert (await here.say(line(language, name)))["emergency"] is True
    question, price = LINES[language]["price"]
    assert price in (await here.say(question))["reply"]
    [incident] = await rows(restaurant, "incidents")
    assert (incident["kind"], incident["severity"]) == ("fire", "critical")


async def test_a_viewing_leaves_a_lead(business: Business) -> None:
    await business.owner.put("/frontdesk/settings", json={"opening_hours": {"fri": ["09:00-18:00"]}})
    made = await business.owner.post("/listings", json=LISTING)
    assert made.status_code == 201, made.text
    here = await talk(business, "real_estate", language="en")
    for words in ("I would like to see the flat A-102", f"{spoken(FRIDAY, 'en')} at 2 pm", "Eve Stone"):
        await here.say(words)
    answer = await here.say("+49 151 98765432")
    assert done(answer) == [("schedule_viewing", True)]
    [row] = await rows(business, "reservations")
    assert (row["kind"], row["property_id"], row["time"]) == ("viewing", "A-102", "14:00")
    [lead] = await rows(business, "leads")
    assert (lead["name"], lead["property_id"], lead["phone"]) == ("Eve Stone", "A-102", "+4915198765432")


async def test_without_settings_a_booking_is_a_request_and_said_to_be_one(business: Business) -> None:
    here = await talk(business, language="en")
    answer = await here.say(line("en", "full"))
    [row] = await rows(business, "reservations")
    assert row["status"] == "requested"
    assert "confirmed:" not in answer["reply"]
    assert "not" in answer["reply"] or "isn't" in answer["reply"] or "still has to" in answer["reply"]


async def test_a_person_takes_over_and_hands_back(restaurant: Business) -> None:
    await know(restaurant, "en")
    here = await talk(restaurant, language="en")
    question, price = LINES["en"]["price"]
    await here.say(question)
    path = f"/conversations/{here.conversation_id}"
    assert (await restaurant.owner.post(f"{path}/takeover")).status_code == 200
    held = await here.say("Are you still there?")
    assert (held["held"], held["reply"]) == (True, "")
    spoke = await restaurant.owner.post(f"{path}/reply", json={"content": "This is Mo, how can I help?"})
    assert spoke.status_code in {200, 201}, spoke.text
    assert (await restaurant.owner.post(f"{path}/release")).status_code == 200
    answer = await here.say(question)
    assert price in answer["reply"]
    lines = (await restaurant.owner.get(f"{path}/messages")).json()["messages"]
    assert [one["role"] for one in lines] == ["user", "agent", "user", "agent", "user", "agent"]


async def test_a_conversation_can_be_followed_live(restaurant: Business, resources: Resources) -> None:
    await know(restaurant, "en")
    here = await talk(restaurant, language="en")
    await here.say("Are dogs allowed?")
    assert here.conversation_id is not None
    seen: list[tuple[str, dict[str, Any]]] = []
    enough = asyncio.Event()

    async def follow(live: LiveView, conversation_id: str) -> None:
        async for told in live.events(restaurant.id, conversation_id):
            seen.append(told)
            if told == ("state", {"state": "held"}):
                enough.set()

    following = asyncio.create_task(follow(resources.live, here.conversation_id))
    while not any(name == "state" for name, _ in seen):  # noqa: ASYNC110 - the subscription has no other sign
        await asyncio.sleep(0.01)
    await here.say("Is there parking?")
    await restaurant.owner.post(f"/conversations/{here.conversation_id}/takeover")
    await asyncio.wait_for(enough.wait(), PATIENCE)
    following.cancel()
    said = [body["role"] for name, body in seen if name == "message"]
    assert said == ["user", "agent", "user", "agent"]
    assert json.dumps(seen, default=str)
