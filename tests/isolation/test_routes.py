"""For every route of the OpenAPI document: another tenant's id reads like one that does not exist, and does nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import text

from parley.app.resources import Resources
from parley.kit.db import metadata
from parley.kit.ids import new_id
from tests.conftest import Business, _business
from tests.isolation.operations import Operation, operations, unopened_app
from tests.isolation.victims import (
    CANARY,
    FREE_TEXT,
    ID_OF,
    NAMES,
    SCOPES,
    Victim,
    furnish,
    made,
    price_of,
)

pytestmark = pytest.mark.anyio

OPERATIONS = list(operations())
WITH_PATH_ID = [one for one in OPERATIONS if set(one.path_parameters) - set(NAMES)]
WITH_BODY = [one for one in OPERATIONS if one.body_schema("application/json") is not None]
WITH_FORM = [one for one in OPERATIONS if one.body_schema("multipart/form-data") is not None]
WITHOUT_PATH_ID = [one for one in OPERATIONS if one.method == "get" and not one.path_parameters]
REQUIRED_QUERY = {"query": f"{CANARY} lasagna"}


def looks_like_an_id(name: str) -> bool:
    return name.endswith(("_id", "_ids")) and name not in FREE_TEXT


@dataclass(frozen=True)
class Scene:
    """The victim and those who would like to see what it has."""

    victim: Victim
    rival: Business
    attackers: dict[str, httpx.AsyncClient]


@pytest.fixture(scope="module")
async def scene(app: Any, resources: Resources) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        victim = await furnish(await stack.enter_async_context(_business(app, resources)))
        rival = await stack.enter_async_context(_business(app, resources))
        key = (await made(rival.owner, "/api-keys", {"name": "mine", "scopes": SCOPES}))["key"]
        transport = httpx.ASGITransport(app=app)
        by_key = httpx.AsyncClient(transport=transport, base_url="http://localhost", headers={"X-API-Key": key})
        await stack.enter_async_context(by_key)
        yield Scene(victim, rival, {"owner": rival.owner, "key": by_key})


async def holdings(resources: Resources, victim: Victim) -> dict[str, list[str]]:
    """Every row of the victim, as text, by table; without the noise that reading leaves."""
    found = {}
    async with resources.db.begin(victim.business.id) as connection:
        for table in sorted(metadata.tables):
            rows = await connection.execute(text(f"SELECT to_jsonb(t) - 'last_used_at' FROM {table} t"))  # noqa: S608
            found[table] = sorted(json.dumps(row, sort_keys=True) for row in rows.scalars())
    return found


def assert_no_trace(answer: httpx.Response, victim: Victim, sent: str = "") -> None:
    """Nothing of the victim in body or headers, but what the request itself said."""
    seen = answer.text + str(answer.headers)
    for secret in (victim.word, victim.word.lower(), price_of(victim.word), *victim.ids()):
        assert secret in sent or secret not in seen, f"{answer.request.url} shows {secret!r}: {answer.text}"


async def send(client: httpx.AsyncClient, operation: Operation, path: str, **more: Any) -> httpx.Response:
    if operation.example is not None and "json" not in more:
        more["json"] = operation.example
    if "query" in operation.query_parameters:
        more["params"] = {**REQUIRED_QUERY, **more.get("params", {})}
    return await client.request(operation.method, path, **more)


def test_every_id_of_every_route_has_a_victim() -> None:
    """A route that takes a new kind of id must be given one to attack, or this whole suite would pass it by."""
    unknown = set()
    for one in OPERATIONS:
        unknown |= {(str(one), name) for name in one.path_parameters if name not in ID_OF and name not in NAMES}
        fields = [*one.query_parameters]
        for kind in ("application/json", "multipart/form-data"):
            fields += (one.body_schema(kind) or {}).get("properties", {})
        unknown |= {(str(one), name) for name in fields if looks_like_an_id(name) and name not in ID_OF}
    assert not unknown, f"add these to tests/isolation/victims.py: {sorted(unknown)}"


def test_every_socket_is_known_here() -> None:
    """Sockets are not in the OpenAPI document; each needs an isolation test of its own, then a line here."""
    sockets = {
        context.path
        for context in iter_route_contexts(unopened_app().routes)
        if "WebSocket" in type(context.original_route).__name__
    }
    assert sockets == set()


@pytest.mark.parametrize("operation", WITH_PATH_ID, ids=str)
@pytest.mark.parametrize("attacker", ["owner", "key"])
async def test_an_id_of_another_tenant_reads_like_one_that_does_not_exist(
    scene: Scene, resources: Resources, operation: Operation, attacker: str
) -> None:
    client = scene.attackers[attacker]
    theirs = {name: ID_OF[name](scene.victim) for name in operation.path_parameters if name in ID_OF}
    nobody = {name: new_id() for name in theirs}
    before = await holdings(resources, scene.victim)
    refused = await send(client, operation, operation.at({**theirs, **NAMES}))
    unknown = await send(client, operation, operation.at({**nobody, **NAMES}))
    assert refused.status_code == 404, f"{operation}: {refused.status_code} {refused.text}"
    assert (refused.status_code, refused.json()) == (unknown.status_code, unknown.json())
    assert_no_trace(refused, scene.victim)
    assert await holdings(resources, scene.victim) == before


@pytest.mark.parametrize(
    "operation", [one for one in WITH_PATH_ID if len(set(one.path_parameters) - set(NAMES)) > 1], ids=str
)
async def test_an_id_of_another_tenant_under_one_of_ours_reads_alike(scene: Scene, operation: Operation) -> None:
    """The outer id is the attacker's own, the inner one the victim's."""
    own = await furnish(scene.rival, "Harmless")
    outer, *inner = [name for name in operation.path_parameters if name not in NAMES]
    for name in inner:
        path = operation.at({**NAMES, outer: ID_OF[outer](own), name: ID_OF[name](scene.victim)})
        answer = await send(scene.rival.owner, operation, path)
        assert answer.status_code == 404, f"{operation}: {answer.text}"
        assert_no_trace(answer, scene.victim)


BODY_IDS = [
    (one, name)
    for one in WITH_BODY
    for name in (one.body_schema("application/json") or {}).get("properties", {})
    if looks_like_an_id(name)
]


@pytest.mark.parametrize(("operation", "name"), BODY_IDS, ids=lambda value: str(value))
@pytest.mark.parametrize("attacker", ["owner", "key"])
async def test_a_body_cannot_name_what_is_another_tenants(
    scene: Scene, resources: Resources, operation: Operation, name: str, attacker: str
) -> None:
    """Another tenant: 403. Another tenant's thing: 404."""
    body = {key: value for key, value in operation.example.items() if not looks_like_an_id(key)}
    body[name] = ID_OF[name](scene.victim)
    own = dict.fromkeys(operation.path_parameters, "none")
    if own:
        own |= {"agent_id": (await made(scene.rival.owner, "/agents", {"name": "ours"}))["id"]}
    before = await holdings(resources, scene.victim)
    answer = await send(scene.attackers[attacker], operation, operation.at(own), json=body)
    wanted = {403} if name == "tenant_id" else {404}
    assert answer.status_code in wanted, f"{operation} with {name}: {answer.status_code} {answer.text}"
    assert_no_trace(answer, scene.victim)
    assert await holdings(resources, scene.victim) == before


@pytest.mark.parametrize("operation", WITH_FORM, ids=str)
async def test_a_form_cannot_name_another_tenant(scene: Scene, resources: Resources, operation: Operation) -> None:
    fields = (operation.body_schema("multipart/form-data") or {})["properties"]
    named = {name: ID_OF[name](scene.victim) for name in fields if looks_like_an_id(name)}
    before = await holdings(resources, scene.victim)
    files = {"file": ("note.txt", b"A note of some length, for everyone.", "text/plain")}
    answer = await scene.rival.owner.post(operation.path, data=named, files=files)
    assert answer.status_code == 403, answer.text
    assert_no_trace(answer, scene.victim)
    assert await holdings(resources, scene.victim) == before


QUERY_IDS = [
    (one, name)
    for one in OPERATIONS
    for name in one.query_parameters
    if (name in ID_OF or name in FREE_TEXT or name == "cursor") and not set(one.path_parameters) - set(NAMES)
]


@pytest.mark.parametrize(("operation", "name"), QUERY_IDS, ids=lambda value: str(value))
@pytest.mark.parametrize("attacker", ["owner", "key"])
async def test_a_filter_cannot_reach_another_tenant(
    scene: Scene, resources: Resources, operation: Operation, name: str, attacker: str
) -> None:
    """A list comes back empty; what is no list is refused or has no effect."""
    value = {"user_id": CANARY, "session_id": CANARY}.get(name) or ID_OF.get(name, ID_OF["agent_id"])(scene.victim)
    before = await holdings(resources, scene.victim)
    remembered = resources.recall.counts(scene.victim.business.id)["entries"]
    answer = await send(scene.attackers[attacker], operation, operation.path, params={name: value})
    assert answer.status_code in ({200} if operation.is_list else {200, 403, 404}), f"{operation}: {answer.text}"
    assert_no_trace(answer, scene.victim)
    if name == "tenant_id" and operation.is_list:
        lists = [part for part in answer.json().values() if isinstance(part, list)]
        assert lists == [[]], f"{operation} does not read as empty: {answer.text}"
    assert await holdings(resources, scene.victim) == before
    assert resources.recall.counts(scene.victim.business.id)["entries"] == remembered


@pytest.mark.parametrize("operation", WITHOUT_PATH_ID, ids=str)
async def test_what_is_listed_is_ones_own(scene: Scene, operation: Operation) -> None:
    for client in scene.attackers.values():
        answer = await send(client, operation, operation.path)
        assert answer.status_code == 200, answer.text
        assert_no_trace(answer, scene.victim)


async def test_a_remembered_answer_is_not_told_to_others(scene: Scene) -> None:
    """The victim's answer is in the cache; the same words from another tenant do not find it."""
    await made(scene.rival.owner, "/agents", {"name": "Front Desk"})
    question = f"What does the {CANARY} lasagna cost?"
    ours = await made(scene.victim.business.owner, "/chat/message", {"message": question})
    assert ours["cached"] == "exact"
    assert price_of(CANARY) in ours["reply"]
    for client in scene.attackers.values():
        answer = await client.post("/chat/message", json={"message": question})
        assert answer.json()["cached"] is False
        assert_no_trace(answer, scene.victim, question)


async def test_the_owner_reaches_all_of_it(app: Any, resources: Resources) -> None:
    """The same requests from the right side work; otherwise a 404 above would prove nothing."""
    order = {"get": 0, "patch": 1, "put": 2, "post": 3, "delete": 4}
    async with _business(app, resources) as business:
        victim = await furnish(business)
        for operation in sorted(WITH_PATH_ID, key=lambda one: (order[one.method], -one.path.count("/"))):
            path = operation.at({**{name: ID_OF[name](victim) for name in ID_OF}, **NAMES})
            answer = await send(business.owner, operation, path)
            if str(operation) == "DELETE /tenants/{tenant_id}":
                assert answer.status_code == 403, answer.text
                continue
            assert answer.status_code < 300, f"{operation}: {answer.status_code} {answer.text}"


async def test_the_victim_has_a_row_in_every_table(scene: Scene, resources: Resources) -> None:
    """What is compared before and after an attack must not be empty."""
    found = await holdings(resources, scene.victim)
    assert [table for table, rows in found.items() if not rows] == []
    wordless = {"refresh_tokens", "tickets", "credentials", "audit_log", "turns"}
    said = {name for name, rows in found.items() if CANARY.lower() in "".join(rows).lower()}
    assert set(found) - said == wordless
