"""E-mail, web and network addresses, user names and secrets."""

from __future__ import annotations

import ipaddress
import re
from functools import cache

import tldextract

from parley.privacy.cues import cue
from parley.privacy.rules import NOT_PERSONAL, Rule, RuleRecognizer, labelled
from parley.privacy.words import common_words

_EMAIL = re.compile(r"(?<![\w.+\-])[\w.!#$%&'*+/=?^`{|}~\-]{0,63}[\w+\-]@[\w\-]+(?:\.[\w\-]+)+")
_URL = re.compile(
    r"\b(?:https?|ftps?|sftp|ssh|wss?)://[^\s<>\"'“”]*[^\s<>\"'“”.,;:!?)\]}]|\bwww\.[^\s<>\"'“”]*[\w/]", re.IGNORECASE
)
_DOMAIN = re.compile(
    r"(?<![\w@.\-/])(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
    r"(?::\d{2,5})?(?:/[^\s<>\"'“”]*[^\s<>\"'“”.,;:!?)\]}])?(?![\w@])"
)
_SURE_SUFFIXES = frozenset(
    "com net org info biz edu gov io dev app de ch uk eu fr nl pl online shop site tech cloud".split()
)
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2}|:\d{2,5})?(?!\w|\.\d)")
_IPV6 = re.compile(
    r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?:%\w+|/\d{1,3})?(?![\w:])"
)
_MAC = re.compile(
    r"(?<![\w:\-])[0-9A-Fa-f]{2}(?:([:\-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}|(?:\.?[0-9A-Fa-f]{2}){5})(?![\w:\-])"
)
_LOGIN = r"@?[A-Za-z0-9][\w.\-]{1,40}\w"
_AT_HANDLE = re.compile(r"(?<![\w@./])@[A-Za-z_]\w{2,30}(?:[.\-]\w+)*")
_HANDLE = re.compile(
    r"(?<![\w@./\-:])(?:[a-z]{2,}[._][a-z]{2,}\d*|[a-z]{3,}\d{2,4}|[A-Z][a-z]+[A-Z][a-z]+\d*|[A-Za-z]+_[A-Za-z0-9_]+)"
    r"(?![\w@/:\-]|\.\w)"
)
_TOKEN = re.compile(
    r"(?<![\w/.@\-])(?=\w*\d)(?=\w*[a-z])(?=\w*[A-Z])\w{16,}(?![\w/@])"
    r"|\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{24,}\b"
)


@cache
def _suffixes() -> tldextract.TLDExtract:
    """The public suffix snapshot of the package; its download is off."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def _is_domain(value: str) -> bool:
    host = value.split("/")[0].split(":")[0]
    parts = _suffixes()(host)
    if not (parts.domain and parts.suffix) or parts.domain.isdigit():
        return False
    # "seven.in the evening": a missing space after a full stop makes two words look like a domain.
    words = host.lower().split(".")
    return len(words) > 2 or words[-1] in _SURE_SUFFIXES or words[0] not in common_words()


def _is_ip(value: str) -> bool:
    bare = value.split("/")[0].split("%")[0]
    if bare.count(".") == 3 and bare.count(":") == 1:
        bare = bare.split(":")[0]
    try:
        return not ipaddress.ip_address(bare).is_unspecified
    except ValueError:
        return bare.count(":") == 7 and "::" not in bare


def _is_mac(value: str) -> bool:
    return any(c in value for c in ":-.") or not value.isdigit()


def _is_handle(value: str) -> bool:
    """A user name: has a digit, a mark or a capital inside, or is no ordinary word."""
    return bool(re.search(r"\d|[_.\-]|[a-z][A-Z]", value)) or value.lower() not in common_words()


def _is_marked_handle(value: str) -> bool:
    """The same behind a word that more often goes on otherwise ("user", "account")."""
    marked = re.search(r"[A-Za-z].*\d|\d.*[A-Za-z]|\w[_.]\w|[a-z][A-Z]", value)
    return bool(marked) or (value.islower() and len(value) > 4 and value not in common_words())


def _is_secret(value: str) -> bool:
    return value.lower() not in common_words() and len(value) >= 4


def network_recognizers() -> list[RuleRecognizer]:
    """Recognisers of e-mail addresses, sites, network addresses, logins and secrets."""
    return [
        RuleRecognizer(
            "network",
            [
                Rule("EMAIL_ADDRESS", _EMAIL, 1.0),
                Rule("URL", _URL, 0.9),
                Rule("DOMAIN_NAME", _DOMAIN, 0.7, check=_is_domain),
                Rule("IP_ADDRESS", _IPV4, 0.9, check=_is_ip),
                Rule("IP_ADDRESS", _IPV6, 0.9, check=_is_ip),
                Rule("MAC_ADDRESS", _MAC, 0.9, check=_is_mac),
            ],
        ),
        RuleRecognizer(
            "login",
            [
                Rule("USERNAME", labelled(cue("user"), _LOGIN), 0.75, check=_is_handle),
                Rule("USERNAME", labelled(cue("actor"), _LOGIN), 0.7, check=_is_marked_handle),
                Rule("USERNAME", _AT_HANDLE, 0.75),
                Rule("USERNAME", _HANDLE, 0.4, unless=NOT_PERSONAL),
                Rule("PASSWORD", labelled(cue("secret"), r"[^\s\"“”'`]{3,}[^\s\"“”'`.,;:)]"), 0.75, check=_is_secret),
                Rule("PASSWORD", _TOKEN, 0.6),
                Rule("PIN", labelled(cue("pin"), r"\d{3,8}(?![\w\-]|[.,:]\d)"), 0.75),
            ],
        ),
    ]
