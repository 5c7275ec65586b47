"""A reply names the passages it was taken from, and no others."""

from __future__ import annotations

import pytest

from parley.conversations.sources import supporting
from parley.house.lexicon import lexicon
from parley.house.wording import wording
from parley.inference.facts import Facts, Passage


def passage(name: str, content: str, heading: str = "") -> Passage:
    return Passage(name, name.title(), "faq", content, 0.6, heading, f"{name}-1")


ENGLISH = [
    passage("menu", "Lasagna: 14.50. Mushroom risotto: 16.00. Tiramisu: 7.50.", "Main courses"),
    passage(
        "hours", "We are open Tuesday to Saturday from 17:00 to 23:00. On Sunday we close at 21:00.", "Opening hours"
    ),
    passage("dogs", "Well-behaved dogs are welcome on the terrace.", "Dogs"),
    passage("rules", "Tables are kept for 15 minutes. Cancel by 18:00 on the same day. We can help with any question."),
    passage("parking", "Guests park for free in the yard behind the house.", "Parking"),
]
GERMAN = [
    passage("karte", "Wiener Schnitzel vom Kalb 21,50 €. Zwiebelrostbraten 24,90 €.", "Hauptgerichte"),
    passage("zeiten", "Dienstag bis Sonntag von 11 bis 22 Uhr. Montag ist Ruhetag.", "Öffnungszeiten"),
    passage("hunde", "Hunde sind in der Gaststube erlaubt.", "Hunde"),
    passage(
        "storno", "Stornierungen sind bis 18 Uhr am selben Tag kostenlos. Danach fallen 20 Euro an.", "Stornierung"
    ),
    passage("anreise", "Parkplätze gibt es kostenlos im Hof hinter dem Haus.", "Anreise"),
]


def used(reply: str, language: str, question: str = "") -> list[str]:
    found = supporting(reply, ENGLISH if language == "en" else GERMAN, language, question)
    return [one.document_id for one in found]


@pytest.mark.parametrize(
    ("reply", "language", "names"),
    [
        ("The lasagna costs 14.50.", "en", ["menu"]),
        ("14.50.", "en", ["menu"]),
        ("Yes, dogs are welcome on the terrace.", "en", ["dogs"]),
        ("On Sunday we close at 9 pm.", "en", ["hours"]),
        ("We're open Tuesday to Saturday, 5 pm to 11 pm.", "en", ["hours"]),
        ("You can park for free in the yard behind the house.", "en", ["parking"]),
        ("The tiramisu is 7.50. Dogs are welcome on the terrace.", "en", ["menu", "dogs"]),
        ("Das Wiener Schnitzel kostet 21,50 €.", "de", ["karte"]),
        ("21,50 Euro.", "de", ["karte"]),
        ("Ja, Hunde sind in der Gaststube erlaubt.", "de", ["hunde"]),
        ("Wir haben dienstags bis sonntags von 11 bis 22 Uhr geöffnet.", "de", ["zeiten"]),
        ("Montags ist Ruhetag.", "de", ["zeiten"]),
        ("Bis 18 Uhr am selben Tag ist die Stornierung kostenlos.", "de", ["storno"]),
        ("Im Hof hinter dem Haus parken Sie kostenlos.", "de", ["anreise"]),
    ],
)
def test_a_reply_is_traced_to_its_passage(reply: str, language: str, names: list[str]) -> None:
    assert used(reply, language) == names


@pytest.mark.parametrize(
    ("reply", "language"),
    [
        ("The lasagna costs 19.50.", "en"),
        ("Your reservation is confirmed for 19:30, reference K7F4.", "en"),
        ("For how many people?", "en"),
        ("You're welcome! Is there anything else I can do for you?", "en"),
        ("Yes.", "en"),
        ("Das Schnitzel kostet 99,00 €.", "de"),
        ("Für wie viele Personen?", "de"),
        ("Gern geschehen! Kann ich sonst noch etwas für Sie tun?", "de"),
    ],
)
def test_what_no_passage_says_has_no_source(reply: str, language: str) -> None:
    assert used(reply, language) == []


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    "phrase", ["unknown", "no_knowledge", "greeting", "handoff", "refuse", "unclear", "outcome.lead"]
)
def test_the_houses_own_phrases_have_no_source(language: str, phrase: str) -> None:
    words = lexicon(language)
    for turn in range(4):
        speech = wording(Facts(message=f"hello {turn}", language=language), words.day_names, words.language)
        assert used(speech.say(phrase, business="Tony's"), language) == []


def test_the_question_tells_passages_apart_for_a_short_reply() -> None:
    rooms = [
        passage("bar", "The bar opens at 18:00.", "Bar"),
        passage("pool", "The pool opens at 18:00.", "Pool"),
    ]
    assert [one.document_id for one in supporting("From 6 pm.", rooms, "en", "When does the pool open?")] == ["pool"]


def test_nothing_supports_nothing() -> None:
    assert supporting("", ENGLISH, "en") == []
    assert supporting("The lasagna costs 14.50.", [], "en") == []
