"""The extractor without a hosted model: how often it is right, that it proves what it says, that it never guesses."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from parley.house import Extractor
from parley.inference.scripted import ScriptedEmbedder
from parley.kit.yaml_text import load_yaml
from parley.understanding import builtin_schema, parse_schema, read_transcript
from tests.house.extraction_scoring import NOW, cases, read, right, verdicts

pytestmark = pytest.mark.anyio

LINES = load_yaml((Path(__file__).parent / "extraction_lines.yaml").read_text(encoding="utf-8"))


async def facts(transcript: Any, scenario: str = "check_in", schema: Any = None) -> dict[str, Any]:
    wanted = parse_schema(schema) if schema else builtin_schema(scenario)
    return (await Extractor().extract(read_transcript(transcript), wanted, now=NOW)).structured_data()


@pytest.mark.parametrize(
    ("part", "least"),
    [
        ("tuning", 0.97),
        ("heldout", 0.93),
        ("strangers", 0.93),
        ("unseen", 0.84),
        ("newcomers", 0.85),
        ("sealed", 0.78),
        ("outsiders", 0.82),
        ("workshop", 0.75),
        ("visitors", 0.65),
    ],
)
async def test_most_fields_are_right_and_hardly_any_is_made_up(part: str, least: float) -> None:
    judged = [one for case in cases(part) for one in verdicts(case, await read(Extractor(), case))]
    assert sum(good for _, good, _ in judged) / len(judged) >= least
    silent = [good for _, good, null in judged if null]
    assert silent.count(False) / len(silent) <= 0.03


@pytest.mark.parametrize("field", LINES)
async def test_one_question_and_one_answer(field: str) -> None:
    wrong = []
    for question, answer, gold in LINES[field]:
        scenario = "emergency" if field == "emergency_type" else "check_in"
        found = (await facts(f"Agent: {question}\nUser: {answer}", scenario))[field]
        if not right(gold, found):
            wrong.append((question, answer, gold, found))
    assert len(wrong) <= len(LINES[field]) * 0.05, wrong


@pytest.mark.parametrize(
    "part", ["tuning", "heldout", "strangers", "unseen", "newcomers", "sealed", "outsiders", "workshop", "visitors"]
)
async def test_every_value_is_quoted_from_the_message_it_names(part: str) -> None:
    for case in cases(part):
        found = await read(Extractor(), case)
        texts = {line.id: line.text for line in case.lines}
        for name, value in found.values.items():
            if value is not None:
                for evidence in (found.evidence[name], *found.evidence[name].parts.values()):
                    assert evidence.quote in texts[evidence.message_id], (case.id, name)
                    assert 0 < evidence.confidence <= 1


async def test_the_later_statement_counts() -> None:
    found = await facts("Agent: ETA?\nUser: Five.\nAgent: Five?\nUser: No, sorry, make it six thirty PM.")
    assert found["eta"] == "6:30 PM"


@pytest.mark.parametrize(
    ("asked", "said", "safe"),
    [
        ("If you are in danger or blocking a lane, call 911. Are you safe?", "Yeah, I'm safe, on the shoulder.", True),
        ("If you're in danger, get out. Are you safe, and is anyone hurt?", "Yes, we're both fine.", True),
        ("Wenn Gefahr besteht, wählen Sie 112. Sind Sie in Sicherheit?", "Ja, ich stehe auf dem Parkplatz.", True),
        ("Are you in any danger?", "Yes.", False),
        ("Are you in danger right now? Tell me where you are.", "No, I'm off the road.", True),
        ("Are you safe?", "No.", False),
    ],
)  # fmt: skip
async def test_an_advice_about_danger_is_no_question(asked: str, said: str, safe: bool) -> None:
    crash = "Agent: Hi, what's your status?\nUser: I had a blowout."
    found = await facts(f"{crash}\nAgent: {asked}\nUser: {said}", "emergency")
    assert ("not safe" not in found["safety_status"]) is safe, found["safety_status"]


@pytest.mark.parametrize("late", ["Running late.", "I'm about two hours behind.", "Bin etwas spät dran."])
async def test_being_late_is_not_why(late: str) -> None:
    talk = f"Agent: Driving, delayed or unloading?\nUser: {late}\nAgent: What is causing the delay?\nUser: "
    assert (await facts(f"{talk}It's heavy traffic."))["delay_reason"] == "Heavy Traffic"
    assert (await facts(f"Agent: Any delay?\nUser: {late}"))["delay_reason"] is None


async def test_what_the_agent_assumes_is_no_fact() -> None:
    found = await facts("Agent: So you're in Dallas, arriving at 5 PM, and traffic is bad?\nUser: Who is this?")
    assert {found[name] for name in ("current_location", "eta", "delay_reason", "driver_status")} == {None}


async def test_what_the_driver_agrees_to_is_one() -> None:
    found = await facts("Agent: You're at the Kroger DC in Memphis?\nUser: Yes.\nAgent: Arriving at 5 PM?\nUser: Yep.")
    assert "Memphis" in found["current_location"]
    assert found["evidence"]["current_location"]["quote"].startswith("You're at the Kroger DC")


async def test_a_denied_delay_is_null_with_its_proof() -> None:
    found = await facts("Agent: Any delays?\nUser: No, none at all.")
    assert found["delay_reason"] is None
    assert found["evidence"]["delay_reason"]["quote"] == "No, none at all."


async def test_a_call_without_a_caller_has_an_outcome_and_nothing_else() -> None:
    found = await facts("Agent: Hello? Anyone there?\nUser: (silence)\nAgent: Goodbye.")
    assert found.pop("call_outcome") == "No Answer"
    found.pop("evidence")
    assert set(found.values()) == {None}


async def test_an_enum_is_met_by_meaning_where_its_words_are_not_said() -> None:
    schema = {"properties": {"contact_by": {"enum": ["phone call", "letter"], "description": "Preferred contact"}}}
    lines = read_transcript("Agent: What is your preferred contact?\nUser: Just give me a phone ring, call me")
    found = await Extractor(ScriptedEmbedder()).extract(lines, parse_schema(schema), now=NOW)
    assert found.values["contact_by"] == "phone call"


ITEM = {"name": {"type": "string"}, "quantity": {"type": "integer"}, "note": {"type": ["string", "null"]}}
PERSON = {"name": {"type": "string"}, "relation": {"type": "string"}, "phone": {"type": "string", "format": "phone"}}
STOP = {"city": {"type": "string"}, "time": {"type": "string", "format": "time"}}


@pytest.mark.parametrize(
    ("name", "columns", "transcript", "rows"),
    [
        (
            "items", ITEM,
            "Agent: Hi, what can I get you?\nUser: Two burgers, one without pickles, and a lemonade.",
            [("burgers", 2, "one without pickles"), ("lemonade", 1, None)],
        ),
        (
            "items", ITEM,
            "Agent: What can I get you?\nUser: I'll have three tacos.\nAgent: Anything else?\n"
            "User: Yeah, one bowl of mac and cheese, no bacon.",
            [("tacos", 3, None), ("bowl of mac and cheese", 1, "no bacon")],
        ),
        (
            "artikel", {"artikel": {"type": "string"}, "menge": {"type": "integer"}},
            "Agent: Was möchten Sie bestellen?\nKunde: Vier Kisten Wasser und einen Sack Grillkohle.",
            [("Kisten Wasser", 4), ("Sack Grillkohle", 1)],
        ),
        (
            "contacts", PERSON,
            "Agent: Whom may we call?\nUser: My brother Lee Park, 312 555 0143, or my neighbor Jo Dunn, 312 555 0199.",
            [("Lee Park", "brother", "+13125550143"), ("Jo Dunn", "neighbor", "+13125550199")],
        ),
        (
            "stops", STOP, "Agent: Your route?\nUser: Boise at 8 AM, Twin Falls by 11:15 and then Elko at five PM.",
            [("Boise", "08:00"), ("Twin Falls", "11:15"), ("Elko", "17:00")],
        ),
        ("items", ITEM, "Agent: How many are you?\nUser: Four adults and two kids.", None),
        ("stops", STOP, "Agent: When can you come?\nUser: Tomorrow at 3 PM, my name is Ann.", None),
    ],
)  # fmt: skip
async def test_a_list_of_objects_is_filled_row_by_row(
    name: str, columns: dict[str, Any], transcript: str, rows: list[tuple[Any, ...]] | None
) -> None:
    schema = {"properties": {name: {"type": "array", "items": {"type": "object", "properties": columns}}}}
    found = await facts(transcript, schema=schema)
    made = found[name] and [tuple(row.values()) for row in found[name]]
    assert made == rows
    if rows:
        first = next(iter(columns))
        assert found["evidence"][f"{name}[1].{first}"]["quote"] in transcript


async def test_nothing_said_gives_nothing() -> None:
    assert (await facts([], schema={"a": "string", "b": "boolean", "c": "integer", "d": "date"})) == {
        "a": None,
        "b": None,
        "c": None,
        "d": None,
        "evidence": {},
    }


@pytest.mark.parametrize(
    "said", ["a" * 30_000, "5:30 " * 1_200, "(" * 30_000, "no " * 9_000, "I-40 near Tulsa " * 1_000]
)
async def test_a_hostile_line_costs_little(said: str) -> None:
    begun = time.process_time()
    await facts(f"Agent: Where are you, and when will you arrive?\nUser: {said}")
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("said", ["1 " * 4_000, "1," * 4_000, "2 pizzas and " * 700, "5 € " * 2_000, "." * 8_000])
async def test_a_hostile_line_costs_little_by_ones_own_schema(said: str) -> None:
    wanted = {
        "amount": {"type": "number"},
        "callback_number": {"type": "string"},
        "policy_number": {"type": "string"},
        "guests": {"type": "integer"},
        "items": {"type": "array", "items": {"type": "object", "properties": ITEM}},
        "date": {"type": "string", "format": "date"},
    }
    schema = parse_schema({"type": "object", "properties": wanted})
    lines = read_transcript(f"Agent: What is your number, and how much is it?\nUser: {said}")
    begun = time.process_time()
    await Extractor().extract(lines, schema, now=NOW)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("question", "answer", "field", "value"),
    [
        ("How is your load coming along?", "I'm at the receiver, backed in to unload.", "unloading_status", "At Dock"),
        ("Wie läuft es?", "Ich bin angekommen und werde entladen.", "unloading_status", "Unloading"),
        ("Schicken Sie den Ablieferbeleg?", "Klar, den schicke ich nach dem Entladen.", "driver_status", None),
        ("Wann kommen Sie an?", "Ich bin auf der A9 kurz vor Hof. Noch zwei Stunden, gegen 15:30 Uhr.", "eta", "15:30"),
        ("What is your status: driving, delayed, arrived or unloading?", "Fine.", "driver_status", None),
        ("What is your status: driving, delayed, arrived or unloading?", "Why do you ask?", "delay_reason", None),
        ("What is causing the delay?", "The shipper held me at the dock.", "unloading_status", None),
        ("Was ist der Grund?", "Der Verlader hat mich an der Rampe stehen lassen.", "driver_status", "Delayed"),
        ("Wo sind Sie?", "Schauen Sie nach.", "current_location", None),
        ("Where are you?", "I'm about to pass out.", "current_location", None),
        ("Wo sind Sie?", "Lassen Sie mich in Ruhe.", "current_location", None),
        ("Where are you?", "It's I-80 at the Grand Island exit.", "current_location", "I-80 at the Grand Island exit"),
    ],
)
async def test_what_drivers_say(question: str, answer: str, field: str, value: str | None) -> None:
    lines = read_transcript(f"Agent: {question}\nDriver: {answer}")
    found = await Extractor().extract(lines, builtin_schema("check_in"), now=NOW)
    assert found.values[field] == value


@pytest.mark.parametrize(
    ("question", "answer", "field", "value"),
    [
        ("If you are in danger, call", "Yes, I'm out of the traffic and safe.", "safety_status", "they are safe"),
        ("Ist jemand verletzt?", "Verletzt ist keiner, Gott sei Dank.", "injury_status", "No injuries reported"),
        ("Is everyone safe?", "I'm stopped, I'm out of traffic.", "safety_status", "safe"),
        ("Are you safe, and is the load secure?", "I'm okay, I'm safe. The load hasn't moved.", "load_secure", "True"),
        ("Are you safe, and is the load secure?", "Yes, I'm safe.", "load_secure", "None"),
        ("Ist die Ladung gesichert?", "Ja, die Ladung hat sich nicht bewegt.", "load_secure", "True"),
        ("What is wrong?", "Ich brauche Hilfe. Ich bekomme keine Luft mehr.", "emergency_type", "Medical"),
    ],
)
async def test_what_drivers_in_need_say(question: str, answer: str, field: str, value: str) -> None:
    lines = read_transcript(f"Agent: {question}\nDriver: I had a blowout.\nAgent: {question}\nDriver: {answer}")
    if field == "emergency_type":
        lines = read_transcript(f"Agent: {question}\nDriver: {answer}")
    found = await Extractor().extract(lines, builtin_schema("emergency"), now=NOW)
    assert value in str(found.values[field]), found.values
    if field == "load_secure" and value == "True" and "moved" in answer:
        assert found.evidence[field].quote == "The load hasn't moved."


@pytest.mark.parametrize(
    ("talk", "place"),
    [
        (
            "Agent: Emergency line. Are you safe, and where are you right now?\n"
            "User: Yeah, I'm safe, I'm on the shoulder. It's I-15 north near mile marker 123.\n"
            "Agent: Is anyone hurt?\nUser: Nobody is injured, thank God.\n"
            "Agent: Is the load secure?\nUser: I walked around it, the load is secure.\n"
            "Agent: I'm putting you through to a colleague now. A dispatcher takes over from here.",
            "I-15",
        ),
        (
            "Agent: Notfallnummer. Sind Sie in Sicherheit, und wo sind Sie?\n"
            "User: Ja, ich bin in Sicherheit. Ich stehe auf der A2 bei Hannover.\n"
            "Agent: Ist jemand verletzt?\nUser: Nein, verletzt ist niemand.\n"
            "Agent: Ist die Ladung gesichert?\nUser: Ja, die Ladung ist gesichert.\n"
            "Agent: Ich verbinde Sie jetzt mit einem Kollegen. Ab hier übernimmt die Disposition.",
            "A2",
        ),
    ],
)
async def test_an_emergency_line_writes_down_what_it_asked_where_nobody_said_what_happened(
    talk: str, place: str
) -> None:
    found = await facts(talk, "emergency")
    assert found["call_outcome"] == "Emergency Escalation"
    assert found["emergency_type"] is None
    assert found["load_secure"] is True
    assert place in str(found["emergency_location"])
    assert found["safety_status"]
    assert found["injury_status"]
    assert "Connected" in str(found["escalation_status"])
