"""Beginning a call: what is refused, what is reported, and that nobody is dialled twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from parley.kit.ids import new_id
from tests.calls.conftest import DRIVER, FROM, WHO, Phone
from tests.wire.retell_server import Failure

pytestmark = pytest.mark.anyio

CREATE = "/v2/create-phone-call"


def dialled(phone: Phone, number: str = DRIVER) -> list[dict[str, Any]]:
    return [call for call in phone.server.calls.values() if call["to_number"] == number]


async def test_a_call_is_recorded_and_placed(phone: Phone) -> None:
    answer = await phone.initiate(phone_number="+1 (608) 555-0199", consent={"basis": "contract"})
    assert answer.status_code == 201
    call = answer.json()
    assert (call["status"], call["direction"], call["carrier"]) == ("initiated", "outbound", "retell")
    assert (call["phone_number"], call["own_number"]) == ("+16085550199", FROM)
    assert (call["driver_name"], call["load_number"]) == ("Mo Reyes", "7891-B")
    assert (call["duration"], call["structured_data"], call["completed_at"], call["warnings"]) == (None, None, None, [])
    assert call["consent"]["basis"] == "contract"
    assert "recorded_at" in call["consent"]
    [there] = dialled(phone, "+16085550199")
    assert there["call_id"] == call["retell_call_id"]
    assert there["retell_llm_dynamic_variables"]["load_number"] == "7891-B"
    assert there["agent_id"] in phone.server.agents
    assert await phone.get(call["id"]) == call
    listed = (await phone.client.get("/calls", params={"tenant_id": phone.tenant})).json()
    assert listed == {"calls": [call], "next_cursor": None}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone_number", "not a number"),
        ("phone_number", "12345"),
        ("phone_number", "6085550117"),
        ("phone_number", "+1608555"),
        ("phone_number", "+99912345678901234"),
        ("phone_number", "+1-800-FLOWERS"),
        ("phone_number", ""),
        ("driver_name", ""),
        ("driver_name", "   "),
        ("load_number", ""),
        ("driver_name", None),
        ("agent_config_id", ""),
        ("consent", 7),
        ("simulate", {"persona": "nobody"}),
        ("simulate", {"speed": -1}),
        ("surprise", 1),
    ],
)
async def test_what_is_wrong_is_named(phone: Phone, field: str, value: Any) -> None:
    before = len(phone.server.requests(CREATE))
    answer = await phone.initiate(**{field: value})
    assert answer.status_code == 422, answer.text
    assert field in str(answer.json()["detail"])
    assert len(phone.server.requests(CREATE)) == before


async def test_the_agent_is_one_of_the_tenants_and_active(phone: Phone) -> None:
    unknown = await phone.initiate(agent_config_id=new_id())
    other = await phone.resources.businesses.create(WHO, {"name": "Rival"})
    theirs = await phone.resources.agents.create(WHO, other.id, {"name": "Theirs"})
    answer = await phone.initiate(agent_config_id=theirs.id)
    assert (answer.status_code, answer.json()) == (unknown.status_code, unknown.json()) == (404, answer.json())
    await phone.resources.agents.change(WHO, phone.tenant, phone.agent, {"is_active": False})
    assert (await phone.initiate()).status_code == 409


async def test_a_hundred_requests_with_one_key_are_one_call(phone: Phone) -> None:
    key, number = new_id(), "+16085550133"
    answers = await asyncio.gather(*(phone.initiate(key, phone_number=number) for _ in range(100)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 99}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(dialled(phone, number)) == 1
    body = await phone.client.post("/calls/initiate", json=phone.wish(phone_number=number, idempotency_key=key))
    assert (body.status_code, body.json()["id"]) == (200, answers[0].json()["id"])
    assert (await phone.initiate(key, phone_number=number, load_number="another")).status_code == 409
    assert len(dialled(phone, number)) == 1


async def test_another_tenants_key_is_another_key(phone: Phone) -> None:
    first = await phone.initiate("the same")
    other = await phone.resources.businesses.create(WHO, {"name": "Rival"})
    theirs = await phone.resources.agents.create(WHO, other.id, {"name": "Theirs"})
    second = await phone.initiate("the same", tenant_id=other.id, agent_config_id=theirs.id)
    assert (first.status_code, second.status_code) == (201, 201)


async def test_exactly_as_many_calls_as_there_are_lines(phone: Phone) -> None:
    await phone.settings(max_concurrent_calls=3)
    answers = await asyncio.gather(*(phone.initiate(phone_number=f"+1608555{n:04}") for n in range(200, 212)))
    assert Counter(answer.status_code for answer in answers) == {201: 3, 429: 9}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "call.no_line"
    assert int(refused.headers["Retry-After"]) > 0
    taken = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    await phone.client.post(f"/calls/{taken}/cancel")
    assert (await phone.initiate()).status_code == 201
    assert (await phone.initiate()).status_code == 429


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (Failure(400, "on the DNC list"), 400, "provider.refused"),
        (Failure(422, "to_number is wrong"), 400, "provider.refused"),
        (Failure(401), 502, "provider.key_rejected"),
        (Failure(402, "no credit"), 502, "carrier.payment_required"),
        (Failure(429, "busy", {"retry-after": "9"}), 502, "provider.busy"),
    ],
    ids=lambda value: str(getattr(value, "status", value)),
)
async def test_a_refused_call_has_failed_and_its_key_is_free(
    phone: Phone, failure: Failure, status: int, code: str
) -> None:
    await phone.call()  # the agent is published
    phone.server.fail(CREATE, failure)
    answer = await phone.initiate("again")
    assert answer.status_code == status
    assert (answer.json()["type"], answer.json()["code"]) == ("CallInitiationError", code)
    assert answer.headers.get("Retry-After") == ("9" if failure.status == 429 else None)
    [failed] = (await phone.client.get("/calls", params={"tenant_id": phone.tenant, "status": "failed"})).json()[
        "calls"
    ]
    assert (failed["reason"], failed["retell_call_id"]) == (code, None)
    assert failed["completed_at"] is not None
    assert (await phone.initiate("again")).status_code == 201


@pytest.mark.parametrize("failure", [Failure(500), Failure(0), Failure(0, after=True)], ids=["500", "cut", "cut after"])
async def test_a_lost_answer_is_never_dialled_again(phone: Phone, failure: Failure) -> None:
    await phone.call()
    number = f"+1608555{phone.server.calls_dialled + 3000}"
    phone.server.fail(CREATE, failure)
    answer = await phone.initiate("once", phone_number=number)
    assert (answer.status_code, answer.json()["type"]) == (502, "CallInitiationError")
    assert answer.json()["code"] == "carrier.placing_unknown"
    again = await phone.initiate("once", phone_number=number)
    assert (again.status_code, again.json()["status"]) == (200, "initiated")
    phone.clock.advance(timedelta(minutes=2))
    await phone.resources.calls.reconciliation.reconcile(phone.tenant, again.json()["id"])
    after = await phone.get(again.json()["id"])
    if failure.after:
        [there] = dialled(phone, number)
        assert (after["status"], after["retell_call_id"]) == ("initiated", there["call_id"])
    else:
        assert dialled(phone, number) == []
        assert (after["status"], after["reason"]) == ("failed", "not_taken_by_carrier")
    attempts = [one for one in phone.server.requests(CREATE) if one.body["to_number"] == number]
    assert len(attempts) == 1


async def test_where_a_telephone_rings_the_rules_are_kept(phone: Phone) -> None:
    """In Wisconsin it is 4 in the morning; the person is on the list; no consent."""
    before = phone.server.calls_dialled
    phone.clock.advance(timedelta(hours=16))
    early = await phone.initiate()
    assert (early.status_code, early.json()["type"]) == (400, "CallInitiationError")
    assert early.json()["code"] == "call.outside_hours"
    assert "04:00" in early.json()["detail"]
    assert "America/Chicago" in early.json()["detail"]
    phone.clock.advance(timedelta(hours=6))
    await phone.client.post("/suppressions", json={"phone_number": DRIVER, "tenant_id": phone.tenant})
    assert (await phone.initiate()).json()["code"] == "call.suppressed"
    assert (await phone.initiate(phone_number="+16085550118", consent=False)).json()["code"] == "call.no_consent"
    await phone.settings(require_consent=True)
    assert (await phone.initiate(phone_number="+16085550118")).json()["code"] == "call.no_consent"
    assert (await phone.initiate(phone_number="+16085550118", consent="contract")).status_code == 201
    assert phone.server.calls_dialled == before + 1
    shown = (await phone.client.get("/calls", params={"tenant_id": phone.tenant})).json()["calls"]
    assert len(shown) == 1, "what may not be called is not on record as a call"


async def test_on_the_simulated_line_they_are_reported(phone: Phone) -> None:
    phone.clock.advance(timedelta(hours=16))
    await phone.client.post("/suppressions", json={"phone_number": DRIVER, "tenant_id": phone.tenant})
    answer = await phone.initiate(simulate={"persona": "delayed", "seed": 3})
    assert answer.status_code == 201, answer.text
    call = answer.json()
    assert call["carrier"] == "simulated"
    assert call["retell_call_id"] == f"still_{call['id']}"
    assert len(call["warnings"]) == 3
    for word in ("04:00", "do-not-call", "consent"):
        assert word in " ".join(call["warnings"])
    [placed] = phone.still.placed
    assert placed.simulate is not None
    assert (placed.simulate.persona, placed.simulate.seed, placed.simulate.speed) == ("delayed", 3, 0)


async def test_an_agent_chooses_its_carrier_and_its_number(phone: Phone) -> None:
    await phone.resources.agents.change(WHO, phone.tenant, phone.agent, {"voice_settings": {"carrier": "simulated"}})
    assert (await phone.call())["carrier"] == "simulated"
    await phone.resources.agents.change(WHO, phone.tenant, phone.agent, {"voice_settings": {"carrier": "retell"}})
    number = {"number": "+49 30 901824", "agent_id": phone.agent, "tenant_id": phone.tenant}
    assert (await phone.client.post("/phone-numbers", json=number)).status_code == 201
    assert (await phone.call())["own_number"] == "+4930901824"
    await phone.resources.agents.change(WHO, phone.tenant, phone.agent, {"voice_settings": {"carrier": "pigeon"}})
    assert (await phone.initiate()).json()["code"] == "call.no_carrier"


@pytest.mark.parametrize("name", ["status", "agent_config_id", "phone_number", "load_number", "direction"])
async def test_calls_are_filtered(phone: Phone, name: str) -> None:
    call = await phone.call()
    others = {
        "status": "failed",
        "agent_config_id": "x",
        "phone_number": "+1",
        "load_number": "x",
        "direction": "inbound",
    }
    for value, count in ((call[name], 1), (others[name], 0)):
        answer = await phone.client.get("/calls", params={"tenant_id": phone.tenant, name: value})
        assert len(answer.json()["calls"]) == count


async def test_calls_are_paged_newest_first(phone: Phone) -> None:
    made = [(await phone.call())["id"] for _ in range(3)]
    first = (await phone.client.get("/calls", params={"tenant_id": phone.tenant, "limit": 2})).json()
    cursor = {"tenant_id": phone.tenant, "limit": 2, "cursor": first["next_cursor"]}
    second = (await phone.client.get("/calls", params=cursor)).json()
    assert [call["id"] for call in first["calls"] + second["calls"]] == made[::-1]
    assert second["next_cursor"] is None
