"""Twilio's signature and its calls, as the documentation has them."""

from __future__ import annotations

from typing import Any

import pytest

from parley.inference.twilio_call import is_signed, may_be_signed, read_call

# The example of twilio.com/docs/usage/security.
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FIELDS = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]
TOKEN, SIGNATURE = "12345", "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_the_documented_example_is_signed() -> None:
    assert is_signed(URL, FIELDS, TOKEN, SIGNATURE)
    assert is_signed(URL, FIELDS[::-1], TOKEN, SIGNATURE)
    assert is_signed(URL.replace("mycompany.com", "mycompany.com:443"), FIELDS, TOKEN, SIGNATURE)


@pytest.mark.parametrize(
    ("url", "fields", "token", "signature"),
    [
        (URL + "&x=1", FIELDS, TOKEN, SIGNATURE),
        (URL.replace("https", "http"), FIELDS, TOKEN, SIGNATURE),
        (URL, FIELDS[:-1], TOKEN, SIGNATURE),
        (URL, [*FIELDS, ("To", "+1")], TOKEN, SIGNATURE),
        (URL, FIELDS, "", SIGNATURE),
        (URL, FIELDS, "54321", SIGNATURE),
        (URL, FIELDS, TOKEN, None),
        (URL, FIELDS, TOKEN, ""),
        (URL, FIELDS, TOKEN, "M" + SIGNATURE[1:]),
        ("https://example.com:x/", FIELDS, TOKEN, SIGNATURE),
    ],
)
def test_anything_else_is_not(url: str, fields: list[tuple[str, str]], token: str, signature: str | None) -> None:
    assert not is_signed(url, fields, token, signature)


def test_another_algorithm_is_named_by_a_header() -> None:
    from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

    made = RequestValidator(TOKEN).compute_signature(URL, dict(FIELDS), "HMAC_SHA256")
    assert is_signed(URL, FIELDS, TOKEN, made, "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256")
    assert not is_signed(URL, FIELDS, TOKEN, made)
    assert not is_signed(URL, FIELDS, TOKEN, made, "key=webhooks_sharedkey_1,algorithm=NONE")
    assert may_be_signed(made)
    assert not may_be_signed("é" * 28)


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("queued", "registered", None),
        ("ringing", "registered", None),
        ("in-progress", "ongoing", None),
        ("completed", "ended", "completed"),
        ("busy", "not_connected", "busy"),
        ("no-answer", "not_connected", "no-answer"),
        ("canceled", "not_connected", "canceled"),
        ("failed", "error", "failed"),
    ],
)
def test_a_webhooks_call(word: str, status: str, reason: str | None) -> None:
    form = {"CallSid": "CA1", "CallStatus": word, "Direction": "outbound-dial", "From": "+1608", "To": "+1609"}
    call = read_call({**form, "CallDuration": "61"})
    assert call is not None
    assert (call.id, call.status, call.reason, call.direction) == ("CA1", status, reason, "outbound")
    assert (call.from_number, call.to_number, call.seconds) == ("+1608", "+1609", 61)


@pytest.mark.parametrize("told", [{}, {"CallSid": ""}, {"CallSid": "x" * 201}, {"sid": 5}, {"CallSid": "a\x00"}])
def test_without_an_id_it_is_no_call(told: dict[str, Any]) -> None:
    assert read_call(told) is None
