"""Every operation of the OpenAPI document, with generated requests: no 5xx, and answers as the document has them."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import negative_data_rejection, positive_data_acceptance
from schemathesis.schemas import BaseSchema

from tests.api.conftest import Served
from tests.conftest import Business
from tests.isolation.operations import document
from tests.isolation.victims import NAMES, furnish


def operations(*, coverage: bool) -> BaseSchema:
    """All of them. `coverage`: also the edges of each value and each rule broken once, some fifty requests each.

    Signing out would end the session that all the other requests use; tests/tenants has it.
    """
    schema = schemathesis.openapi.from_dict(document()).exclude(path="/auth/logout")
    schema.config.phases.coverage.enabled = coverage
    schema.config.checks.negative_data_rejection.expected_statuses.append(
        "413"
    )  # too long a text makes too long a body
    return schema


schema = operations(coverage=False)
CALM = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# A body may fit the schema and still be refused by a rule no schema can say: IANA timezones, a flow that is no graph,
# a model that is gone, text of blanks only.
BEYOND = [positive_data_acceptance]


@schemathesis.serializer("application/x-ndjson")
def as_lines(_: Any, value: Any) -> bytes:
    """A file of lines, sent as it was made up."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def known(served: Served) -> dict[str, str]:
    """Ids that exist, by parameter: with random ones most routes would only ever say 404."""

    async def make() -> dict[str, str]:
        headers = {"Authorization": f"Bearer {served.tokens['owner']}"}
        async with httpx.AsyncClient(base_url=served.url, headers=headers, timeout=60) as client:
            has = await furnish(Business(served.tenant, client, ""), "Known")
        return {**has.ids, **NAMES}

    return asyncio.run(make())


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as kept:
        yield kept


def check(case: Any, served: Served, session: requests.Session, role: str, known: dict[str, str]) -> None:
    """Send one request and hold the answer against the document. Most are about things that exist."""
    chosen = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode("utf-8", "replace"))
    if case.path_parameters and case.method != "DELETE" and chosen % 4:
        case.path_parameters = {name: known[name] for name in case.path_parameters}
    headers = {"Authorization": f"Bearer {served.tokens[role]}"}
    # In a URL an object is text like any other, and text is what most filters take.
    as_text = any(isinstance(value, dict | list) for value in dict(case.query or {}).values())
    excluded = [*BEYOND, negative_data_rejection] if as_text else BEYOND
    case.call_and_validate(base_url=served.url, session=session, headers=headers, excluded_checks=excluded)


@schema.parametrize()
@CALM
def test_the_owner(case: Any, served: Served, session: requests.Session, known: dict[str, str]) -> None:
    check(case, served, session, "owner", known)


# What differs for an administrator is whose things are reached: a few requests of every operation are enough.
@schema.parametrize()
@settings(CALM, max_examples=2)
def test_the_administrator(case: Any, served: Served, session: requests.Session, known: dict[str, str]) -> None:
    check(case, served, session, "admin", known)
