"""The rooms of this suite with a clock that is moved by hand, and one business for a whole module."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from parley.app.resources import Resources
from parley.kit.clock import ManualClock
from parley.kit.secrets import Keyring
from parley.tenants import Login
from tests.conftest import SECRET, Business, _business


@pytest.fixture(scope="module")
async def firm(app: Any, resources: Resources) -> AsyncIterator[Business]:
    """A business that the tests of a module share (a bcrypt hash costs a fifth of a second)."""
    async with _business(app, resources) as made:
        yield made


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC))


@pytest.fixture
def login(resources: Resources, clock: ManualClock) -> Login:
    """As another process has it: the same database and keys, nothing remembered."""
    return Login(resources.db, Keyring(SECRET), clock, access_minutes=30)
