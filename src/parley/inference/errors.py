"""What an adapter may raise. The wrappers decide by `retryable` and `retry_after`, never by vendor or prose."""

from __future__ import annotations

from parley.kit.errors import VoiceAgentException


class ProviderError(VoiceAgentException):
    """A vendor failed. 502 to a client that asked for this vendor explicitly; else the next in the chain answers."""

    code, status = "provider.failed", 502
    retryable = False

    def __init__(self, detail: str, *, vendor: str, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(detail, code=code, retry_after=retry_after)
        self.vendor = vendor


class ProviderRefused(ProviderError):
    """The vendor understood and refused: a wrong request, a filtered text. Trying again changes nothing."""

    code = "provider.refused"


class ProviderKeyRejected(ProviderError):
    """401 or 403 of the vendor: the key is missing, wrong or may not use this model."""

    code = "provider.key_rejected"


class ProviderModelUnknown(ProviderError):
    """The model does not exist (any more); the sentence names a replacement where one is known."""

    code = "provider.model_unknown"


class ProviderBusy(ProviderError):
    """429: over the vendor's rate limit; `retry_after` in seconds where the vendor says so."""

    code, retryable = "provider.busy", True


class ProviderUnavailable(ProviderError):
    """5xx, no connection, or a connection that broke."""

    code, retryable = "provider.unavailable", True


class ProviderStalled(ProviderUnavailable):
    """Nothing arrived for longer than the allowed silence."""

    code = "provider.stalled"


class ProviderCut(ProviderUnavailable):
    """The stream ended without its final event: what arrived so far is not a complete reply."""

    code = "provider.cut"
