"""Check digits of cards, bank accounts and national numbers. Punctuation in a value is no matter."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[\s./\-]")


def digits_of(value: str) -> str:
    """The decimal digits of `value`, in order."""
    return "".join(c for c in value if c in "0123456789")


def is_luhn(value: str) -> bool:
    """ISO/IEC 7812-1 annex B: payment cards, IMEI, Canadian and Swedish personal numbers."""
    digits = digits_of(value)
    total = sum(int(d) for d in digits[-1::-2]) + sum(sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return bool(digits) and total % 10 == 0


def is_iban(value: str) -> bool:
    """ISO 13616: mod 97 of the rearranged account number is 1."""
    compact = _SEPARATORS.sub("", value).upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", compact):
        return False
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def is_nhs_number(value: str) -> bool:
    """United Kingdom NHS number: ten digits, modulus 11."""
    digits = digits_of(value)
    if len(digits) != 10:
        return False
    check = 11 - sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check % 11 == int(digits[9]) and check != 10


def is_german_tax_id(value: str) -> bool:
    """German Steuer-Identifikationsnummer: eleven digits, ISO 7064 MOD 11,10, no leading zero."""
    digits = digits_of(value)
    if len(digits) != 11 or digits[0] == "0":
        return False
    product = 10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def is_us_ssn(value: str) -> bool:
    """A number the US Social Security Administration can have issued (no 000, 666 or 9xx area, no zero group)."""
    digits = digits_of(value)
    return len(digits) == 9 and digits[:3] not in ("000", "666") and digits[3:5] != "00" and digits[5:] != "0000"


def is_spanish_id(value: str) -> bool:
    """Spanish DNI or NIE: the letter is the number modulo 23."""
    compact = _SEPARATORS.sub("", value).upper()
    if not re.fullmatch(r"[XYZ]?\d{7,8}[A-Z]", compact):
        return False
    number = compact[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == compact[-1]
