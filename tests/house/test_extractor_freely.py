"""Texts of any field: floors, addresses, ends of a way, and sentences that only have a field's word in them."""

from __future__ import annotations

import pytest

from tests.house.asking import answered

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("said", "floor"),
    [
        ("The lift is stuck on the third floor.", "third floor"),
        ("On the twenty-first floor.", "twenty-first floor"),
        ("I'm on the 12th floor.", "12th floor"),
        ("Im 3. Stock.", "3. Stock"),
        ("Im obersten Stock.", "obersten Stock"),
        ("In der siebzehnten Etage.", "siebzehnten Etage"),
        ("Water is all over the kitchen floor.", None),
        ("The wooden floor is scratched.", None),
        ("Der Wagen hat einen anderen Stock.", None),
    ],
)
async def test_a_floor_is_counted(said: str, floor: str | None) -> None:
    assert (await answered("How can I help?", said, floor="string"))["floor"] == floor


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("Am Hang 14 in Köln.", "Am Hang 14"),
        ("Zur Mühle 7a, bitte.", "Zur Mühle 7a"),
        ("Am Montag 14 Uhr passt mir.", None),
        ("Im Juni 2024 war das.", None),
        ("Am Freitag 10.", None),
        ("Im Oktober 12 Personen.", None),
        ("Im Schnitt 40 Stück.", None),
    ],
)
async def test_a_day_is_no_address(said: str, address: str | None) -> None:
    assert (await answered("Wie kann ich helfen?", said, adresse="string"))["adresse"] == address


@pytest.mark.parametrize(
    ("said", "origin", "destination"),
    [
        ("I need a ride from 18 Mercer Street to the airport.", "18 Mercer Street", "the airport"),
        ("I commute from work to school.", "work", "school"),
        ("Ich fahre von Köln nach Bonn.", "Köln", "Bonn"),
        ("I work from nine to five.", None, None),
        ("I am free from June to August.", None, None),
        ("We want to switch from gas to electric.", None, None),
        ("It went from bad to worse.", None, None),
        ("It takes from two to three hours.", None, None),
    ],
)
async def test_a_way_leads_from_place_to_place(said: str, origin: str | None, destination: str | None) -> None:
    found = await answered("How can I help?", said, origin="string", destination="string")
    assert (found["origin"], found["destination"]) == (origin, destination)


@pytest.mark.parametrize("said", ["My company is paying for it.", "What a nice company you are."])
async def test_a_sentence_with_the_fields_word_may_tell_nothing(said: str) -> None:
    assert (await answered("How can I help?", said, company="string"))["company"] is None


async def test_the_firm_is_what_is_behind_the_word_for_it() -> None:
    found = await answered("Guten Tag?", "Mein Name ist Ralf Peters von der Firma Lichtblick.", firma="string")
    assert found["firma"] == "Lichtblick"


@pytest.mark.parametrize(
    ("question", "said", "value"),
    [
        ("Which city is it in?", "Hang on a second.", None),
        ("Which city is it in?", "Um, let me look. It's Waco.", "Waco"),
        ("Which city is it in?", "It's Waco.", "Waco"),
        ("In welcher Stadt (city) ist das?", "Moment, ich schaue nach.", None),
    ],
)
async def test_asking_for_time_answers_nothing(question: str, said: str, value: str | None) -> None:
    assert (await answered(question, said, city="string"))["city"] == value


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("Hold on, let me grab my glasses.", None),
        ("Just a moment please.", None),
        ("Einen Moment bitte.", None),
        ("Let me get two burgers.", "Let me get two burgers"),
        ("Give me one large pizza.", "Give me one large pizza"),
        ("A second opinion.", "Second opinion"),
        ("Wait times are too long.", "Wait times are too long"),
    ],
)
async def test_a_wish_may_begin_like_asking_for_time(said: str, value: str | None) -> None:
    assert (await answered("What is your request?", said, request="string"))["request"] == value
