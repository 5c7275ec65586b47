"""What Retell's answers mean, as our errors."""

from __future__ import annotations

from typing import Any, Final

import httpx
from retell import APIConnectionError, APIResponseValidationError, APIStatusError, APITimeoutError

from parley.inference.carrier import PlacingUnknown
from parley.inference.errors import (
    ProviderBusy,
    ProviderError,
    ProviderKeyRejected,
    ProviderRefused,
    ProviderStalled,
    ProviderUnavailable,
)

SDK_ERRORS: Final = (APIStatusError, APIConnectionError, APIResponseValidationError)
_VENDOR: Final = "retell"
_MOST: Final = 200
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def status_of(error: Exception) -> int | None:
    """The HTTP status; None where there was no answer."""
    return error.status_code if isinstance(error, APIStatusError) else None


def of(error: Exception) -> ProviderError:
    """An error of a request that may be repeated."""
    if isinstance(error, APITimeoutError):
        return ProviderStalled("Retell did not answer in time.", vendor=_VENDOR)
    if not isinstance(error, APIStatusError):
        return ProviderUnavailable("Retell cannot be reached.", vendor=_VENDOR)
    said, status = _said(error), error.status_code
    if status in (401, 403):
        return ProviderKeyRejected("Retell does not accept the API key.", vendor=_VENDOR)
    if status == 402:
        return ProviderError(f"Retell asks for payment{said}.", vendor=_VENDOR, code="carrier.payment_required")
    if status == 429:
        wait = _wait(error)
        return ProviderBusy(f"Retell's limit is reached{said}.", vendor=_VENDOR, retry_after=wait)
    if status >= 500 or status == 408:
        return ProviderUnavailable(f"Retell failed ({status}).", vendor=_VENDOR)
    return ProviderRefused(f"Retell refused{said}.", vendor=_VENDOR)


def of_placing(error: Exception) -> ProviderError:
    """An error of placing a call: where Retell may have begun to dial, nobody knows."""
    if isinstance(error, APIStatusError) and error.status_code < 500 and error.status_code not in (408, 409):
        return of(error)
    if isinstance(error, APIConnectionError) and isinstance(error.__cause__, _NEVER_SENT):
        return ProviderUnavailable("Retell cannot be reached.", vendor=_VENDOR)
    return PlacingUnknown(of(error).detail, vendor=_VENDOR)


def _said(error: APIStatusError) -> str:
    """The vendor's own sentence: {"status": "error", "message": "…"}."""
    body: Any = error.body
    message = body.get("message") if isinstance(body, dict) else None
    if not isinstance(message, str) or not message.strip():
        return ""
    return f": {message.strip().rstrip('.')[:_MOST]}"


def _wait(error: APIStatusError) -> float | None:
    try:
        return max(0.0, float(error.response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None
