"""Postal addresses, whole or in part: street lines, flats, postal codes, "city, state ZIP", places behind "I live in"."""

from __future__ import annotations

import re
from typing import Any

from presidio_analyzer import EntityRecognizer, RecognizerResult

from parley.privacy.rules import LANGUAGE, NOT_PERSONAL, UPPER, Rule, RuleRecognizer, labelled
from parley.privacy.words import cities, common_words, lines, proper_words, regions

_CAP = rf"(?:[{UPPER}][\w'’\-]*|\d{{1,3}}(?:st|nd|rd|th))"
_SMALL = r"(?:of|the|de|del|della|di|da|do|dos|das|des|du|la|le|les|los|las|el|den|der|dem|am|an|im|in|auf|van|von|zum|zur|st\.?|y|e|a|and|sur|aan|op|ob|a\.d\.|i\.)"
_NUMBER = r"(?:No\.?\s*|Nr\.?\s*|#\s?)?\d{1,5}(?:[ ]?[A-Za-z]\b|[A-Z])?(?:\s?[\-/–]\s?\d{1,4}[A-Za-z]?)?"
_GERMANIC = (
    r"(?:stra(?:ß|ss)e|str\.|str\b|gasse|allee|platz|weg|ring|damm|ufer|chaussee|steig|stieg|promenade|graben|markt|berg|hof|park|pfad|brücke|anger|"
    r"kamp|twiete|deich|wall|zeile|winkel|bogen|straat|laan|plein|gracht|kade|dijk|steeg|dreef|singel|hof|gatan|vägen|gränd|torget|plan|gade|vej|"
    r"vejen|allé|stræde|veien|vegen|gata|gate|vei|katu|tie|kuja|polku|utca|út|tér|ulica|ulice|cesta|straße)"
)
_ROMANCE = (
    r"(?:rue|avenue|av\.|bd|boulevard|place|chemin|all[ée]e|impasse|quai|route|cours|square|calle|c/|avenida|avda\.?|plaza|paseo|camino|carrer|"
    r"carretera|ronda|via|viale|piazza|piazzale|corso|largo|vicolo|contrada|strada|rua|travessa|alameda|praça|estrada|rotonda|borgo|"
    r"ul\.|ulica|al\.|aleja|os\.|osiedle|pl\.|plac|str\.|strada|bulevardul|calea|aleea|nám\.|náměstí|jalan|jl\.|cerrada|circuito|callejón|privada|"
    r"prolongación|diagonal|glorieta|urbanización|pasaje|pasadizo|passeig)"
)
_SUFFIXES = "|".join(sorted((re.escape(s) for s in lines("street_suffixes")), key=len, reverse=True))
_COMPASS = r"(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West|Northeast|Northwest|Southeast|Southwest)\b\.?"
_UNIT = (
    r"(?:(?i:(?:apt|apartment|suite|ste|unit|flat|floor|fl|bldg|building|block|lot|studio|level|wohnung|whg|stock|etage|appartement|apto|piso|interno|"
    r"interior|int|edif|edificio|depto|dpto|oficina|local|puerta|planta|scala|bât|hinterhaus|top|p\.?\s?o\.?\s?box|postfach|postbus|casilla)\b\.?\s*(?:no\.?|nr\.?|number)?"
    r"\s*#?[ ]?)[A-Za-z]?-?\d{1,6}[A-Za-z]?\b|(?i:(?:apt|apartment|unit|flat)\b\.?[ ])[A-HJ-Z]\b|(?i:h\.?\s?no\.?)[ ]?\d+)"
)
_LINE_ENGLISH = rf"\b\d{{1,6}}(?:[A-Za-z]\b|[\-/]\d{{1,5}})?,?(?:[ ]+|\n)(?:{_COMPASS}[ ]+)?(?:(?:{_CAP}|{_SMALL}|[A-Z]\.)[ ]+){{1,4}}?(?i:{_SUFFIXES})\b\.?(?:[ ]+{_COMPASS})?"
_LINE_UPPER = rf"\b\d{{1,6}}[ ](?:[A-Z0-9]+[ ]){{1,3}}(?:{_SUFFIXES.upper()})\b"
_LINE_GERMANIC = rf"\b(?:{_CAP}[ ]){{0,2}}?[{UPPER}][\w'’.\-]*?(?:[\- ](?i:{_GERMANIC})|(?<=[a-zäöüßéø]){_GERMANIC}),?[ ]{_NUMBER}(?![\w:]|[.,]\d)"
_LINE_ROMANCE_BEFORE = (
    rf"\b\d{{1,5}}[ ]?(?:bis|ter|[A-D])?,?[ ](?i:{_ROMANCE})(?:[ ](?:{_CAP}|{_SMALL}|[dl]['’]{_CAP})){{1,5}}"
)
_LINE_ROMANCE_AFTER = rf"(?<![\w])(?:(?i:{_ROMANCE}))(?:[ ](?:{_CAP}|{_SMALL}|[dl]['’]{_CAP}|\d{{1,2}}(?=[ ][A-Za-z]))){{1,5}}?,?[ ](?:n[°º.]?[ ]?|s/n|{_NUMBER})(?:\d{{0,5}})(?![\w:]|[.,]\d)"
_LINE_PREPOSITION = rf"\b(?:Am|An der|An den|Am|Im|In der|In den|Auf der|Auf dem|Zum|Zur|Unter den|Hinter der|Alte[rn]?|Neue[rn]?|Obere|Untere|Große|Kleine)[ ]{_CAP}(?:[ ]{_CAP})?,?[ ]\d{{1,3}}[ ]?[a-z]?\b(?!\s?(?:Uhr|[.:]\d|[%€]|Personen|Leute|Gäste))"
_UNIT_LINE = rf"{_UNIT},?\s+(?:{_CAP}[ ]){{1,3}}(?i:{_SUFFIXES})\b"
_LINE_IN_DOUBT = rf"\b(?:{_CAP}[ ]){{1,3}}\d{{1,4}}[ ]?[a-z]?(?=\s*[,;|\n]|$)"
_CODE_IN_DOUBT = r"(?<![\w.,€$£#/\-+])(?:\d{5,6}|\d{3}[ ]\d{2,3})(?![\w\-/]|[.,:]\d|\s?[€%])|(?<=[,;|]\s)\d{4}(?=\s*(?:[,;|\n]|$))|(?<=[,;|])\d{4}(?=[,;|])"
_LINE_BEFORE_CODE = rf"\b(?:{_CAP}[ ]){{0,2}}{_CAP}[ ]\d{{1,4}}[ ]?[a-z]?,?\s+(?:[A-Z]{{1,2}}-)?\d{{4,5}}[ ]{_CAP}"
_STREET_ONLY = rf"\b(?:{_CAP}[ ]){{1,3}}?(?:Street|Avenue|Boulevard|Lane|Drive|Road|Court|Terrace|Crescent|Parkway|Highway|Turnpike|Ave|Blvd|Rd|Ln)\b\.?(?:[ ]{_COMPASS})?|\b[A-ZÄÖÜ][\wäöüß\-]+(?:stra(?:ß|ss)e|gasse|straat|gracht|gatan|vägen|gade)\b"
_STATE = (
    r"(?:A[LKZRSAPE]|C[AOT]|D[EC]|FL|GA|GU|HI|I[DLNA]|K[SY]|LA|M[EHDAINSOTP]|N[EVHJMYCD]|O[HKR]|P[WAR]|RI|S[CD]|T[NX]|UT|V[TIA]|W[AVIY]|"
    r"ON|QC|BC|AB|MB|SK|NS|NB|PE|NL|YT|NT|NU|NSW|VIC|QLD|TAS|ACT)"
)
_CITY = rf"{_CAP}\.?(?:[ \-](?:{_CAP}|{_SMALL}(?=[ ]{_CAP}))){{0,3}}"
_CITY_STATE_ZIP = rf"\b(?:{_CITY},?[ ]+)?(?:{_STATE}|{_CAP}(?:[ ]{_CAP})?),?[ ]+\d{{5}}(?:-\d{{4}})?\b"
_STATE_ZIP = rf"\b{_STATE}[ ,]+\d{{5}}(?:-\d{{4}})?\b"
_ZIP_CITY = rf"(?<![\w.,\-/])(?:(?:[A-Z]{{1,2}}|FIN|LT|LV)-)?\d{{4,5}}[ ]+(?:{_CITY})"
_CODES = {
    "uk": r"\b(?:GIR[ ]?0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d|[A-HK-Y]\d\d|\d[A-HJKS-UW]|[A-HK-Y]\d[ABEHMNPRV-Y])[ ]?\d[ABD-HJLNP-UW-Z]{2})\b",
    "canada": r"\b[ABCEGHJ-NPRSTVXY]\d[A-Z][ \-]?\d[A-Z]\d\b",
    "netherlands": r"\b[1-9]\d{3}[ ](?!AM\b|PM\b|EU\b)[A-Z]{2}\b|\b[1-9]\d{3}(?!AM\b|PM\b)[A-Z]{2}\b",
    "plus four": r"(?<![\w\-])\d{5}-\d{4}(?![\w\-])",
    "brazil": r"(?<![\w\-.])\d{5}-\d{3}(?![\w\-])",
    "poland": r"(?<![\w\-.])\d{2}-\d{3}(?![\w\-]|[.,]\d)",
    "portugal": r"(?<![\w\-.])\d{4}-\d{3}(?![\w\-])",
    "prefixed": r"(?<![\w\-])(?:DE?|AT?|CH|FR?|BE?|NL|LUX?|L|SE?|DK|NO?|FI|FIN|IT?|E|HR|SI|LT|LV)-\d{4,5}(?![\w\-])",
    "ireland": r"\b[AC-FHKNPRTV-Y]\d[\dW][ ]?[0-9AC-FHKNPRTV-Y]{4}\b",
}
_CODE_LABEL = r"plz\s?/\s?ort|zip(?:[\s\-]?code)?|post(?:al|leit)?[\s\-]?code|postcode|plz|postleitzahl|code\s+postal|pin\s?code|c\.?a\.?p\.?|c[óo]digo\s+postal|eircode|cep"
_CODE_VALUE = r"(?:[A-Z]{1,3}-)?(?=[A-Z]{0,3}\d)[A-Z0-9]{2,7}(?:[ \-][A-Z0-9]*\d[A-Z0-9]*)?\b"
_BUILDING_LABEL = r"building(?:\s+number)?|house(?:\s+number)?|hausnummer|haus|gebäude(?:nummer)?|bldg|street\s+number|apartment|flat|wohnung(?:snummer)?|box"
_PLACE_WORDS = rf"(?:{_CAP}\.?|{_SMALL}|\d[\w\-/]*|[A-Z]\.)"
_PLACE_SPAN = rf"(?P<value>(?:{_CAP}|\d[\w\-/]*)(?:,?[ ]{_PLACE_WORDS})*)"
_ADDRESS_LABEL = re.compile(
    rf"(?i:\b(?:(?:home|mailing|billing|shipping|postal|street|delivery|current|permanent|residential|office|work|new|business|wohn|post|liefer|"
    rf"rechnungs|melde)?[\s\-]?(?:address|adresse|anschrift)|resid(?:es?|ing|ed|ence)(?:\s+(?:is|at|in))?|(?:live|lives|lived|living)\s+(?:at|on)|"
    rf"wohnhaft\s+(?:in|an)|wohn(?:e|t|en)\s+(?:in\s+der|am|im|an|"
    rf"auf|unter)|gemeldet\s+(?:in|unter)|ansässig\s+in|street|straße|house|residence|wohnsitz|located\s+at)"
    rf"(?:\s+(?:is|was|at|ist|lautet|in|unter|as|to|of|auf|line\s?\d?|der|die)\b|\s*[:=\-,])*)\s*(?:\n\s*)?{_PLACE_SPAN}"
)
_HOME = re.compile(
    rf"(?i:\b(?:(?:i|he|she|they|we|who|currently|now|still)['’]?(?:m|s|ve)?\s+(?:live|lives|lived|living|was\s+born|were\s+born|grew\s+up|(?:have\s+)?moved)|"
    rf"resid(?:es?|ing|ed)|born|raised|grew\s+up|wohn(?:e|t|en|haft)|geboren|leb(?:e|t|en)|aufgewachsen|native|hometown|gebürtig|moved|umgezogen|ziehe)"
    rf"(?:\s+(?:jetzt|now|here|hier|seit\s+\w+|back))?\s+(?:in|near|bei|from|to|of|aus|nach)\s+)(?P<value>{_CITY}(?:,[ ]?{_CITY}){{0,2}}(?:[ ]to[ ]{_CITY})?)"
)
_TOWN_LABEL = re.compile(
    rf"(?i:\b(?:(?:live|lives|lived|living|resid(?:es?|ing|ed)|born|raised|grew\s+up|wohn(?:e|t|en|haft)|geboren|leb(?:e|t|en)|aufgewachsen|based)"
    rf"(?:\s+(?:\w+\s+)?(?:in|near|bei|on)|\s+am\s+[\d./]+\s+in)|from|aus|city|town|state|county|province|country|birthplace|place\s+of\s+birth|hometown|home\s+town|"
    rf"(?:wohn|geburts)?(?:ort|stadt)|bundesland|landkreis|kanton|gebürtig\s+aus)(?:\s+(?:is|was|of|ist|war|the|der)\b|\s*[:=])*)\s*"
    rf"(?P<value>{_CITY}(?:,[ ]?{_CITY}){{0,2}})"
)
_PLACE_IN_DOUBT = re.compile(
    rf"(?:\b(?:in|from|to|near|of|at|aus|nach|bei|von)[ ]|[,;|\t]\s?|^|[:\n]\s*)(?P<value>{_CITY})(?=[\s,.;:!?)|]|$)"
)
_COUNTY = re.compile(rf"\b{_CAP}(?:[ ]{_CAP})?[ ]County\b|\b(?:County|Landkreis|Kreis)[ ]{_CAP}\b")


def _is_zip_city(value: str) -> bool:
    """A postal code before its town: the town is known, or the number cannot be a year and the word is none we know."""
    number, _, town = value.partition(" ")
    digits = re.sub(r"\D", "", number)
    first = town.split()[0].lower() if town.split() else ""
    known = town.lower() in cities() or first in cities()
    if len(digits) == 4 and digits[:2] in ("19", "20"):
        return town.lower() in cities()
    return known or ("-" in number) or (first not in common_words() and first not in lines("month_names"))


def _is_home(value: str) -> bool:
    """Whether words behind "live at", "address is" look like an address: a digit, a known place or an unknown word."""
    words = [w for w in re.findall(r"[^\W\d_]+", value.lower()) if len(w) > 2]
    return any(c.isdigit() for c in value) or _is_place(value) or not all(map(_is_ordinary, words))


def _is_ordinary(word: str) -> bool:
    return word in common_words() or word in proper_words() or word in lines("month_names")


def _is_place(value: str) -> bool:
    parts = [part.strip().lower() for part in value.split(",")]
    return any(
        part in cities() or part in regions() or part.split()[0] in cities() or _sounds_like_town(part)
        for part in parts
        if part
    )


_TOWN_SOUND = re.compile(
    r"(?:ville|ton|burgh?|berg|port|mouth|shire|side|view|fort|furt|haven|chester|bury|land|borough|stad|stadt|town|dorf|hausen|heim|ingen|bach|kirchen|ford|ham|field|"
    r"wood|dale|brück|münde|rode|walde|stetten|hofen|felden?)$"
)
_TOWN_START = re.compile(
    r"(?:new|north|south|east|west|lake|port|fort|mount|saint|st\.?|san|santa|los|las|el|la|le|bad|sankt|groß|klein|neu|nieder|ober|unter)[ \-]\w"
)


def _sounds_like_town(place: str) -> bool:
    """A name no list knows, built like those of towns: "Lake Davidhaven", "Oberkirchen"."""
    return bool(_TOWN_START.match(place)) or (place not in common_words() and bool(_TOWN_SOUND.search(place)))


def _is_town(value: str) -> bool:
    """Whether the words behind "I live in" name a place rather than a thing ("in Miete", "in March")."""
    first = re.split(r"[ ,]", value, maxsplit=1)[0].lower().rstrip(".")
    return _is_place(value) or (first not in common_words() and first not in lines("month_names"))


def _is_line(value: str) -> bool:
    words = re.findall(r"[^\W\d_]{2,}", value.lower())
    return not any(w in lines("month_names") or w in lines("function_words") for w in words) and not all(
        map(_is_ordinary, words)
    )


def _is_place_only(value: str) -> bool:
    lower = value.lower().rstrip(".")
    return (lower in cities() or lower in regions() or _sounds_like_town(lower)) and lower not in common_words()


class AddressRecognizer(EntityRecognizer):  # type: ignore[misc]  # presidio ships no types
    """Joins the parts of an address that stand side by side ("12 High Street, Flat 3, Leeds LS1 4AB") into one span."""

    def __init__(self) -> None:
        self._parts = RuleRecognizer("address parts", _part_rules())
        super().__init__(["ADDRESS"], name="address", supported_language=LANGUAGE)

    def load(self) -> None:
        """Nothing to load: the lists are read on first use."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Address spans; parts on their own keep their own score."""
        parts = sorted(self._parts.analyze(text, entities, nlp_artifacts), key=lambda r: (r.start, -r.end))
        joined: list[RecognizerResult] = []
        for part in parts:
            last = joined[-1] if joined else None
            if last and (part.start <= last.end or _JOINT.fullmatch(text, last.end, part.start)):
                last.end, last.score = max(last.end, part.end), max(last.score, part.score)
            else:
                joined.append(part)
        for address in joined:
            if address.score >= _STREET_SCORE:
                _take_in_town(address, text)
        return joined


_JOINT = re.compile(r"\s{0,2},?\s{0,2}(?:\bin\s|-\s)?")
_STREET_SCORE = 0.7
_TAIL = re.compile(
    rf"(?:,[ ]?|[ ]in[ ]|[ ]|\s?\n)(?P<town>{_CITY})(?=[\s,.;:!?)]|$)(?:,?[ ](?:{_STATE})\b)?(?:,?[ ]\d{{4,6}}\b)?(?:,[ ](?P<country>{_CAP}(?:[ ]{_CAP})?))?"
)


def _take_in_town(address: RecognizerResult, text: str) -> None:
    """Extends a street line by the town (and country) written behind it."""
    for _ in range(3):
        tail = _TAIL.match(text, address.end)
        if not tail:
            return
        separated = text[address.end] in ",\n" or text[address.end :].startswith(" in ")
        town = tail["town"].lower()
        known = town in cities() or town in regions()
        if not (known or (separated and not any(w in common_words() for w in town.split()))):
            return
        address.end = tail.end()


def _part_rules() -> list[Rule]:
    def rule(source: str, score: float, flags: int = 0) -> Rule:
        return Rule("ADDRESS", re.compile(source, flags), score)

    return [
        rule(_LINE_ENGLISH, 0.85),
        rule(_LINE_UPPER, 0.85),
        rule(_LINE_GERMANIC, 0.85),
        rule(_LINE_ROMANCE_BEFORE, 0.85),
        rule(_LINE_ROMANCE_AFTER, 0.85),
        rule(_LINE_PREPOSITION, 0.7),
        rule(_LINE_BEFORE_CODE, 0.8),
        rule(_UNIT_LINE, 0.8),
        Rule("ADDRESS", re.compile(_LINE_IN_DOUBT), 0.36, check=_is_line, unless=NOT_PERSONAL),
        Rule("ADDRESS", re.compile(_CODE_IN_DOUBT), 0.36, unless=NOT_PERSONAL),
        rule(_STREET_ONLY, 0.55),
        Rule("ADDRESS", re.compile(_UNIT), 0.55, unless=NOT_PERSONAL),
        rule(_CITY_STATE_ZIP, 0.8),
        rule(_STATE_ZIP, 0.85),
        Rule("ADDRESS", re.compile(_ZIP_CITY), 0.7, check=_is_zip_city, unless=NOT_PERSONAL),
        *(Rule("ADDRESS", re.compile(source), 0.6, unless=NOT_PERSONAL) for source in _CODES.values()),
        Rule("ADDRESS", labelled(_CODE_LABEL, _CODE_VALUE), 0.85),
        Rule("ADDRESS", labelled(_BUILDING_LABEL, r"\d{1,5}[A-Za-z]?\b(?![.:,]\d)"), 0.6),
        Rule("ADDRESS", _ADDRESS_LABEL, 0.75, check=_is_home),
        Rule("ADDRESS", _HOME, 0.55, check=_is_town),
        Rule("ADDRESS", _TOWN_LABEL, 0.45, check=_is_place),
        Rule("ADDRESS", _PLACE_IN_DOUBT, 0.36, check=_is_place_only),
        Rule("ADDRESS", _COUNTY, 0.6),
    ]
