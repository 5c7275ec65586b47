"""Lines about the talk itself: leave-taking, who is speaking, taking up an offer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from parley.understanding import asks_who_speaks, closing, understand
from parley.understanding.courtesy import offered

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "line", "kind"),
    [
        ("en", "Great, thank you. That's all I needed. Goodbye!", "goodbye"),
        ("en", "Perfect, thanks so much, have a lovely evening", "goodbye"),
        ("en", "No, that's everything. Take care!", "goodbye"),
        ("en", "ok cool, thanks a lot", "thanks"),
        ("en", "Thanks, and can I bring my dog?", ""),
        ("en", "Thank you, my name is Baker", ""),
        ("en", "Good evening", ""),
        ("de", "Super, vielen Dank. Das war alles. Auf Wiederhören!", "goodbye"),
        ("de", "Danke, das war's, schönen Abend noch", "goodbye"),
        ("de", "prima, danke schön", "thanks"),
        ("de", "Danke, und wo kann ich parken?", ""),
        ("de", "Guten Tag", ""),
        ("de", "Guten Abend, ein Tisch für zwei bitte", ""),
    ],
)
def test_what_closes_a_talk(language: str, line: str, kind: str) -> None:
    assert closing(line, language) == kind


def test_that_is_it_may_end_a_list_of_details() -> None:
    line, asked = "thanks a lot, that's it", "For how many people?"
    assert understand(line, now=NOW).intent == "goodbye"
    assert understand(line, now=NOW, previous=asked).intent != "goodbye"
    assert understand("thanks, that's it, bye", now=NOW, previous=asked).intent == "goodbye"


@pytest.mark.parametrize(
    ("language", "line", "asks"),
    [
        ("en", "are you a robot?", True),
        ("en", "wait, am I talking to a real person?", True),
        ("en", "are you a robot, give me a person", False),
        ("en", "can I talk to a real person?", False),
        ("de", "Sind Sie ein Mensch oder eine Maschine?", True),
        ("de", "Ich möchte einen Menschen sprechen", False),
    ],
)
def test_who_is_speaking(language: str, line: str, asks: bool) -> None:
    assert asks_who_speaks(line, language) is asks
    if asks:
        assert understand(line, now=NOW, language_hint=language).intent != "escalation"


@pytest.mark.parametrize(
    ("language", "previous", "kind"),
    [
        ("en", "I don't know that, I'm afraid. I can pass your question on to a colleague.", "lead_capture"),
        ("en", "I cannot do that myself. Shall I hand you over to a colleague?", "escalation"),
        ("de", "Darüber liegt mir nichts vor. Soll ich die Frage an einen Kollegen weitergeben?", "lead_capture"),
        ("de", "Soll ich Sie an einen Kollegen übergeben?", "escalation"),
        ("en", "We open at five.", ""),
    ],
)
def test_a_yes_takes_up_what_was_offered(language: str, previous: str, kind: str) -> None:
    assert offered(previous) == kind
    said = understand(
        {"en": "yes please", "de": "ja bitte"}[language], now=NOW, previous=previous, language_hint=language
    )
    assert said.intent == (kind or "affirm")


def test_details_to_call_back_on_are_a_message() -> None:
    said = understand("Peter Lang, 0171 5556667", now=NOW, language_hint="de", default_region="DE", previous="Gern.")
    assert said.intent == "lead_capture"


def test_asking_on_is_no_booking() -> None:
    hours = "On Friday we're open from noon to 11 pm."
    assert understand("and tomorrow?", now=NOW, previous=hours).intent == "faq"
    assert understand("and tomorrow?", now=NOW, previous="Which other day would suit you?").intent == "booking"
