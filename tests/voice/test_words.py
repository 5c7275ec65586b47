"""What words mean for the floor: finished or not, a backchannel or not."""

from __future__ import annotations

import pytest

from parley.voice.backchannel import is_backchannel, is_stop
from parley.voice.completeness import completeness
from parley.voice.transcript import words_of

UNFINISHED = {
    "en": [
        "my number is five five",
        "you can reach me at oh one seven",
        "the zip code is nine four",
        "i would like to reserve a table and",
        "um",
        "do you have any tables for",
        "we would like to come on the",
        "could you",
        "because my husband",
        "it's under the name of",
        "my email is anna dot miller at",
        "between six",
        "the party is on march",
        "so we are",
    ],
    "de": [
        "meine nummer ist null eins sieben",
        "ich hätte gern einen tisch und",
        "ähm",
        "wir kommen am",
        "können sie",
        "weil meine frau",
        "meine mail ist anna punkt müller at",
        "zwischen sechs",
        "ich möchte",
        "haben sie noch einen tisch für",
    ],
}
FINISHED = {
    "en": [
        "are you open on sundays",
        "a table for six at half past seven please",
        "no thank you",
        "where can we park our car",
        "the number is 0171 555 12 34 56",
        "anna dot miller at example dot com that's my email",
        "could we come tomorrow",
    ],
    "de": [
        "haben sie sonntags geöffnet",
        "einen tisch für sechs personen bitte",
        "nein danke",
        "wo können wir parken heute abend",
        "ja genau",
    ],
}


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, all_of in UNFINISHED.items() for text in all_of])
def test_unfinished(language: str, text: str) -> None:
    assert completeness(text, language) == "unfinished"


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, all_of in FINISHED.items() for text in all_of])
def test_not_unfinished(language: str, text: str) -> None:
    assert completeness(text, language) != "unfinished"


def test_the_question_asked_tells_what_is_dictated() -> None:
    asked = "Sure. What is your phone number?"
    assert completeness("five five five", "en", asked) == "unfinished"
    assert completeness("555 12 34 567", "en", asked) == "finished"
    assert completeness("seven", "en", "At what time?") != "unfinished"
    assert completeness("at 11:30", "en", "At what time?") == "finished"


@pytest.mark.parametrize("text", ["mhm", "Okay.", "uh-huh", "yeah, right", "ok thanks", "I see"])
def test_backchannels(text: str) -> None:
    assert is_backchannel(text, "en")


@pytest.mark.parametrize("text", ["ja genau", "mhm, okay", "alles klar", "Ach so.", "okay danke"])
def test_german_backchannels(text: str) -> None:
    assert is_backchannel(text, "de")


@pytest.mark.parametrize("text", ["", "okay but wait", "yes at seven", "no", "right at the door we need a table"])
def test_no_backchannels(text: str) -> None:
    assert not is_backchannel(text, "en")


def test_the_beginning_of_a_backchannel_counts_while_it_grows() -> None:
    assert is_backchannel("okay alles", "de", growing=True)
    assert not is_backchannel("okay alles", "de")
    assert not is_backchannel("alles andere", "de", growing=True)


def test_stop_words() -> None:
    assert is_stop("Stop!", "en")
    assert is_stop("hold on a second", "en")
    assert is_stop("Moment mal, bitte", "de")
    assert not is_stop("a non-stop flight", "en")
    assert not is_stop("", "en")


def test_unknown_languages_use_all_lists() -> None:
    assert is_backchannel("genau", "fr")
    assert completeness("und", "fr") == "unfinished"


def test_words_of() -> None:
    assert words_of("It's 5 p.m., Mr. Ümit!") == ["its", "5", "p", "m", "mr", "ümit"]
