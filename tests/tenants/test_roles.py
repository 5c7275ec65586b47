"""Who may do what: roles, scopes of keys, users' lives, credentials, and the trail they leave."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from parley.app.resources import Resources
from parley.kit.errors import NotAuthenticated
from parley.kit.ids import new_id
from parley.kit.secrets import Keyring, SealBroken, digest
from parley.tenants import Businesses, Login, Principal, levels_of
from tests.conftest import PASSWORD, Business
from tests.quick_passwords import quick_passwords

__all__ = ["quick_passwords"]

pytestmark = pytest.mark.anyio

ROLES = ("admin", "owner", "operator", "trainee")
SCOPES = ("train", "chat", "read", "write", "manage")
# One request per level, with the answer of someone who has it.
NEEDS = {
    "chat": ("POST", "/conversations/nothing/end", None, 404),
    "read": ("GET", "/agents", None, 200),
    "write": ("DELETE", "/agents/nothing", None, 404),
    "manage": ("GET", "/users", None, 200),
    "platform": ("POST", "/tenants", {"name": "Another"}, 201),
}


@pytest.fixture(scope="module")
async def people(app: Any, resources: Resources, firm: Business) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """A signed-in person of every role in one tenant."""
    who = Principal("open", "test", "", "admin", levels_of("admin"))
    clients = {}
    for role in ROLES:
        user = await resources.businesses.add_user(who, firm.id, f"{role}-{new_id()}@example.com", PASSWORD, role)
        async with resources.db.begin(firm.id) as connection:
            tokens = await resources.login._issue(connection, user, family=new_id())
        transport = httpx.ASGITransport(app=app)
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        clients[role] = httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)
    yield clients
    for client in clients.values():
        await client.aclose()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("level", NEEDS)
async def test_the_matrix(people: dict[str, httpx.AsyncClient], role: str, level: str) -> None:
    method, path, body, granted = NEEDS[level]
    answer = await people[role].request(method, path, json=body)
    if level in levels_of(role):
        assert answer.status_code == granted, answer.text
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")
        assert level in answer.json()["detail"]


def test_what_each_role_has() -> None:
    assert levels_of("trainee") == {"train"}
    assert levels_of("operator") == {"train", "chat", "read", "write"}
    assert levels_of("owner") == set(SCOPES)
    assert levels_of("admin") == {*SCOPES, "platform"}


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_key_may_what_its_scopes_say(anyone: httpx.AsyncClient, firm: Business, scope: str) -> None:
    made = (await firm.owner.post("/api-keys", json={"name": "one", "scopes": [scope]})).json()
    for level, (method, path, body, granted) in NEEDS.items():
        answer = await anyone.request(method, path, json=body, headers={"X-API-Key": made["key"]})
        assert answer.status_code == (granted if level == scope else 403), f"{level}: {answer.text}"


async def test_a_key_is_shown_once_and_stored_as_a_digest(
    anyone: httpx.AsyncClient, firm: Business, resources: Resources
) -> None:
    made = (await firm.owner.post("/api-keys", json={"name": "site", "scopes": ["chat", "chat"]})).json()
    assert made["key"].startswith("pk_")
    assert made["scopes"] == ["chat"]
    listed = await firm.owner.get("/api-keys")
    assert made["key"] not in listed.text
    shown = next(one for one in listed.json()["api_keys"] if one["id"] == made["id"])
    assert made["key"].startswith(shown["prefix"])
    assert shown["last_used_at"] is None
    async with resources.db.begin(firm.id) as connection:
        row = (
            await connection.execute(text("SELECT t::text FROM api_keys t WHERE id = :id"), {"id": made["id"]})
        ).scalar_one()
    assert made["key"] not in row
    assert digest(made["key"]) in row
    me = (await anyone.get("/auth/me", headers={"X-API-Key": made["key"]})).json()
    assert (me["kind"], me["id"], me["tenant_id"], me["scopes"]) == ("key", made["id"], firm.id, ["chat"])
    assert (await firm.owner.delete(f"/api-keys/{made['id']}")).status_code == 204
    assert (await anyone.get("/auth/me", headers={"X-API-Key": made["key"]})).status_code == 401


async def test_nobody_gives_more_than_they_have(people: dict[str, httpx.AsyncClient], firm: Business) -> None:
    platform = await firm.owner.post("/api-keys", json={"name": "x", "scopes": ["platform"]})
    assert platform.status_code == 422
    key = (await firm.owner.post("/api-keys", json={"name": "x", "scopes": ["manage"]})).json()["key"]
    wider = await firm.owner.post(
        "/api-keys", json={"name": "y", "scopes": ["write"]}, headers={"Authorization": "", "X-API-Key": key}
    )
    assert (wider.status_code, "write" in wider.json()["detail"]) == (403, True)
    promoted = await firm.owner.post(
        "/users", json={"email": f"{new_id()}@example.com", "password": PASSWORD, "role": "admin"}
    )
    assert promoted.status_code == 403


async def test_an_administrator_is_out_of_an_owners_reach(people: dict[str, httpx.AsyncClient], firm: Business) -> None:
    admin = (await people["admin"].get("/auth/me")).json()["id"]
    for body in ({"role": "trainee"}, {"is_active": False}, {"password": "another password"}):
        assert (await firm.owner.patch(f"/users/{admin}", json=body)).status_code == 403
    assert (await firm.owner.delete(f"/users/{admin}")).status_code == 403
    mine = (await firm.owner.get("/auth/me")).json()["id"]
    assert (await firm.owner.patch(f"/users/{mine}", json={"role": "admin"})).status_code == 403


async def test_a_key_expires(firm: Business, resources: Resources) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    gone = datetime.now(UTC) - timedelta(seconds=1)
    good = await firm.owner.post("/api-keys", json={"name": "a", "scopes": ["read"], "expires_at": soon.isoformat()})
    assert (await resources.login.by_api_key(good.json()["key"])).kind == "key"
    late = await firm.owner.post("/api-keys", json={"name": "b", "scopes": ["read"], "expires_at": gone.isoformat()})
    with pytest.raises(NotAuthenticated):
        await resources.login.by_api_key(late.json()["key"])
    naive = await firm.owner.post(
        "/api-keys", json={"name": "c", "scopes": ["read"], "expires_at": "2030-01-01T00:00:00"}
    )
    assert (naive.status_code, "expires_at" in naive.text) == (422, True)


@pytest.mark.parametrize(
    ("password", "fault"),
    [("short", "8 characters"), ("x" * 73, "72 bytes"), ("ä" * 37, "72 bytes"), ("🙂" * 18 + "x", "72 bytes")],
)
async def test_a_password_bcrypt_would_cut_is_refused(firm: Business, password: str, fault: str) -> None:
    body = {"email": f"{new_id()}@example.com", "password": password, "role": "operator"}
    answer = await firm.owner.post("/users", json=body)
    assert (answer.status_code, fault in answer.json()["detail"]) == (422, True)
    assert "password" in answer.json()["detail"]
    assert password not in answer.text


async def test_an_email_belongs_to_one_account_anywhere(firm: Business, rival: Business) -> None:
    email = f"{new_id()}@example.com"
    body = {"email": email, "password": PASSWORD}
    assert (await firm.owner.post("/users", json=body)).status_code == 201
    taken = await rival.owner.post("/users", json={**body, "email": email.upper()})
    assert (taken.status_code, taken.json()["code"]) == (409, "user.email_taken")


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"password": "a new password"}, "delete"], ids=["deactivate", "password", "delete"]
)
async def test_what_ends_a_persons_sessions(anyone: httpx.AsyncClient, firm: Business, change: Any) -> None:
    email = f"{new_id()}@example.com"
    user = (await firm.owner.post("/users", json={"email": email, "password": PASSWORD})).json()
    assert "password" not in str(user)
    tokens = (await anyone.post("/auth/login", json={"email": email, "password": PASSWORD})).json()
    mine = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await anyone.get("/auth/me", headers=mine)).status_code == 200
    path = f"/users/{user['id']}"
    done = await (firm.owner.delete(path) if change == "delete" else firm.owner.patch(path, json=change))
    assert done.status_code in (200, 204), done.text
    assert (await anyone.get("/auth/me", headers=mine)).status_code == 401
    assert (await anyone.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})).status_code == 401
    assert (await anyone.post("/auth/login", json={"email": email, "password": PASSWORD})).status_code == 401
    if change == {"password": "a new password"}:
        again = await anyone.post("/auth/login", json={"email": email, "password": "a new password"})
        assert again.status_code == 200


async def test_a_role_that_changes_counts_at_once(anyone: httpx.AsyncClient, firm: Business) -> None:
    email = f"{new_id()}@example.com"
    user = (await firm.owner.post("/users", json={"email": email, "password": PASSWORD, "role": "operator"})).json()
    tokens = (await anyone.post("/auth/login", json={"email": email, "password": PASSWORD})).json()
    mine = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await anyone.get("/agents", headers=mine)).status_code == 200
    await firm.owner.patch(f"/users/{user['id']}", json={"role": "trainee"})
    assert (await anyone.get("/agents", headers=mine)).status_code == 403


async def test_credentials_are_sealed_and_never_returned(firm: Business, resources: Resources) -> None:
    secret = f"sk-{new_id()}"
    path = f"/tenants/{firm.id}/credentials/groq"
    stored = await firm.owner.put(path, json={"api_key": secret})
    assert (stored.status_code, stored.content) == (204, b"")
    async with resources.db.begin(firm.id) as connection:
        sealed = (await connection.execute(text("SELECT sealed FROM credentials WHERE vendor = 'groq'"))).scalar_one()
        trail = (await connection.execute(text("SELECT string_agg(t::text, '') FROM audit_log t"))).scalar_one()
    assert secret.encode() not in sealed
    assert secret not in trail
    assert "credential.stored" in trail
    assert (await resources.businesses.credentials(firm.id))["groq"] == {"api_key": secret}
    for shown in (f"/tenants/{firm.id}", "/audit"):
        assert secret not in (await firm.owner.get(shown)).text
    assert (await firm.owner.put(path, json={"api_key": "another"})).status_code == 204
    assert (await resources.businesses.credentials(firm.id))["groq"] == {"api_key": "another"}
    assert (await firm.owner.delete(path)).status_code == 204
    assert (await firm.owner.delete(path)).status_code == 404


@pytest.mark.parametrize(
    ("vendor", "body", "named"),
    [
        ("nobody", {"api_key": "x"}, "vendor"),
        ("groq", {}, "api_key"),
        ("groq", {"api_key": ""}, "api_key"),
        ("groq", {"api_key": "x", "more": "y"}, "api_key"),
        ("aws", {"access_key_id": "x"}, "secret_access_key"),
        ("groq", {"api_key": 5}, "api_key"),
    ],
)
async def test_credentials_are_checked_by_name(firm: Business, vendor: str, body: dict[str, Any], named: str) -> None:
    answer = await firm.owner.put(f"/tenants/{firm.id}/credentials/{vendor}", json=body)
    assert (answer.status_code, named in answer.text) == (422, True)


async def test_another_secret_key_says_so(firm: Business, resources: Resources) -> None:
    await firm.owner.put(f"/tenants/{firm.id}/credentials/deepgram", json={"api_key": "x"})
    keyring = Keyring("another secret, just as long")
    changed = Businesses(resources.db, keyring, Login(resources.db, keyring, resources.login._clock))
    with pytest.raises(SealBroken, match="SECRET_KEY"):
        await changed.credentials(firm.id)


async def test_the_trail(business: Business) -> None:
    """Every change leaves a line with who, what and which; nobody can change one."""
    owner = business.owner
    me = (await owner.get("/auth/me")).json()["id"]
    user = (await owner.post("/users", json={"email": f"{new_id()}@example.com", "password": PASSWORD})).json()
    await owner.patch(f"/users/{user['id']}", json={"role": "trainee"})
    await owner.delete(f"/users/{user['id']}")
    key = (await owner.post("/api-keys", json={"name": "k", "scopes": ["read"]})).json()
    await owner.delete(f"/api-keys/{key['id']}")
    await owner.patch(f"/tenants/{business.id}", json={"industry": "food"})
    lines = (await owner.get("/audit")).json()["audit"]
    mine = [(line["action"], line["target"]) for line in lines if line["actor"] == f"user:{me}"]
    assert mine == [
        ("tenant.changed", business.id),
        ("api_key.deleted", key["id"]),
        ("api_key.created", key["id"]),
        ("user.deleted", user["id"]),
        ("user.changed", user["id"]),
        ("user.created", user["id"]),
    ]
    assert lines[0]["detail"] == {"fields": ["industry"]}


async def test_tenants_are_made_changed_and_deleted_with_all_they_have(
    app: Any, resources: Resources, people: dict[str, httpx.AsyncClient]
) -> None:
    admin = people["admin"]
    body = {"name": " Hotel ", "industry": "hospitality", "language": "de", "timezone": "Europe/Vienna"}
    made = (await admin.post("/tenants", json=body)).json()
    assert made["name"] == "Hotel"
    assert made["settings"] == {}
    assert (await admin.get("/tenants", params={"limit": 1})).json()["tenants"][0]["id"] == made["id"]
    bad = await admin.patch(f"/tenants/{made['id']}", json={"timezone": "Mars/Olympus"})
    assert (bad.status_code, "timezone" in bad.json()["detail"]) == (422, True)
    null = await admin.patch(f"/tenants/{made['id']}", json={"name": None})
    assert (null.status_code, "name" in null.text) == (422, True)
    agent = (await admin.post("/agents", json={"name": "A", "tenant_id": made["id"]})).json()
    text_in = {"source": "faq", "title": "T", "content": "We open at nine.", "tenant_id": made["id"]}
    await admin.post("/knowledge/ingest", json=text_in)
    await admin.post("/chat/message", json={"message": "When do you open?", "tenant_id": made["id"]})
    assert (await admin.delete(f"/tenants/{made['id']}")).status_code == 204
    assert (await admin.get(f"/tenants/{made['id']}")).status_code == 404
    assert (await admin.get(f"/agents/{agent['id']}")).status_code == 404
    async with resources.db.begin(made["id"]) as connection:
        for table in ("agents", "messages", "knowledge_documents", "knowledge_chunks", "audit_log", "turns"):
            assert (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0  # noqa: S608


async def test_pages_are_walked_by_cursor(business: Business) -> None:
    names = [f"agent {number}" for number in range(5)]
    for name in names:
        await business.owner.post("/agents", json={"name": name})
    seen, cursor = [], None
    for _ in range(3):
        page = (
            await business.owner.get("/agents", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [one["name"] for one in page["agents"]]
        cursor = page["next_cursor"]
    assert seen == names[::-1]
    assert cursor is None
