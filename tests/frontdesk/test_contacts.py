"""Numbers, addresses, names and references as people give them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from parley.frontdesk.contacts import normal_email, normal_phone, same_person
from parley.frontdesk.references import candidates, normal_reference
from parley.kit.errors import InvalidInput
from parley.tenants import Tenant, region_of

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TENANT = Tenant("t", "T", "", "de", "Europe/Berlin", {}, 0, False, NOW, NOW)


@pytest.mark.parametrize(
    ("timezone", "language", "region"),
    [
        ("Europe/Berlin", "en", "DE"), ("America/Chicago", "de", "US"), ("Europe/London", "en", "GB"),
        ("UTC", "de", "DE"), ("UTC", "en", "US"), ("UTC", "fr", None),
    ],
)  # fmt: skip
def test_a_business_has_the_region_of_its_timezone(timezone: str, language: str, region: str | None) -> None:
    assert region_of(replace(TENANT, timezone=timezone, language=language)) == region


@pytest.mark.parametrize(
    ("said", "region", "stored"),
    [
        ("030 / 90 18 20", "DE", "+4930901820"), ("+49 (0)30 901820", "US", "+4930901820"),
        ("(608) 555-0117", "US", "+16085550117"), ("0049 30 901820", "DE", "+4930901820"),
    ],
)  # fmt: skip
def test_telephone_numbers_are_stored_in_one_form(said: str, region: str, stored: str) -> None:
    assert normal_phone(said, region) == stored


@pytest.mark.parametrize("said", ["", "12", "call me", "+49", "123456789012345678", "030 901820"])
def test_what_is_no_telephone_number(said: str) -> None:
    with pytest.raises(InvalidInput, match="phone"):
        normal_phone(said, None)


@pytest.mark.parametrize("said", ["", "anna", "@example.com", "anna@", "anna@localhost", "an na@example.com"])
def test_what_is_no_address(said: str) -> None:
    with pytest.raises(InvalidInput, match="email"):
        normal_email(said)


def test_addresses_are_stored_in_lower_case() -> None:
    assert normal_email(" Anna@Example.COM ") == "anna@example.com"


@pytest.mark.parametrize(
    ("said", "known", "same"),
    [
        ("Mr. Baker", "Tom Baker", True), ("tom", "Tom Baker", True), ("Frau Müller", "Eva MÜLLER", True),
        ("Mr. Smith", "Mr. Baker", False), ("Herr", "Herr Baker", False), ("", "Tom Baker", False), ("Tom", "", False),
        ("B", "B", False), ("von der Heide", "von der Tann", False),
    ],
)  # fmt: skip
def test_names_share_a_name(said: str, known: str, same: Any) -> None:
    assert same_person(said, known) is same


def test_references_can_be_said_and_typed() -> None:
    drawn = [reference for pairs in (2, 3) for _ in range(200) for reference in candidates(pairs)]
    assert Counter(map(len, drawn)) == {4: 1200, 6: 1200}
    assert not set("".join(drawn)) & set("0125OISZBDEGPTVNUAQJ")
    assert all(normal_reference(f" {one[:1].lower()} {one[1:]}-") == one for one in drawn)
