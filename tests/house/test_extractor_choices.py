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
