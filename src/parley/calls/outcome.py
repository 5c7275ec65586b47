"""How a carrier's end of a call reads as ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from parley.calls.record import CallRecord, Status
from parley.inference.carrier import CarrierCall

# Retell's `disconnection_reason`, by what it means for the record; all others of a call that was answered complete it.
_NOT_REACHED: Final = frozenset(
    """dial_busy dial_failed dial_no_answer invalid_destination telephony_provider_permission_denied
    telephony_provider_unavailable sip_routing_error marked_as_spam network_blocked registered_call_timeout
    user_declined concurrency_limit_reached no_valid_payment scam_detected""".split()
)
_STOPPED: Final = "manual_stopped"
# What `call_outcome` says of a call that did not get what it was made for; all else did.
_TO_NO_END: Final = frozenset(
    {"voicemail", "no answer", "wrong number", "wrong person", "driver refused", "callback requested", "incomplete"}
)
OPTED_OUT: Final = "user_requested_dnc"


def is_over(told: CarrierCall) -> bool:
    """Whether the carrier says that nobody is on the line any more."""
    return told.status in ("ended", "not_connected", "error")


def outcome_of(told: CarrierCall) -> Status:
    """The status in which a call that is over ends."""
    reason = told.reason or ""
    if told.status in ("not_connected", "error") or reason in _NOT_REACHED or reason.startswith("error"):
        return "failed"
    return "cancelled" if reason == _STOPPED else "completed"


def task_completed(status: Status, facts: Mapping[str, Any] | None) -> bool | None:
    """Whether a call got what it was made for; None where its record does not say, as of one that was cancelled."""
    if status == "failed":
        return False
    outcome = (facts or {}).get("call_outcome")
    if status != "completed" or not isinstance(outcome, str):
        return None
    return outcome.strip().casefold() not in _TO_NO_END


def seconds_of(told: CarrierCall, call: CallRecord) -> int | None:
    """The call's own time in whole seconds: at least one where somebody was on the line, none where nobody was."""
    seconds = told.seconds
    if seconds is None and told.ended_at is not None and call.started_at is not None:
        seconds = (told.ended_at - call.started_at).total_seconds()
    if told.started_at is None and call.started_at is None and not seconds:
        return None
    return max(1, round(seconds or 0))
