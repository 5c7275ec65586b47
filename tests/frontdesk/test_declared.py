"""Tools a business declares: called once, with their secrets, and never beyond what is public."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from parley.app.resources import Resources
from parley.frontdesk import DeclaredTools
from parley.kit.outbound import Outbound
from parley.kit.secrets import Keyring
from parley.tenants import Principal, levels_of
from tests.conftest import SECRET, Business

pytestmark = pytest.mark.anyio

OWNER = Principal("user", "someone", "", "owner", levels_of("owner"))
PARAMETERS = {
    "type": "object",
    "properties": {"order": {"type": "string", "minLength": 1}, "lines": {"type": "integer"}},
    "required": ["order"],
    "additionalProperties": False,
}
TOOL = {
    "name": "order_status",
    "description": "Says where an order is.",
    "parameters": PARAMETERS,
    "url": "https://shop.example.com/status",
    "headers": {"Authorization": "Bearer s3cret"},
}


class Shop:
    """An endpoint on loopback that answers with `reply` and remembers what it was sent."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.reply = ("200 OK", "application/json", b'{"status":"shipped"}')
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lengths = [line.split(":")[1] for line in head.splitlines() if line.lower().startswith("content-length")]
        self.seen.append(head + ((await reader.readexactly(int(lengths[0]))).decode() if lengths else ""))
        status, kind, body = self.reply
        lines = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(lines.encode() + body)
        writer.close()


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    made = Shop()
    server = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@pytest.fixture
async def declared(resources: Resources) -> AsyncIterator[DeclaredTools]:
    outbound = Outbound(["127.0.0.1"])
    yield DeclaredTools(resources.db, Keyring(SECRET), outbound)
    await outbound.aclose()


async def declare(declared: DeclaredTools, business: Business, shop: Shop, **more: Any) -> Any:
    values = {**TOOL, "url": f"http://127.0.0.1:{shop.port}/status", "method": "POST", "timeout_seconds": 5, **more}
    return await declared.add(OWNER, business.id, values)


async def test_a_call_carries_arguments_secrets_and_the_key(
    declared: DeclaredTools, business: Business, shop: Shop
) -> None:
    tool = await declare(declared, business, shop)
    outcome = await declared.run(business.id, tool, {"order": "4711"}, idempotency_key="turn-1")
    assert (outcome.ok, outcome.status, outcome.content) == (True, 200, {"status": "shipped"})
    head, _, body = shop.seen[0].partition("\r\n\r\n")
    assert head.startswith("POST /status ")
    assert "authorization: bearer s3cret" in head.lower()
    assert "idempotency-key: turn-1" in head.lower()
    assert json.loads(body) == {"order": "4711"}
    assert len(shop.seen) == 1


async def test_a_get_puts_its_arguments_into_the_query(declared: DeclaredTools, business: Business, shop: Shop) -> None:
    tool = await declare(declared, business, shop, method="GET")
    await declared.run(business.id, tool, {"order": "a&b=c", "lines": 2})
    assert shop.seen[0].startswith("GET /status?order=a%26b%3Dc&lines=2 ")


@pytest.mark.parametrize("arguments", [{}, {"order": 4711}, {"order": ""}, {"order": "1", "else": 1}])
async def test_arguments_that_do_not_keep_to_the_schema_are_not_sent(
    declared: DeclaredTools, business: Business, shop: Shop, arguments: dict[str, Any]
) -> None:
    tool = await declare(declared, business, shop)
    outcome = await declared.run(business.id, tool, arguments)
    assert (outcome.ok, outcome.code) == (False, "tool.arguments")
    assert "arguments" in outcome.detail
    assert shop.seen == []


async def test_what_goes_wrong_is_an_outcome(declared: DeclaredTools, business: Business, shop: Shop) -> None:
    tool = await declare(declared, business, shop)
    shop.reply = ("503 Service Unavailable", "text/plain", b"try later")
    outcome = await declared.run(business.id, tool, {"order": "1"})
    assert (outcome.ok, outcome.status, outcome.content, outcome.code) == (False, 503, "try later", "tool.status")
    shop.reply = ("200 OK", "application/octet-stream", b"\x00\x01")
    assert (await declared.run(business.id, tool, {"order": "1"})).content is None
    gone = await declare(declared, business, shop, name="gone", url="http://127.0.0.1:1/")
    assert (await declared.run(business.id, gone, {"order": "1"})).code == "outbound.failed"


async def test_only_active_tools_are_offered(
    declared: DeclaredTools, business: Business, shop: Shop, resources: Resources
) -> None:
    tool = await declare(declared, business, shop)
    await declare(declared, business, shop, name="asleep", is_active=False)
    async with resources.db.begin(business.id) as connection:
        assert [one.id for one in await declared.offered(connection, business.id)] == [tool.id]


async def test_over_http_secrets_go_in_and_never_come_out(business: Business, resources: Resources) -> None:
    made = await business.owner.post("/tools", json=TOOL)
    assert made.status_code == 201, made.text
    assert made.json()["header_names"] == ["Authorization"]
    path = f"/tools/{made.json()['id']}"
    answers = [made, await business.owner.get("/tools"), await business.owner.get(path)]
    changed = await business.owner.patch(path, json={"description": "Where an order is.", "timeout_seconds": 3})
    assert changed.json()["timeout_seconds"] == 3
    assert not any("s3cret" in answer.text for answer in [*answers, changed])
    async with resources.db.begin(business.id) as connection:
        row = (await connection.execute(text("SELECT tools::text FROM tools"))).scalar_one()
    assert "s3cret" not in row
    assert (await business.owner.post("/tools", json=TOOL)).status_code == 409
    assert (await business.owner.delete(path)).status_code == 204
    assert (await business.owner.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"url": "http://169.254.169.254/"}, "url"),
        ({"url": "http://127.0.0.1:8000/"}, "url"),
        ({"url": "ftp://example.com/"}, "url"),
        ({"parameters": {"type": "array"}}, "parameters"),
        ({"parameters": {"type": "object", "properties": {"a": {"type": "text"}}}}, "parameters.properties.a.type"),
        ({"parameters": {"type": "object", "properties": {"a": {"$ref": "http://10.0.0.1/"}}}}, "$ref"),
        ({"parameters": {"type": "object", "description": "x" * 20_000}}, "20000 bytes"),
        ({"headers": {"Host": "example.com"}}, "headers"),
        ({"headers": {"X-Key": "a\r\nX-Other: b"}}, "headers"),
        ({"timeout_seconds": 21}, "timeout_seconds"),
        ({"name": "order status"}, "name"),
    ],
)
async def test_unsound_tools_are_refused_by_name(business: Business, change: dict[str, Any], named: str) -> None:
    answer = await business.owner.post("/tools", json={**TOOL, **change})
    assert answer.status_code == 422
    assert named in answer.text
    assert "s3cret" not in answer.text


async def test_a_test_call_does_not_reach_inside(business: Business) -> None:
    made = (await business.owner.post("/tools", json={**TOOL, "url": "http://localhost:5432/"})).json()
    outcome = (await business.owner.post(f"/tools/{made['id']}/test", json={"arguments": {"order": "1"}})).json()
    assert (outcome["ok"], outcome["code"]) == (False, "outbound.refused")


async def test_another_business_reaches_no_tool(business: Business, rival: Business) -> None:
    made = (await business.owner.post("/tools", json=TOOL)).json()
    assert (await rival.owner.get(f"/tools/{made['id']}")).status_code == 404
    assert (await rival.owner.post(f"/tools/{made['id']}/test", json={})).status_code == 404
