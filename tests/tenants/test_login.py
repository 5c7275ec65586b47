"""Signing in and out, refresh families, tickets, and what an attacker learns from any of it: nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import bcrypt
import httpx
import jwt
import pytest
from sqlalchemy import text

from parley.app.resources import Resources
from parley.kit.clock import ManualClock
from parley.kit.errors import NotAuthenticated, TooMany
from parley.kit.ids import new_id
from parley.kit.secrets import Keyring, digest
from parley.tenants import Login, passwords
from tests.conftest import PASSWORD, SECRET, Business
from tests.quick_passwords import quick_passwords

__all__ = ["quick_passwords"]

pytestmark = pytest.mark.anyio


async def sign_in(anyone: httpx.AsyncClient, email: str, password: str = PASSWORD) -> dict[str, Any]:
    answer = await anyone.post("/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_login_gives_what_the_contract_names(anyone: httpx.AsyncClient, firm: Business) -> None:
    tokens = await sign_in(anyone, firm.email)
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 30 * 60)
    me = (await anyone.get("/auth/me", headers=bearing(tokens["access_token"]))).json()
    assert (me["kind"], me["role"], me["tenant_id"]) == ("user", "owner", firm.id)
    assert me["scopes"] == ["chat", "manage", "read", "train", "write"]
    assert (await sign_in(anyone, f"  {firm.email.upper()} "))["access_token"]


async def test_a_refresh_token_works_once_and_its_reuse_ends_the_family(
    anyone: httpx.AsyncClient, firm: Business
) -> None:
    first = await sign_in(anyone, firm.email)
    other = await sign_in(anyone, firm.email)
    second = (await anyone.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (await anyone.get("/auth/me", headers=bearing(second["access_token"]))).status_code == 200
    stolen = await anyone.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert (stolen.status_code, stolen.json()["code"]) == (401, "auth.refresh_invalid")
    robbed = await anyone.post("/auth/refresh", json={"refresh_token": second["refresh_token"]})
    assert robbed.status_code == 401
    for token in (first["access_token"], second["access_token"]):
        assert (await anyone.get("/auth/me", headers=bearing(token))).status_code == 401
    assert (await anyone.get("/auth/me", headers=bearing(other["access_token"]))).status_code == 200


async def test_two_uses_of_one_refresh_token_at_once_are_not_both_the_first(firm: Business, login: Login) -> None:
    tokens = await login.sign_in(firm.email, PASSWORD, "here")
    tries = await asyncio.gather(*(login.refresh(tokens.refresh_token) for _ in range(5)), return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in tries) == 1
    assert sum(isinstance(one, NotAuthenticated) for one in tries) == 4


async def test_signing_out_kills_both_tokens(anyone: httpx.AsyncClient, firm: Business) -> None:
    tokens = await sign_in(anyone, firm.email)
    mine = bearing(tokens["access_token"])
    assert (await anyone.get("/auth/me", headers=mine)).status_code == 200
    assert (await anyone.post("/auth/logout", headers=mine)).status_code == 204
    ended = await anyone.get("/auth/me", headers=mine)
    assert (ended.status_code, ended.json()["code"]) == (401, "auth.session_ended")
    assert (await anyone.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})).status_code == 401


async def test_another_process_learns_of_it_within_seconds(firm: Business, login: Login, clock: ManualClock) -> None:
    here = Login(login._db, Keyring(SECRET), clock)
    tokens = await here.sign_in(firm.email, PASSWORD, "here")
    assert (await login.by_access_token(tokens.access_token)).tenant_id == firm.id
    await here.sign_out(await here.by_access_token(tokens.access_token))
    clock.advance(timedelta(seconds=6))
    with pytest.raises(NotAuthenticated):
        await login.by_access_token(tokens.access_token)


async def test_tokens_expire(firm: Business, resources: Resources, clock: ManualClock) -> None:
    past = ManualClock(clock.now() - timedelta(minutes=31))
    old = await Login(resources.db, Keyring(SECRET), past).sign_in(firm.email, PASSWORD, "here")
    with pytest.raises(NotAuthenticated, match="expired"):
        await resources.login.by_access_token(old.access_token)
    late = Login(resources.db, Keyring(SECRET), ManualClock(clock.now() + timedelta(days=31)))
    with pytest.raises(NotAuthenticated):
        await late.refresh(old.refresh_token)


@pytest.mark.parametrize("fault", ["key", "none", "no family", "other user", "cut"])
async def test_forged_tokens(firm: Business, resources: Resources, login: Login, fault: str) -> None:
    token = (await login.sign_in(firm.email, PASSWORD, "here")).access_token
    claims = jwt.decode(token, options={"verify_signature": False})
    key = Keyring(SECRET).derive("access-tokens")
    forged = {
        "key": lambda: jwt.encode(claims, b"k" * 32, algorithm="HS256"),
        "none": lambda: jwt.encode(claims, "", algorithm="none"),
        "no family": lambda: jwt.encode({**claims, "fam": new_id()}, key, algorithm="HS256"),
        "other user": lambda: jwt.encode({**claims, "sub": new_id()}, key, algorithm="HS256"),
        "cut": lambda: token[:-2],
    }[fault]()
    with pytest.raises(NotAuthenticated):
        await login.by_access_token(forged)


async def test_an_unknown_email_and_a_wrong_password_answer_alike(
    anyone: httpx.AsyncClient, firm: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same body; and the same work: one comparison of equal cost each."""
    costs: list[bytes] = []
    real = bcrypt.checkpw

    def counted(password: bytes, stored: bytes) -> bool:
        costs.append(stored[:7])
        return real(password, stored)

    passwords._nobody()
    monkeypatch.setattr(bcrypt, "checkpw", counted)
    wrong = await anyone.post("/auth/login", json={"email": firm.email, "password": "not the password"})
    unknown = await anyone.post("/auth/login", json={"email": f"{new_id()}@example.com", "password": "whatever it is"})
    long = await anyone.post("/auth/login", json={"email": firm.email, "password": "x" * 100})
    assert wrong.status_code == unknown.status_code == long.status_code == 401
    assert wrong.json() == unknown.json() == long.json()
    assert len(costs) == 3
    assert len(set(costs)) == 1, "one comparison each, of one cost"
    assert firm.email not in wrong.text


async def test_guessing_is_slowed_down(anyone: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bcrypt, "checkpw", lambda password, stored: False)
    email = f"{new_id()}@example.com"
    for _ in range(10):
        assert (await anyone.post("/auth/login", json={"email": email, "password": "x"})).status_code == 401
    for _ in range(2):
        answer = await anyone.post("/auth/login", json={"email": email.upper(), "password": "x"})
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(answer.headers["retry-after"]) <= 300


async def test_the_window_slides_and_an_address_has_one_too(
    login: Login, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bcrypt, "checkpw", lambda password, stored: False)

    async def attempt(email: str) -> None:
        with pytest.raises(NotAuthenticated):
            await login.sign_in(email, "x", "198.51.100.7")

    for number in range(50):
        await attempt(f"{number}@example.com")
    with pytest.raises(TooMany) as slowed:
        await login.sign_in("51@example.com", "x", "198.51.100.7")
    clock.advance(timedelta(seconds=slowed.value.retry_after or 0))
    await attempt("51@example.com")


async def test_a_right_password_clears_the_count(firm: Business, login: Login) -> None:
    for _ in range(2):
        for _ in range(3):
            with pytest.raises(NotAuthenticated):
                await login.sign_in(firm.email, "x", "here")
        await login.sign_in(firm.email, PASSWORD, "here")
    assert len(login._by_email._attempts.get(firm.email, ())) == 0


async def test_a_ticket_is_good_once(firm: Business, login: Login) -> None:
    answer = (await firm.owner.post("/auth/ticket")).json()
    assert answer["expires_in"] == 60
    who = await login.by_ticket(answer["ticket"])
    assert (who.kind, who.tenant_id, who.role) == ("user", firm.id, "owner")
    assert who.levels == {"train", "chat", "read", "write", "manage"}
    with pytest.raises(NotAuthenticated, match="ticket"):
        await login.by_ticket(answer["ticket"])


@pytest.mark.parametrize(("age", "good"), [(58, True), (61, False)])
async def test_a_ticket_is_good_for_a_minute(
    firm: Business, resources: Resources, clock: ManualClock, age: int, good: bool
) -> None:
    past = Login(resources.db, Keyring(SECRET), ManualClock(clock.now() - timedelta(seconds=age)))
    who = await past.by_access_token((await past.sign_in(firm.email, PASSWORD, "here")).access_token)
    ticket, _ = await past.new_ticket(who)
    if good:
        assert (await resources.login.by_ticket(ticket)).id == who.id
    else:
        with pytest.raises(NotAuthenticated):
            await resources.login.by_ticket(ticket)


async def test_nothing_secret_lies_in_the_database(firm: Business, resources: Resources, login: Login) -> None:
    """Refresh tokens and tickets as digests, passwords as bcrypt."""
    tokens = await login.sign_in(firm.email, PASSWORD, "here")
    ticket, _ = await login.new_ticket(await login.by_access_token(tokens.access_token))
    async with resources.db.begin(firm.id) as connection:
        dump = ""
        for table in ("users", "refresh_tokens", "tickets", "audit_log"):
            rows = await connection.execute(text(f"SELECT t::text FROM {table} t"))  # noqa: S608
            dump += "".join(rows.scalars())
        hashed = (await connection.execute(text("SELECT hashed_password FROM users"))).scalars().all()
    assert digest(tokens.refresh_token) in dump
    for secret in (tokens.refresh_token, tokens.access_token, ticket, PASSWORD):
        assert secret not in dump
    assert all(one.startswith("$2b$") for one in hashed)
