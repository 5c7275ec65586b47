"""What a tenant may set about calls, judged when it is saved: no typing error decides whether a telephone rings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from parley.calls.numbers import e164
from parley.kit.errors import InvalidInput

_CLOCK: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
_HOURS: Final = frozenset({"from", "to", "days"})
_NUMBERS: Final = ("retell_from_number", "twilio_from_number", "transfer_number")
MOST_LINES: Final = 10_000


def check_call_settings(settings: Mapping[str, Any]) -> None:
    """Raise `InvalidInput` naming the field of a setting of calls whose value is wrong. None is as good as left out."""
    if (hours := settings.get("calling_hours")) is not None:
        _check_hours(hours)
    most = settings.get("max_concurrent_calls")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= MOST_LINES):
        raise InvalidInput(f"settings.max_concurrent_calls must be a whole number from 0 to {MOST_LINES:,}.")
    if not isinstance(settings.get("require_consent"), bool | None):
        raise InvalidInput("settings.require_consent must be true or false.")
    for name in _NUMBERS:
        _check_number(settings, name, "settings")


def check_voice_settings(settings: Mapping[str, Any]) -> None:
    """As `check_call_settings`, for what an agent's `voice_settings` say of calls."""
    _check_number(settings, "transfer_number", "voice_settings")


def _check_number(settings: Mapping[str, Any], name: str, where: str) -> None:
    if (number := settings.get(name)) is not None and number != "":
        if not isinstance(number, str):
            raise InvalidInput(f"{where}.{name} must be a telephone number in E.164 form such as +4930901820.")
        e164(number, f"{where}.{name}")


def _check_hours(hours: object) -> None:
    where = "settings.calling_hours"
    if not isinstance(hours, Mapping):
        raise InvalidInput(f'{where} must be an object such as {{"from": "08:00", "to": "21:00", "days": [1, 2, 3]}}.')
    if unknown := sorted(str(name)[:50] for name in hours.keys() - _HOURS):
        raise InvalidInput(f"{where}.{unknown[0]} is not known: from, to and days are.")
    ends = [hours.get(name, otherwise) for name, otherwise in (("from", "08:00"), ("to", "21:00"))]
    for name, clock in zip(("from", "to"), ends, strict=True):
        if not isinstance(clock, str) or not _CLOCK.fullmatch(clock):
            raise InvalidInput(f"{where}.{name} must be a time as HH:MM, from 00:00 to 24:00.")
    if ends[0] >= ends[1]:
        raise InvalidInput(f"{where}.to must be later than {where}.from ({ends[0]}).")
    days = hours.get("days", [1])
    if not isinstance(days, list) or not days or not all(type(day) is int and 1 <= day <= 7 for day in days):
        raise InvalidInput(f"{where}.days must be a list of weekdays, 1 (Monday) to 7 (Sunday).")
