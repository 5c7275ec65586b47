"""Secrets: independent keys, tamper-proof seals, tokens nobody guesses."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.kit.secrets import Box, Keyring, SealBroken, digest, new_token, same

RING = Keyring("a master secret of some length")


@given(st.text())
def test_what_is_sealed_opens(plain: str) -> None:
    text = plain.encode("utf-8", "ignore").decode()
    sealed = RING.seal(text)
    assert RING.open(sealed) == text
    assert len(text) < 8 or text.encode() not in sealed


def test_a_seal_differs_each_time_and_breaks_when_touched() -> None:
    sealed = RING.seal("x")
    assert sealed != RING.seal("x")
    raw = base64.urlsafe_b64decode(sealed)
    for place in range(len(raw)):
        touched = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(SealBroken):
            RING.open(base64.urlsafe_b64encode(touched))
    for broken in (b"", sealed[:-4], b"\xff", b"not a seal"):
        with pytest.raises(SealBroken):
            RING.open(broken)


def test_another_master_does_not_open_it() -> None:
    with pytest.raises(SealBroken, match="SECRET_KEY"):
        Keyring("another master secret").open(RING.seal("x"))


def test_keys_are_independent_per_purpose_and_stable() -> None:
    keys = {RING.derive(purpose) for purpose in ("access-tokens", "credentials", "", "tickets")}
    assert len(keys) == 4
    assert all(len(key) == 32 for key in keys)
    assert RING.derive("credentials") == Keyring("a master secret of some length").derive("credentials")
    assert RING.derive("credentials") != Keyring("b").derive("credentials")


def test_tokens() -> None:
    tokens = {new_token("pk_") for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(token.startswith("pk_") and len(token) == 46 for token in tokens)
    assert digest("a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert same("ä", "ä")
    assert not same("a", "b")
    assert not same("a", "")


def test_a_box_opens_only_what_it_sealed_as_what_it_was() -> None:
    box, other = RING.box("one"), RING.box("two")
    sealed = box.seal(b"sound", "piece:1")
    assert sealed != box.seal(b"sound", "piece:1"), "a nonce of its own"
    assert box.open(sealed, "piece:1") == b"sound"
    for who, data, bound_to in (
        (box, sealed, "piece:2"),
        (other, sealed, "piece:1"),
        (box, sealed[:-1], "piece:1"),
        (box, b"", "piece:1"),
    ):
        with pytest.raises(SealBroken):
            who.open(data, bound_to)
    assert len({Box.new_key() for _ in range(5)}) == 5
