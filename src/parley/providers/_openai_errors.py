"""From what the `openai` SDK raises to the product's errors: by status and code, never by the vendor's prose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from parley.inference.errors import (
    ProviderBusy,
    ProviderError,
    ProviderKeyRejected,
    ProviderModelUnknown,
    ProviderRefused,
    ProviderUnavailable,
)
from parley.providers import retired
from parley.providers._vendor_says import retry_after, shown

if TYPE_CHECKING:
    from openai import APIError, APIStatusError

_QUOTA = "provider.quota_exhausted"
_UNKNOWN_MODEL_CODES = frozenset({"model_not_found", "model_decommissioned"})
_BUSY_CODES = frozenset({"rate_limit_exceeded", "rate_limit_error", "tokens", "requests"})
_BAD_CALL_CODES = frozenset({"tool_use_failed"})


def from_sdk(error: APIError, vendor: str, model: str) -> ProviderError:
    """Translate whatever the SDK raised for one request or inside one stream."""
    from openai import APIConnectionError, APIStatusError

    if isinstance(error, APIStatusError):
        return _from_status(error, vendor, model)
    if isinstance(error, APIConnectionError):
        return ProviderUnavailable(f"{vendor} could not be reached.", vendor=vendor)
    return in_stream(error.body, vendor, model)


def in_stream(body: object, vendor: str, model: str) -> ProviderError:
    """An error written into a stream that had begun with HTTP 200: `body` is the `error` object or a string."""
    code, kind = _code(body), _text(body, "type")
    if code == "insufficient_quota":
        return _quota(vendor)
    if code in _BUSY_CODES or kind in _BUSY_CODES:
        return ProviderBusy(f"{vendor} is over its rate limit.", vendor=vendor)
    if code in _UNKNOWN_MODEL_CODES:
        return _unknown_model(vendor, model)
    if code in _BAD_CALL_CODES:
        return _bad_call(body, vendor)
    if kind == "invalid_request_error":
        return ProviderRefused(f"{vendor} refused the request: {_words(body)}", vendor=vendor)
    return ProviderUnavailable(f"{vendor} broke off its answer: {_words(body)}", vendor=vendor)


def refused_field(error: APIError) -> str | None:
    """The body field a 400 objects to, where the vendor names one in `param`."""
    param = getattr(error, "param", None)
    if getattr(error, "status_code", None) != 400 or not isinstance(param, str):
        return None
    return param.partition(".")[0]


def _from_status(error: APIStatusError, vendor: str, model: str) -> ProviderError:
    status, body = error.status_code, error.body
    code = _code(body)
    if status in {400, 403, 404} and (code in _UNKNOWN_MODEL_CODES or _blames_model(status, body, vendor, model)):
        return _unknown_model(vendor, model)
    if status in {401, 403}:
        return ProviderKeyRejected(f"{vendor} rejected the API key ({status}).", vendor=vendor)
    if code == "insufficient_quota" or status == 402:
        return _quota(vendor)
    if status in {429, 498}:
        wait = retry_after(error.response.headers)
        return ProviderBusy(f"{vendor} is over its rate limit.", vendor=vendor, retry_after=wait)
    if status == 404:
        return ProviderRefused(f"{vendor} has no chat endpoint at this base URL (404).", vendor=vendor)
    if code in _BAD_CALL_CODES:
        return _bad_call(body, vendor)
    if status in {408, 409, 499} or status >= 500:
        wait = retry_after(error.response.headers)
        return ProviderUnavailable(f"{vendor} failed with status {status}.", vendor=vendor, retry_after=wait)
    return ProviderRefused(f"{vendor} refused the request ({status}): {_words(body)}", vendor=vendor)


def _blames_model(status: int, body: object, vendor: str, model: str) -> bool:
    """Servers without error codes name the model in a 404; a 403 for a model listed as retired is about the model."""
    if status == 404:
        return model in _text(body, "message") or _text(body, "param") == "model"
    return status == 403 and _retirement(vendor, model) is not None


def _retirement(vendor: str, model: str) -> str | None:
    """On one's own server a model may be called anything, "gpt-4" included."""
    return retired.hint(model) if vendor in {"openai", "groq"} else None


def _unknown_model(vendor: str, model: str) -> ProviderModelUnknown:
    known = _retirement(vendor, model)
    detail = f"{vendor} does not serve the model {model!r} to this key."
    return ProviderModelUnknown(f"{detail} {known}" if known else detail, vendor=vendor)


def _quota(vendor: str) -> ProviderBusy:
    error = ProviderBusy(f"The {vendor} account has no quota left; check its billing.", vendor=vendor, code=_QUOTA)
    error.retryable = False
    return error


def _bad_call(body: object, vendor: str) -> ProviderRefused:
    detail = f"{vendor} could not form a valid tool call: {_words(body)}"
    return ProviderRefused(detail, vendor=vendor, code="provider.bad_tool_call")


def _code(body: object) -> str:
    return _text(body, "code")


def _text(body: object, name: str) -> str:
    value: Any = body.get(name) if isinstance(body, Mapping) else None
    if value is None and name == "message":
        value = body
    return value if isinstance(value, str) else ""


def _words(body: object) -> str:
    return shown(_text(body, "message"))
