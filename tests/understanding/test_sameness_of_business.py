"""Questions of callers at large: a gist is shared by wordings of one question only, and any word more changes it."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from parley.kit.yaml_text import load_yaml
from parley.understanding import gist, kind_of_house

HERE = Path(__file__).parent
FILES = ("asked_of_business", "same_questions")
HOUSES = (None, "hotel", "restaurant")
LEAST_HITS = 0.6
WORDS = {
    "en": "zanzibar tuesday 17 € only never all not without before extra second hamster 11pm yesterday".split(),
    "de": "sansibar dienstag 17 € nur nie alle nicht ohne vor extra zweite hamster 23:15 gestern".split(),
}
# Said twice, these say nothing new.
LOOSE = {"not", "nicht", "ohne", "vor", "without", "before", "nie", "never"}


def groups(file: str, language: str) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = load_yaml((HERE / f"{file}_{language}.yaml").read_text(encoding="utf-8"))
    return read


def questions(language: str) -> list[str]:
    read = chain.from_iterable(groups(file, language) for file in FILES)
    return [text for group in read for text in (group["ask"], *group["same"], *group["other"])]


@pytest.mark.parametrize("held_out", [False, True])
@pytest.mark.parametrize("language", ["en", "de"])
def test_most_wordings_are_recognised(language: str, held_out: bool) -> None:
    read = groups("asked_of_business", language)[held_out::2]
    found = [gist(same, language) == gist(group["ask"], language) for group in read for same in group["same"]]
    assert sum(found) / len(found) >= LEAST_HITS, f"{sum(found)} of {len(found)}"


@pytest.mark.parametrize("house", HOUSES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_no_two_questions_of_a_kind_of_caller_share_a_gist(language: str, house: str | None) -> None:
    owners: dict[str, set[str]] = {}
    for group in groups("asked_of_business", language):
        for text in (group["ask"], *group["same"]):
            if (key := gist(text, language, house)) is not None:
                owners.setdefault(key, set()).add(group["ask"])
        for text in group["other"]:
            if (house is not None and house in text.lower()) or (key := gist(text, language, house)) is None:
                continue
            owners.setdefault(key, set()).add(text)
    assert [asked for asked in owners.values() if len(asked) > 1] == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_word_more_anywhere_changes_the_gist(language: str) -> None:
    swallowed = []
    for number, text in enumerate(questions(language)):
        house = HOUSES[number % len(HOUSES)]
        key, words = gist(text, language, house), text.rstrip("?").split()
        if key is None:
            continue
        for word in WORDS[language][number % 5 :: 5]:
            if (word in LOOSE and word in key) or word in text.lower():
                continue
            for place in range(1, len(words) + 1):
                longer = " ".join([*words[:place], word, *words[place:]])
                if gist(f"{longer}?", language, house) == key:
                    swallowed.append(longer)
    assert swallowed == []


def pairs() -> list[tuple[str, str, str]]:
    lines = (HERE / "look_alikes.txt").read_text(encoding="utf-8").splitlines()
    return [(language, one, other) for language, one, other in (line.split("|") for line in lines if line)]


@pytest.mark.parametrize(("language", "one", "other"), pairs())
def test_what_only_looks_alike_is_kept_apart(language: str, one: str, other: str) -> None:
    for house in HOUSES:
        if house == "restaurant" and "restaurant" in f"{one} {other}".lower():
            continue
        key = gist(one, language, house)
        assert key is None or gist(other, language, house) != key, key


def test_the_kind_of_house_is_read_from_what_an_agent_is_told() -> None:
    assert kind_of_house("You answer for the Hotel Adler and its restaurant.") == "hotel"
    assert kind_of_house("Tony's Restaurant") == "restaurant"
    assert kind_of_house("You are friendly.") is None


def question_pairs(language: str, kind: str) -> list[list[str]]:
    read: dict[str, list[list[str]]] = load_yaml((HERE / f"question_pairs_{language}.yaml").read_text(encoding="utf-8"))
    return read[kind]


@pytest.mark.parametrize("house", HOUSES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_opposites_numbers_names_ways_and_swapped_words_are_kept_apart(language: str, house: str | None) -> None:
    alike = [
        (one, other)
        for one, other in question_pairs(language, "apart")
        if (key := gist(one, language, house)) is not None and key == gist(other, language, house)
        if house is None or house not in one.lower()
    ]
    assert alike == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_pairs_that_ask_the_same_are_mostly_recognised(language: str) -> None:
    found = [gist(one, language) == gist(other, language) for one, other in question_pairs(language, "same")]
    assert sum(found) / len(found) >= LEAST_HITS, f"{sum(found)} of {len(found)}"


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("Can the hotel guests use the spa bar?", "Can the bar guests use the hotel spa?", "en"),
        ("Is the pool only for guests?", "Is only the pool for guests?", "en"),
        ("Dürfen Hotelgäste die Bar im Spa nutzen?", "Dürfen Bargäste das Spa im Hotel nutzen?", "de"),
        ("Darf der Koch den Kellner vertreten?", "Darf der Kellner den Koch vertreten?", "de"),
    ],
)
def test_the_order_of_things_counts(one: str, other: str, language: str) -> None:
    assert gist(one, language) != gist(other, language)


def test_alone_is_told_with_what_it_stands_beside() -> None:
    assert gist("Is the sauna only for guests over 16?", "en") != gist("Is the sauna for guests over 16?", "en")
    assert gist("Is the garden for dogs only?", "en") == gist("Is the garden only for dogs?", "en")
