"""Text leaves sentence by sentence, and only what is true and nobody's secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.agents import defaults
from parley.conversations.confirmed import Confirmed
from parley.conversations.grants import Material
from parley.conversations.hidden import Secrets
from parley.conversations.validate import Gate
from parley.house.lexicon import lexicon
from parley.house.outcomes import tell
from parley.house.wording import wording
from parley.inference.chat import ToolSpec
from parley.inference.facts import Facts, Passage, ToolOutcome

TOOLS = tuple(
    ToolSpec(name, name, {})
    for name in (
        "check_availability", "book_table", "change_reservation", "cancel_reservation", "schedule_viewing",
        "capture_lead", "transfer_to_person",
    )
)  # fmt: skip
BOOKED = {"reference": "K7F4", "status": "confirmed", "date": "2026-11-27", "time": "19:30", "party_size": 4}


def gate(language: str = "en", confirmed: Mapping[str, Any] | None = None, **more: Any) -> Gate:
    return Gate(language, Confirmed(more.pop("tools", TOOLS), confirmed or {}), **more)


def through(here: Gate, *pieces: str, called: Sequence[str] = ()) -> str:
    said = [text for piece in pieces for text in here.take(piece)]
    return "".join([*said, *here.finish(called)]).strip()


def test_a_sentence_leaves_when_the_next_one_begins() -> None:
    here = gate()
    assert list(here.take("We open at five")) == []
    assert list(here.take(". Dogs are")) == ["We open at five. "]
    assert list(here.finish()) == ["Dogs are"]
    assert here.released == "We open at five. Dogs are"


@pytest.mark.parametrize(
    ("language", "said", "instead"),
    [
        ("en", "Your table is booked.", "I have not booked that yet. Shall I do it now?"),
        ("en", "I've cancelled your reservation.", "I have not cancelled that yet. Shall I do it now?"),
        ("en", "I've sent you an e-mail.", "I cannot do that myself. Shall I hand you over to a colleague?"),
        ("de", "Ihr Tisch steht.", "Das habe ich noch nicht gebucht. Soll ich es jetzt tun?"),
        ("de", "Ich habe die Küche informiert.", "Das kann ich selbst nicht tun."),
    ],
)
def test_a_claim_that_no_tool_confirmed_is_replaced_by_the_truth(language: str, said: str, instead: str) -> None:
    here = gate(language, tools=TOOLS[:-1]) if "Küche" in said else gate(language)
    assert through(here, said).startswith(instead)
    assert here.held == ["claim"]


def test_the_truth_is_said_once() -> None:
    said = through(gate(), "I've booked your table. It's confirmed! See you on Friday at 7. Goodbye.")
    assert said == "I have not booked that yet. Shall I do it now? Goodbye."


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        ("book_table", "Your table is booked for Friday at half past seven."),
        ("book_table", "Done! Your reference is K7F4."),
        ("change_reservation", "I've moved your reservation to 7:30 pm."),
        ("cancel_reservation", "Your reservation is cancelled."),
        ("schedule_viewing", "Your viewing is scheduled."),
        ("capture_lead", "I've noted your message."),
        ("transfer_to_person", "I'm transferring you now."),
    ],
)
def test_what_a_tool_confirmed_may_be_said(tool: str, said: str) -> None:
    here = gate(confirmed={tool: BOOKED})
    assert through(here, said) == said
    assert here.held == []


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        ("check_availability", "Your table is booked."),
        ("book_table", "Your booking has been cancelled."),
        ("capture_lead", "Your table is reserved."),
        ("book_table", "I've refunded your deposit."),
        ("find_listings", "Your viewing is confirmed."),
    ],
)
def test_another_tool_does_not_bear_a_claim_out(tool: str, said: str) -> None:
    here = gate(confirmed={tool: BOOKED})
    assert said not in through(here, said)
    assert here.held == ["claim"]


def test_a_request_is_not_a_booking() -> None:
    here = gate(confirmed={"book_table": {**BOOKED, "status": "requested"}})
    assert through(here, "Great, your table is confirmed!").startswith("It is not confirmed yet: your request")
    here = gate("de", confirmed={"book_table": {**BOOKED, "status": "requested"}})
    assert through(here, "Ihr Tisch ist reserviert.").startswith("Das ist noch nicht bestätigt")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Your table is booked for Friday at 8 pm."),
        ("en", "I've booked a table for six people."),
        ("en", "Your table is booked for Saturday."),
        ("en", "Your reservation number is K7F5."),
        ("de", "Ihr Tisch ist für Freitag um 20 Uhr reserviert."),
        ("de", "Ihr Tisch ist am 28. November reserviert."),
        ("de", "Ihr Tisch für fünf Personen ist reserviert."),
    ],
)
def test_figures_that_contradict_the_tool_are_put_right(language: str, said: str) -> None:
    here = gate(language, confirmed={"book_table": BOOKED})
    spoken = through(here, said)
    assert here.held == ["figures"]
    assert "19:30" in spoken
    assert "K7F4" in spoken


def test_a_cancelled_booking_is_booked_no_more() -> None:
    confirmed = Confirmed(TOOLS, {"book_table": BOOKED})
    confirmed.add("cancel_reservation", {"reference": "K7F4", "status": "cancelled"})
    here = Gate("en", confirmed)
    assert "not booked" in through(here, "Your table is booked.")


def test_tools_a_tenant_declares_bear_out_what_they_speak_of() -> None:
    tools = (ToolSpec("send_sms", "Sends a text message.", {}), ToolSpec("get_weather", "Says how the weather is.", {}))
    assert through(gate(tools=tools, confirmed={"send_sms": {}}), "I've sent you a text.") == "I've sent you a text."
    assert "not" in through(gate(tools=tools, confirmed={"get_weather": {}}), "I've sent you a text.")
    assert "not" in through(gate(tools=tools, confirmed={"send_sms": {}}), "I've refunded your deposit.")


def test_a_promise_waits_for_its_call() -> None:
    here = gate()
    assert list(here.take("I'm booking that for you now. ")) == []
    assert "".join(here.finish(["book_table"])).strip() == "I'm booking that for you now."
    here = gate()
    assert through(here, "I'm booking that for you now.") == "I have not booked that yet. Shall I do it now?"


def test_a_promise_without_its_call_is_taken_back_before_it_is_said() -> None:
    said = through(gate(), "I'm booking that for you now. One moment please. ")
    assert said == "One moment please. I have not booked that yet. Shall I do it now?"
    said = through(gate(), "I'm booking that for you now. One moment please. ", called=["book_table"])
    assert said == "One moment please."


def test_an_offer_that_asks_on_is_fine() -> None:
    assert through(gate(), "I'll book that for you. What name may I use?") == (
        "I'll book that for you. What name may I use?"
    )
    assert "not booked" in through(gate(), "I'll book that for you. Anything else I can do?")


def test_a_policy_from_the_documents_may_be_quoted() -> None:
    passage = Passage("d", "Rules", "policy", "Your deposit has been refunded when you read this notice.", 1.0)
    said = "Your deposit has been refunded when you read this notice."
    assert through(gate(material=Material([passage])), said) == said
    assert through(gate(), said) != said
    own = Passage("d", "Rules", "policy", "I have booked your table for free.", 1.0)
    assert "not booked" in through(gate(material=Material([own])), "I have booked your table for free.")


@pytest.mark.parametrize(
    "said",
    [
        "The id is 01990000-0000-7000-8000-000000000001.",
        "Let me call book_table for you.",
        'I will use {"date": "2026-11-27"} here.',
        "<material title='Menu'>Lasagna</material> is good.",
        "Thank you, <PERSON_1>.",
        "Hello [Your Name], this is {business}.",
        "As an AI language model I cannot eat.",
        "Als KI-Sprachmodell habe ich keinen Hunger.",
        "Never guess a price, a time, an ingredient or a rule.",
        "The result was call_Ab12Cd34Ef56.",
    ],
)
def test_internal_things_never_leave(said: str) -> None:
    secrets = Secrets(defaults("receptionist", "en").system_prompt, [tool.name for tool in TOOLS])
    here = gate(secrets=secrets)
    assert through(here, "Good evening. ", said) == "Good evening."
    assert here.held == ["internal"]


def test_placeholders_pass_where_they_are_put_back() -> None:
    here = gate(secrets=Secrets(made_up=lambda _: None))
    assert through(here, "Thank you, <PERSON_1>.") == "Thank you, <PERSON_1>."


def test_facts_in_a_tenants_prompt_may_be_said() -> None:
    prompt = "You are Tony.\n\nWe are open from Tuesday to Sunday from five in the evening to eleven at night."
    said = "We are open from Tuesday to Sunday from five in the evening to eleven at night."
    assert through(gate(secrets=Secrets(prompt)), said) == said


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_thinking_is_taken_out_however_it_is_cut(size: int) -> None:
    text = '<think>They want a table. I should book. </think>For what time? <tool_call>{"a": 1}</tool_call>5 < 6.'
    here = gate()
    assert through(here, *(text[at : at + size] for at in range(0, len(text), size))) == "For what time? 5 < 6."


def test_thinking_that_never_ends_is_dropped() -> None:
    assert through(gate(), "Hello. <think>Now what", " shall I say") == "Hello."
    assert through(gate(), "They want pizza", " I guess </think>We have lasagna.") == "We have lasagna."


def test_a_voice_speaks_no_marks() -> None:
    said = through(gate(voice=True), "# Menu\n- **Lasagna** for 14.50\n- see [our page](https://x.example)\n")
    assert said == "Menu\nLasagna for 14.50\nsee our page"
    assert "**" in through(gate(), "**Lasagna** is 14.50.")


def test_blank_space_is_nothing_said() -> None:
    here = gate()
    assert through(here, "  \n ", "\n") == ""
    assert here.released == ""


@given(st.text(max_size=200), st.lists(st.integers(1, 40), max_size=8))
def test_what_leaves_is_what_was_released(text: str, cuts: list[int]) -> None:
    here, said, rest = gate(), "", text
    for cut in cuts:
        said += "".join(here.take(rest[:cut]))
        rest = rest[cut:]
    said += "".join(here.take(rest)) + "".join(here.finish())
    assert said == here.released


OUTCOMES = [
    ("book_table", BOOKED),
    ("book_table", {**BOOKED, "status": "requested"}),
    ("change_reservation", {**BOOKED, "time": "20:00"}),
    ("cancel_reservation", {**BOOKED, "status": "cancelled"}),
    ("schedule_viewing", {"reference": "V3K1", "status": "confirmed", "date": "2026-11-24", "time": "10:30"}),
    ("capture_lead", {"status": "noted", "name": "Anna Baker"}),
    ("transfer_to_person", {"status": "requested"}),
]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("tool", "result"), OUTCOMES)
def test_the_house_may_say_what_its_tools_confirmed(language: str, tool: str, result: dict[str, Any]) -> None:
    for turn in range(4):  # each phrase has variants, chosen by what was said
        facts = Facts(message=f"please {turn}", language=language)
        words = lexicon(language)
        said = tell([ToolOutcome(tool, {}, result, ok=True)], wording(facts, words.day_names, words.language))
        here = gate(language, confirmed={tool: result})
        assert through(here, said) == said, here.held
