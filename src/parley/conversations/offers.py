"""What a sentence offers a caller: something free, a discount, a voucher, an upgrade, money back, a guarantee.

An offer is a statement. Questions, denials ("we don't offer discounts"), what is left open ("I'd have to ask") and a
table that stands free are none. Rules over word lists (offers.yaml); a few microseconds where no word of them occurs.
The same reader finds what a document grants, so that the two can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from parley.kit.stems import stem
from parley.kit.yaml_text import load_yaml

Figure = tuple[str, float]
"""A unit ("%" or "money") and a number."""

_LANGUAGES = {"en": "english", "de": "german"}
_CLAUSE = re.compile(r"(?<!\d)[,.]|[,.](?!\d)|[;!–—\n]| - | (?:but|aber|sondern|however|allerdings) ")
_AND = re.compile(r" (?:and|und|plus|sowie) ")
_IF = re.compile(r" (?:if|unless|in case|when|whenever|wenn) ")
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_OF = re.compile(r"\b(?:of|von|vom|für) (?:the |your |our |dem |der |den )?\w+")
_COPULA = re.compile(r"\b(?:is|are|be|was|were|comes?|also|ist|sind|war)\b|:")
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|can|costs?|get|gets|open|opens|close|closes|need|needs|take|takes|"
    r"ist|sind|war|waren|hat|haben|wird|werden|kann|können|kostet|kosten|öffnen|schließen|brauchen|bekommen)\b"
)
_LEAST_WORD = 3
_SHORT_FORMS = (
    (re.compile(r"\b(i|you|we|they)'ve\b"), r"\1 have"),
    (re.compile(r"\b(you|we|they)'re\b"), r"\1 are"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bcan't\b"), "can not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'d\b"), " would"),
    (
        re.compile(
            r"\b(it|that|this|there|here|what|everything|\w+)'s\b(?= (?:\w+ )?(?:free|on|half|a|no|complimentary))"
        ),
        r"\1 is",
    ),
)
_NO_DENIAL = r"(?!not\b|never\b|no\b|cannot\b|nicht\b|nie\b|kein|leider\b)"
_AMOUNT = r"\d+(?:[.,]\d+)*"
_ENDS_OBJECT = frozenset(
    """
    for in on with at and to is are when if until from during who that which as by or per after before every each all
    now today tonight tomorrow again only soon anyway then not even because since of
    will be was were you we i your our the this within under over upon also too here there where while through
    für in im am an auf mit bei und zu zum zur ist sind wenn bis von ab vor nach der die das den dem ihr ihre ihnen sie
    wir ich als oder pro jede jeder jedes über unter aus hinter neben dazu stehen steht gibt haben hat bekommen erhalten
    """.split()
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One advantage. `about`: what it is on, as concepts or stems; empty where the sentence leans on what was said
    before. `conditions`: whom or when it is narrowed down to. `figures`: percentages and sums of money; `bounds`:
    ages, hours and numbers of people it holds from or up to.
    """

    kinds: frozenset[str]
    about: frozenset[str]
    conditions: frozenset[str] = frozenset()
    figures: frozenset[Figure] = frozenset()
    bounds: frozenset[float] = frozenset()


@dataclass(frozen=True, slots=True)
class _Before:
    """What a sentence follows: the caller's line, or in a document the sentence before it."""

    said: str
    stated: bool


def read_offers(sentence: str, language: str, asked: str = "", *, stated: bool = False) -> list[Offer]:
    """What the sentence offers, an entry per clause. `asked` is what the caller said: "it is free" after "what does
    it cost?" offers something, after "is the table free?" it does not. Both languages are tried. `stated`: the
    sentence stands in a document, which speaks of prices rather than of what is to be had.
    """
    first, second = ("de", "en") if language == "de" else ("en", "de")
    before = _Before(asked, stated)
    return _reader(first).read(sentence, before) or _reader(second).read(sentence, before)


def topics(text: str) -> frozenset[str]:
    """What a text speaks of, in the terms of `Offer.about`, read in both languages."""
    lowered = _plain(text)
    return frozenset(found for code in _LANGUAGES for found in _reader(code).about(lowered))


def conditions_in(text: str) -> frozenset[str]:
    """The conditions a text names, in the terms of `Offer.conditions`."""
    return _conditions(_plain(text))


def figures_in(text: str) -> frozenset[Figure]:
    """The percentages and sums of money a text names."""
    return _figures(_plain(text))


@cache
def _lists() -> Mapping[str, Any]:
    text = resources.files("parley.conversations").joinpath("offers.yaml").read_text(encoding="utf-8")
    lists: Mapping[str, Any] = load_yaml(text)
    return lists


@cache
def _reader(language: str) -> _Reader:
    return _Reader(language)


@cache
def _either(name: str) -> re.Pattern[str]:
    """A rule of both languages: "gratis" and "50 %" are words of either, their denials are not."""
    return re.compile("|".join(f"(?:{_lists()[language][name]})" for language in _LANGUAGES))


class _Reader:
    """Reads one language."""

    def __init__(self, language: str) -> None:
        lists = _lists()[language]
        self._language = language
        names = (
            "trigger",
            "idioms",
            "free",
            "vacant",
            "handed",
            "standing",
            "unpaid",
            "price_talk",
            "proposes",
            "pronouns",
        )
        self._rules = {name: re.compile(lists[name]) for name in names}
        self._kinds = [(kind, re.compile(_gaps(rule))) for kind, rules in lists["kinds"].items() for rule in rules]
        self._giving = {kind: re.compile(rule) for kind, rule in lists["giving"].items()}
        self._stop = frozenset(lists["stop"].split())

    def read(self, sentence: str, before: _Before) -> list[Offer]:
        whole = _plain(sentence).strip("\"'“”„*-• ")
        if not self._rules["trigger"].search(whole):
            return []
        text = self._rules["idioms"].sub(" ~ ", whole)
        if text.endswith("?") and not self._rules["proposes"].search(text):
            if _either("asks").match(text):
                return []
            text = ", ".join(_CLAUSE.split(text[:-1])[:-1])
        return [offer for clause in self._clauses(text, before) if (offer := self._offer(clause, whole, before))]

    def _clauses(self, text: str, before: _Before) -> Iterator[str]:
        for clause in _CLAUSE.split(text):
            halves = [half.strip() for half in _AND.split(clause)]
            offering = [half for half in halves if self._found(half, before)]
            others = [half for half in halves if half not in offering]
            if len(offering) > 1 or (offering and others and all(_FINITE.search(half) for half in others)):
                yield from offering
            elif clause.strip():
                yield clause.strip()

    def _offer(self, clause: str, whole: str, before: _Before) -> Offer | None:
        if _either("hypothetical").match(clause) or _either("reported").search(clause):
            return None
        found = self._found(clause, before)
        rest = clause
        for _, start, end in found:
            rest = rest[:start] + "~" * (end - start) + rest[end:]
        # "… if you do not like it" narrows an offer down; it denies none.
        last = max((end for *_, end in found), default=0)
        stated = rest[:last] + _IF.split(rest[last:])[0]
        if not found or _either("denied").search(stated) or _either("open").search(rest):
            return None
        kinds = {kind for kind, _, _ in found}
        if _either("handled").search(rest):
            kinds &= {"free"}
        if not kinds:
            return None
        about = self._attributive(clause, found) or self.about(clause)
        if not about and not self._rules["pronouns"].match(clause):
            about = self.about(whole)
        return Offer(frozenset(kinds), about, _conditions(whole), _figures(clause), _bounds(clause))

    def _found(self, clause: str, before: _Before) -> list[tuple[str, int, int]]:
        """The kinds of advantage in a clause, and where they stand."""
        found = [
            (kind, match.start(), match.end())
            for kind, rule in self._kinds
            for match in rule.finditer(clause)
            if kind not in self._giving or self._giving[kind].search(clause)
        ]
        for match in self._rules["free"].finditer(clause):
            inside = any(start <= match.start() < end for _, start, end in found)
            if not inside and self._costs_nothing(clause, match, before):
                found.append(("free", match.start(), match.end()))
        return found

    def _costs_nothing(self, clause: str, match: re.Match[str], before: _Before) -> bool:
        """Whether this "free" speaks of the price, not of a table that is to be had."""
        vacant, led, behind = self._rules["vacant"], clause[: match.start()], clause[match.end() :]
        if self._rules["unpaid"].search(clause):
            return True
        noun = self._object(behind) if self._language == "en" or match.group() != "frei" else []
        if noun:
            return not vacant.search(" ".join(noun)) or bool(self._rules["handed"].search(clause))
        if vacant.search(_OF.sub("", led)) or self._rules["standing"].search(clause):
            return False
        if self._rules["pronouns"].match(led.strip()):
            said = before.said.lower()
            return bool(before.stated or self._rules["price_talk"].search(f"{said} {clause}")) and not vacant.search(
                said
            )
        return bool(_COPULA.search(led))

    @staticmethod
    def _object(behind: str) -> list[str]:
        """The words right behind an adjective, as far as they name one thing."""
        if not re.match(r" [^\W\d_]", behind):
            return []
        words: list[str] = []
        for word in _WORD.findall(re.split(r"[,.;:!?~(]", behind)[0])[:5]:
            if word in _ENDS_OBJECT and not (word == "of" and words):
                break
            words.append(word)
        return words

    def _attributive(self, clause: str, found: list[tuple[str, int, int]]) -> frozenset[str]:
        """What "a free dessert" is on: the dessert, and nothing else in the clause."""
        if {kind for kind, _, _ in found} != {"free"} or len(found) > 1:
            return frozenset()
        _, start, end = found[0]
        said = clause[start:end]
        inflected = self._language == "de" and said[-1] in "esrnm" and said.startswith(("kost", "frei", "unent", "geb"))
        if said not in {"free", "complimentary"} and not (
            inflected and said not in {"kostenfrei", "kostenlos", "frei"}
        ):
            return frozenset()
        return self.about(" ".join(self._object(clause[end:])))

    def about(self, lowered: str) -> frozenset[str]:
        """The concepts and stems of what a text in lower case names."""
        named = (word for word in _WORD.findall(lowered) if len(word) >= _LEAST_WORD and word not in self._stop)
        return frozenset(_concept(word.strip("'-"), self._language) for word in named) - _number_words()


def _gaps(rule: str) -> str:
    """A rule whose gaps hold no denial: "I can (not) waive the fee"."""
    return rule.replace(r"(?:\w+ ){", rf"(?:{_NO_DENIAL}\w+ ){{").replace("[^,.;]{", rf"(?:{_NO_DENIAL}[^,.;]){{")


def _plain(text: str) -> str:
    lowered = " ".join(text.lower().replace("’", "'").split())
    if "'" in lowered:
        for short, whole in _SHORT_FORMS:
            lowered = short.sub(whole, lowered)
    return lowered


@cache
def _concepts() -> list[tuple[str, re.Pattern[str]]]:
    return [(name, re.compile(rule)) for name, rule in _lists()["concepts"].items()]


@lru_cache(maxsize=16384)
def _concept(word: str, language: str) -> str:
    """The concept a word stands for, else its stem."""
    for name, rule in _concepts():
        if rule.fullmatch(word):
            return f"<{name}>"
    return stem(word, _LANGUAGES[language])


@cache
def _narrowing() -> frozenset[str]:
    return frozenset(f"<{name}>" for name in _lists()["conditions"].split())


@cache
def _number_words() -> frozenset[str]:
    return frozenset(_lists()["numbers"])


def _conditions(lowered: str) -> frozenset[str]:
    named = {_concept(word, "en") for word in _WORD.findall(lowered)}
    return frozenset(named & _narrowing())


@cache
def _number() -> str:
    words = sorted(_lists()["numbers"], key=len, reverse=True)
    return rf"(?:{_AMOUNT}|(?:{'|'.join(words)})\b)"


@cache
def _figure_rules() -> tuple[tuple[str, re.Pattern[str]], ...]:
    units = r"(?:euros?|dollars?|pounds?|bucks|eur|usd|€|\$|£)"
    return (
        ("%", re.compile(rf"(?P<n>{_number()})[ -]?(?:%|percent|per cent|prozent)")),
        ("money", re.compile(rf"[$€£] ?(?P<n>{_AMOUNT})|(?P<m>{_number()})[ -]?{units}")),
    )


_HALF = re.compile(r"\bhalf[- ](?:the )?(?:price|off|rate|cost|fare|rent)\b|\bhalbe[nmr]? (?:preis|miete)|\bhälfte\b")


def _figures(lowered: str) -> frozenset[Figure]:
    said = {
        (unit, _value(match["n"] or match["m"]) if unit == "money" else _value(match["n"]))
        for unit, rule in _figure_rules()
        for match in rule.finditer(lowered)
    }
    return frozenset(said | ({("%", 50.0)} if _HALF.search(lowered) else set()))


@cache
def _bound_rule() -> re.Pattern[str]:
    led = (
        "under|below|up to|until|till|over|above|from|aged?|younger than|older than|before|after|at least|of|"
        "unter|bis|bis zu|ab|über|nach|vor|mindestens|von"
    )
    return re.compile(
        rf"\b(?:{led}) (?:the |zu |age |ages |age of )?(?P<n>{_number()})(?![\d.,]*\d| ?(?:%|percent|prozent))"
    )


def _bounds(lowered: str) -> frozenset[float]:
    return frozenset(_value(match["n"]) for match in _bound_rule().finditer(lowered))


def numbers_in(text: str) -> frozenset[float]:
    """Every number of a text, in digits or words; hours of the afternoon on both clocks."""
    lowered = _plain(text)
    found = {_value(match.group()) for match in re.finditer(rf"\b{_number()}", lowered)}
    return frozenset(
        found | {hour + 12 for hour in found if hour < 12} | {hour - 12 for hour in found if 12 < hour < 24}
    )


def _value(said: str) -> float:
    if said in _lists()["numbers"]:
        return float(_lists()["numbers"][said])
    plain = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", said).replace(",", ".")
    try:
        return float(plain)
    except ValueError:
        return -1.0
