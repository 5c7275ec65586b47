"""What Google's two speech APIs share: credentials, channels, errors, languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from parley.inference.errors import (
    ProviderBusy,
    ProviderError,
    ProviderKeyRejected,
    ProviderModelUnknown,
    ProviderRefused,
    ProviderUnavailable,
)
from parley.providers._vendor_says import shown

VENDOR = "google"
_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
_REGIONS = {
    "en": "en-US",
    "pt": "pt-BR",
    "zh": "cmn-Hans-CN",
    "ja": "ja-JP",
    "ko": "ko-KR",
    "da": "da-DK",
    "sv": "sv-SE",
}


def locale(language: str) -> str:
    """BCP 47 with a region, which Google wants: "de" is de-DE."""
    short = language[:2].lower()
    return language if "-" in language else _REGIONS.get(short, f"{short}-{short.upper()}")


def credentials(key: str) -> tuple[Any, str]:
    """A service account's credentials and project, from a file's path or from JSON. Raises `ProviderKeyRejected`."""
    from google.oauth2 import service_account

    try:
        info = json.loads(key if key.lstrip().startswith("{") else Path(key).expanduser().read_text())
        made = service_account.Credentials.from_service_account_info(info, scopes=_SCOPES)  # type: ignore[no-untyped-call]
        return made, str(info["project_id"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        sentence = "GOOGLE_APPLICATION_CREDENTIALS names no service account's key file."
        raise ProviderKeyRejected(sentence, vendor=VENDOR) from error


def translated(error: Exception) -> ProviderError:
    """From what the client raises, by gRPC status."""
    from google.api_core import exceptions as google
    from google.auth.exceptions import GoogleAuthError

    said = shown(str(getattr(error, "message", "")))
    match error:
        case google.Unauthorized() | google.Forbidden() | GoogleAuthError():
            return ProviderKeyRejected("google rejected the service account.", vendor=VENDOR)
        case google.TooManyRequests():
            return ProviderBusy("google is over its quota.", vendor=VENDOR, retry_after=_wait(error))
        case google.NotFound():
            return ProviderModelUnknown(f"google knows no such model or voice: {said}", vendor=VENDOR)
        case google.OutOfRange() | google.Aborted() | google.Cancelled():
            return ProviderUnavailable("google broke the stream off.", vendor=VENDOR)
        case google.ClientError() if not isinstance(error, google.DeadlineExceeded):
            return ProviderRefused(f"google refused the request: {said}", vendor=VENDOR)
        case _:
            return ProviderUnavailable("google failed or could not be reached.", vendor=VENDOR)


def _wait(error: Any) -> float | None:
    """Seconds, where the vendor's details name them (`google.rpc.RetryInfo`)."""
    for detail in getattr(error, "details", ()):
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return float(delay.seconds + delay.nanos / 1e9)
    return None
