"""Counted things in a sentence: how many people come, nights, rooms, bedrooms, stars, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass

from parley.understanding.numbers import read_german
from parley.understanding.scan import Scan

_GERMAN_COMPANY = {
    "zweit": 2, "dritt": 3, "viert": 4, "fünft": 5, "fuenft": 5, "sechst": 6, "siebt": 7, "acht": 8, "neunt": 9,
    "zehnt": 10, "elft": 11, "zwölft": 12,
}  # fmt: skip
_CURRENCY = frozenset(
    {"$", "€", "£", "euro", "euros", "eur", "dollar", "dollars", "usd", "bucks", "pounds", "chf", "franken"}
)


_MOST_MEMBERS = 12


@dataclass(slots=True)
class Quantity:
    """`value` belongs to `slot`. `explicit` ranks a said head count above one added up from companions."""

    slot: str
    value: int | float
    start: int
    end: int
    explicit: bool = True
    delta: bool = False


def read_quantity(scan: Scan, i: int, *, stay: bool, home: bool) -> Quantity | None:
    """The counted thing that starts at token i. `stay` and `home` say what the conversation is about."""
    return _money(scan, i) or _german_company(scan, i) or _unit(scan, i, stay=stay, home=home) or _group(scan, i)


def _number(scan: Scan, i: int) -> int | None:
    """A cardinal, or 1 for a German article ("eine Person"); the caller demands a noun behind it."""
    value = scan.cardinal(i)
    if value is None and scan.has("articles", i) and scan.low(i) != "the":
        return 1
    return value


def _unit(scan: Scan, i: int, *, stay: bool, home: bool) -> Quantity | None:
    value = _number(scan, i)
    if value is None:
        return None
    article = scan.cardinal(i) is None
    j = i + 1
    if scan.low(j) in ("-", "–"):
        j += 1
    if scan.has("bedrooms", j):
        if article and scan.lexicon.language == "en":
            return None
        joined = scan.low(j) in ("bed", "beds") and scan.has("rooms", j + 1)
        return Quantity("bedrooms", value, i, j + (2 if joined else 1))
    if scan.has("bathrooms", j):
        joined = scan.low(j) in ("bath", "baths") and scan.has("rooms", j + 1)
        end = j + (2 if joined else 1)
        return None if article and scan.lexicon.language == "en" else Quantity("bathrooms", value, i, end)
    if scan.has("stars", j) and not article:
        return Quantity("stars", value, i, j + 1)
    return _stay_unit(scan, i, j, value, article, stay=stay, home=home)


def _stay_unit(scan: Scan, i: int, j: int, value: int, article: bool, *, stay: bool, home: bool) -> Quantity | None:
    led = scan.has("for_cues", i - 1) or scan.low(i - 1) in ("just", "only", "nur")
    priced = scan.low(i - 1) in _CURRENCY or scan.cardinal(i - 1) is not None
    if scan.has("nights", j) and not (article and scan.lexicon.language == "en" and (not led or priced)):
        return Quantity("nights", value, i, j + 1)
    if (stay or scan.low(j + 1) == "stay") and scan.low(i - 1) not in ("in", "next") and scan.low(j + 1) != "ago":
        if scan.has("days_stay", j) and not article:
            return Quantity("nights", value, i, j + 1)
        if scan.has("weeks_stay", j) and (led or not article) and scan.low(j + 1) not in ("from", "on"):
            return Quantity("nights", value * 7, i, j + 1)
    k = j + 1 if scan.low(j) in ("hotel", "double", "single", "separate", "guest", "available", "free", "freie") else j
    if scan.has("rooms", k) and not (article and (scan.lexicon.language == "en" or not stay)):
        return Quantity("bedrooms" if home else "rooms", value, i, k + 1)
    return None


def _german_company(scan: Scan, i: int) -> Quantity | None:
    """ "zu viert", "Vierertisch"."""
    if scan.lexicon.language != "de":
        return None
    word = scan.low(i)
    if word.endswith("ertisch") and (value := read_german(word.removesuffix("ertisch"))):
        return Quantity("party_size", value, i, i + 1)
    if word == "zu":
        value = _GERMAN_COMPANY.get(scan.low(i + 1))
        return Quantity("party_size", value, i, i + 2) if value else None
    return None


def _group(scan: Scan, i: int) -> Quantity | None:
    """A head count: "four people", "two adults and a kid", "me and my wife", "the four of us", "just me"."""
    found = _heads(scan, i)
    if found is not None:
        return found
    german_we = scan.lexicon.language == "de" and scan.has("we", i)
    if german_we or scan.has("us", i):
        counted = scan.cardinal(i + 1)
        if scan.low(i + 1) in ("both", "beide", "beiden"):
            return Quantity("party_size", 2, i, i + 2)
        led = not german_we or i == 0 or scan.has("before_we", i - 1)  # "nur wir zwei", but "sagen wir zwei"
        if counted is not None and led and scan.tokens[i + 1].spelled and not _clock_word(scan, i + 2):
            return Quantity("party_size", counted, i, i + 2)
    return _alone(scan, i) or _companions(scan, i)


def _clock_word(scan: Scan, i: int) -> bool:
    return any(scan.has(group, i) for group in ("people", "past", "to", "clock"))


def _heads(scan: Scan, i: int) -> Quantity | None:
    """A number with a noun for people, and what is added to it."""
    if scan.low(i) == "both" and scan.phrase(i + 1, "of", "us"):
        return Quantity("party_size", 2, i, i + 3)
    value = scan.cardinal(i)
    if value is None:
        if not (scan.has("articles", i) and scan.has("people", i + 1)):
            return None
        if scan.lexicon.language == "en" and scan.low(i) != "one":
            return None
        value = 1
    j = i + 1
    if scan.phrase(j, "of", "us") or scan.phrase(j, "von", "uns"):
        if _some_of_us(scan, i, j + 2):
            return None
        total, end = _add_members(scan, value, j + 2)
        return Quantity("party_size", total, i, end)
    if scan.low(j) in ("-", "–"):
        j += 1
    more = scan.low(j) in ("more", "additional", "extra", "other", "weitere", "zusätzliche") or scan.low(i - 1) in (
        "noch", "another", "additional",
    )  # fmt: skip
    j += 1 if scan.low(j) in ("more", "additional", "extra", "other", "weitere", "young", "small", "little") else 0
    if not scan.has("people", j):
        return None
    end = j + 1
    more = more or scan.low(end) in ("more", "mehr")
    if more:
        return Quantity("party_size", value, i, end, delta=True)
    total, end = _add_members(scan, value, end)
    if end == j + 1 and scan.has("children", j) and scan.has("possession", i - 1):
        return None
    if scan.low(i - 1) in ("including", "inklusive", "davon", "of") and any(
        scan.has("people", j) for j in range(max(0, i - 4), i - 1)
    ):
        return None
    return Quantity("party_size", total, i, end)


def _some_of_us(scan: Scan, i: int, end: int) -> bool:
    """ "two of us are vegan" speaks of some of the party; "the two of us", "four of us are coming" of all of it."""
    if scan.low(i - 1) in ("the", "there", "for", "be", "are", "there's", "all", "die", "für"):
        return False
    verb = scan.low(end) in ("is", "are", "has", "have", "ist", "sind", "hat", "haben") or scan.low(end).endswith("n't")
    return verb and not scan.low(end + 1).endswith("ing")


def _add_members(scan: Scan, total: int, end: int) -> tuple[int, int]:
    """Adds "and a kid", "two children", "plus me" to a count; only a counted noun may follow without "and"."""
    while True:
        j = end + 1 if scan.low(end) == "," else end
        joined = scan.has("joiners", j)
        j += 1 if joined else 0
        member = _member(scan, j)
        if member is None or member[0] is None or not (joined or member[2] == "counted"):
            return total, end
        total, end = total + member[0], member[1]


def _member(scan: Scan, i: int) -> tuple[int | None, int, str] | None:
    """(people, end, kind) of "me", "my wife", "our two kids", "a kid", "three friends"; None people: unknown number."""
    if scan.has("me", i):
        return 1, i + 1, "me"
    j = i
    if scan.has("possessives", j):
        j += 1
    value = scan.cardinal(j)
    if value is not None and not scan.tokens[j].ordinal:
        j += 1
    j += 1 if scan.low(j) in ("little", "young", "small", "best", "good", "other", "old", "kleines", "kleine") else 0
    word = scan.low(j)
    if not (scan.has("companions", j) or scan.has("summable", j)):
        return None
    if value is not None:
        return value, j + 1, "counted"
    if j == i:
        return None
    single = scan.lexicon.values["companions"].get(word, 1)
    return (None if single < 0 else single), j + 1, "noun"


def _companions(scan: Scan, i: int) -> Quantity | None:
    """People named one by one, the caller among them: "my husband, our two kids and me"."""
    member = _member(scan, i)
    if member is None:
        return None
    total: int | None = 0
    me, count, end, joined = False, 0, i, False
    while member is not None and count < _MOST_MEMBERS:
        people, end, kind = member
        me = me or kind == "me"
        count += 1
        total = None if people is None or total is None else total + people
        j = end
        j += 1 if scan.low(j) == "," else 0
        if scan.has("joiners", j):
            joined = True
            j += 1
        plus = scan.cardinal(j) if kind == "me" and scan.low(j - 1) in ("plus", "+") else None
        # Speech recognition leaves out the comma: "me my sister and her two kids".
        member = _member(scan, j) if j > end or scan.has("possessives", j) else None
        if member is None and plus is not None and not scan.has("no_unit", j + 1):
            member = plus, j + 1, "counted"
        if member is not None and member[2] == "me" and me:
            break
    if not (me and joined and count > 1 and total):
        return None
    clause = scan.low(i - 1) in ("with", "for", "mit", "für") and scan.has("clause_verbs", end)
    if clause and scan.low(end - 1) in ("i", "ich"):  # "I'm meeting with a friend and I need …": two clauses
        return None
    return Quantity("party_size", total, i, end, explicit=False)


def _alone(scan: Scan, i: int) -> Quantity | None:
    """ "just me", "only for myself", "nur ich", "allein"."""
    if scan.low(i) in ("just", "only", "nur", "bloß"):
        j = i + 1 if not scan.has("for_cues", i + 1) else i + 2
        if scan.has("me", j) and scan.low(j) != "i" and not scan.has("joiners", j + 1) and _closes(scan, j + 1):
            return Quantity("party_size", 1, i, j + 1)
    for words in scan.lexicon.phrases["alone_phrases"]:
        if scan.phrase(i, *words) and _closes(scan, i + len(words)):
            return Quantity("party_size", 1, i, i + len(words))
    if scan.has("alone", i) and scan.has("before_alone", i - 1):
        return Quantity("party_size", 1, i, i + 1)
    return Quantity("party_size", 1, i, i + 1) if scan.has("alone", i) and i == 0 else None


def _closes(scan: Scan, i: int) -> bool:
    return not scan.low(i).isalpha() or scan.low(i) in (
        "please",
        "bitte",
        "today",
        "tonight",
        "this",
        "heute",
        "thanks",
        "at",
        "on",
    )


def _money(scan: Scan, i: int) -> Quantity | None:
    """ "$2,000", "1200 Euro", "under 1500", "2000 a month"."""
    start = i
    if scan.low(i) in _CURRENCY and scan.cardinal(i + 1) is not None:
        i += 1
    value = scan.cardinal(i)
    if value is None:
        return None
    end = i + 1
    amount: int | float = value
    if scan.low(end) in (".", ",") and scan.glued(end) and scan.glued(end + 1) and scan.digits(end + 1) == 2:
        amount, end = value + (scan.value(end + 1) or 0) / 100, end + 2
    thousands = scan.low(end) in ("k", "grand")
    if thousands:
        amount, end = amount * 1000, end + 1
    if start != i or scan.low(end) in _CURRENCY:
        return Quantity("budget", amount, start, end if start != i else end + 1)
    monthly = scan.has("per", end) and (scan.has("month", end + 1) or scan.low(end) == "monatlich")
    cued = any(scan.has("budget_cues", j) for j in range(max(0, i - 3), i))
    large = amount >= 200 and (scan.digits(i) or amount % 50 == 0) and not scan.has("people", end)
    return Quantity("budget", amount, start, end) if (large and (monthly or cued)) or (thousands and cued) else None
