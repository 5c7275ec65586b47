"""Telephone numbers and e-mail addresses, written or spoken ("oh one seven one double five", "john dot smith at …")."""

from __future__ import annotations

from dataclasses import dataclass

from parley.understanding.dates import read_day
from parley.understanding.numbers import dictated_digits
from parley.understanding.scan import Scan

_MULTIPLIERS = {"double": 2, "triple": 3, "treble": 3, "doppel": 2, "zweimal": 2, "dreimal": 3}
_ZERO = frozenset({"oh", "o"})
_SEPARATORS = frozenset({"-", "(", ")", ".", "/", "–", ","})
_DOTS = frozenset({"dot", "period", "punkt", "point", "."})
_AT = frozenset({"at", "ät", "@", "klammeraffe", "aet", "et"})
_JOINTS = {
    "dot": ".", "period": ".", "punkt": ".", "point": ".", ".": ".", "underscore": "_", "unterstrich": "_", "_": "_",
    "dash": "-", "hyphen": "-", "minus": "-", "bindestrich": "-", "-": "-", "plus": "+", "+": "+",
}  # fmt: skip
_EMAIL_CUES = frozenset(
    {"is", "ist", "email", "e-mail", "mail", "address", "adresse", "lautet", "it's", "to", "an", "unter", ":"}
)
_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._%+-")


@dataclass(slots=True)
class Contact:
    """`slot` is phone (E.164) or email (lower case); `problem` is set, and `value` empty, for one that cannot be."""

    slot: str
    value: str
    start: int
    end: int
    problem: str = ""


def read_contacts(scan: Scan, *, asked_phone: bool = False) -> list[Contact]:
    """All contacts in order of their place. Token ranges do not overlap."""
    found = _written_emails(scan) or _spoken_emails(scan)
    taken = {i for contact in found for i in range(contact.start, contact.end)}
    found += _phones(scan, taken, asked_phone)
    return sorted(found, key=lambda contact: contact.start)


def _written_emails(scan: Scan) -> list[Contact]:
    """Grown outwards from each "@", which is linear in the text."""
    text, found = scan.text, []
    for i, token in enumerate(scan.tokens):
        if token.low != "@" or not token.glued:
            continue
        start = end = token.start
        while start > 0 and start > token.start - 64 and text[start - 1].lower() in _LOCAL:
            start -= 1
        end = token.end
        while end < len(text) and end < token.end + 255 and text[end].lower() in _LOCAL:
            end += 1
        address = text[start:end].strip(".-").lower()
        domain = address.rpartition("@")[2]
        if start == token.start or "." not in domain or not domain.rpartition(".")[2].isalpha():
            continue
        first = last = i
        while first > 0 and scan.tokens[first - 1].end > start:
            first -= 1
        while last < len(scan.tokens) and scan.tokens[last].start < end:
            last += 1
        found.append(Contact("email", address, first, last))
    return found


def _spoken_emails(scan: Scan) -> list[Contact]:
    found: list[Contact] = []
    for i, token in enumerate(scan.tokens):
        if token.low not in _AT or i == 0:
            continue
        domain = _spoken_domain(scan, i + 1)
        if domain is None:
            continue
        local, start = _spoken_local(scan, i)
        if local:
            found.append(Contact("email", f"{local}@{domain[0]}", start, domain[1]))
    return found


def _spoken_domain(scan: Scan, i: int) -> tuple[str, int] | None:
    """ "gmail dot com", "t minus online punkt de", "bbc dot co dot uk"."""
    parts: list[str] = []
    dots = 0
    j = i
    while j < min(i + 10, len(scan.tokens)):
        word = scan.low(j)
        if word in _DOTS:
            ends_sentence = word == "." and not (scan.glued(j) and scan.glued(j + 1))
            if not parts or parts[-1] == "." or not scan.low(j + 1).isalnum() or ends_sentence:
                break
            parts.append(".")
            dots += 1
        elif word in _JOINTS and parts and scan.low(j + 1).isalnum() and not dots:
            parts.append(_JOINTS[word])
        elif word.isalnum() and (not parts or parts[-1] in ".-_" or (not dots and j < i + 3)):
            parts.append(_chars(scan, j))
        else:
            break
        j += 1
    domain = "".join(parts)
    return (domain, j) if dots and len(domain.rpartition(".")[2]) >= 2 and domain[-1].isalpha() else None


def _chars(scan: Scan, i: int) -> str:
    token = scan.tokens[i]
    return str(token.value) if token.spelled and token.value is not None else token.low


def _spoken_local(scan: Scan, at: int) -> tuple[str, int]:
    """The part before "at": words joined by spoken marks; after "my e-mail is" everything up to the "at"."""
    for j in range(at - 1, max(-1, at - 14), -1):
        if scan.low(j) in _EMAIL_CUES and j < at - 1:
            words = [_JOINTS.get(scan.low(k), _chars(scan, k)) for k in range(j + 1, at)]
            if all(len(word) == 1 or word.isalnum() for word in words) and "," not in words:
                return "".join(words).strip("-._").replace("'", ""), j + 1
            break
    start = at - 1
    if not scan.low(start).isalnum():
        return "", at
    while start >= 2:
        if scan.low(start - 1) in _JOINTS and scan.low(start - 2).isalnum():
            start -= 2
        elif _short(scan, start) and _short(scan, start - 1):
            start -= 1
        else:
            break
    return "".join(_JOINTS.get(scan.low(k), _chars(scan, k)) for k in range(start, at)), start


def _short(scan: Scan, i: int) -> bool:
    return scan.value(i) is not None or (len(scan.low(i)) == 1 and scan.low(i).isalpha())


def _phones(scan: Scan, taken: set[int], asked: bool) -> list[Contact]:
    found: list[Contact] = []
    i = 0
    while i < len(scan.tokens):
        run = None if i in taken else _digit_run(scan, i, taken)
        if run is None:
            i += 1
            continue
        digits, end = run
        contact = _contact(scan, digits, i, end, asked)
        if contact is not None:
            found.append(contact)
        i = end
    return found


def _digit_run(scan: Scan, i: int, taken: set[int]) -> tuple[str, int] | None:
    """(digits with a leading "+" where said, end) of the numbers that follow one another from token i."""
    digits, end, j = "", i, i
    if scan.low(i) == "+" or (scan.low(i) == "plus" and scan.value(i + 1) is not None):
        digits, j = "+", i + 1
    elif scan.low(i) == "(":
        j = i + 1
    while j < len(scan.tokens) and j not in taken and j < i + 60:
        token = scan.tokens[j]
        word = token.low
        repeated = "0" if scan.low(j + 1) in _ZERO else str(scan.value(j + 1))
        if word in _MULTIPLIERS and len(repeated) == 1:
            digits += repeated * _MULTIPLIERS[word]
            j += 1
        elif word.isdecimal() and not token.ordinal and token.digits == len(word):
            digits += word
        elif token.spelled and token.value is not None and not token.ordinal and token.value < 1000:
            digits += dictated_digits(word) or str(token.value)
        elif word in _ZERO and (digits or scan.value(j + 1) is not None or scan.low(j + 1) in _MULTIPLIERS):
            digits += "0"
        elif word in _SEPARATORS and digits:
            j += 1
            continue
        else:
            break
        j += 1
        end = j
    return (digits, end) if end > i else None


def _contact(scan: Scan, digits: str, start: int, end: int, asked: bool) -> Contact | None:
    count = len(digits.lstrip("+"))
    if count < 7 and not (asked and count >= 5):
        return None
    if count > 17 or scan.low(start - 1) in ("$", "€", "£"):
        return None
    day = read_day(scan, start)
    if day is not None and day.end >= end - 1:
        return None
    number = _e164(digits, scan.region)
    if number:
        return Contact("phone", number, start, end)
    written = end - start == 1
    return Contact("phone", "", start, end, "impossible") if asked or not written else None


def _e164(digits: str, region: str) -> str:
    import phonenumbers

    for candidate in (digits, "+" + digits[2:] if digits.startswith("00") else ""):
        if not candidate:
            continue
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        # A local number without its area code is possible only within its own area.
        if phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE:
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ""
