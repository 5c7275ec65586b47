"""Cheap password hashes for suites that make many users and ask nothing of the hash."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parley.tenants import passwords


@pytest.fixture(autouse=True, scope="module")
def quick_passwords() -> Iterator[None]:
    """bcrypt with the fewest rounds, while a module's tests run."""
    patch = pytest.MonkeyPatch()
    patch.setattr(passwords, "_ROUNDS", 4)
    passwords._nobody.cache_clear()
    yield
    patch.undo()
    passwords._nobody.cache_clear()
