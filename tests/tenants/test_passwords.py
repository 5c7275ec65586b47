"""Password hashes at their true cost."""

from __future__ import annotations

import statistics
import time

import pytest

from parley.kit.errors import InvalidInput, NotAuthenticated
from parley.kit.ids import new_id
from parley.tenants import Login, passwords
from tests.conftest import Business

pytestmark = pytest.mark.anyio


async def test_72_bytes_are_all_compared() -> None:
    whole = "ä" * 36
    stored = await passwords.hashed(whole)
    assert stored.startswith("$2b$12$")
    assert await passwords.matches(whole, stored)
    assert not await passwords.matches("ä" * 35 + "a", stored)
    assert not await passwords.matches(whole + "x", stored)


async def test_they_take_as_long(firm: Business, login: Login) -> None:
    async def seconds(email: str) -> float:
        start = time.perf_counter()
        with pytest.raises(NotAuthenticated):
            await login.sign_in(email, "not the password", new_id())
        return time.perf_counter() - start

    passwords._nobody()
    pairs = [(await seconds(firm.email), await seconds(f"{new_id()}@example.com")) for _ in range(3)]
    wrong, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert 0.4 < unknown / wrong < 2.5, "on a busy machine only a missing comparison is told apart"


@pytest.mark.parametrize("password", ["x" * 7, "x" * 73, "ä" * 37])
async def test_lengths_have_bounds(password: str) -> None:
    with pytest.raises(InvalidInput, match="password"):
        await passwords.hashed(password)
