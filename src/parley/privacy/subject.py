"""One person, and how their telephone number or e-mail address is recognised in rows and texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from parley.kit.errors import InvalidInput

SubjectKind = Literal["phone", "email", "user_id"]
ERASED = "[erased]"

_GAP = r"[\s().\-/]{0,3}"
_COUNTRY_BEFORE = re.compile(rf"(?:\+|(?<!\d)00)[1-9]\d{{0,2}}{_GAP}$")
_TELLING_DIGITS = 7


@dataclass(frozen=True)
class Subject:
    """A person by phone (E.164), e-mail address (lower case) or user_id (as it was given to the conversation)."""

    kind: SubjectKind
    value: str

    @cached_property
    def digits(self) -> str:
        """The national digits of a telephone number; empty for anything else."""
        return self._country_and_number[1] if self.kind == "phone" else ""

    @cached_property
    def _country_and_number(self) -> tuple[str, str]:
        import phonenumbers  # its tables take a tenth of a second to load

        number = phonenumbers.parse(self.value)
        return str(number.country_code), str(number.national_number)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the number or the address in a text, however it is spaced and with or without its country."""
        if self.kind == "phone":
            country, _ = self._country_and_number
            prefix = rf"(?:(?:\+|00){_GAP}?{country}{_GAP})?(?:\(?0\)?{_GAP})?"
            return re.compile(rf"(?<![\d+]){prefix}{_GAP.join(self.digits)}(?!\d)")
        return re.compile(rf"(?<![\w.+\-]){re.escape(self.value)}(?![\w\-]|\.\w)", re.IGNORECASE)

    def is_in(self, text: str) -> bool:
        """Whether `text` names this person."""
        return any(not _is_abroad(text, match) for match in self.pattern.finditer(text))

    def erased_from(self, value: Any) -> Any:
        """Text or JSON without this person's number or address."""
        if isinstance(value, str):
            return self.pattern.sub(lambda match: match.group() if _is_abroad(value, match) else ERASED, value)
        if isinstance(value, Mapping):
            return {name: self.erased_from(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.erased_from(one) for one in value]
        if isinstance(value, int) and not isinstance(value, bool) and self.is_in(str(value)):
            return ERASED
        return value


def _is_abroad(text: str, match: re.Match[str]) -> bool:
    """Whether the digits found are another country's: its code stands before them."""
    return _COUNTRY_BEFORE.search(text, max(0, match.start() - 8), match.start()) is not None


def subject_of(kind: SubjectKind, value: str, region: str | None) -> Subject:
    """The person a request names. `region` (ISO 3166) is the country of a number without one. Raises `InvalidInput`."""
    if kind == "phone":
        import phonenumbers

        try:
            number = phonenumbers.parse(value, region)
        except phonenumbers.NumberParseException as error:
            raise InvalidInput("phone must be a telephone number such as +49 30 901820.") from error
        if len(str(number.national_number)) < 5:
            raise InvalidInput("phone must be a telephone number such as +49 30 901820.")
        return Subject(kind, str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)))
    if kind == "email":
        email = value.strip().lower()
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", email):
            raise InvalidInput("email must be an address such as anna@example.com.")
        return Subject(kind, email)
    return Subject(kind, value)


def blind_key_of(value: str) -> str | None:
    """What the blind index of a masked value is made of; None where nobody is looked for by such a value.

    Of a telephone number the last seven digits, because callers leave out countries and area codes; whoever looks one
    up opens the few values found and compares them whole.
    """
    from parley.privacy.spoken import said_digits  # brings the recognisers' engine along

    text = value.strip().lower()
    if "@" in text:
        return f"email:{text}"
    digits = "".join(char for char in text if char in "0123456789") or said_digits(text)
    return f"phone:{digits[-_TELLING_DIGITS:]}" if _TELLING_DIGITS <= len(digits) <= 15 else None
