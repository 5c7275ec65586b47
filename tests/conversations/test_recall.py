"""A remembered answer is the right one, and no longer than it is right."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from parley.conversations.events import Source
from parley.conversations.recall import Question, Recall, stands_alone

ASKED = Question("t1", "a1", 1, "", "en", 3, "How much is the lasagna?")
SOURCES = (Source("d1", "Menu", "menu", 0.9),)


class Hands:
    """A clock that is set."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def recall(clock: Hands) -> Recall:
    made = Recall(clock, ttl_seconds=60, most=3)
    made.remember(ASKED, "14.50.", "pricing", SOURCES)
    return made


@pytest.mark.parametrize(
    "text", ["How much is the lasagna?", "how much is the LASAGNA", " How  much is the lasagna ?! "]
)
def test_spelling_makes_no_difference(recall: Recall, text: str) -> None:
    found = recall.look_up(replace(ASKED, text=text))
    assert found is not None
    kind, answer = found
    assert (kind, answer.reply, answer.intent, answer.sources) == ("exact", "14.50.", "pricing", SOURCES)


@pytest.mark.parametrize(
    "other",
    [
        {"tenant_id": "t2"},
        {"agent_id": "a2"},
        {"version": 2},
        {"prompt_id": "p"},
        {"language": "de"},
        {"knowledge_revision": 4},
        {"text": "How much is the risotto?"},
        {"text": "How much is the lasagna for 10 €?"},
    ],
)
def test_whatever_an_answer_hangs_on_tells_it_apart(recall: Recall, other: dict[str, str | int]) -> None:
    assert recall.look_up(replace(ASKED, **other)) is None  # type: ignore[arg-type]


def test_it_is_forgotten_in_time(recall: Recall, clock: Hands) -> None:
    clock.time += timedelta(seconds=59)
    assert recall.look_up(ASKED) is not None
    clock.time += timedelta(seconds=1)
    assert recall.look_up(ASKED) is None
    assert recall.counts("t1")["exact"]["entries"] == 0


def test_the_least_used_goes_first(recall: Recall) -> None:
    for number in range(2):
        recall.remember(replace(ASKED, text=f"Question number {number}"), "x", "faq", SOURCES)
    recall.look_up(ASKED)
    recall.remember(replace(ASKED, text="One more question"), "x", "faq", SOURCES)
    assert recall.look_up(ASKED) is not None
    assert recall.look_up(replace(ASKED, text="Question number 0")) is None
    assert recall.counts("t1")["exact"]["evictions"] == 1


def test_clearing_keeps_to_its_tenant_and_agent(recall: Recall) -> None:
    recall.remember(replace(ASKED, tenant_id="t2"), "x", "faq", SOURCES)
    recall.remember(replace(ASKED, agent_id="a2"), "x", "faq", SOURCES)
    assert recall.clear("t1", "a1") == 1
    assert recall.clear("t1") == 1
    assert recall.counts("t2")["exact"]["entries"] == 1


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("How much is the lasagna?", True),
        ("Was kostet das Schnitzel am Sonntag?", True),
        ("Was kostet das am Sonntag?", False),
        ("Is there parking at the hotel?", True),
        ("Is parking there?", False),
        ("Is it possible to pay in cash?", True),
        ("Is it possible?", False),
        ("Is it vegan?", False),
        ("Haben Sie vegane Gerichte?", True),
        ("Ist es erlaubt, einen Hund mitzubringen?", True),
        ("Sind sie vegan?", False),
        ("haben sie einen parkplatz", True),
        ("Do you have red and white wine?", True),
        ("With breakfast?", False),
        ("Mit Frühstück?", False),
        ("From when are you open?", True),
        ("How much exactly?", False),
        ("Why not?", False),
        ("Wie viel kostet?", False),
        ("Is the cheaper one free?", False),
        ("Are both vegan?", False),
        ("Where is my order?", False),
        ("What is my room number?", False),
        ("Wo ist meine Sendung?", False),
        ("Can I bring my dog?", True),
        ("Is the flat still available?", False),
        ("Can you tell me more?", False),
        ("And on Sundays?", False),
        ("Are you open today?", False),
        ("What about dogs?", False),
        ("Und sonntags?", False),
        ("Haben Sie heute offen?", False),
        ("Lasagna?", False),
        ("Wie lange hat die Küche geöffnet?", True),
    ],
)
def test_a_question_that_points_elsewhere_is_not_remembered(text: str, alone: bool) -> None:
    assert stands_alone(text) is alone


def test_a_restaurant_is_the_house_itself_only_where_one_is_asked(recall: Recall) -> None:
    asked = replace(ASKED, text="When do you open?", house="restaurant")
    assert asked.gist_key == replace(asked, text="When does the restaurant open?").gist_key
    hotel = replace(asked, house="hotel")
    assert hotel.gist_key != replace(hotel, text="When does the restaurant open?").gist_key


@pytest.mark.parametrize(
    "text",
    ["I'd like to book a table for tonight.", "Book a table for two, please.", "Ich möchte einen Tisch reservieren."],
)
def test_a_wish_has_no_gist_to_be_answered_by(text: str) -> None:
    language = "de" if text.startswith("Ich") else "en"
    assert replace(ASKED, text=text, language=language).gist_key is None


def test_other_words_find_it_and_are_counted_apart(recall: Recall) -> None:
    found = recall.look_up(replace(ASKED, text="What does the lasagna cost?"))
    assert found is not None
    assert found[0] == "semantic"
    assert recall.look_up(replace(ASKED, text="How much is the lasagna without cheese?")) is None
    assert recall.look_up(replace(ASKED, text="What does the lasagna cost?", knowledge_revision=4)) is None
    counts = recall.counts("t1")
    assert (counts["exact"]["hits"], counts["semantic"]["hits"], counts["semantic"]["entries"]) == (0, 1, 1)


def test_what_was_rejected_is_neither_given_nor_remembered_whatever_the_wording(recall: Recall) -> None:
    claim = replace(ASKED, version=9, knowledge_revision=9, text="What does the lasagna cost?").claim("14.50!")
    assert recall.reject([claim]) == 1
    assert recall.look_up(ASKED) is None
    recall.remember(ASKED, "14.50.", "pricing", SOURCES)
    assert recall.look_up(ASKED) is None
    recall.remember(ASKED, "15.50.", "pricing", SOURCES)
    assert recall.look_up(ASKED) is not None, "another answer is another matter"


def test_an_evicted_or_expired_answer_is_not_found_by_its_meaning(recall: Recall, clock: Hands) -> None:
    clock.time += timedelta(seconds=61)
    assert recall.look_up(replace(ASKED, text="What does the lasagna cost?")) is None
    assert recall.counts("t1")["semantic"]["entries"] == 0


def test_what_may_be_a_cry_for_help_is_found_by_its_own_words_alone(recall: Recall) -> None:
    asked = replace(ASKED, text="Is it a gas leak?")
    again = replace(ASKED, text="Is it the gas leak?")
    assert asked.gist_key == again.gist_key
    recall.remember(asked, "Please leave the building.", "faq", SOURCES)
    assert recall.look_up(asked) is not None
    assert recall.look_up(again) is None
    assert recall.counts("t1")["semantic"]["entries"] == 1, "the lasagna's"
