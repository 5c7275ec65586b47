"""For every route of the OpenAPI document: another tenant's id reads like one that does not exist, and does nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import text

from parley.app.resources import Resources
from parley.kit.db import metadata
from parley.kit.ids import new_id
from tests.conftest import _business
from tests.isolation.operations import Operation, operations, unopened_app
from tests.isolation.victims import (
    CANARY,
    FREE_TEXT,
    NAMES,
    SCOPES,
    Victim,
    add_rows_without_routes,
    furnish,
    made,
)

pytestmark = pytest.mark.anyio

OPERATIONS = list(operations())
WITH_PATH_ID = [one for one in OPERATIONS if set(one.path_parameters) - set(NAMES)]
WITH_BODY = [one for one in OPERATIONS if one.body_schema("application/json") is not None]
WITH_FORM = [
    one for one in OPERATIONS if "tenant_id" in (one.body_schema("multipart/form-data") or {}).get("properties", {})
]
FORM = {"file": ("note.md", b"A note of some length, for everyone.", "text/markdown")}
WITHOUT_PATH_ID = [one for one in OPERATIONS if one.method == "get" and not one.path_parameters]
REQUIRED_QUERY = {"query": f"{CANARY} lasagna", "date": (datetime.now(UTC) + timedelta(days=20)).date().isoformat()}


def id_for(name: str) -> str:
    """Under which name the victim keeps what a field refers to."""
    return {"hold_id": "reservation_id", "agent_config_id": "agent_id"}.get(name, name)


def looks_like_an_id(name: str) -> bool:
    return name.endswith(("_id", "_ids")) and name not in FREE_TEXT


@dataclass(frozen=True)
class Scene:
    """The victim and those who would like to see what it has."""

    victim: Victim
    rival: Victim
    careless: Victim  # another rival, which keeps whatever ids it was told
    attackers: dict[str, httpx.AsyncClient]


@pytest.fixture(scope="module")
async def scene(app: Any, resources: Resources) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        victim = await furnish(await stack.enter_async_context(_business(app, resources)))
        await add_rows_without_routes(resources.db, victim)
        rival = await furnish(await stack.enter_async_context(_business(app, resources)), "Harmless")
        careless = await furnish(await stack.enter_async_context(_business(app, resources)), "Careless")
        owner = rival.business.owner
        key = (await made(owner, "/api-keys", {"name": "mine", "scopes": SCOPES}))["key"]
        transport = httpx.ASGITransport(app=app)
        by_key = httpx.AsyncClient(transport=transport, base_url="http://localhost", headers={"X-API-Key": key})
        await stack.enter_async_context(by_key)
        yield Scene(victim, rival, careless, {"owner": owner, "key": by_key})


async def holdings(resources: Resources, victim: Victim) -> dict[str, list[str]]:
    """Every row of the victim, as text, by table; without the noise that reading leaves."""
    found: dict[str, list[str]] = {table: [] for table in sorted(metadata.tables)}
    each = (f"SELECT '{table}', (to_jsonb(t) - 'last_used_at')::text FROM {table} t" for table in found)  # noqa: S608
    async with resources.db.begin(victim.business.id) as connection:
        for table, row in await connection.execute(text(" UNION ALL ".join(each))):
            found[table].append(row)
    return {table: sorted(rows) for table, rows in found.items()}


def assert_no_trace(answer: httpx.Response, victim: Victim, sent: str = "") -> None:
    """Nothing of the victim in body or headers, but what the request itself said."""
    seen = answer.text + str(answer.headers)
    for secret in (victim.word, victim.word.lower(), victim.price, *victim.ids.values()):
        assert secret in sent or secret not in seen, f"{answer.request.url} shows {secret!r}: {answer.text}"


async def send(client: httpx.AsyncClient, operation: Operation, path: str, **more: Any) -> httpx.Response:
    if operation.example is not None and "json" not in more:
        more["json"] = operation.example
    elif operation.body_schema("multipart/form-data") is not None:
        more.setdefault("files", FORM)
    required = {name: REQUIRED_QUERY[name] for name in operation.required_query_parameters}
    more["params"] = {**required, **more.get("params", {})}
    return await client.request(operation.method, path, **more)


async def test_every_id_of_every_route_has_a_victim(scene: Scene) -> None:
    """A route that takes a new kind of id must be given one to attack, or this whole suite would pass it by."""
    known = {*scene.victim.ids, *NAMES}
    unknown = set()
    for one in OPERATIONS:
        unknown |= {(str(one), name) for name in one.path_parameters if name not in known}
        fields = [*one.query_parameters]
        for kind in ("application/json", "multipart/form-data"):
            fields += (one.body_schema(kind) or {}).get("properties", {})
        unknown |= {(str(one), name) for name in fields if looks_like_an_id(name) and id_for(name) not in known}
    assert not unknown, f"add these to tests/isolation/victims.py: {sorted(unknown)}"


def test_every_socket_is_known_here() -> None:
    """Sockets are not in the OpenAPI document; each needs a test in test_sockets.py, then its path here."""
    sockets = {
        context.path
        for context in iter_route_contexts(unopened_app().routes)
        if "WebSocket" in type(context.original_route).__name__
    }
    assert sockets == {
        "/voice/stream",
        "/chat/{session_id}",
        "/retell/llm/{call_id}",
        "/retell/llm/{token}/{call_id}",
        "/twilio/media",
    }


@pytest.mark.parametrize("operation", WITH_PATH_ID, ids=str)
@pytest.mark.parametrize("attacker", ["owner", "key"])
async def test_an_id_of_another_tenant_reads_like_one_that_does_not_exist(
    scene: Scene, resources: Resources, operation: Operation, attacker: str
) -> None:
    client = scene.attackers[attacker]
    theirs = {name: scene.victim.ids[name] for name in operation.path_parameters if name not in NAMES}
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
    outer, *inner = [name for name in operation.path_parameters if name not in NAMES]
    for name in inner:
        path = operation.at({**NAMES, outer: scene.rival.ids[outer], name: scene.victim.ids[name]})
        answer = await send(scene.rival.business.owner, operation, path)
        assert answer.status_code == 404, f"{operation}: {answer.text}"
        assert_no_trace(answer, scene.victim)


BODY_IDS = [
    (one, name)
    for one in WITH_BODY
    for name in (one.body_schema("application/json") or {}).get("properties", {})
    if looks_like_an_id(name)
]


@pytest.mark.parametrize(("operation", "name"), BODY_IDS, ids=lambda value: str(value))
async def test_a_body_cannot_name_what_is_another_tenants(
    scene: Scene, resources: Resources, operation: Operation, name: str
) -> None:
    """Another tenant: 403. Another tenant's thing: as one that does not exist, and it stays untouched."""
    client, own = scene.careless.business.owner, {**scene.careless.ids, **NAMES}
    body = {key: value for key, value in operation.example.items() if not looks_like_an_id(key)}
    required = (operation.body_schema("application/json") or {}).get("required", ())
    body |= {key: own[id_for(key)] for key in required if looks_like_an_id(key)}
    before = await holdings(resources, scene.victim)
    theirs = scene.victim.ids[id_for(name)]
    answer = await send(client, operation, operation.at(own), json={**body, name: theirs})
    unknown = await send(client, operation, operation.at(own), json={**body, name: new_id()})
    assert answer.status_code == unknown.status_code, f"{operation} with {name}: {answer.text} {unknown.text}"
    if name == "tenant_id":
        assert answer.status_code == 403, answer.text
    if answer.status_code >= 400:
        assert answer.json() == unknown.json()
    assert_no_trace(answer, scene.victim, theirs)
    assert await holdings(resources, scene.victim) == before


@pytest.mark.parametrize("operation", WITH_FORM, ids=str)
async def test_a_form_cannot_name_another_tenant(scene: Scene, resources: Resources, operation: Operation) -> None:
    fields = (operation.body_schema("multipart/form-data") or {})["properties"]
    named = {name: scene.victim.ids[name] for name in fields if looks_like_an_id(name)}
    before = await holdings(resources, scene.victim)
    files = {"file": ("note.txt", b"A note of some length, for everyone.", "text/plain")}
    answer = await scene.rival.business.owner.post(operation.path, data=named, files=files)
    assert answer.status_code == 403, answer.text
    assert_no_trace(answer, scene.victim)
    assert await holdings(resources, scene.victim) == before


QUERY_IDS = [
    (one, name)
    for one in OPERATIONS
    for name in one.query_parameters
    if (looks_like_an_id(name) or name in FREE_TEXT or name == "cursor") and not set(one.path_parameters) - set(NAMES)
]


@pytest.mark.parametrize(("operation", "name"), QUERY_IDS, ids=lambda value: str(value))
@pytest.mark.parametrize("attacker", ["owner", "key"])
async def test_a_filter_cannot_reach_another_tenant(
    scene: Scene, resources: Resources, operation: Operation, name: str, attacker: str
) -> None:
    """A list comes back empty; what is no list is refused or has no effect."""
    value = CANARY if name in FREE_TEXT else scene.victim.ids.get(name, scene.victim.ids["agent_id"])
    before = await holdings(resources, scene.victim)
    remembered = resources.recall.counts(scene.victim.business.id)["exact"]["entries"]
    answer = await send(scene.attackers[attacker], operation, operation.path, params={name: value})
    assert answer.status_code in ({200} if operation.is_list else {200, 204, 403, 404}), f"{operation}: {answer.text}"
    assert_no_trace(answer, scene.victim)
    if name == "tenant_id" and operation.is_list:
        lists = [part for part in answer.json().values() if isinstance(part, list)]
        assert lists == [[]], f"{operation} does not read as empty: {answer.text}"
    assert await holdings(resources, scene.victim) == before
    assert resources.recall.counts(scene.victim.business.id)["exact"]["entries"] == remembered


@pytest.mark.parametrize("operation", WITHOUT_PATH_ID, ids=str)
async def test_what_is_listed_is_ones_own(scene: Scene, operation: Operation) -> None:
    for client in scene.attackers.values():
        answer = await send(client, operation, operation.path)
        assert answer.status_code == 200, answer.text
        assert_no_trace(answer, scene.victim)


async def test_a_remembered_answer_is_not_told_to_others(scene: Scene) -> None:
    """The victim's answer is in the cache; the same words from another tenant do not find it."""
    question = f"What does the {CANARY} lasagna cost?"
    ours = await made(scene.victim.business.owner, "/chat/message", {"message": question})
    assert ours["cached"] == "exact"
    assert scene.victim.price in ours["reply"]
    for client in scene.attackers.values():
        answer = await client.post("/chat/message", json={"message": question})
        assert answer.json()["cached"] is False
        assert_no_trace(answer, scene.victim, question)


async def test_the_owner_reaches_all_of_it(app: Any, resources: Resources) -> None:
    """The same requests from the right side work; otherwise a 404 above would prove nothing."""
    order = {"get": 0, "patch": 1, "put": 2, "post": 3, "delete": 4}
    async with _business(app, resources) as business:
        victim = await furnish(business, "Rightful")
        await add_rows_without_routes(resources.db, victim)
        owning = {"/agents/{agent_id}": 1, "/tenants/{tenant_id}": 2}  # with them goes what is theirs
        for operation in sorted(
            WITH_PATH_ID, key=lambda one: (order[one.method], owning.get(one.path, 0), -one.path.count("/"))
        ):
            if operation.is_stream:
                continue  # has no end to wait for; its own room tests it
            answer = await send(business.owner, operation, operation.at({**victim.ids, **NAMES}))
            if "recording" in operation.path and "No such recording" in answer.text:
                continue  # its conversation was reached, and is not recorded
            reached = answer.status_code not in {401, 403, 404, 405}
            assert reached != (str(operation) == "DELETE /tenants/{tenant_id}"), f"{operation}: {answer.text}"


async def test_the_victim_has_a_row_in_every_table(scene: Scene, resources: Resources) -> None:
    """What is compared before and after an attack must not be empty."""
    found = await holdings(resources, scene.victim)
    assert [table for table, rows in found.items() if not rows] == []
    wordless = {
        "refresh_tokens",
        "tickets",
        "credentials",
        "audit_log",
        "turns",
        "experiment_tallies",
        "experiment_assignments",
        "agent_understanding",
        "vault_entries",
        "phone_numbers",
        "call_streams",
    }
    said = {name for name, rows in found.items() if CANARY.lower() in "".join(rows).lower()}
    assert set(found) - said == wordless
