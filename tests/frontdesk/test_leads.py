"""One person is one lead, with reasons for its score and a history."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

import pytest

from parley.app.resources import Resources
from parley.frontdesk import NewLead
from parley.frontdesk.routes_leads import csv_line
from parley.frontdesk.score import score
from parley.kit.ids import new_id
from tests.conftest import Business

pytestmark = pytest.mark.anyio

MO: dict[str, Any] = {
    "name": "Mo Reyes",
    "phone": "030 901820",
    "intent": "buy",
    "property_id": "a-102",
    "budget": 430000,
}


async def post(business: Business, status: int = 201, **fields: Any) -> dict[str, Any]:
    answer = await business.owner.post("/leads", json=fields)
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_lead_is_scored_with_reasons(business: Business) -> None:
    made = await post(business, **MO)
    assert (made["phone"], made["property_id"], made["status"]) == ("+4930901820", "A-102", "new")
    assert made["score"] == sum(reason["points"] for reason in made["reasons"]) == 80
    assert {reason["rule"] for reason in made["reasons"]} == {"phone", "name", "intent", "property", "budget"}


def test_more_facts_never_score_less_and_never_over_a_hundred() -> None:
    facts: dict[str, Any] = {}
    before = 0
    everything = {"name": "A", "phone": "+1", "email": "a@b.c", "intent": "viewing", "property_id": "A", "budget": 0}
    for name, value in {**everything, "contacts": 3}.items():
        facts[name] = value
        points, _ = score(facts)
        assert before < points <= 100
        before = points


async def test_the_same_person_is_merged_and_the_past_kept(business: Business) -> None:
    first = await post(business, **MO, notes="likes gardens")
    again = await post(
        business, 200, phone="+49 30 901820", email="MO@Example.com", name="Mo Reyes", notes="wants a loan"
    )
    assert again["id"] == first["id"]
    assert (again["email"], again["notes"], again["contacts"]) == ("mo@example.com", "likes gardens\nwants a loan", 2)
    assert again["score"] > first["score"]
    by_mail = await post(business, 200, email="mo@example.com", budget=500000)
    assert by_mail["history"][-1]["changed"]["budget"] == ["430000", "500000"]
    assert len((await business.owner.get("/leads")).json()["leads"]) == 1


async def test_two_leads_that_turn_out_to_be_one_become_the_older(business: Business) -> None:
    one = await post(business, phone="030 901820", notes="called")
    other = await post(business, email="mo@example.com", name="Mo", notes="wrote")
    merged = await post(business, 200, phone="030 901820", email="mo@example.com")
    assert (merged["id"], merged["name"], merged["notes"]) == (one["id"], "Mo", "called\nwrote")
    assert merged["history"][-1]["merged"] == [other["id"]]
    assert (await business.owner.get(f"/leads/{other['id']}")).status_code == 404


async def conversation(business: Business) -> str:
    assert (await business.owner.post("/agents", json={"name": "Desk"})).status_code == 201
    said = await business.owner.post("/chat/message", json={"message": "Hello"})
    return str(said.json()["conversation_id"])


async def test_a_conversation_fills_in_one_lead(business: Business) -> None:
    talk = await conversation(business)
    first = await post(business, name="Mo", conversation_id=talk)
    second = await post(business, 200, name="Mo", phone="030 901820", conversation_id=talk)
    assert (second["id"], second["contacts"]) == (first["id"], 1)
    await post(business, name="Ann", phone="030 901821", conversation_id=talk)


async def test_an_unknown_conversation_is_refused(business: Business, rival: Business) -> None:
    theirs = await conversation(rival)
    for unknown in ("c1", new_id(), theirs):
        refused = await post(business, 422, name="Mo", conversation_id=unknown)
        assert "conversation_id" in refused["detail"]
        table = {"date": "2030-05-04", "time": "19:00", "party_size": 2, "name": "Mo", "conversation_id": unknown}
        answer = await business.owner.post("/reservations", json=table)
        assert answer.status_code == 422
        assert "conversation_id" in answer.json()["detail"]
    assert (await business.owner.get("/leads")).json()["leads"] == []


async def test_parallel_captures_of_one_person_make_one_lead(business: Business, resources: Resources) -> None:
    said = NewLead(name="Mo", phone="030 901820")
    made = await asyncio.gather(*(resources.leads.capture(business.id, said) for _ in range(20)))
    assert len({lead.id for lead, _ in made}) == 1
    assert sum(new for _, new in made) == 1


async def test_a_lost_lead_that_comes_back_is_new(business: Business) -> None:
    made = await post(business, **MO)
    await business.owner.patch(f"/leads/{made['id']}", json={"status": "lost"})
    assert (await post(business, 200, **MO))["status"] == "new"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "name, phone or email"),
        ({"phone": "call me"}, "phone"),
        ({"email": "a b@c.d"}, "email"),
        ({"name": "A", "budget": -1}, "budget"),
        ({"name": "A", "budget": "NaN"}, "budget"),
        ({"name": "A", "score": 100}, "score"),
    ],
)
async def test_bad_leads_are_refused_by_name(business: Business, fields: dict[str, Any], named: str) -> None:
    answer = await business.owner.post("/leads", json=fields)
    assert answer.status_code == 422
    assert named in answer.text


async def test_a_lead_is_changed_and_deleted(business: Business) -> None:
    made, other = await post(business, **MO), await post(business, name="Ann", phone="030 901821")
    path = f"/leads/{made['id']}"
    changed = (await business.owner.patch(path, json={"status": "qualified", "budget": None})).json()
    assert (changed["status"], changed["budget"], changed["score"]) == ("qualified", None, 65)
    assert changed["history"][-1]["changed"]["status"] == ["new", "qualified"]
    taken = await business.owner.patch(path, json={"phone": "030901821"})
    assert (taken.status_code, taken.json()["code"]) == (409, "lead.duplicate")
    assert (await business.owner.patch(path, json={"status": "great"})).status_code == 422
    assert (await business.owner.delete(path)).status_code == 204
    assert [lead["id"] for lead in (await business.owner.get("/leads")).json()["leads"]] == [other["id"]]


async def test_leads_are_filtered(business: Business) -> None:
    made, _ = await post(business, **MO), await post(business, name="Ann")
    for query in ({"min_score": 50}, {"phone": "+4930901820"}, {"property_id": "a-102"}, {"intent": "buy"}):
        found = (await business.owner.get("/leads", params=query)).json()["leads"]
        assert [lead["id"] for lead in found] == [made["id"]]
    assert (await business.owner.get("/leads", params={"phone": "x"})).json()["leads"] == []


async def test_the_export_holds_every_lead_and_no_formula(business: Business, resources: Resources) -> None:
    for number in range(3):
        await post(business, name=f"=HYPERLINK({number})", email=f"m{number}@example.com", notes='one\ntwo, "three"')
    made = await post(business, **MO)
    answer = await business.owner.get("/leads/export.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["name"] for row in rows] == ["Mo Reyes", *(f"'=HYPERLINK({number})" for number in (2, 1, 0))]
    assert (rows[0]["phone"], rows[0]["score"], rows[0]["budget"]) == ("+4930901820", str(made["score"]), "430000")
    assert rows[1]["notes"] == 'one\ntwo, "three"'


@pytest.mark.parametrize(("value", "cell"), [("+4930901820", "+4930901820"), ("-5", "-5"), (None, ""), ("a=b", "a=b")])
def test_harmless_cells_stay_as_they_are(value: str | None, cell: str) -> None:
    assert csv_line([value]).strip('"\r\n') == cell


@pytest.mark.parametrize("value", ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1"])
def test_cells_that_a_spreadsheet_would_run_are_quoted(value: str) -> None:
    assert next(csv.reader(io.StringIO(csv_line([value]), newline="")))[0] == f"'{value}"


async def test_another_business_sees_no_lead(business: Business, rival: Business) -> None:
    made = await post(business, **MO)
    assert (await rival.owner.get(f"/leads/{made['id']}")).status_code == 404
    assert (await rival.owner.get("/leads", params={"tenant_id": business.id})).json()["leads"] == []
    theirs = await post(rival, **MO)
    assert theirs["id"] != made["id"]
