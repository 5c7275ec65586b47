"""A corpus of made-up messages with their personal data marked, and ordinary booking sentences without any.

Values come from generators (valid check digits where a kind has them, many countries' formats) and hand-kept pools of
names and places, a third of which none of the word lists holds. Templates and pools are split: `split="tuned"` is
what the recognisers were worked on with, `split="held_out"` shares neither template nor pool with it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from parley.kit.yaml_text import load_yaml

Split = Literal["tuned", "held_out"]
STRUCTURED = frozenset(
    "email phone card iban bic ssn nino nhs taxid svnr idcard passport licence ip ipv6 mac url domain dob account "
    "routing policy imei vin plate plate_de btc cvv pin username password zip zip_us address street secondary "
    "building".split()
)


DATA = Path(__file__).resolve().parent / "corpus_data"
MONTHS_EN = "January February March April May June July August September October November December".split()
MONTHS_DE = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()


@cache
def _data(name: str) -> Any:
    return load_yaml((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


def bookings(language: str) -> list[str]:
    """Ordinary sentences of callers who book, without anybody's data, near-misses of every kind among them."""
    return (DATA / f"bookings_{language}.txt").read_text(encoding="utf-8").splitlines()


@dataclass(frozen=True, slots=True)
class Marked:
    """A message and its personal data: (kind, start, end) in text order."""

    text: str
    spans: tuple[tuple[str, int, int], ...]
    language: str


def generate(split: Split, language: str, count: int, seed: int = 7) -> Iterator[Marked]:
    """`count` messages, every template in turn, reproducible by `seed`."""
    rng = random.Random(f"{split}-{language}-{seed}")
    sources = _data("templates")[split][language]
    values = Values(rng, split, language)
    for index in range(count):
        yield _fill(sources[index % len(sources)], values, language)


_HOLE = re.compile(r"\{([a-z_0-9]+)\}")


def _fill(template: str, values: Values, language: str) -> Marked:
    text, spans, last = "", [], 0
    for hole in _HOLE.finditer(template):
        text += template[last : hole.start()]
        value = values.make(hole[1])
        if hole[1] not in ("bank", "title"):
            spans.append((hole[1], len(text), len(text) + len(value)))
        text, last = text + value, hole.end()
    return Marked(text + template[last:], tuple(spans), language)


_ENGLISH_PHONES = (
    "(%##) %##-####", "%##-%##-####", "%##.%##.####", "+1 %## %## ####", "1-%##-%##-####", "+44 20 #### ####",
    "07### ######", "020 #### ####", "+1-%##-%##-####x###", "%########",
    "+91 %#### #####", "+61 4## ### ###", "0### ### ####",
    "001-%##-%##-####",
)  # fmt: skip
_GERMAN_PHONES = (
    "0%## #######", "+49 %## #######", "0%##/#######", "+49 (0)%## ######", "0049 %## #### ###", "(0%###) ######",
    "0171 #######", "+43 %## ######", "0%## ### ## ##", "+41 ## ### ## ##", "030-########", "0176########",
)  # fmt: skip
_IBANS = (
    ("##################", "DE"),
    ("@@@@##############", "GB"),
    ("####################", "ES"),
    ("@@@@##########", "NL"),
    ("################", "AT"),
    ("@##########$$##########", "FR"),
)


class Values:
    """Made-up values of every kind, from one random source."""

    def __init__(self, rng: random.Random, split: Split, language: str) -> None:
        self._rng, self._language = rng, language
        self._pool: dict[str, list[str]] = _data("pools")[split][language]

    def make(self, kind: str) -> str:
        """A value of a kind that the templates name."""
        if kind in self._pool:
            return self._rng.choice(self._pool[kind])
        maker: Callable[[], str] = getattr(self, f"_{kind}")
        return maker()

    def _pattern(self, *patterns: str) -> str:
        """`#` a digit, `%` a digit from 1, `@` a capital, `$` a small letter; anything else stands for itself."""
        kinds = {"#": "0123456789", "%": "123456789", "@": "ABCDEFGHJKLMNPRSTUVWXYZ", "$": "abcdefghijklmnopqrstuvwxyz"}
        return "".join(self._rng.choice(kinds[c]) if c in kinds else c for c in self._rng.choice(patterns))

    def _email(self) -> str:
        first, last = (ascii_only(self.make(kind)) for kind in ("first", "last"))
        host = self._rng.choice(
            ("gmail.com", "example.org", "web.de", "yahoo.co.uk", "outlook.com", f"{last}.net", "uni-bonn.de")
        )
        return self._rng.choice(
            (
                f"{first}.{last}@{host}",
                f"{first[0]}{last}{self._pattern('##')}@{host}",
                f"{last}_{first}@mail.{host}",
                f"{first}@{host}",
            )
        )

    def _phone(self) -> str:
        return self._pattern(*(_GERMAN_PHONES if self._language == "de" else _ENGLISH_PHONES))

    def _card(self) -> str:
        digits = self._pattern("4##############", "5%#############", "34############", "6011###########")
        digits += next(d for d in "0123456789" if luhn(digits + d))
        return self._rng.choice(
            (digits, " ".join(re.findall(r"\d{1,4}", digits)), "-".join(re.findall(r"\d{1,4}", digits)))
        )

    def _iban(self) -> str:
        body, country = self._rng.choice(_IBANS)
        account = self._pattern(body).upper()
        check = 98 - int("".join(str(int(c, 36)) for c in f"{account}{country}00")) % 97
        iban = f"{country}{check:02}{account}"
        return self._rng.choice((iban, " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))))

    def _bic(self) -> str:
        return self._pattern("DEUTDEFF", "COBADEFFXXX", "@@@@GB2L", "@@@@US33XXX", "BNPAFRPP")

    def _ssn(self) -> str:
        return self._pattern("1##-%#-###%", "4##-%#-###%", "2## %# ###%", "7##.%#.###%")

    def _nino(self) -> str:
        return self._pattern("AB ## ## ## C", "JK######A", "PW######D")

    def _nhs(self) -> str:
        return self._pattern("### ### ####", "##########")

    def _taxid(self) -> str:
        return (
            self._pattern("%# ### ### ###", "%##########")
            if self._language == "de"
            else self._pattern("9##-7#-####", "##########", "##-#######")
        )

    def _svnr(self) -> str:
        return self._pattern("65 1203%# @ ##%", "12150584@###", "##0101##@###")

    def _idcard(self) -> str:
        return self._pattern("L%1X%#T%#", "T220%0129#", "C%@#@#@%#")

    def _passport(self) -> str:
        return self._pattern("C%#@@#####", "#########", "@########")

    def _licence(self) -> str:
        return self._pattern(
            "@#######", "@###-####-####", "@@@@@#####@@#@@", "########", "@###@@#@@##", "@@##-####-####"
        )

    def _ip(self) -> str:
        return ".".join(str(self._rng.randint(1, 254)) for _ in range(4))

    def _ipv6(self) -> str:
        return self._rng.choice(
            (
                ":".join(f"{self._rng.randint(0, 65535):x}" for _ in range(8)),
                f"2001:db8::{self._rng.randint(1, 65535):x}",
            )
        )

    def _mac(self) -> str:
        sep = self._rng.choice(":-")
        return sep.join(f"{self._rng.randint(0, 255):02x}" for _ in range(6))

    def _url(self) -> str:
        name = ascii_only(self.make("last"))
        return self._rng.choice(
            (
                f"https://www.{name}.com/about",
                f"http://{name}-blog.net",
                f"www.{name}.org",
                f"https://{name}.io/u/{self._pattern('####')}?ref=mail",
            )
        )

    def _domain(self) -> str:
        return f"{ascii_only(self.make('last'))}{self._rng.choice(('.com', '-partner.de', '.co.uk', '.info', '.biz'))}"

    def _dob(self) -> str:
        year, month, day = self._rng.randint(1940, 2012), self._rng.randint(1, 12), self._rng.randint(1, 28)
        if self._language == "de":
            return self._rng.choice(
                (
                    f"{day:02}.{month:02}.{year}",
                    f"{day}. {MONTHS_DE[month - 1]} {year}",
                    f"{day}.{month}.{year % 100:02}",
                    f"{year}-{month:02}-{day:02}",
                )
            )
        name = MONTHS_EN[month - 1]
        return self._rng.choice(
            (
                f"{month:02}/{day:02}/{year}",
                f"{name} {day}, {year}",
                f"{day} {name} {year}",
                f"{year}-{month:02}-{day:02}",
                f"{day:02}/{month:02}/{year % 100:02}",
                f"{name[:3]} {day}th, {year}",
            )
        )

    def _account(self) -> str:
        return self._pattern("########", "##########", "%#####", "@@-######", "####-####-##")

    def _routing(self) -> str:
        return self._pattern("0########")

    def _policy(self) -> str:
        return self._pattern("@@@-######", "##########", "@#########", "@@ ### ####", "%##-####-###")

    def _imei(self) -> str:
        return self._pattern("35-######-######-#", "35#############")

    def _vin(self) -> str:
        return self._pattern("1HGCM82633A######", "WVWZZZ1JZ3W######", "@#@@@#####@######")

    def _plate(self) -> str:
        return self._pattern("@@## @@@", "@@@-####", "#@@@###")

    def _plate_de(self) -> str:
        return self._pattern("B-@@ ####", "M @@ ###", "HH-@ ####", "KA-@@ ##")

    def _btc(self) -> str:
        return self._rng.choice(("1", "3", "bc1q")) + self._pattern("$#$#$$##$$#$#$$#$$##$$$#$$#$$##$$").replace(
            "l", "k"
        ).replace("0", "2").replace("o", "p")

    def _cvv(self) -> str:
        return self._pattern("###")

    def _pin(self) -> str:
        return self._pattern("####", "######")

    def _age(self) -> str:
        return str(self._rng.randint(3, 95))

    def _building(self) -> str:
        return self._pattern("%", "%#", "%##", "%###")

    def _username(self) -> str:
        first, last = (ascii_only(self.make(kind)) for kind in ("first", "last"))
        return self._rng.choice(
            (
                f"{first}.{last}",
                f"{first}{self._pattern('##')}",
                f"{last}_{self._pattern('####')}",
                f"{first.title()}{last.title()}",
            )
        )

    def _password(self) -> str:
        return self._pattern("$$@#$$!#", "@$$$$##?", "$#$#@@$*$$", "@$$$-$$$$-##")

    def _zip(self) -> str:
        if self._language == "de":
            return self._pattern("1####", "8####", "5####", "0%###")
        return self._pattern("%####", "%####-####", "SW1A %@@", "M%# %@@", "K%@ %@%", "%### AB", "##-###", "#####-###")

    def _zip_us(self) -> str:
        return self._pattern("%####", "%####-####")

    def _secondary(self) -> str:
        return self._pattern("Apt. ###", "Suite ##", "Flat %", "Unit %@", "Apartment %##", "Wohnung %#")

    def _street(self) -> str:
        name = self.make("street_name")
        return (
            f"{name} {self._pattern('%', '%#', '%#a', '%##')}"
            if self._language == "de"
            else f"{self._pattern('%', '%#', '%###', '%##')} {name}"
        )

    def _address(self) -> str:
        street, city = self.make("street"), self.make("city")
        if self._language == "de":
            return f"{street}, {self._zip()} {city}"
        return self._rng.choice(
            (
                f"{street}, {city}, {self.make('stateabbr')} {self._zip_us()}",
                f"{street}, {self._secondary()}, {city}, {self.make('state')} {self._zip_us()}",
                f"{street}, {city} SW4 8DE",
            )
        )


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, written out apart from the code under test."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + index % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def ascii_only(word: str) -> str:
    """A name as it stands in an address of the net."""
    table = str.maketrans("éèøåłńćğşçñíáó", "eeoalncgscniao") | str.maketrans(
        {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}
    )
    return re.sub(r"[^a-z]", "", word.lower().translate(table))
