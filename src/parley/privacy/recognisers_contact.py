"""E-mail, web, network addresses, phone numbers, user names and secrets."""

from __future__ import annotations

import ipaddress
import re
from functools import cache

import tldextract

from parley.privacy.checksums import digits_of, is_luhn
from parley.privacy.cues import cue
from parley.privacy.rules import IDENTIFIER, NOT_PERSONAL, Rule, RuleRecognizer, labelled
from parley.privacy.words import common_words

_EMAIL = re.compile(r"(?<![\w.+\-])[\w.!#$%&'*+/=?^`{|}~\-]*[\w+\-]@[\w\-]+(?:\.[\w\-]+)+")
_URL = re.compile(
    r"\b(?:https?|ftps?|sftp|ssh|wss?)://[^\s<>\"'“”]*[^\s<>\"'“”.,;:!?)\]}]|\bwww\.[^\s<>\"'“”]*[\w/]", re.I
)
_DOMAIN = re.compile(
    r"(?<![\w@.\-/])(?P<value>(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
    r"(?::\d{2,5})?(?:/[^\s<>\"'“”]*[^\s<>\"'“”.,;:!?)\]}])?)(?![\w@])"
)
_SITE_CUE = re.compile(
    r"(?:site|web|domain|url|link|page|visit|host|server|seite|besuche\w*|unter|@|auf)\W*(?:\w+\W+)?$", re.I
)
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2}|:\d{2,5})?(?![\w]|\.\d)")
_IPV6 = re.compile(
    r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?:%\w+|/\d{1,3})?(?![\w:])"
)
_MAC = re.compile(
    r"(?<![\w:\-])[0-9A-Fa-f]{2}(?:([:\-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}|(?:\.?[0-9A-Fa-f]{2}){5})(?![\w:\-])"
)

# A run of digits in any of the ways people group them. What it is gets decided by `_is_phone`.
_NUMBER = (
    r"(?<![\w.,€$£@#/\-])(?:\(?(?:\+|00)\d{1,3}\)?[\s.\-/]{0,2})?(?:\(\d{1,5}\)[\s.\-/]{0,2})?\d{1,12}(?:[ .\-/]{1,2}\d{2,12}|[ ]?\(\d\)[ ]?\d+){0,5}"
    r"(?:[ ]{0,2}(?:x|ext\.?|extension|#|Durchwahl|DW|Apparat)[ .:]{0,2}\d{1,6})?(?![\w]|[.,:]\d|\s?(?:€|%|EUR|USD))"
)
_PHONE = re.compile(_NUMBER, re.I)
_LONG = re.compile(r"(?<![\w.,€$£@#/\-])\d(?:[ \-./]?\d){5,24}(?!\w|[.,:]\d|\s?(?:€|%|EUR|USD))")
_PHONE_VALUE = r"\+?\(?\d[\d\s().\-/]{3,22}\d(?:\s*(?:x|ext\.?|extension|#|DW)\s*\d{1,6})?(?![\w])"


_SURE_DOMAINS = frozenset(
    "com net org info biz edu gov io dev app de ch uk eu fr nl pl online shop site tech cloud".split()
)


def _is_domain(value: str) -> bool:
    host = value.split("/")[0].split(":")[0]
    parts = _suffixes()(host)
    if not (parts.domain and parts.suffix) or parts.domain.isdigit():
        return False
    # "seven.in the evening": a missing space after a full stop makes two words look like a domain.
    words = host.lower().split(".")
    return len(words) > 2 or words[-1] in _SURE_DOMAINS or words[0] not in common_words()


@cache
def _suffixes() -> tldextract.TLDExtract:
    """The public suffix snapshot of the package; its download is off."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def _is_ip(value: str) -> bool:
    bare = value.split("/")[0].split("%")[0]
    if bare.count(".") == 3 and bare.count(":") == 1:
        bare = bare.split(":")[0]
    try:
        return not ipaddress.ip_address(bare).is_unspecified
    except ValueError:
        return bare.count(":") == 7 and "::" not in bare


_DATE_LIKE = re.compile(
    r"(?:\d{1,2}[./\- ]{1,2}\d{1,2}[./\- ]{1,2}\d{4}|\d{1,2}[./\-]\s?\d{1,2}[./\-]\s?\d{2}|\d{4}[./\-]\d{1,2}[./\-]\d{1,2}|(?:19|20)\d{2}\s?[\-/]\s?\d{2,4}|"
    r"\d{1,2}[./]\d{1,2}\.?\s?-\s?\d{1,2}[./]\d{1,2}\.?(?:\d{4})?|\d{1,2}[.:\-]\d{2}\s?-\s?\d{1,2}[.:]\d{2}|\d{1,2}[./\- ]\d{4}|"
    r"\d{1,3}(?:[. ]000)+)(?:[ .]\d{1,2}(?:[.:]\d{2})?)?"
)
_PHONE_SHAPES = re.compile(
    r"\(?\d{3}\)?[ .\-/]{1,2}\d{3}[ .\-/]\d{4}|\d{3}[.\-]\d{4}|0\d[\d ().\-/]{4,}\d|1[ .\-]\d{3}[ .\-]\d{3}[ .\-]\d{4}|"
    r"\d{10}|\d{2}(?: \d{2}){3,4}|\d{3,4}[ .\-/]\d{3,4}(?:[ .\-/]\d{2,4})?|\d{2,5}[/\-]\d{5,9}|\d{3}[ .\-]\d{2}[ .\-]\d{2}[ .\-]\d{2,3}|"
    r"\d{2,4}[ .\-]\d{3,4}[ .\-]\d{3,5}|\d{4,5} \d{5,6}"
)


def _is_phone(value: str) -> bool:
    bare = re.split(r"\s*(?:x|ext|#|D|A)", value, maxsplit=1)[0].strip()
    digits = digits_of(bare)
    if not 7 <= len(digits) <= 15 or _DATE_LIKE.fullmatch(bare):
        return False
    return bare.startswith(("+", "(", "00")) or bare != value.strip() or bool(_PHONE_SHAPES.fullmatch(bare))


def _is_labelled_phone(value: str) -> bool:
    return 5 <= len(digits_of(value)) <= 16 and not _DATE_LIKE.fullmatch(value.strip()) and not is_time_span(value)


def is_time_span(value: str) -> bool:
    """Whether the value reads as a time or a span of times: "7.30", "18-20", "7 30"."""
    return bool(re.fullmatch(r"\d{1,2}(?:[.: ]\d{2})?(?:\s*-\s*\d{1,2}(?:[.:]\d{2})?)?", value.strip()))


def _is_opaque(value: str) -> bool:
    """A long run of digits, or letters and digits in a row: nobody says these but to identify something."""
    digits = digits_of(value)
    return len(digits) >= 6 and not _DATE_LIKE.fullmatch(value) and not re.fullmatch(r"0+|1(?:0{3})+", digits)


def _is_mixed(value: str) -> bool:
    return len(digits_of(value)) >= 4 and len(value) >= 7


def _is_card(value: str) -> bool:
    return 12 <= len(digits_of(value)) <= 19 and is_luhn(value)


_HANDLE = re.compile(
    r"(?<![\w@./\-:])(?:[a-z]{2,}[._][a-z]{2,}\d*|[a-z]{3,}\d{2,4}|[A-Z][a-z]+[A-Z][a-z]+\d*|[A-Za-z]+_[A-Za-z0-9_]+)(?![\w@/:\-]|\.\w)"
)


def _is_handle(value: str) -> bool:
    """A user name: has a digit, a mark or a capital inside, or is no ordinary word."""
    return bool(re.search(r"\d|[_.\-]|[a-z][A-Z]", value)) or value.lower() not in common_words()


def _is_marked_handle(value: str) -> bool:
    marked = re.search(r"[A-Za-z].*\d|\d.*[A-Za-z]|\w[_.]\w|[a-z][A-Z]", value)
    return bool(marked) or (value.islower() and len(value) > 4 and value not in common_words())


def _is_secret(value: str) -> bool:
    return value.lower() not in common_words() and len(value) >= 4


def contact_recognizers() -> list[RuleRecognizer]:
    """Recognisers of everything by which someone can be reached or logs in."""
    return [
        RuleRecognizer(
            "network",
            [
                Rule("EMAIL_ADDRESS", _EMAIL, 1.0),
                Rule("URL", _URL, 0.9),
                Rule("DOMAIN_NAME", _DOMAIN, 0.7, check=_is_domain),
                Rule("IP_ADDRESS", _IPV4, 0.9, check=_is_ip),
                Rule("IP_ADDRESS", _IPV6, 0.9, check=_is_ip),
                Rule("MAC_ADDRESS", _MAC, 0.9, check=lambda v: any(c in v for c in ":-.") or not v.isdigit()),
            ],
        ),
        RuleRecognizer(
            "phone",
            [
                Rule(
                    "CREDIT_CARD",
                    re.compile(r"(?<![\w.\-])\d(?:[ \-.]?\d){11,18}(?![\w])"),
                    0.95,
                    check=_is_card,
                    unless=NOT_PERSONAL,
                ),
                Rule("PHONE_NUMBER", _PHONE, 0.8, check=_is_phone, unless=NOT_PERSONAL),
                Rule("PHONE_NUMBER", labelled(cue("phone"), _PHONE_VALUE), 0.8, check=_is_labelled_phone),
                Rule("ID_NUMBER", _LONG, 0.6, check=_is_opaque, unless=NOT_PERSONAL),
                Rule(
                    "ID_NUMBER",
                    re.compile(r"(?<![\w@./\-])(?=[A-Z0-9\-]*\d)(?=[A-Z0-9\-]*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+)*(?![\w@])"),
                    0.55,
                    check=_is_mixed,
                    unless=NOT_PERSONAL,
                ),
            ],
        ),
        RuleRecognizer(
            "login",
            [
                Rule("USERNAME", labelled(cue("user"), r"@?[A-Za-z0-9][\w.\-]{1,40}\w"), 0.75, check=_is_handle),
                Rule("USERNAME", labelled(cue("actor"), r"@?[A-Za-z0-9][\w.\-]{1,40}\w"), 0.7, check=_is_marked_handle),
                Rule("USERNAME", re.compile(r"(?<![\w@./])@[A-Za-z_]\w{2,30}(?:[.\-]\w+)*"), 0.75),
                Rule("USERNAME", _HANDLE, 0.4, unless=NOT_PERSONAL),
                Rule("PASSWORD", labelled(cue("secret"), r"[^\s\"“”'`]{3,}[^\s\"“”'`.,;:)]"), 0.75, check=_is_secret),
                Rule(
                    "PASSWORD",
                    re.compile(
                        r"(?<![\w/.@\-])(?=\w*\d)(?=\w*[a-z])(?=\w*[A-Z])\w{16,}(?![\w/@])|\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{24,}\b"
                    ),
                    0.6,
                ),
                Rule("PIN", labelled(cue("pin"), r"\d{3,8}(?![\w\-]|[.,:]\d)"), 0.75),
                Rule(
                    "DEVICE_ID",
                    labelled(
                        r"imei|imsi|meid|iccid|device|udid|serial|seriennummer|geräte?(?:\s?kennung|nummer)?",
                        IDENTIFIER,
                    ),
                    0.7,
                    check=_is_opaque,
                ),
            ],
        ),
    ]
