"""Input nobody sends by mistake: always 4xx, always in the one shape, and the sentence names what is wrong."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.isolation.operations import Operation, operations

pytestmark = pytest.mark.anyio

WITH_BODY = [one for one in operations() if one.example is not None]
DEEP = "[" * 500 + "]" * 500
DEEPER = '{"a":' * 100_000 + "1" + "}" * 100_000
JSON = {"Content-Type": "application/json"}


def refused(answer: httpx.Response, *codes: int) -> dict[str, Any]:
    assert answer.status_code in codes, f"{answer.status_code}: {answer.text[:300]}"
    body: dict[str, Any] = answer.json()
    assert set(body) == {"detail", "type", "code"}
    return body


def path_of(operation: Operation) -> str:
    return operation.at({**dict.fromkeys(operation.path_parameters, "x"), "vendor": "openai"})


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_bodies_that_are_not_what_they_say(client: httpx.AsyncClient, operation: Operation) -> None:
    path = path_of(operation)
    for content in (b"", b"{", b"null", b"[]", b'"text"', b"\xff\xfe", b'{"a":1,}', DEEPER.encode(), b"\x00"):
        answer = await client.request(operation.method, path, content=content, headers=JSON)
        refused(answer, 400, 404, 422)
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense"):
        content = json.dumps(operation.example).encode()
        answer = await client.request(operation.method, path, content=content, headers={"Content-Type": kind})
        refused(answer, 400, 404, 415, 422)


@pytest.mark.parametrize("operation", [one for one in WITH_BODY if "credentials" not in one.path], ids=str)
async def test_an_unknown_field_is_refused_by_name(client: httpx.AsyncClient, operation: Operation) -> None:
    body = {**operation.example, "surprise": 1}
    answer = await client.request(operation.method, path_of(operation), json=body)
    assert "surprise" in str(refused(answer, 422)["detail"])


@pytest.mark.parametrize("operation", [one for one in WITH_BODY if "credentials" not in one.path], ids=str)
@pytest.mark.parametrize(
    "value",
    ["NUL \\u0000", "lone \\ud800", "\\udfff\\ud800", DEEP],
    ids=["nul", "lone surrogate", "reversed pair", "deep"],
)
async def test_text_that_cannot_be_stored(client: httpx.AsyncClient, operation: Operation, value: str) -> None:
    """In every text field of every body."""
    quoted = value if value == DEEP else f'"{value}"'
    for name, given in operation.example.items():
        if not isinstance(given, str | dict):
            continue
        rest = {key: kept for key, kept in operation.example.items() if key != name}
        inner = f'{{"x": {quoted}}}' if isinstance(given, dict) else quoted
        raw = json.dumps(rest)[:-1] + (", " if rest else "") + f'"{name}": {inner}}}'
        answer = await client.request(operation.method, path_of(operation), content=raw, headers=JSON)
        refused(answer, 400, 422)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity", str(2**63), "9" * 5000, "-" + "9" * 400])
async def test_numbers_nothing_can_hold(client: httpx.AsyncClient, number: str) -> None:
    settings = f'{{"name": "N", "voice_settings": {{"speed": {number}}}}}'
    refused(await client.post("/agents", content=settings, headers=JSON), 400, 422)


@pytest.mark.parametrize("number", ["0", "-0.0", "1.5e-300", str(2**63 - 1), str(-(2**63))])
async def test_numbers_at_the_edge_are_kept(client: httpx.AsyncClient, number: str) -> None:
    body = f'{{"name": "N", "voice_settings": {{"speed": {number}}}}}'
    answer = await client.post("/agents", content=body, headers=JSON)
    assert answer.status_code == 201, answer.text
    again = await client.get(f"/agents/{answer.json()['id']}")
    assert again.json()["voice_settings"]["speed"] == json.loads(number)


@pytest.mark.parametrize(
    ("path", "field", "length"),
    [
        ("/agents", "name", 201),
        ("/agents", "system_prompt", 50_001),
        ("/knowledge/ingest", "title", 501),
        ("/users", "email", 400),
        ("/chat/message", "message", 10_001),
        ("/chat/message", "session_id", 201),
        ("/api-keys", "name", 201),
    ],
)
async def test_what_is_too_long_is_refused_by_name(
    client: httpx.AsyncClient, path: str, field: str, length: int
) -> None:
    example = next(one for one in WITH_BODY if (one.method, one.path) == ("post", path)).example
    body = {name: value for name, value in example.items() if name not in {"tenant_id", "agent_id"}}
    answer = await client.post(path, json={**body, field: "x" * length})
    assert field in str(refused(answer, 422)["detail"])


@pytest.mark.parametrize("odd", ["%00", "%ED%A0%80", "%FF", "..%2F..", "x" * 5000, "%F0%9F%98%80", "'; DROP TABLE--"])
async def test_odd_ids(client: httpx.AsyncClient, odd: str) -> None:
    for one in operations():
        if one.path_parameters and one.method == "get":
            answer = await client.get(one.path.replace("{" + one.path_parameters[0] + "}", odd))
            refused(answer, 404, 422)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=501", "limit=-1", "limit=x", f"limit={2**70}", "cursor=%00", f"cursor={'9' * 64}",
        "tenant_id=%00", "limit=1&limit=2",
    ],
)  # fmt: skip
async def test_odd_filters(client: httpx.AsyncClient, query: str) -> None:
    """A filter that cannot match gives an empty list; a page size that cannot be is 422."""
    for one in operations():
        if "limit" in one.query_parameters and not one.path_parameters:
            answer = await client.get(f"{one.path}?{query}")
            if answer.status_code != 200:
                refused(answer, 422)


@pytest.mark.parametrize("query", ["cursor=bad!", "cursor=zz", "cursor=a&cursor=b", "limit=1&limit=2"])
async def test_a_place_that_is_none_does_not_begin_the_list_anew(client: httpx.AsyncClient, query: str) -> None:
    for one in operations():
        if {"limit", "cursor"} <= set(one.query_parameters) and not one.path_parameters:
            body = refused(await client.get(f"{one.path}?{query}"), 422)
            assert query.partition("=")[0] in str(body["detail"]), one


async def test_headers_nobody_sends(client: httpx.AsyncClient, anyone: httpx.AsyncClient) -> None:
    for value in (b"\xff\xfe", b"Bearer ", b"Bearer \xc3\xa9", b"bearer " + b"x" * 9000, b"Basic Og=="):
        refused(await anyone.get("/auth/me", headers={b"Authorization": value}), 401)
    for value in (b"\xff", b"x" * 9000, b"pk_"):
        refused(await anyone.get("/auth/me", headers={b"X-API-Key": value}), 401)


async def test_methods_a_path_does_not_have(client: httpx.AsyncClient) -> None:
    answer = await client.request("TRACE", "/agents")
    assert refused(answer, 405)["code"] == "method_not_allowed"
    assert answer.headers["allow"] == "GET, POST"
    deleted = await client.delete("/auth/me")
    assert (deleted.status_code, deleted.headers["allow"]) == (405, "GET")


async def test_an_answer_never_repeats_a_password(anyone: httpx.AsyncClient) -> None:
    body = {"email": "a@example.com", "password": "hunter2" * 200}
    answer = await anyone.post("/auth/login", json=body)
    assert answer.status_code == 422
    assert "hunter2" not in answer.text
