"""Yes or no of any field, and options that are meant but not named."""

from __future__ import annotations

import pytest

from tests.house.asking import answered

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "description",
    [
        "Whether the caller has a dog or not",
        "True if the caller has a dog, false if not.",
        "True if the caller has a dog, otherwise false. Null if not mentioned.",
        "Ob der Anrufer einen Hund hat oder nicht",
    ],
)
@pytest.mark.parametrize(("said", "value"), [("Yes, I do.", True), ("No.", False)])
async def test_or_not_in_a_description_turns_nothing(description: str, said: str, value: bool) -> None:
    told = {"type": "boolean", "description": description}
    assert (await answered("Do you have a dog?", said, has_dog=told))["has_dog"] is value


async def test_a_description_may_ask_for_the_opposite() -> None:
    told = {"type": "boolean", "description": "Whether the caller has no insurance, or has not told us"}
    assert (await answered("Do you have insurance?", "Yes.", uncovered=told))["uncovered"] is False


@pytest.mark.parametrize(
    ("question", "said", "value"),
    [
        ("Is anyone hurt?", "We're all fine, thank God.", False),
        ("Is anyone hurt?", "Everyone is okay.", False),
        ("Ist jemand verletzt?", "Uns geht es gut.", False),
        ("Is anyone hurt?", "My wife broke her arm.", True),
    ],
)
async def test_being_fine_is_not_being_hurt(question: str, said: str, value: bool) -> None:
    told = {"type": "boolean", "description": "Whether anyone is hurt. Ob jemand verletzt ist."}
    assert (await answered(question, said, anyone_injured=told))["anyone_injured"] is value


async def test_what_was_given_up_is_no_more() -> None:
    assert (await answered("Do you smoke?", "I quit last year.", smoker="boolean"))["smoker"] is False


@pytest.mark.parametrize(
    ("said", "option"),
    [
        ("I'd like to buy a gift card.", None),
        ("I have my insurance card with me.", None),
        ("I got your business card from a friend.", None),
        ("Can you transfer me to billing?", None),
        ("The wire is loose.", None),
        ("Do I need a visa for that?", None),
        ("We sat at the bar.", None),
        ("Do you take Visa?", "card"),
        ("I'll put it on my credit card.", "card"),
        ("I'll do a bank transfer.", "bank_transfer"),
        ("Just send me an invoice.", "invoice"),
    ],
)
async def test_nobody_pays_with_a_business_card(said: str, option: str | None) -> None:
    found = await answered("How can I help?", said, payment_method=["cash", "card", "bank_transfer", "invoice"])
    assert found["payment_method"] == option


@pytest.mark.parametrize(
    ("question", "said", "option"),
    [
        ("Hallo?", "Haben Sie eine Karte auf Deutsch?", None),
        ("Hallo?", "Wir sitzen gern an der Bar.", None),
        ("Hallo?", "Beim Einzug ist etwas kaputt gegangen.", None),
        ("Hallo?", "Bitte eine Überweisung zum Orthopäden.", None),
        ("Wie möchten Sie bezahlen?", "In bar, bitte.", "bar"),
        ("Wie möchten Sie bezahlen?", "Mit Karte.", "karte"),
        ("Wie möchten Sie bezahlen?", "Per Einzug.", "lastschrift"),
    ],
)
async def test_nobody_pays_with_a_menu(question: str, said: str, option: str | None) -> None:
    found = await answered(question, said, zahlungsart=["bar", "karte", "überweisung", "lastschrift"])
    assert found["zahlungsart"] == option


async def test_a_phrase_that_is_an_option_of_its_own_is_named() -> None:
    found = await answered("How do you want to pay?", "I want to use my gift card.", payment=["gift_card", "card"])
    assert found["payment"] == "gift_card"


@pytest.mark.parametrize(
    ("said", "option"),
    [
        ("I'm at work right now.", None),
        ("Tomorrow first thing works.", None),
        ("My emergency contact is my wife.", None),
        ("I can wait on hold.", None),
        ("Ich habe sofort bezahlt.", None),
        ("We need someone here right now!", "high"),
        ("Please come as soon as possible.", "high"),
        ("It's an emergency, water everywhere.", "high"),
        ("It can wait till next week.", "low"),
        ("Es ist ein Notfall!", "high"),
    ],
)
async def test_being_busy_right_now_is_not_urgent(said: str, option: str | None) -> None:
    assert (await answered("How can I help?", said, urgency=["low", "medium", "high"]))["urgency"] == option


@pytest.mark.parametrize(
    ("question", "said", "option"),
    [
        ("How can I help?", "I'm calling from home.", None),
        ("How can I help?", "I've lived here all my life.", None),
        ("Which insurance is it about?", "It's for my home.", "home"),
        ("Which insurance is it about?", "Life insurance.", "life"),
    ],
)
async def test_calling_from_home_insures_none(question: str, said: str, option: str | None) -> None:
    assert (await answered(question, said, insurance_type=["home", "auto", "life"]))["insurance_type"] == option
