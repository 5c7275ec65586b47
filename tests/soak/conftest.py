"""What every long proof needs: an installation, servers over it, and a tenant that knows a menu."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from tests.soak.installation import Postgres, Tenant, found_tenant, installed
from tests.soak.talk import report


@pytest.fixture(scope="session")
def seed() -> int:
    """Drives when things are killed. Set SOAK_SEED to repeat a run."""
    number = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(2**31))
    report(f"\nSOAK_SEED={number}")
    return number


@pytest.fixture
def chance(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """Chance of one's own per test, the same for the same seed."""
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with installed() as here:
        yield here


@pytest.fixture
def tenant(postgres: Postgres) -> Tenant:
    return found_tenant(postgres.url)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
