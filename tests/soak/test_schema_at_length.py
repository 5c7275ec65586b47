"""Every operation of the OpenAPI document at length: the edges of every value, every rule broken, and new chance."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from hypothesis import settings

from tests.api.conftest import Served, served
from tests.api.test_schema import CALM, check, known, operations, session

__all__ = ["known", "served", "session"]
schema = operations(coverage=True)


@pytest.mark.soak
@schema.parametrize()
@settings(CALM, max_examples=50, derandomize=False, print_blob=True)
def test_the_owner(case: Any, served: Served, session: requests.Session, known: dict[str, str]) -> None:
    check(case, served, session, "owner", known)
