"""From what the `anthropic` SDK raises to the product's errors: by status, type and code, never by the prose.

Source: Anthropic API docs, "Errors". The type in the body is the vendor's own word; the status decides where it is
missing (a proxy in between) and is 200 for an error written into a stream that had begun.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from parley.inference.errors import (
    ProviderBusy,
    ProviderError,
    ProviderKeyRejected,
    ProviderModelUnknown,
    ProviderRefused,
    ProviderUnavailable,
)
from parley.providers import retired
from parley.providers._vendor_says import as_object, as_text, retry_after, shown

if TYPE_CHECKING:
    from anthropic import APIError, APIStatusError

_QUOTA = "provider.quota_exhausted"
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_PASSING = frozenset({408, 409, 499})
_REFUSED = frozenset({"invalid_request_error", "request_too_large"})
_BUSY = {"rate_limit_error": "over its rate limit", "overloaded_error": "overloaded"}


def from_sdk(error: APIError, vendor: str, model: str) -> ProviderError:
    """Translate whatever the SDK raised for one request or inside one stream."""
    from anthropic import APIStatusError

    if not isinstance(error, APIStatusError):
        return ProviderUnavailable(f"{vendor} could not be reached.", vendor=vendor)
    wait = retry_after(error.response.headers)
    return _from_status(error, vendor, model, wait)


def refused_sentence(error: APIError) -> str:
    """What a 400 says is wrong with the request; "" for every other error."""
    if getattr(error, "status_code", None) != 400:
        return ""
    return _message(error.body)


def _from_status(error: APIStatusError, vendor: str, model: str, wait: float | None) -> ProviderError:
    kind, status = _kind(error), error.status_code
    if kind == "billing_error" or _code(error.body).endswith("spend_limit_reached"):
        return _quota(vendor)
    if kind == "not_found_error":
        return _not_found(error.body, vendor, model)
    if kind == "permission_error" and _retirement(vendor, model) is not None:
        return _unknown_model(vendor, model)
    if kind in {"authentication_error", "permission_error"}:
        return ProviderKeyRejected(f"{vendor} rejected the API key ({status}).", vendor=vendor)
    if kind in _BUSY:
        return ProviderBusy(f"{vendor} is {_BUSY[kind]}.", vendor=vendor, retry_after=wait)
    words = shown(_message(error.body))
    if kind in _REFUSED:
        return ProviderRefused(f"{vendor} refused the request ({status}): {words}", vendor=vendor)
    if status < 400:
        return ProviderUnavailable(f"{vendor} broke off its answer: {words}", vendor=vendor)
    return ProviderUnavailable(f"{vendor} failed with status {status}.", vendor=vendor, retry_after=wait)


def _kind(error: APIStatusError) -> str:
    """The type of the error, "" for what passes by itself."""
    status = error.status_code
    if status in _PASSING or 500 <= status < 529:  # whatever the body says: it may be a proxy's
        return ""
    written = as_text(as_object(as_object(error.body).get("error")).get("type"))
    return written or _TYPES.get(status, "invalid_request_error" if status >= 400 else "")


def _not_found(body: object, vendor: str, model: str) -> ProviderError:
    if model in _message(body):
        return _unknown_model(vendor, model)
    return ProviderRefused(f"{vendor} has no messages endpoint at this base URL (404).", vendor=vendor)


def _unknown_model(vendor: str, model: str) -> ProviderModelUnknown:
    known = _retirement(vendor, model)
    detail = f"{vendor} does not serve the model {model!r} to this key."
    return ProviderModelUnknown(f"{detail} {known}" if known else detail, vendor=vendor)


def _retirement(vendor: str, model: str) -> str | None:
    return retired.hint(model) if vendor == "anthropic" else None


def _quota(vendor: str) -> ProviderBusy:
    error = ProviderBusy(f"The {vendor} account has no quota left; check its billing.", vendor=vendor, code=_QUOTA)
    error.retryable = False
    return error


def _message(body: object) -> str:
    told = as_text(as_object(as_object(body).get("error")).get("message"))
    return told or (body if isinstance(body, str) else "")


def _code(body: object) -> str:
    details = as_object(as_object(body).get("error")).get("details")
    return as_text(details.get("error_code")) if isinstance(details, Mapping) else ""
