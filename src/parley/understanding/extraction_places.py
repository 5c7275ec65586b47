"""Where a driver is: stretches of a text that name a place on the road.

"on I-10 just west of Indio", "mile marker 252", "exit 14 on the Jersey turnpike", "the TA in Ontario", "kurz hinter
Kassel auf der A7", "i forty near amarillo": a run of place words and the small words between them. Whether the driver
is there is for the reader of the statement to judge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from parley.understanding.language import detect_language, function_words
from parley.understanding.lexicon import load_lexicon, read_yaml

_NUMBER_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|"
    "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|oh"
)
_NUM = rf"(?:\d{{1,4}}[a-z]?|(?:{_NUMBER_WORDS})(?:[ -](?:and |{_NUMBER_WORDS}))*)"
_DIRECTION = r"(?:north|south|east|west)(?:[ -]?bound|bounds)?|(?:NB|SB|EB|WB)\b|[NSEW]B?(?=[\s,.]|$)"
_ROAD = re.compile(
    rf"\b(?:(?:I|US|SR|CR|FM|Hwy|HWY|Rte|Rt|NY|CA|TX|PA|NJ|FL|OH)[ -]?\d{{1,4}}\b|(?:[IiEe]|"
    rf"eye)[ -](?:\d{{1,3}}\b|(?:{_NUMBER_WORDS})(?:[ -](?:{_NUMBER_WORDS}))*\b)"
    rf"|(?:u\.?s\.? )?(?:interstate|highway|hwy|route|state route|county road|state road|bundesstraße|autobahn|"
    rf"us highway|u\.s\.)[ -]?(?:number )?{_NUM}\b"
    rf"|(?:A|B|E|BAB|M) ?\d{{1,3}}\b|(?:the )?(?:[A-Z][a-z]+ |[A-Z]{{2}} |state )?(?:turnpike|thruway|tollway|"
    rf"toll road|parkway|freeway|expressway|beltway|loop|interstate|pass)\b(?: {_NUM}\b)?"
    rf"|(?:mile ?marker|mile ?post|milepost|marker|mile|mm|exit|ausfahrt|abfahrt|anschlussstelle|kilometer|"
    rf"km)[ -]?(?:number )?{_NUM}\b(?! ?(?:miles|kilometer|km|hours|minutes))"
    rf"|(?<=bound )\d{{1,3}}\b|\b\d{{1,3}}(?= (?:north|south|east|west)(?:bound)?\b(?! (?:of|side)))|"
    rf"(?:the )\d{{2,3}}(?= (?:in|near|"
    rf"by|at|freeway|fwy|north|south|east|west)\b)|"
    rf"(?:the )(?:405|210|710|605|5|10|15|101|91|60|880|580|680)\b"
    rf"|(?<=\bon )(?:the )?{_NUM}(?=(?:,? (?:{_DIRECTION}|by|near|through|in|at|heading|just|right|outside|"
    rf"around|south|north|west|east|past|going|between|coming)\b|\s*(?:[.,!?;]|$)| and\b| now\b))"
    rf"|(?<=\bauf )(?:der )?[AB] ?\d+\b)"
)
_ROAD_FOLDED = re.compile(_ROAD.pattern.replace("[A-Z][a-z]+ |[A-Z]{2} |", r"[a-z]{2,12} |"), re.IGNORECASE)
_DISTANCE = re.compile(
    rf"\b(?:about |around |maybe |like |some |roughly |etwa |ungefähr |noch |circa |ca\.? )?(?:{_NUM}|a few|"
    rf"a couple(?: of)?|couple(?: of)?|ein paar) ?(?:-?minutes?|miles?|mi\b|km\b|kilometern?|klicks?|clicks?|"
    rf"minuten)"
    rf"(?= ?(?:more |(?:{_DIRECTION})?\s?(?:of|from|to|out|outside|past|before|away|north|south|east|west|vor|"
    rf"hinter|bis|von|nördlich|südlich|westlich|östlich)\b))",
    re.IGNORECASE,
)
_DIRECTIONS = re.compile(
    rf"\b(?:{_DIRECTION}|richtung(?: \w+)?|nördlich|südlich|westlich|östlich)(?!\w)", re.IGNORECASE
)
_MORE = re.compile(
    r"\b(?:truck parking|rest area|corner of|intersection of|kreuz|dreieck|höhe|state line|county line|border|"
    r"city limits?|the bridge|downtown)\b",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"\b\d{1,5} [A-Z][\w']+(?: [A-Z][\w']+){0,2} (?:Street|St|Avenue|Ave|Road|Rd|Drive|Dr|Boulevard|Blvd|Lane|Ln|"
    r"Way|Court|Ct|Parkway|Pkwy)\b\.?"
    r"|\b(?:\d+(?:st|nd|rd|th)|[A-Z]\w+) (?:and|&) (?:\d+(?:st|nd|rd|th)|[A-Z]\w+)\b|\b(?!Parkplatz|"
    r"Rastplatz)[A-ZÄÖÜ]\w*(?:straße|weg|"
    r"platz|allee|ring|damm)\b(?: \d+\w?)?"
)
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_GLUE = frozenset(
    "ramp go right runaway on in at near by of the just from to and an a past outside inside around between "
    "right about off along "
    "about like maybe close before after "
    "toward towards heading headed over here's into entering passing is through up some side line edge stop "
    "almost getting half way mile miles more behind "
    "auf in bei an am der die das den dem im zwischen und kurz hinter vor nach nahe nähe höhe richtung von zum "
    "zur rum neben beim über out area junction "
    "shoulder highway freeway road exit north south east west northbound southbound eastbound "
    "westbound , - / & ( ) i'm".split()
)
_EDGE = _GLUE - frozenset({"north", "south", "east", "west", "northbound", "southbound", "eastbound", "westbound"})
_KEEP_FIRST = frozenset(
    {
        "between",
        "zwischen",
        "outside",
        "past",
        "just",
        "near",
        "close",
        "kurz",
        "hinter",
        "vor",
        "before",
        "north",
        "south",
        "east",
        "west",
        "half",
        "exit",
        "halfway",
        "bei",
    }
)
_BEFORE_NAME = frozenset(
    "in near at by outside past passing passed of from leaving left through into entering around toward towards "
    "to between bei hinter vor nach "
    "in aus durch und and on crossing crossed nahe über kreuz dreieck höhe raststätte rasthof autohof the "
    "toward entered reach reached".split()
)
_NEVER = frozenset(
    "speak hang listen pardon repeat what i i'm i'll i've i'd pod bol eta gps ok okay yes yeah yep yup no nope "
    "hey hi hello well so um uh hos dot "
    "cdl am pm sir ma'am boss man bro "
    "sorry correct right exactly affirmative negative sure absolutely definitely certainly perfect wonderful "
    "mountain eastern central pacific time "
    "awesome understood gotcha thanks thank god jesus copy roger dispatch monday tuesday wednesday thursday "
    "friday saturday sunday "
    "january february march april may "
    "june july august september october november december montag dienstag mittwoch donnerstag freitag samstag "
    "sonntag stau unfall baustelle "
    "polizei feuerwehr herr frau guten tag morgen abend moin hallo uhr lkw ladung fahrer anhänger auflieger "
    "lieferschein rampe tor stunde stunden minuten "
    "christmas thanksgiving truck trailer load traffic weather lumper detention door dock police lady guy dude "
    "gonna whole been nothing somebody someone "
    "good fine great everything nobody everybody snow rain ice fire ist ja nein leider vielleicht noch schon "
    "gleich right now just still today tomorrow tonight "
    "morning afternoon evening night noon midnight hour hours minute minutes half mile miles exit marker road "
    "highway call maybe probably about "
    "ampel ware kunde entladung zoll panne reifen motor regen schnee nebel glatteis kollege chef pause wir er "
    "sie es ich der die das den dem ein eine "
    "einen mein meine position standort ankunft richtung kurz hinter vor auf bei the a an this that it there "
    "here my our driving rolling moving sitting heading "
    "somewhere west east north south westbound eastbound northbound southbound almost parked stuck stopped "
    "waiting ten-four anyway look listen gerade jetzt "
    "zwischen nähe irgendwo bin stehe fahre war hier dort klar genau super gut danke autobahn landstraße "
    "sperrung standstreifen leitplanke warndreieck".split()
)


@dataclass(frozen=True, slots=True)
class PlaceMention:
    """A stretch `start`..`end` that names a place. `roads` and `names` count its parts; `plain` is it for a record."""

    start: int
    end: int
    plain: str
    roads: int
    names: int


@dataclass(slots=True)
class _Token:
    low: str
    start: int
    end: int
    kind: str = ""  # road, name, distance, direction, glue or ""


@lru_cache(maxsize=1)
def _gazetteer() -> re.Pattern[str]:
    data = read_yaml("road_places.yaml")
    names = [*data["states"], *(one.strip() for one in data["cities"].split("|"))]
    return re.compile(r"(?<![\w'])(?:" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + r")(?![\w'])")


@lru_cache(maxsize=1)
def _facilities() -> re.Pattern[str]:
    names = sorted(
        (one.strip() for one in read_yaml("road_places.yaml")["facilities"].split("|")), key=len, reverse=True
    )
    return re.compile(r"(?<![\w'])(?:" + "|".join(map(re.escape, names)) + r")(?![\w'])", re.IGNORECASE)


@lru_cache(maxsize=1)
def _no_names() -> frozenset[str]:
    words = set(function_words()) | set(_NEVER)
    for language in ("en", "de"):
        words |= set(load_lexicon(language).values["weekdays"])
    return frozenset(words)


def find_places(text: str, *, bare: bool = False) -> list[PlaceMention]:
    """The places of a sentence, in order. `bare`: it answers "where?", so that a lone capitalised word is one."""
    tokens = _tokens(text)
    _mark(text, tokens, bare=bare)
    found: list[PlaceMention] = []
    at = 0
    while at < len(tokens):
        if tokens[at].kind not in ("road", "name", "distance", "direction"):
            at += 1
            continue
        end = _run(tokens, at)
        mention = _mention(text, tokens, at, end)
        if mention is not None:
            found.append(mention)
        at = end
    return found


def _tokens(text: str) -> list[_Token]:
    return [
        _Token(match.group().lower().replace("’", "'"), match.start(), match.end())
        for match in re.finditer(r"[^\W_]+(?:['’.-][^\W_]+)*|[,\-/&()]", text)
    ]


def _mark(text: str, tokens: list[_Token], *, bare: bool) -> None:
    lower = text == text.lower()
    bare = bare and (detect_language(text) == "en" or len(tokens) <= 3)  # every German noun has a capital
    marks: list[tuple[str, int, int]] = []
    for pattern in (_ROAD, _ROAD_FOLDED):
        marks += [("road", *match.span()) for match in pattern.finditer(text)]
    marks += [("road", *match.span()) for pattern in (_STREET, _MORE) for match in pattern.finditer(text)]
    marks += [("name", *match.span()) for match in _facilities().finditer(text)]
    marks += [
        ("name", *match.span())
        for match in _gazetteer().finditer(text.lower())
        if _said_as_name(text, match, lower=lower)
    ]
    marks += [("distance", *match.span()) for match in _DISTANCE.finditer(text)]
    marks += [("direction", *match.span()) for match in _DIRECTIONS.finditer(text)]
    for kind, start, end in marks:
        for token in tokens:
            if token.start >= start and token.end <= end and (not token.kind or kind == "road"):
                token.kind = kind
    for place, token in enumerate(tokens):
        if not token.kind and _is_name(text, tokens, place, bare=bare, lower=lower):
            token.kind = "name"
        elif not token.kind and token.low in _GLUE:
            token.kind = "glue"


def _said_as_name(text: str, match: re.Match[str], *, lower: bool) -> bool:
    """A name of the list in capitals; in a text without any, one that is no everyday word."""
    said = text[match.start() : match.end()]
    if said != said.lower():
        return True
    return lower and match.group() not in (
        "la",
        "mobile",
        "reading",
        "hof",
        "halle",
        "essen",
        "gary",
        "jackson",
        "hamm",
        "augusta",
        "lincoln",
    )


def _is_name(text: str, tokens: list[_Token], place: int, *, bare: bool, lower: bool) -> bool:
    token = tokens[place]
    if token.low in _no_names() or token.low in _GLUE or not token.low[0].isalpha() or len(token.low) < 2:
        return False
    before = next((tokens[at] for at in range(place - 1, -1, -1)), None)
    capital = text[token.start].isupper()
    if capital and before is not None and before.kind == "name":
        return True
    led = before is not None and before.low in _BEFORE_NAME
    if capital and (led or (bare and (place > 0 or _only_names(text, tokens)))):
        return True
    if (
        capital
        and place > 0
        and before is not None
        and before.low == ","
        and any(one.kind == "name" for one in tokens[:place])
    ):
        return True
    near = before is not None and before.low in {
        "near",
        "passing",
        "passed",
        "past",
        "outside",
        "leaving",
        "bei",
        "hinter",
        "towards",
        "in",
        "through",
    }
    return lower and near and not _verbal(token.low)


def _only_names(text: str, tokens: list[_Token]) -> bool:
    """Whether a short answer has nothing but capitals and small words: "Barstow, I think", not "Tire no good"."""
    others = [
        one for one in tokens if not (text[one.start].isupper() or one.kind or one.low in _GLUE or one.low == "think")
    ]
    return len(tokens) <= 5 and not others


def _verbal(word: str) -> bool:
    return word.endswith(("ing", "ed", "ly")) or word in {
        "it",
        "them",
        "there",
        "that",
        "time",
        "traffic",
        "case",
        "line",
        "bed",
        "park",
        "front",
        "all",
        "an",
        "one",
        "two",
    }


def _run(tokens: list[_Token], at: int) -> int:
    """The end of the run of place words from token `at`, trailing small words left out."""
    end = last = at
    while end < len(tokens) and tokens[end].kind and end - last <= 5:
        if tokens[end - 1].low == "," and end - 1 > at and _facilities().fullmatch(tokens[end].low):
            break  # "bei Görlitz, Grenze war voll": something else begins
        if tokens[end].kind != "glue":
            last = end
        end += 1
    return last + 1


def _mention(text: str, tokens: list[_Token], start: int, end: int) -> PlaceMention | None:
    run = tokens[start:end]
    roads = _count(run, "road")
    names = _count(run, "name")
    if not roads and not names:
        return None
    first = start
    while first > 0 and tokens[first - 1].low in _KEEP_FIRST and first > start - 2:
        first -= 1
    stretch = text[tokens[first].start : tokens[end - 1].end]
    return PlaceMention(tokens[first].start, tokens[end - 1].end, plain_place(stretch), roads, names)


def _count(run: list[_Token], kind: str) -> int:
    return sum(1 for at, token in enumerate(run) if token.kind == kind and (at == 0 or run[at - 1].kind != kind))


_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SPELLED = re.compile(
    rf"\b(?P<lead>i|eye|interstate|highway|hwy|route|mile ?marker|mile ?post|marker|exit|on|the|state route|"
    rf"us)(?P<gap>[ -])(?P<words>(?:{_NUMBER_WORDS})(?:[ -](?:{_NUMBER_WORDS}))*)\b",
    re.IGNORECASE,
)


def plain_place(text: str) -> str:
    """Spoken road numbers in digits and an interstate in its usual writing: "eye forty" → "I-40"."""
    text = re.sub(
        r"^(?:der|die|das|dem|den|the)\s+(?=[AB] ?\d)", "", re.sub(r"\s+", " ", text).strip(" ,.-"), flags=re.IGNORECASE
    )
    text = _SPELLED.sub(lambda match: f"{match['lead']}{match['gap']}{_read_number(match['words'])}", text)
    text = re.sub(r"\b(?:I|i|eye) ?[- ]?(\d{1,3})\b", r"I-\1", text)
    return re.sub(r"\bexit (\d)", r"exit \1", text)


def _read_number(words: str) -> str:
    """ "two fifty two" → 252, "one twenty three" → 123, "forty five" → 45."""
    digits, tens = "", 0
    for word in re.split(r"[ -]", words.lower()):
        unit = _UNITS.index(word) if word in _UNITS else (0 if word == "oh" else None)
        if tens and unit is not None and 0 < unit < 10:
            digits, tens = digits + str(tens + unit), 0
            continue
        digits, tens = digits + (str(tens) if tens else ""), 0
        if word in _TENS:
            tens = 10 * (2 + _TENS.index(word))
        elif word == "hundred":
            digits += "00"
        elif unit is not None:
            digits += str(unit)
    return digits + (str(tens) if tens else "")
