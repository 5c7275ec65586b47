"""What surrounds every request: sizes, origins, headers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest

pytestmark = pytest.mark.anyio

MB = 1_000_000


async def chunks(total: int) -> AsyncIterator[bytes]:
    """A body without a declared length."""
    yield b'{"message": "'
    for _ in range(total // 100_000):
        yield b"x" * 100_000
    yield b'"}'


@pytest.mark.parametrize(
    ("path", "size"), [("/chat/message", 2 * MB), ("/agents", 10 * MB), ("/auth/login", 2 * MB), ("/nowhere", 2 * MB)]
)
async def test_a_body_that_is_too_large_is_413_however_it_is_sent(
    client: httpx.AsyncClient, path: str, size: int
) -> None:
    declared = await client.post(path, content=b"x" * (size + 1), headers={"Content-Type": "application/json"})
    assert declared.status_code == 413
    assert declared.json()["code"] == "input.too_large"
    assert f"{size // MB} MB" in declared.json()["detail"]
    if path == "/nowhere":
        return  # nobody reads the body
    streamed = await client.post(path, content=chunks(size + 100_000), headers={"Content-Type": "application/json"})
    assert (streamed.status_code, streamed.json()) == (413, declared.json())


async def test_a_length_that_lies_is_not_believed(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Length": "10"}
    answer = await client.post("/chat/message", content=chunks(3 * MB), headers=headers)
    assert answer.status_code == 413


async def test_an_upload_may_be_larger_than_a_line(client: httpx.AsyncClient) -> None:
    """3 MB of text pass where they belong."""
    files = {"file": ("long.txt", b"Our house is old. " * 170_000, "text/plain")}
    answer = await client.post("/knowledge/upload", files=files, data={"title": "Long"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "indexing"


@pytest.mark.parametrize(("origin", "allowed"), [("http://localhost:3000", True), ("https://evil.example", False)])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
async def test_credentials_cross_origins_only_where_allowed(
    anyone: httpx.AsyncClient, origin: str, allowed: bool, method: str
) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = await anyone.request(method, "/auth/me", headers={"Origin": origin, **asked})
    assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
    if allowed:
        assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers.get("access-control-allow-origin") != "*"


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/auth/me", "/docs", "/openapi.json"])
async def test_every_answer_carries_the_security_headers(anyone: httpx.AsyncClient, path: str) -> None:
    answer = await anyone.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    again = await anyone.get(path)
    assert answer.headers["x-request-id"] != again.headers["x-request-id"]


async def test_a_browser_is_shown_the_page(anyone: httpx.AsyncClient) -> None:
    plain = await anyone.get("/")
    assert plain.json()["name"] == "parley"
    assert plain.json()["status"] == "ok"
    browser = await anyone.get("/", headers={"Accept": "text/html,application/xhtml+xml"})
    assert browser.headers["location"] == "/try"


@pytest.fixture
def no_jobs_wait(database_url: str) -> None:
    """What earlier tests left to a worker that none of them runs would be long overdue."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM procrastinate_jobs WHERE status = 'todo'")


@pytest.mark.usefixtures("no_jobs_wait")
async def test_health_is_open_and_says_how_each_part_is(anyone: httpx.AsyncClient) -> None:
    for path in ("/health", "/api/health", "/ready"):
        answer = await anyone.get(path)
        assert answer.status_code == 200
        assert answer.json()["status"] == "ok", answer.text
        assert answer.json()["checks"]["database"] == "ok"
        assert answer.json()["checks"]["jobs"] == "ok"
    metrics = await anyone.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "parley_turns" in metrics.text
