"""Telephone numbers and e-mail addresses as they are stored and compared."""

from __future__ import annotations

from parley.kit.errors import InvalidInput

_NO_PHONE = "phone must be a telephone number such as +49 30 901820."
_LEAST_NUMBER = 10_000  # five digits without the country: the shortest with an area code


def normal_phone(text: str, region: str | None) -> str:
    """E.164. Raises `InvalidInput` for what no telephone has.

    Only the length is judged, not whether the number is assigned: numbering plans change faster than software. German
    plans call two digits possible, so there is a least length of our own.
    """
    import phonenumbers  # its tables take a tenth of a second to load

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidInput(_NO_PHONE) from error
    if not phonenumbers.is_possible_number(number) or (number.national_number or 0) < _LEAST_NUMBER:
        raise InvalidInput(_NO_PHONE)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def normal_email(text: str) -> str:
    """Lower case without surrounding space. Raises `InvalidInput` for what cannot be an address."""
    email = text.strip().lower()
    local, at, domain = email.rpartition("@")
    if not at or not local or "." not in domain.strip(".") or any(char.isspace() for char in email) or len(email) > 320:
        raise InvalidInput("email must be an address such as anna@example.com.")
    return email


def same_person(name: str, known: str) -> bool:
    """Whether two ways of giving a name share a family or given name: "Mr. Baker" is "Tom Baker"."""
    return bool(_name_words(name) & _name_words(known))


def _name_words(name: str) -> set[str]:
    words = {word.strip(".,").casefold() for word in name.split()}
    return {word for word in words if len(word) > 1} - _TITLES


_TITLES = frozenset({"mr", "mrs", "ms", "miss", "herr", "frau", "dr", "prof", "von", "van", "der", "de", "zu"})
