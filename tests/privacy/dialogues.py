"""Dialogues made of personal data of many kinds, in both languages; every value is made up for its dialogue."""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import date

from hypothesis import strategies as st


@dataclass(frozen=True)
class Said:
    """Lines of a caller, and what in them nobody may find again, in the spellings it might be kept in."""

    language: str
    lines: tuple[str, ...]
    private: tuple[str, ...]


_CONSONANTS, _VOWELS = "bdfgklmnprstvwz", "aeiou"
_syllable = st.builds(lambda c, v: c + v, st.sampled_from(_CONSONANTS), st.sampled_from(_VOWELS))
_surname = st.lists(_syllable, min_size=4, max_size=5).map(lambda parts: "".join(parts).capitalize() + "sson")


def _luhn(body: str) -> str:
    weighted = [int(digit) * (2 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(body))]
    total = sum(sum(divmod(number, 10)) for number in weighted)
    return body + str(-total % 10)


def _iban(account: str) -> str:
    check = 98 - int(f"{account}131400") % 97
    return f"DE{check:02}{account}"


def _grouped(text: str) -> str:
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


_card = st.text(string.digits, min_size=11, max_size=11).map(lambda body: _luhn(f"4539{body}"))
_account = st.builds(lambda a: _iban(f"37040044{a}"), st.text(string.digits, min_size=10, max_size=10))
_german_phone = st.text("123456789", min_size=8, max_size=8)
_day = st.dates(min_value=date(1941, 1, 1), max_value=date(2003, 12, 28))
_ssn = st.builds(
    lambda a, b, c: f"{a}-{b:02}-{c}",
    st.integers(501, 649),
    st.integers(11, 98),
    st.integers(1001, 9998),
)

Part = tuple[str, tuple[str, ...]]


def _parts(language: str) -> st.SearchStrategy[Part]:
    """One line with one or two values, and the values."""
    german = language == "de"

    def name(surname: str) -> Part:
        return (f"Mein Name ist Annika {surname}" if german else f"My name is Annika {surname}"), (surname,)

    def phone(number: str) -> Part:
        shown = f"+49 30 {number[:4]} {number[4:]}"
        line = f"Meine Nummer ist {shown}" if german else f"You can reach me on {shown}"
        return line, (number, f"{number[:4]} {number[4:]}")

    def email(surname: str) -> Part:
        address = f"{surname.lower()}.a@{surname.lower()}-mail.example"
        return (f"Schreiben Sie an {address} bitte" if german else f"Please write to {address}"), (address,)

    def card(number: str) -> Part:
        shown = _grouped(number)
        line = f"Meine Kreditkarte ist {shown}" if german else f"My credit card is {shown}"
        return line, (number, shown)

    def iban(number: str) -> Part:
        shown = _grouped(number)
        return (f"Meine IBAN lautet {shown}" if german else f"My IBAN is {shown}"), (number, shown)

    def ssn(number: str) -> Part:
        line = "Meine US-Sozialversicherungsnummer (SSN) ist" if german else "My social security number is"
        return f"{line} {number}", (number,)

    def birth(day: date) -> Part:
        shown = f"{day:%d.%m.%Y}" if german else f"{day:%m/%d/%Y}"
        return (f"Ich bin geboren am {shown}" if german else f"My date of birth is {shown}"), (shown,)

    def street(surname: str, number: int) -> Part:
        place = f"{surname}straße {number}" if german else f"{number} {surname} Avenue"
        town = "10115 Berlin" if german else "Madison, WI 53703"
        return (f"Ich wohne in der {place}, {town}" if german else f"I live at {place}, {town}"), (place,)

    def address(a: int, b: int, c: int) -> Part:
        shown = f"84.{a}.{b}.{c}"
        return (f"Meine IP-Adresse ist {shown}" if german else f"My IP address is {shown}"), (shown,)

    byte = st.integers(11, 249)
    return st.one_of(
        st.builds(name, _surname), st.builds(phone, _german_phone), st.builds(email, _surname), st.builds(card, _card),
        st.builds(iban, _account), st.builds(ssn, _ssn), st.builds(birth, _day),
        st.builds(street, _surname, st.integers(11, 199)), st.builds(address, byte, byte, byte),
    )  # fmt: skip


_OPENINGS = {
    "en": ("I want to book a table for 4 people next Friday at 7pm", "Do you have parking?", "Please call me back"),
    "de": (
        "Ich möchte einen Tisch für 4 Personen am Freitag um 19 Uhr",
        "Gibt es Parkplätze?",
        "Bitte rufen Sie mich zurück",
    ),
}
_JOINTS = {"en": " and ", "de": " und "}


@st.composite
def dialogues(draw: st.DrawFn) -> Said:
    """A dialogue: an opening, then lines with one or two values each."""
    language = draw(st.sampled_from(("en", "de")))
    opening = draw(st.sampled_from(_OPENINGS[language]))
    parts = draw(st.lists(_parts(language), min_size=2, max_size=5))
    joined = draw(st.booleans())
    lines = [line for line, _ in parts]
    if joined and len(lines) > 2:
        lines = [_JOINTS[language].join(lines[:2]), *lines[2:]]
    return Said(language, (opening, *lines), tuple(value for _, values in parts for value in values))
