"""Webhooks: told with what happened or not at all, signed, tried again, kept when dead, replayed on demand."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from parley.app.resources import Resources
from parley.kit.clock import SystemClock
from parley.kit.outbound import Outbound
from parley.kit.secrets import Keyring
from parley.outbox import SIGNATURE_HEADER, Outbox, announce
from parley.outbox.subscribe import MOST_ATTEMPTS, NotDelivered
from parley.tenants import Principal, levels_of
from tests.conftest import SECRET, Business

pytestmark = pytest.mark.anyio

OWNER = Principal("user", "someone", "", "owner", levels_of("owner"))


class Receiver:
    """An endpoint on loopback that answers `status` and keeps what it was sent."""

    def __init__(self) -> None:
        self.status = 204
        self.seen: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().splitlines()[1:]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        self.seen.append((headers, await reader.readexactly(int(headers.get("content-length", "0")))))
        writer.write(f"HTTP/1.1 {self.status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        writer.close()

    @property
    def events(self) -> list[str]:
        return [headers["parley-event"] for headers, _ in self.seen]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    server = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with server:
        yield made


@pytest.fixture
async def outbox(resources: Resources) -> AsyncIterator[Outbox]:
    """One that may reach loopback."""
    outbound = Outbound(["127.0.0.1"])
    yield Outbox(resources.db, Keyring(SECRET), outbound, SystemClock())
    await outbound.aclose()


async def waiting(business: Business) -> list[dict[str, Any]]:
    answer = await business.owner.get("/webhook-deliveries", params={"status": "pending"})
    told: list[dict[str, Any]] = answer.json()["webhook_deliveries"]
    return list(reversed(told))


async def deliver_all(outbox: Outbox, business: Business) -> None:
    for delivery in await waiting(business):
        await outbox.deliver(business.id, delivery["id"])


async def test_a_delivery_is_signed_over_time_and_body(
    outbox: Outbox, resources: Resources, business: Business, receiver: Receiver
) -> None:
    _, secret = await outbox.subscribe(OWNER, business.id, receiver.url, ["lead.created"], "")
    lead = {"name": "Zoë Ward", "phone": "+4930901820", "intent": "buy"}
    made = (await business.owner.post("/leads", json=lead)).json()
    await deliver_all(outbox, business)
    [(headers, body)] = receiver.seen
    at, mac = (part.split("=", 1)[1] for part in headers[SIGNATURE_HEADER.lower()].split(","))
    assert abs(int(at) - datetime.now(UTC).timestamp()) < 60
    assert mac == hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert (told["event"], told["tenant_id"]) == ("lead.created", business.id)
    assert (told["data"]["id"], told["data"]["name"], told["data"]["phone"]) == (made["id"], "Zoë Ward", "+4930901820")
    assert headers["parley-delivery"] == told["id"]
    shown = (await business.owner.get("/webhook-subscriptions")).json()["webhook_subscriptions"]
    assert secret not in json.dumps(shown)


async def test_everything_that_happens_is_told_once_to_whom_it_concerns(
    outbox: Outbox, business: Business, rival: Business, receiver: Receiver
) -> None:
    await outbox.subscribe(OWNER, business.id, receiver.url, ["*"], "")
    await outbox.subscribe(OWNER, rival.id, receiver.url, ["*"], "another tenant hears nothing")
    owner = business.owner
    await owner.put("/frontdesk/settings", json={"tables": [{"name": "1", "seats": 6}]})
    day = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    wish = {"date": day, "time": "19:30", "party_size": 4, "name": "Zoë Ward", "phone": "+4930901820"}
    booked = (await owner.post("/reservations", json=wish)).json()["id"]
    await owner.patch(f"/reservations/{booked}", json={"party_size": 5})
    await owner.patch(f"/reservations/{booked}", json={"status": "cancelled"})
    assert (await owner.post("/agents", json={"name": "Host", "type": "receptionist"})).status_code == 201
    calm = (await owner.post("/chat/message", json={"message": "I want to speak to a person"})).json()
    again = {"message": "A person, please!", "conversation_id": calm["conversation_id"]}
    assert (await owner.post("/chat/message", json=again)).json()["escalate"]
    await owner.post(f"/conversations/{calm['conversation_id']}/end")
    await owner.post(f"/conversations/{calm['conversation_id']}/end")
    assert (await owner.post("/chat/message", json={"message": "The kitchen is on fire, help!"})).json()["emergency"]
    await deliver_all(outbox, business)
    assert receiver.events == [
        "reservation.created",
        "reservation.changed",
        "reservation.cancelled",
        "escalation.requested",
        "conversation.ended",
        "incident.raised",
        "escalation.requested",
    ]
    assert await waiting(rival) == []


async def test_logs_that_are_taken_in_are_told_to_nobody(
    outbox: Outbox, business: Business, receiver: Receiver
) -> None:
    await outbox.subscribe(OWNER, business.id, receiver.url, ["*"], "")
    owner = business.owner
    log = {"session_id": "s", "transcript": {"messages": [{"role": "user", "content": "Hello"}]}}
    posted = (await owner.post("/api/conversations", json=log)).json()["conversation"]
    lines = "\n".join(json.dumps({**log, "channel": channel}) for channel in ("text", "phone", "import"))
    taken = await owner.post("/api/conversations/import", content=lines.encode())
    assert json.loads(taken.text.splitlines()[-1])["imported"] == 3
    await owner.post(f"/conversations/{posted['id']}/end")
    assert await waiting(business) == []
    assert (await owner.post("/agents", json={"name": "Host", "type": "receptionist"})).status_code == 201
    held = (await owner.post("/chat/message", json={"message": "Hello"})).json()["conversation_id"]
    await owner.post(f"/conversations/{held}/end")
    assert [one["event"] for one in await waiting(business)] == ["conversation.ended"]


@pytest.mark.parametrize(
    ("named", "hears"),
    [("reservation.*", False), ("lead", True), ("lead.*", True), ("lead.created", True), ("lead.changed", False)],
)
async def test_a_subscription_hears_what_it_named(
    resources: Resources, outbox: Outbox, business: Business, receiver: Receiver, named: str, hears: bool
) -> None:
    await outbox.subscribe(OWNER, business.id, receiver.url, [named], "")
    async with resources.db.begin(business.id) as connection:
        await announce(connection, business.id, "lead.created", {"id": "1"})
    assert len(await waiting(business)) == int(hears)


async def test_what_is_rolled_back_was_never_told(
    resources: Resources, outbox: Outbox, business: Business, receiver: Receiver
) -> None:
    await outbox.subscribe(OWNER, business.id, receiver.url, ["*"], "")
    async with resources.db.begin(business.id) as connection:
        await announce(connection, business.id, "lead.created", {"id": "1"})
        await connection.rollback()
    assert await waiting(business) == []


async def test_a_receiver_that_fails_is_tried_again_then_the_delivery_is_dead_and_can_be_replayed(
    outbox: Outbox, business: Business, receiver: Receiver
) -> None:
    made, _ = await outbox.subscribe(OWNER, business.id, receiver.url, ["*"], "")
    sent = await outbox.ping(business.id, made.id)
    receiver.status = 503
    for attempt in range(1, MOST_ATTEMPTS):
        with pytest.raises(NotDelivered):
            await outbox.deliver(business.id, sent.id)
        [shown] = (await business.owner.get("/webhook-deliveries")).json()["webhook_deliveries"]
        assert (shown["status"], shown["attempts"], shown["response_status"]) == ("retrying", attempt, 503)
    await outbox.deliver(business.id, sent.id)
    [shown] = (await business.owner.get("/webhook-deliveries")).json()["webhook_deliveries"]
    assert (shown["status"], shown["attempts"]) == ("dead", MOST_ATTEMPTS)
    assert "503" in shown["error"]
    await outbox.deliver(business.id, sent.id)
    assert len(receiver.seen) == MOST_ATTEMPTS, "a dead one stays dead"

    receiver.status = 200
    replayed = await business.owner.post(f"/webhook-deliveries/{sent.id}/replay")
    assert (replayed.status_code, replayed.json()["status"]) == (200, "pending")
    await outbox.deliver(business.id, sent.id)
    [shown] = (await business.owner.get("/webhook-deliveries")).json()["webhook_deliveries"]
    assert (shown["status"], shown["attempts"]) == ("delivered", 1)
    assert len({headers["parley-delivery"] for headers, _ in receiver.seen}) == 1
    await outbox.deliver(business.id, sent.id)
    assert len(receiver.seen) == MOST_ATTEMPTS + 1, "a job that runs twice sends once"


async def test_nobody_there_and_a_forbidden_address_are_failures_like_others(
    resources: Resources, outbox: Outbox, business: Business
) -> None:
    made, _ = await outbox.subscribe(OWNER, business.id, "http://127.0.0.1:9/", ["*"], "")
    sent = await outbox.ping(business.id, made.id)
    with pytest.raises(NotDelivered, match="connection"):
        await outbox.deliver(business.id, sent.id)
    with pytest.raises(NotDelivered, match="not public"):
        await resources.outbox.deliver(business.id, sent.id)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"url": "http://127.0.0.1/hook", "events": ["*"]}, "url"),
        ({"url": "http://169.254.169.254/", "events": ["*"]}, "url"),
        ({"url": "ftp://example.com", "events": ["*"]}, "url"),
        ({"url": "https://example.com", "events": []}, "events"),
        ({"url": "https://example.com", "events": ["reservation.exploded"]}, "events"),
        ({"url": "https://example.com", "events": ["*"], "secret": "mine"}, "secret"),
    ],
)
async def test_a_wrong_subscription_is_refused_by_name(business: Business, body: dict[str, Any], names: str) -> None:
    answer = await business.owner.post("/webhook-subscriptions", json=body)
    assert answer.status_code in (400, 422)
    assert names in answer.text


async def test_the_job_is_on_the_queue_and_erasing_a_person_takes_what_was_told(
    resources: Resources, business: Business
) -> None:
    owner = business.owner
    hook = {"url": "https://hooks.invalid/", "events": ["lead.*"]}
    assert (await owner.post("/webhook-subscriptions", json=hook)).status_code == 201
    await owner.post("/leads", json={"name": "Zoë Ward", "phone": "+4930901820", "intent": "buy"})
    [delivery] = await waiting(business)
    queued = await resources.jobs.app.job_manager.list_jobs_async(task="outbox.deliver")
    assert delivery["id"] in {job.task_kwargs["delivery_id"] for job in queued}
    receipt = (await owner.post("/privacy/erase", json={"phone": "+4930901820"})).json()
    assert receipt["counts"]["webhook_deliveries"] == 1
    assert await waiting(business) == []


async def test_a_subscription_goes_with_its_deliveries(business: Business) -> None:
    owner = business.owner
    hook = {"url": "https://hooks.invalid/", "events": ["*"]}
    made = (await owner.post("/webhook-subscriptions", json=hook)).json()["id"]
    assert (await owner.post(f"/webhook-subscriptions/{made}/ping")).status_code == 201
    assert (await owner.delete(f"/webhook-subscriptions/{made}")).status_code == 204
    assert (await owner.delete(f"/webhook-subscriptions/{made}")).status_code == 404
    assert await waiting(business) == []
