"""One tree of errors: a stable dotted code, an HTTP status and a message that is safe to show.

Bodies are `{"detail", "type", "code"}`; `type` is the class name. The root is called `VoiceAgentException` because
existing clients match on that name.
"""

from __future__ import annotations


class VoiceAgentException(Exception):
    """Base of every error that may reach a client. `str(error)` is a sentence that is safe to show."""

    code = "internal"
    status = 500
    retry_after: float | None = None  # seconds

    def __init__(self, detail: str, *, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code
        if retry_after is not None:
            self.retry_after = retry_after

    def body(self) -> dict[str, str]:
        """The JSON body of the HTTP answer."""
        return {"detail": self.detail, "type": type(self).__name__, "code": self.code}


class InvalidInput(VoiceAgentException):
    """422: a field is wrong; the sentence names it."""

    code, status = "input.invalid", 422


class NotAuthenticated(VoiceAgentException):
    """401: no credentials, or they are not valid (any more)."""

    code, status = "auth.required", 401


class NotAllowed(VoiceAgentException):
    """403: the caller is known and may not do this."""

    code, status = "auth.forbidden", 403


class NotFound(VoiceAgentException):
    """404: no such id for this caller. Another tenant's id reads exactly the same."""

    code, status = "not_found", 404

    def __init__(self, what: str = "resource") -> None:
        super().__init__(f"No such {what}.")


class Conflict(VoiceAgentException):
    """409: the request is fine, the state of the thing forbids it."""

    code, status = "conflict", 409


class TooLarge(VoiceAgentException):
    """413: over a size limit, which the sentence states."""

    code, status = "input.too_large", 413


class TooMany(VoiceAgentException):
    """429: over a rate limit; `retry_after` says when to come back (seconds)."""

    code, status = "rate_limited", 429


class Unavailable(VoiceAgentException):
    """503: a part of the service is not ready; try again."""

    code, status = "unavailable", 503
