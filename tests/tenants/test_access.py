"""`parley dev`'s open mode: nobody signs in, and no web page elsewhere can drive it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.requests import HTTPConnection

from parley.app.resources import Resources
from parley.kit.errors import NotAllowed, NotAuthenticated, NotFound
from parley.kit.ids import new_id
from parley.kit.loopback import is_loopback
from parley.tenants import Access, Principal, Quota, levels_of
from tests.conftest import Business
from tests.quick_passwords import quick_passwords

__all__ = ["quick_passwords"]

pytestmark = pytest.mark.anyio

QUOTA = Quota(1_000_000, 1_000)


def asked(headers: dict[str, str]) -> HTTPConnection:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "headers": raw})


@pytest.fixture(scope="module")
async def open_access(resources: Resources) -> Access:
    return Access(resources.db, resources.login, QUOTA, open_mode=True)


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost:8000", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000", "::1",
    ],
)  # fmt: skip
async def test_loopback_names_are_let_in(open_access: Access, firm: Business, host: str) -> None:
    who = await open_access.judge(asked({"Host": host}))
    assert (who.kind, who.role, who.is_platform) == ("open", "admin", True)
    assert who.tenant_id
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "evil-localhost",
        "127.0.0.1.nip.io:8000", "192.168.0.2", "0.0.0.0",  # noqa: S104
        "[::ffff:8.8.8.8]", "[2001:db8::1]:8000", "127.0.0.1@evil.example",
        "localhost:8000.evil.example", "localhost:80:80", "2130706433", "0x7f.1",
        "[::1].evil.example", "[::1", "localhost.",
    ],
)  # fmt: skip
async def test_rebound_names_are_kept_out(open_access: Access, firm: Business, host: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        await open_access.judge(asked({"Host": host}))
    assert refused.value.code == "auth.host"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:3000", True),
        ("http://127.0.0.1", True),
        ("http://[::1]:5173", True),
        ("https://LOCALHOST", True),
        ("null", False),
        ("", False),
        ("https://evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1.evil.example:8000", False),
        ("http://localhost@evil.example", False),
        ("file://", False),
        ("http://[::1", False),
        ("http://evil.example#localhost", False),
        ("localhost.evil.example://localhost", False),
        ("http://http://localhost", False),
    ],
)
async def test_other_pages_are_kept_out(open_access: Access, firm: Business, origin: str, allowed: bool) -> None:
    connection = asked({"Host": "localhost:8000", "Origin": origin})
    if allowed:
        assert (await open_access.judge(connection)).is_platform
    else:
        with pytest.raises(NotAllowed) as refused:
            await open_access.judge(connection)
        assert refused.value.code == "auth.origin"


async def test_credentials_are_judged_even_in_open_mode(open_access: Access, firm: Business) -> None:
    for headers in ({"Authorization": "Bearer wrong"}, {"X-API-Key": "pk_wrong"}, {"Authorization": "Basic eDp5"}):
        with pytest.raises(NotAuthenticated):
            await open_access.judge(asked({"Host": "localhost", **headers}))
    own = await open_access.judge(asked({"Host": "evil.example", "Authorization": firm.owner.headers["Authorization"]}))
    assert (own.kind, own.role) == ("user", "owner")


async def test_an_open_server_may_be_told_to_trust_any_name(resources: Resources, firm: Business) -> None:
    access = Access(resources.db, resources.login, QUOTA, open_mode=True, any_host=True)
    assert (await access.judge(asked({"Host": "box.lan:8000", "Origin": "http://box.lan:8000"}))).is_platform


async def test_without_open_mode_nobody_is_let_in(resources: Resources, anyone: httpx.AsyncClient) -> None:
    with pytest.raises(NotAuthenticated):
        await Access(resources.db, resources.login, QUOTA).judge(asked({"Host": "localhost"}))
    assert (await anyone.get("/agents")).status_code == 401


async def test_the_open_administrator_acts_for_the_first_tenant(
    resources: Resources, firm: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked up again once that tenant is gone."""
    access = Access(resources.db, resources.login, QUOTA, open_mode=True)
    who = await access.judge(asked({"Host": "localhost"}))
    assert await access.tenant_for(who, None) == who.tenant_id
    assert await access.tenant_for(who, firm.id) == firm.id
    with pytest.raises(NotFound):
        await access.tenant_for(who, new_id())
    access._first_tenant = new_id()
    assert (await access.judge(asked({"Host": "localhost"}))).tenant_id == who.tenant_id


async def test_who_names_another_tenant(resources: Resources, firm: Business) -> None:
    access = Access(resources.db, resources.login, QUOTA)
    owner = Principal("user", "u", firm.id, "owner", levels_of("owner"))
    assert await access.tenant_for(owner, None) == firm.id
    with pytest.raises(NotAllowed):
        await access.tenant_for(owner, new_id())
    assert await access.tenant_for_filter(owner, new_id()) is None
    with pytest.raises(NotFound):
        access.reach(owner, new_id())
    nobody: Any = Principal("open", "open", "", "admin", levels_of("admin"))
    with pytest.raises(NotFound):
        await access.tenant_for(nobody, None)
