"""Everyday turns of a talk with the house responder: it ends politely and asks no question without end."""

from __future__ import annotations

import pytest

from tests.conftest import Business
from tests.journeys.conftest import Talk, rows, talk, teach
from tests.journeys.test_house import done
from tests.journeys.test_house_talks import agency

pytestmark = pytest.mark.anyio
KNOWN = {
    "en": "We have six high chairs. The lemon cake contains almonds. Nothing else on the menu is made with nuts.",
    "de": "Wir haben sechs Hochstühle. Kleines Schnitzel vom Schwein mit Pommes kostet 9,90 Euro.",
}


async def restaurant_talk(business: Business, language: str) -> Talk:
    await teach(business, "House", KNOWN[language], "policy")
    return await talk(business, language=language)


@pytest.mark.parametrize(
    ("language", "line", "said"),
    [
        ("en", "Great, thank you. That's all I needed. Goodbye!", "day|Goodbye|goodbye"),
        ("de", "Super, vielen Dank. Das war alles. Auf Wiederhören!", "Wiedersehen|bis bald"),
    ],
)
async def test_a_farewell_ends_politely(restaurant: Business, language: str, line: str, said: str) -> None:
    here = await restaurant_talk(restaurant, language)
    await here.say({"en": "Do you have high chairs?", "de": "Haben Sie Hochstühle?"}[language])
    answer = await here.say(line)
    assert answer["intent"] == "goodbye"
    assert any(one in answer["reply"] for one in said.split("|"))


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", ("What do you want now?", "are you a robot?", "asdfgh", "hello?")),
        ("de", ("Was wollen Sie denn jetzt schon wieder?", "Sind Sie ein Mensch?", "asdfgh", "hallo?")),
    ],
)
async def test_talk_about_the_talk_is_no_lack_of_knowledge(
    restaurant: Business, language: str, lines: tuple[str, ...]
) -> None:
    here = await restaurant_talk(restaurant, language)
    for line in lines:
        answer = await here.say(line)
        assert "information" not in answer["reply"].lower(), line
        assert "weiß ich leider nicht" not in answer["reply"], line
        assert not answer["escalate"], line


@pytest.mark.parametrize(
    ("language", "lost", "yes"),
    [
        ("en", "I left my scarf at your place", "yes please"),
        ("de", "Ich habe meinen Schal bei Ihnen vergessen", "Ja bitte"),
    ],
)
async def test_what_was_offered_is_done_when_taken_up(restaurant: Business, language: str, lost: str, yes: str) -> None:
    here = await restaurant_talk(restaurant, language)
    await here.say(lost)
    assert (await here.say(yes))["intent"] == "lead_capture"
    answer = await here.say("Jana Koch, +49 151 22334455")
    assert done(answer) == [("capture_lead", True)]
    assert [row["name"] for row in await rows(restaurant, "leads")] == ["Jana Koch"]


async def test_half_of_the_truth_about_an_allergy_is_not_told(restaurant: Business) -> None:
    here = await restaurant_talk(restaurant, "en")
    assert "almonds" in (await here.say("Is anything on the menu made with nuts?"))["reply"]


async def test_what_is_unwanted_is_not_served(restaurant: Business) -> None:
    here = await restaurant_talk(restaurant, "de")
    assert "Schwein" not in (await here.say("Gibt es ein Schnitzel ohne Schweinefleisch?"))["reply"]


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", ("I'd like to view a flat", "I don't know", "whatever you have", "no idea really")),
        ("de", ("Ich möchte eine Wohnung besichtigen", "weiß ich nicht", "keine Ahnung", "ich weiß es nicht")),
    ],
)
async def test_which_home_is_asked_no_more_than_twice(
    business: Business, language: str, lines: tuple[str, ...]
) -> None:
    await agency(business)
    here = await talk(business, "real_estate", language=language)
    replies = [(await here.say(line)) for line in lines]
    assert done(replies[2]) == [("find_listings", True)], "what there is"
    name = {"en": "name", "de": "Name"}[language]
    assert name in replies[3]["reply"], "else somebody calls back"
    taken = await here.say("Eva Stein, +49 151 98765432")
    assert done(taken) == [("capture_lead", True)]


@pytest.mark.parametrize(
    ("language", "search", "choose"),
    [
        ("en", "I am looking for a flat to rent in Leipzig", "I'd like to see the second one"),
        ("de", "Ich suche eine Mietwohnung in Leipzig", "die zweite würde ich gern besichtigen"),
    ],
)
async def test_one_of_those_named_can_be_chosen(business: Business, language: str, search: str, choose: str) -> None:
    await agency(business)
    here = await talk(business, "real_estate", language=language)
    found = (await here.say(search))["actions"][0]["result"]["listings"]
    assert len(found) > 1
    chosen = await here.say(choose)
    assert chosen["actions"][0]["arguments"] == {"property_id": found[1]["property_id"]}


async def test_a_viewing_is_moved_to_another_day_at_the_same_time(business: Business) -> None:
    hours = {day: ["09:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    await agency(business)
    assert (await business.owner.put("/frontdesk/settings", json={"opening_hours": hours})).status_code == 200
    here = await talk(business, "real_estate")
    await here.say("I would like to see A-102 next Tuesday at 11 am")
    await here.say("Sam Fox, +49 151 98765432")
    answer = await here.say("actually can we do Thursday, same time?")
    assert done(answer) == [("change_reservation", True)]
    [row] = await rows(business, "reservations")
    assert row["time"] == "11:00"


async def test_a_home_beyond_the_budget_is_said_to_be(business: Business) -> None:
    await agency(business)
    here = await talk(business, "real_estate")
    answer = await here.say("I am looking for a two bedroom flat to rent in Leipzig for at most 1100 euros")
    shown = answer["actions"][0]["result"]["listings"]
    assert [(one["property_id"], one["over_budget"]) for one in shown] == [("A-102", True)]
    assert "above your budget" in answer["reply"]
