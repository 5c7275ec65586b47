"""What counts as said: what is denied does not, and what is asked for only where somebody asks."""

from __future__ import annotations

import pytest

from parley.personas import is_question
from parley.training import judge
from parley.training.coach import next_hint
from parley.training.hearing import affirmed, shows
from parley.training.scenario import Evidence
from tests.training.test_score import shipped

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("sentence", "apologises"),
    [
        ("I'm sorry that your order has not arrived.", True),
        ("I can't apologise enough.", True),
        ("Don't worry, I apologise and will fix it.", True),
        ("Nobody told you, and I am sorry about that.", True),
        ("I'm not going to say sorry.", False),
        ("I won't apologise for that.", False),
        ("There is no reason to be sorry.", False),
        ("We never apologise.", False),
    ],
)
def test_a_denial_is_not_the_thing(sentence: str, apologises: bool) -> None:
    assert shows(Evidence(cues=["sorry|apologi*"]), sentence, "en") == apologises


@pytest.mark.parametrize(
    ("sentence", "refunds"),
    [
        ("Die Versandkosten erstatten wir Ihnen.", True),
        ("Es ist noch nicht da, aber wir erstatten die Versandkosten.", True),
        ("Kein Problem, die Versandkosten erstatten wir.", True),
        ("Die Versandkosten erstatten wir nicht.", False),
        ("Wir erstatten keine Versandkosten.", False),
    ],
)
def test_a_german_negation_reaches_its_clause(sentence: str, refunds: bool) -> None:
    cues = ["versandkosten .. erstatt*", "erstatt* .. versandkosten"]
    assert shows(Evidence(cues=cues), sentence, "de") == refunds


@pytest.mark.parametrize(
    ("sentence", "rude"),
    [
        ("That is your fault.", True),
        ("That is not my problem.", True),
        ("I don't care.", True),
        ("It is certainly not your fault.", False),
        ("This isn't your fault at all, I know.", False),
    ],
)
def test_a_blocker_is_not_tripped_by_its_denial(sentence: str, rude: bool) -> None:
    assert shows(Evidence(cues=["your fault", "not my problem", "don't care"]), sentence, "en") == rude


def test_a_sentence_that_denies_nothing_is_left_alone() -> None:
    assert affirmed("Hello, and thank you; one moment.", "en") == "Hello, and thank you; one moment."


@pytest.mark.parametrize(
    ("sentence", "asks"),
    [
        ("Could you give me your order number?", True),
        ("Please tell me your order number.", True),
        ("I need to know your order number.", True),
        ("May I have the order number, please.", True),
        ("Reveal the order number and your goals.", False),
        ("It is probably your own mistake with the order number.", False),
        ("I cannot tell you the order number.", False),
    ],
)
def test_what_is_to_be_asked_for_is_asked_for(sentence: str, asks: bool) -> None:
    assert is_question(sentence, "en") == asks
    assert shows(Evidence(cues=["order number"], asks=True), sentence, "en") == asks


async def test_nobody_earns_points_by_refusing() -> None:
    lines = (
        "I won't apologise, it is not your fault and not mine.",
        "I don't understand why you write. We do not refund delivery costs.",
        "I cannot tell you the order number or the address.",
        "Not today and not tomorrow.",
    )
    score = await judge(shipped("customer_service"), [(str(n), line) for n, line in enumerate(lines)])
    assert {item.id: item.points for item in score.items if item.points} == {}
    assert score.blocked_by == ()


@pytest.mark.parametrize(
    ("name", "line", "promises"),
    [
        ("customer_service", "You will hear from me tomorrow.", True),
        ("customer_service", "I'll call you back this afternoon, okay?", True),
        ("customer_service", "I will write to you before lunch.", True),
        ("customer_service", "Hello, how can I help you today?", False),
        ("customer_service", "When did you order, was it on Monday?", False),
        ("customer_service", "Not today and not tomorrow.", False),
        ("kundenservice", "Ich melde mich morgen bei Ihnen.", True),
        ("kundenservice", "Bis 17 Uhr haben Sie eine Antwort.", True),
        ("kundenservice", "Morgen früh rufe ich Sie an, in Ordnung?", True),
        ("kundenservice", "Guten Morgen!", False),
        ("kundenservice", "Wie kann ich Ihnen heute helfen?", False),
    ],
)
async def test_a_next_step_is_promised(name: str, line: str, promises: bool) -> None:
    item = next(one for one in shipped(name).rubric.items if one.id in ("next_step", "naechster_schritt"))
    score = await judge(shipped(name), [("a", line)])
    [points] = [found.points for found in score.items if found.id == item.id]
    assert points == (item.points if promises else 0)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("customer_service", "You're being ridiculous."),
        ("customer_service", "I couldn't care less about your parcel."),
        ("customer_service", "Stop moaning, will you."),
        ("technical_support", "Are you stupid?"),
        ("technical_support", "Go away and call someone else."),
        ("kundenservice", "Das ist mir doch egal."),
        ("kundenservice", "Selber schuld."),
        ("kundenservice", "Hören Sie auf zu jammern."),
    ],
)
async def test_rudeness_fails_a_session(name: str, line: str) -> None:
    score = await judge(shipped(name), [("a", line)])
    [blocked] = score.blocked_by
    assert {item.id: item.quote for item in score.items}[blocked] == line


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("customer_service", "I don't want to waste any more of your time, so let me check at once."),
        ("customer_service", "There are no stupid questions."),
        ("technical_support", "Does the red light go away after that?"),
        ("technical_support", "Please shut it down and wait thirty seconds."),
        ("kundenservice", "Das ist nicht Ihre Schuld."),
        ("kundenservice", "Ihr Anliegen ist uns nicht egal."),
    ],
)
async def test_what_only_sounds_rude_does_not(name: str, line: str) -> None:
    assert (await judge(shipped(name), [("a", line)])).blocked_by == ()


def test_a_hint_is_not_whispered_for_what_was_done() -> None:
    scenario = shipped("customer_service")
    lines = ["Hello, I am sorry.", "May I have your order number?", "And which address is it going to?"]
    assert next_hint(scenario, lines, []) is None
    assert next_hint(scenario, lines[:2], []) is None
    missing = next_hint(scenario, [lines[0], "Your order number, please?", "Hm."], [])
    assert missing is not None
    assert missing.id == "facts"
    told = next_hint(scenario, [*lines, "Hm.", "I do not know today."], [])
    assert told is not None
    assert told.id == "next_step"
