"""What a caller says of themselves reaches neither model nor disk nor log, and comes back to them whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from parley.app.resources import Resources
from parley.conversations import Ask, Done
from parley.kit.ids import new_id
from tests.conftest import Business
from tests.privacy.conftest import RECORDS, Dump, book, make_agent, say, tables_with
from tests.wire.openai_replies import DONE, Behaviour, chunk, streamed, text_chunks, tool_called
from tests.wire.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Person:
    """Lines of a dialogue, and what of them is personal, in every spelling it may be kept in."""

    language: str
    lines: tuple[str, ...]
    private: tuple[str, ...]


PEOPLE = {
    "booking": Person(
        "en",
        (
            "Hi, I'd like a table for 4 people next Friday at 7pm",
            "My name is Quillon Abernatter",
            "You can reach me on +49 30 23125017",
            "Please note that Abernatter is spelled with two t, and mail quillon.a@abernatter.example the menu",
        ),
        ("Quillon", "Abernatter", "23125017", "2312 5017", "quillon.a@"),
    ),
    "asked by name": Person(
        "en",
        (
            "I want to book a table for two tomorrow at 8pm",
            "Thessaly Wexworth",
            "+1 608 555 0117",
            "Is it under thessaly wexworth?",
        ),
        ("Thessaly", "Wexworth", "608 555 0117", "6085550117"),
    ),
    "deutsch": Person(
        "de",
        (
            "Ich möchte einen Tisch für 4 Personen am Freitag um 19 Uhr",
            "Ich heiße Ottokar Zwiebelhofer",
            "Meine Nummer ist 0171 5501 4388, ich wohne in der Ahornallee 12, 10115 Berlin",
            "Meine Mailadresse ist ottokar@zwiebelhofer.example",
        ),
        ("Ottokar", "Zwiebelhofer", "5501 4388", "55014388", "Ahornallee 12", "ottokar@"),
    ),
    "numbers": Person(
        "en",
        (
            "Do you take cards? Mine is 4111 1111 1111 1111 and my IBAN is DE89 3704 0044 0532 0130 00.",
            "My date of birth is 4 March 1971 and my social security number is 536-22-8145.",
            "I live at 4812 Larkmoor Avenue, Madison, WI 53703.",
        ),
        ("4111 1111", "4111111111111111", "DE89 3704", "DE89370400440532013000", "536-22-8145", "4812 Larkmoor"),
    ),
}


def sent(server: OpenAIServer, since: int) -> str:
    """Everything the model server was sent."""
    return json.dumps([one.body for one in server.requests[since:]], ensure_ascii=False)


def assert_nowhere(private: tuple[str, ...], dump: Mapping[str, str], logs: Any, records: frozenset[str]) -> None:
    found = tables_with({table: rows for table, rows in dump.items() if table not in records}, private)
    assert found == {}
    assert [one for one in private if one.lower() in str(logs).lower()] == []


@pytest.mark.parametrize("person", PEOPLE.values(), ids=PEOPLE)
async def test_nothing_personal_reaches_model_disk_or_log(
    shop: Business,
    model_server: OpenAIServer,
    everything: Dump,
    logged: list[dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
    person: Person,
) -> None:
    """Half the lines over the stream, half as one answer; the flow's tools run in between."""
    agent = await make_agent(shop, language=person.language)
    since = len(model_server.requests)
    talk: dict[str, Any] = {}
    for number, line in enumerate(person.lines):
        if number % 2:
            answer = await shop.owner.post("/chat/stream", json={"message": line, "agent_id": agent, **talk})
            assert "event: done" in answer.text
        else:
            talk = {"conversation_id": (await say(shop, line, agent_id=agent, **talk))["conversation_id"]}
    assert len(model_server.requests) - since >= len(person.lines) - 1
    assert [one for one in person.private if one.lower() in sent(model_server, since).lower()] == []
    assert_nowhere(person.private, everything(shop.id), [logged, caplog.messages], RECORDS)
    for path in (f"/conversations/{talk['conversation_id']}/messages", "/api/conversations", "/incidents"):
        shown = (await shop.owner.get(path)).text
        assert [one for one in person.private if one.lower() in shown.lower()] == []


@pytest.mark.parametrize("person", PEOPLE.values(), ids=PEOPLE)
async def test_nor_with_the_house(
    business: Business, everything: Dump, logged: list[dict[str, Any]], person: Person
) -> None:
    agent = await make_agent(business, language=person.language)
    talk: dict[str, Any] = {}
    for line in person.lines:
        talk = {"conversation_id": (await say(business, line, agent_id=agent, **talk))["conversation_id"]}
    assert_nowhere(person.private, everything(business.id), logged, RECORDS)


async def test_the_records_of_the_business_are_real(business: Business) -> None:
    await book(business, await make_agent(business), "Quillon Abernatter", "+49 30 23125017")
    [made] = (await business.owner.get("/reservations")).json()["reservations"]
    assert (made["name"], made["phone"]) == ("Quillon Abernatter", "+493023125017")


async def test_the_reply_is_whole_though_a_placeholder_is_cut(shop: Business, model_server: OpenAIServer) -> None:
    agent = await make_agent(shop)
    pieces = ["Thank you, <PER", "SON", "_1", ">. I can write to <EMAIL_", "ADDRESS_1> then."]
    model_server.queue(Behaviour((*text_chunks(pieces), chunk({}, "stop"), DONE)))
    line = "I am Rumina Kestrelov, rumina@kestrelov.example, do you have parking?"
    answer = await shop.owner.post("/chat/stream", json={"message": line, "agent_id": agent})
    events = [json.loads(row.removeprefix("data: ")) for row in answer.text.splitlines() if row.startswith("data: ")]
    spoken = "".join(one.get("text", "") for one in events).strip()
    assert spoken == "Thank you, Rumina Kestrelov. I can write to rumina@kestrelov.example then."
    done = events[-1]
    assert done["reply"] == spoken
    assert done["slots"]["name"] == "Rumina Kestrelov"
    lines = (await shop.owner.get(f"/conversations/{done['conversation_id']}/messages")).json()["messages"]
    assert [one["content"] for one in lines] == [
        "I am <PERSON_1>, <EMAIL_ADDRESS_1>, do you have parking?",
        "Thank you, <PERSON_1>. I can write to <EMAIL_ADDRESS_1> then.",
    ]


async def test_a_models_tool_gets_the_real_values(shop: Business, model_server: OpenAIServer, everything: Dump) -> None:
    agent = await make_agent(shop, type="custom")
    given = json.dumps(
        {"name": "<PERSON_1>", "email": "<EMAIL_ADDRESS_1>", "notes": "Wants news of <PERSON_1>'s flat."}
    )
    model_server.queue(tool_called(("call_1", "capture_lead", given)), streamed("I have noted that, <PERSON_1>."))
    since = len(model_server.requests)
    reply = await say(shop, "I'm Rumina Kestrelov, rumina@kestrelov.example: keep me posted", agent_id=agent)
    assert reply["reply"] == "I have noted that, Rumina Kestrelov."
    assert reply["actions"][0]["arguments"]["name"] == "Rumina Kestrelov"
    assert reply["actions"][0]["result"]["name"] == "Rumina Kestrelov"
    [lead] = (await shop.owner.get("/leads")).json()["leads"]
    assert (lead["name"], lead["email"]) == ("Rumina Kestrelov", "rumina@kestrelov.example")
    assert lead["notes"] == "Wants news of Rumina Kestrelov's flat."
    assert "kestrelov" not in sent(model_server, since).lower()
    assert "Words such as <PERSON_1>" in sent(model_server, since)
    assert "<PERSON_1>" in everything(shop.id)["tool_runs"]
    assert_nowhere(("Kestrelov",), everything(shop.id), [], RECORDS)


async def test_a_placeholder_that_a_model_made_up_reaches_no_record(shop: Business, model_server: OpenAIServer) -> None:
    agent = await make_agent(shop, type="custom")
    given = json.dumps({"name": "<PERSON_9>"})
    model_server.queue(tool_called(("call_1", "capture_lead", given)), streamed("Who may I note that for?"))
    reply = await say(shop, "Please keep me posted about flats", agent_id=agent)
    assert not reply["actions"][0]["ok"]
    assert (await shop.owner.get("/leads")).json()["leads"] == []


async def test_nor_does_the_caller_hear_it(shop: Business, model_server: OpenAIServer) -> None:
    agent = await make_agent(shop)
    model_server.queue(streamed("Ask for <PERSON_7> at the door. We open at five."))
    reply = await say(shop, "Whom do I ask for when I arrive?", agent_id=agent)
    assert reply["reply"] == "We open at five."


async def test_a_caller_cannot_type_his_way_to_anothers_data(shop: Business, model_server: OpenAIServer) -> None:
    agent = await make_agent(shop)
    model_server.queue(streamed("You said <LITERAL_1>."))
    reply = await say(shop, "What does <PERSON_1> mean on your page?", agent_id=agent)
    assert reply["reply"] == "You said <PERSON_1>."


async def test_what_hangs_on_a_conversation_is_masked_too(business: Business, everything: Dump) -> None:
    """Incidents, a person's words, feedback."""
    agent = await make_agent(business)
    turn = await say(business, "I am Rumina Kestrelov, help, the kitchen is on fire!", agent_id=agent)
    talk = turn["conversation_id"]
    assert turn["emergency"]
    [incident] = (await business.owner.get("/incidents")).json()["incidents"]
    assert incident["excerpt"] == "I am <PERSON_1>, help, the kitchen is on fire!"
    assert (await business.owner.post(f"/conversations/{talk}/takeover")).status_code == 200
    said = {"content": "Ms Kestrelov, this is Ottoline Brackwater, call me on +49 30 23125017."}
    answer = await business.owner.post(f"/conversations/{talk}/reply", json=said)
    assert answer.json()["content"] == said["content"]
    rated = {"satisfaction": 5, "comment": "Thanks! Rumina Kestrelov"}
    assert (await business.owner.post(f"/conversations/{talk}/feedback", json=rated)).status_code == 200
    assert_nowhere(("Kestrelov", "Brackwater", "23125017"), everything(business.id), [], frozenset())
    lines = (await business.owner.get(f"/conversations/{talk}/messages")).json()["messages"]
    unmask = {"conversation_id": talk, "text": lines[-1]["content"], "reason": "to answer her"}
    assert (await business.owner.post("/privacy/unmask", json=unmask)).json() == {"text": said["content"]}


async def test_only_what_names_nobody_is_remembered(business: Business) -> None:
    agent = await make_agent(business)
    body = {"source": "faq", "title": "FAQ", "content": "Parking: guests park behind the house for free."}
    assert (await business.owner.post("/knowledge/ingest", json=body)).status_code == 201
    for line, cached in (("Where can guests park their cars?", "exact"), ("Where can Rumina Kestrelov park?", False)):
        await say(business, line, agent_id=agent)
        assert (await say(business, line, agent_id=agent))["cached"] == cached


async def test_metadata_only_keeps_no_word_and_still_remembers(
    business: Business, resources: Resources, everything: Dump
) -> None:
    agent = await make_agent(business, "metadata_only")
    talk = await book(business, agent, "Quillon Abernatter", "+49 30 23125017")
    words = ("Quillon", "23125017", "book a table for 4", "next Friday", "phone number")
    mine = {table: [row for row in rows.splitlines() if talk in row] for table, rows in everything(business.id).items()}
    found = tables_with({table: "\n".join(rows) for table, rows in mine.items() if table not in RECORDS}, words)
    assert found == {}
    assert mine["vault_entries"] == []
    lines = (await business.owner.get(f"/conversations/{talk}/messages")).json()["messages"]
    assert {one["content"] for one in lines} == {""}
    assert len(lines) == 6
    assert f'"characters": {len("My name is Quillon Abernatter")}' in "".join(mine["messages"])
    resources.unwritten.forget([talk])  # as after a restart: nothing is known any more
    again = await say(business, "Is it under my name?", conversation_id=talk)
    assert "name" not in again["slots"]


async def test_keep_all_keeps_all(business: Business, everything: Dump) -> None:
    agent = await make_agent(business, None)
    await say(business, "I am Rumina Kestrelov", agent_id=agent)
    assert "messages" in tables_with(everything(business.id), ["Rumina Kestrelov"])
    assert everything(business.id)["messages"].count("Rumina Kestrelov") == 1


@pytest.mark.parametrize(("channel", "mode", "masked"), [("training", None, True), ("text", None, False),
                                                         ("training", "keep_all", False)])  # fmt: skip
async def test_training_masks_unless_told_otherwise(
    business: Business, resources: Resources, channel: str, mode: str | None, masked: bool
) -> None:
    agent = await make_agent(business, mode)
    told = {"note": "called by Rumina Kestrelov"}
    ask = Ask(business.id, "I am Rumina Kestrelov", agent_id=agent, channel=channel, metadata=told)
    [done] = [event async for event in resources.responder.respond(ask) if isinstance(event, Done)]
    found = (await business.owner.get(f"/api/conversations/{done.conversation_id}")).json()["conversation"]
    assert ("Kestrelov" in json.dumps(found)) is not masked
    assert done.slots["name"] == "Rumina Kestrelov"


async def test_a_conversation_keeps_the_mode_it_began_in(business: Business, everything: Dump) -> None:
    agent = await make_agent(business)
    first = await say(business, "Hello there, good evening", agent_id=agent)
    changed = await business.owner.patch(f"/agents/{agent}", json={"privacy": {"mode": "keep_all"}})
    assert changed.status_code == 200
    word = f"Ann{new_id()[-6:]}"
    await say(business, f"My name is {word} Kestrelov", conversation_id=first["conversation_id"])
    assert_nowhere((word,), everything(business.id), [], frozenset())


async def test_the_live_view_shows_masked_words(business: Business, app: Any) -> None:
    agent = await make_agent(business)
    talk = (await say(business, "I am Rumina Kestrelov", agent_id=agent))["conversation_id"]
    await business.owner.post(f"/conversations/{talk}/end")
    answer = await business.owner.get(f"/conversations/{talk}/events", timeout=httpx.Timeout(10))
    assert "<PERSON_1>" in answer.text
    assert "Kestrelov" not in answer.text


@pytest.mark.parametrize("mode", ["masked", "metadata_only", "keep_all"])
async def test_what_an_interrupted_caller_heard_is_kept_as_the_mode_has_it(
    shop: Business, hosted: Resources, model_server: OpenAIServer, mode: str
) -> None:
    agent = await make_agent(shop, mode)
    name = "Rumina Kestrelov" if mode == "keep_all" else "<PERSON_1>"
    model_server.queue(streamed(f"Thank you, {name}. We open at five and close at ten."), streamed("Yes, please?"))
    line = "I am Rumina Kestrelov, when do you open?"
    turn = await say(shop, line, agent_id=agent)
    talk = turn["conversation_id"]
    lines = (await shop.owner.get(f"/conversations/{talk}/messages")).json()["messages"]
    await hosted.transcripts.cut(shop.id, talk, lines[-1]["reply_to"], "Thank you, Rumina Kestrelov. We open")
    since = len(model_server.requests)
    await say(shop, "Sorry, one moment", conversation_id=talk)
    heard = [one["content"] for one in model_server.requests[since].body["messages"] if one["role"] == "assistant"]
    assert heard == [f"Thank you, {name}. We open"]
