"""The OpenAPI document as something to read: complete, with examples, one shape of error, and served from here."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.isolation.operations import Operation, document, operations, resolved

pytestmark = pytest.mark.anyio

OPERATIONS = list(operations())
OPEN = {
    "GET /",
    "GET /health",
    "GET /api/health",
    "GET /ready",
    "GET /metrics",
    "POST /auth/login",
    "POST /auth/refresh",
}
NOT_JSON = {
    "text/plain",
    "text/event-stream",
    "text/csv",
    "text/calendar",
    "application/octet-stream",
    "application/xml",
    "audio/wav",
    "application/yaml",
    "application/zip",
    "application/x-ndjson",
    "application/vnd.apache.parquet",
}
FILES = {"multipart/form-data", "application/yaml", "application/x-ndjson"}  # bodies that are a file


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_every_operation_says_what_it_is(operation: Operation) -> None:
    assert operation.spec["summary"]
    assert len(operation.spec["tags"]) == 1
    success = [code for code in operation.spec["responses"] if code.startswith("2")]
    assert success in (["200"], ["201"], ["204"], ["200", "201"], ["201", "200"], ["200", "206"]), (
        "made, or there already"
    )
    answer = operation.spec["responses"][success[0]]
    if success == ["204"]:
        assert "content" not in answer
    elif "application/json" not in answer["content"]:
        assert NOT_JSON & set(answer["content"])
    else:
        fields = resolved(answer["content"]["application/json"]["schema"]).get("properties")
        assert fields, "the answer has a model"


def test_created_things_are_201_and_deleted_ones_204() -> None:
    for one in OPERATIONS:
        if one.method == "delete" and one.path != "/cache":
            assert "204" in one.spec["responses"], one
    made = {str(one) for one in OPERATIONS if "201" in one.spec["responses"]}
    assert {"POST /tenants", "POST /users", "POST /api-keys", "POST /agents", "POST /knowledge/ingest"} <= made


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if "requestBody" in one.spec], ids=str)
def test_every_body_has_an_example_and_refuses_unknown_fields(operation: Operation) -> None:
    schema = operation.body_schema("application/json")
    if schema is None:
        assert FILES & set(operation.spec["requestBody"]["content"])
        return
    assert operation.example
    if "properties" in schema:
        assert schema["additionalProperties"] is False


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_errors_have_one_shape(operation: Operation) -> None:
    for code, answer in operation.spec["responses"].items():
        if code.startswith(("4", "5")) and str(operation) not in {"GET /", "GET /ready"}:
            schema = answer["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ErrorBody"}, code


def test_operation_ids_are_unique() -> None:
    ids = [one.spec["operationId"] for one in OPERATIONS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if str(one) not in OPEN], ids=str)
async def test_nothing_else_is_open(anyone: httpx.AsyncClient, operation: Operation) -> None:
    """No credentials, wrong ones and half ones: 401 in the one shape, before anything is looked at."""
    assert operation.spec.get("security"), "the document says that credentials are needed"
    path = re.sub(r"{\w+}", "x", operation.path)
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}, {"X-API-Key": "pk_x"}):
        answer = await anyone.request(operation.method, path, headers=headers, json=operation.example)
        assert answer.status_code == 401, f"{headers}: {answer.text}"
        assert set(answer.json()) == {"detail", "type", "code"}


async def test_the_document_is_served(anyone: httpx.AsyncClient) -> None:
    served: dict[str, Any] = (await anyone.get("/openapi.json")).json()
    assert served["paths"].keys() == document()["paths"].keys()
    assert served["info"]["title"] == "Parley"


@pytest.mark.parametrize("page", ["/docs", "/redoc", "/try"])
async def test_pages_work_without_the_internet(anyone: httpx.AsyncClient, page: str) -> None:
    """Every address a page names is ours and answers."""
    answer = await anyone.get(page)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert not re.findall(r"""(?:src|href|url)\s*[=(:]\s*["']?(?:https?:)?//""", answer.text)
    named = re.findall(r"""(?:src|href)=["'](/[^"']+)["']""", answer.text)
    assert named
    for address in named:
        assert (await anyone.get(address)).status_code == 200, address
    # The policy of our own headers allows no inline script, so a page that had one would be dead.
    assert not re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", answer.text)
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
