"""One conversation's masking: what it hides in texts, slots and JSON comes back to the letter."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.privacy import Masking, PlaceholderMap, has_placeholder
from parley.privacy.masking import kind_of

TEXTS = st.text(alphabet=st.sampled_from("ab C<>_1.PERSON@"), max_size=30)
KEYS = st.sampled_from(["name", "phone", "note", "date"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 999) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
@settings(max_examples=60, deadline=None)
def test_json_comes_back(value: Any) -> None:
    masking = Masking("masked")
    assert _as_text(masking.reveal_json(masking.hide_json(value))) == _as_text(value)


def _as_text(value: Any, key: str = "") -> Any:
    """A number under a personal key is given as text."""
    if isinstance(value, dict):
        return {name: _as_text(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_text(one, key) for one in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and kind_of(key) else value


def test_a_slot_and_the_words_it_was_read_from_are_one() -> None:
    masking = Masking("masked")
    hidden = masking.hide("my number is 030 901820", told={"phone": "+4930901820"})
    assert hidden == "my number is <PHONE_NUMBER_1>"
    assert masking.hide_slots({"phone": "+4930901820"}) == {"phone": "<PHONE_NUMBER_1.2>"}
    assert masking.reveal_json({"phone": "<PHONE_NUMBER_1.2>"}) == {"phone": "+4930901820"}


def test_a_bare_name_is_hidden_where_it_was_asked_for() -> None:
    masking = Masking("masked")
    assert masking.hide("Baker", told={"name": "Baker"}) == "<PERSON_1>"
    assert masking.hide("is it under baker?") == "is it under <PERSON_1.2>?"


@pytest.mark.parametrize(
    "plan",
    [
        {"date": "2026-11-27", "time": "19:30", "party_size": 4, "kind": "table", "reference": "K7F4M2"},
        {"property_id": "A-102", "offer": "rent", "city": "Leeds", "budget": 1200, "available": True},
    ],
)
def test_what_is_booked_is_not_personal(plan: dict[str, Any]) -> None:
    assert Masking("masked").hide_json(plan) == plan


def test_known_values_are_hidden_wherever_they_stand() -> None:
    masking = Masking("masked", PlaceholderMap({"<ADDRESS_1>": "Larkmoor 12"}))
    assert masking.hide_json({"detail": "We deliver to LARKMOOR 12."}) == {"detail": "We deliver to <ADDRESS_1.2>."}


def test_keep_all_changes_nothing() -> None:
    masking = Masking()
    text = "I am Tom Baker <PERSON_1>"
    assert masking.hide(text) == masking.reveal(text) == text
    assert masking.hide_json({"name": "Tom"}) == {"name": "Tom"}
    assert masking.unknown(text) is None


def test_an_unknown_placeholder_is_told() -> None:
    masking = Masking("masked", PlaceholderMap({"<PERSON_1>": "Tom"}))
    assert masking.unknown("for <PERSON_1>") is None
    assert masking.unknown("for <PERSON_2>") == "<PERSON_2>"
    assert has_placeholder("for <PERSON_2>")


@pytest.mark.parametrize(
    ("heard", "kept"),
    [
        ("Thank you, Tom Baker, see you", "Thank you, <PERSON_1>, see you"),
        ("Thank you, Tom Baker", "Thank you, <PERSON_1>"),
        ("Thank you, Tom", "Thank you, "),
        ("Thank", "Thank"),
        ("", ""),
        ("Goodbye", None),
    ],
)
def test_what_was_heard_is_kept_in_masked_words(heard: str, kept: str | None) -> None:
    masking = Masking("masked", PlaceholderMap({"<PERSON_1>": "Tom Baker"}))
    assert masking.beginning("Thank you, <PERSON_1>, see you then.", heard) == kept
