"""A number is recognised however it is written, and no other number is."""

from __future__ import annotations

import pytest

from parley.kit.errors import InvalidInput
from parley.privacy import subject_of
from parley.privacy.subject import blind_key_of

ANNA = subject_of("phone", "+49 30 901820", None)


@pytest.mark.parametrize(
    "text",
    [
        "030 901820", "030/901820", "(030) 90 18 20", "+49 (0)30 901820", "004930901820", "+4930-901-820",
        "for 4 030 901820, please", "call 030.901820.", '{"phone": "+4930901820"}', "30901820",
    ],
)  # fmt: skip
def test_every_spelling_is_found_and_erased(text: str) -> None:
    assert ANNA.is_in(text)
    assert not any(char.isdigit() for char in ANNA.erased_from(text).replace("for 4", ""))


@pytest.mark.parametrize("text", ["030 901821", "0309018200", "1030901820", "+44 30901820", "030 90 ... 1820", ""])
def test_another_number_is_not(text: str) -> None:
    assert not ANNA.is_in(text)


def test_an_address_is_found_whole() -> None:
    anna = subject_of("email", " Anna@Example.com ", None)
    assert anna.is_in("Write to ANNA@example.com.")
    for other in ("joanna@example.com", "anna@example.com.au", "anna@example.community", "x.anna@example.com"):
        assert not anna.is_in(other)


def test_a_national_number_needs_its_country() -> None:
    assert subject_of("phone", "030 901820", "DE") == ANNA
    for wrong in ("030 901820", "seven", "+49"):
        with pytest.raises(InvalidInput, match="phone"):
            subject_of("phone", wrong, None)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("+49 30 901820", "phone:0901820"),
        ("030 901820", "phone:0901820"),
        ("oh three oh nine oh one eight two oh", "phone:0901820"),
        ("Anna@Example.com", "email:anna@example.com"),
        ("Anna Schmidt", None),
        ("4111 1111 1111 1111", None),
    ],
)
def test_one_person_has_one_blind_key(value: str, key: str | None) -> None:
    assert blind_key_of(value) == key
