"""The signature of a delivery: HMAC-SHA256 over the time and the raw body, so that neither can be changed or replayed.

    Parley-Signature: t=<unix seconds>,v1=<hex of HMAC-SHA256(secret, "<t>.<raw body>")>

A receiver computes the same over the bytes it got, compares in constant time, and refuses a `t` older than five
minutes.
"""

from __future__ import annotations

import hashlib
import hmac

SIGNATURE_HEADER = "Parley-Signature"


def signature(secret: str, body: bytes, at: int) -> str:
    """The header's value for a body sent `at` (seconds since the epoch)."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"
