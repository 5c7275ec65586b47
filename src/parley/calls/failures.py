"""What goes wrong with a call, under the names that clients match on."""

from __future__ import annotations

from parley.inference.errors import ProviderBusy, ProviderError, ProviderRefused
from parley.kit.errors import VoiceAgentException


class _Graded(VoiceAgentException):
    """400 or 502, by whose fault it is."""

    def __init__(
        self, detail: str, *, code: str | None = None, retry_after: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(detail, code=code, retry_after=retry_after)
        self.status = type(self).status if status is None else status


class CallInitiationError(_Graded):
    """400 where the call cannot be placed as asked, 502 where the carrier failed at it."""

    code, status = "call.not_placed", 400


class RetellAPIError(VoiceAgentException):
    """502: the carrier could not be asked, or refused."""

    code, status = "carrier.failed", 502


def not_placed(error: ProviderError) -> CallInitiationError:
    """Why the carrier did not place a call. A number or an agent it refuses is 400: asking again changes nothing."""
    status = 400 if isinstance(error, ProviderRefused) and not isinstance(error, ProviderBusy) else 502
    return CallInitiationError(error.detail, code=error.code, retry_after=error.retry_after, status=status)


def carrier_failed(error: ProviderError) -> RetellAPIError:
    """The same for everything else that is asked of a carrier."""
    return RetellAPIError(error.detail, code=error.code, retry_after=error.retry_after)


class DataExtractionError(_Graded):
    """The facts of a call could not be read: 502 where a model failed, 400 where the agent's schema is none."""

    code, status = "call.not_extracted", 502
