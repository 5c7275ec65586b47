"""What things and people are called, and where: names, numbers to reach, firms, makes of cars, both ends of a way."""

from __future__ import annotations

import re
from dataclasses import replace

from parley.house.extractor_heads import proper_head
from parley.house.extractor_reading import Reading, latest, negated_before, proven
from parley.house.extractor_talk import Statement, sentences
from parley.house.extractor_words import field_lexicon
from parley.understanding import Field, Finding

_PETS = frozenset("pet dog cat horse animal haustier hund katze tier pferd".split())
_OWN_FIRM = frozenset("company business firm firma shop store unternehmen".split())
_NOT_A_PERSON = (
    _PETS
    | _OWN_FIRM
    | frozenset(
        "product street city brand file user event produkt marke hotel restaurant school schule university building "
        "gebäude course kurs class drug medication medicine medikament insurance insurer versicherung bank employer "
        "arbeitgeber organization organisation verein team project projekt plan property vendor supplier carrier "
        "provider anbieter pharmacy apotheke clinic klinik hospital krankenhaus group gruppe agency venue song movie "
        "book room item artikel device gerät station county country state land tier".split()
    )
)
ABOUT_IT = frozenset(
    "model modell brand marke make issue problem plan tarif type art provider anbieter carrier subject betreff color "
    "colour farbe condition zustand damage schaden body text content inhalt os contract vertrag".split()
)
"""What a field asks of a phone or a mail beside its number or address: "phone_model", "email_subject"."""
_NO_NAME = frozenset(
    "everything something anything nothing nobody noone anyone still over back up right in out sitting been is it bin "
    "sind ist war waren wohnt was wer wie wo kann können ok great fine stimmt genau alles nichts niemand wieder bleib "
    "warte gibt liegt steht sure good bad sorry yes no "
    "ja nein i ich okay that why the my mein who nope".split()
)
_PET = (
    "dog|cat|horse|pet|puppy|rabbit|bird|kitten|parrot|hamster|hund|hündin|katze|kater|kaninchen|pferd|vogel|haustier"
)
_FIRM = "company|business|firm|shop|store|firma"
_CALLED = {
    about: re.compile(
        rf"\b(?i:(?:it|he|she|they|who|{kinds}|is|are|was)(?:'s|'re)? (?:called|named)|named|(?:its|his|her|their|"
        rf"(?:{kinds})(?:'s)?) name(?:'s| is)|heißt|(?:my|our|mein\w*|unser\w*) (?:{kinds}),?) "
        r"(?P<name>[A-ZÄÖÜ][\w'-]+(?: [A-ZÄÖÜ][\w'-]+){0,3})"
    )
    for about, kinds in (("pet", _PET), ("firm", _FIRM), ("thing", "place|one"))
}
_INTRODUCES = re.compile(
    r"^\W*(?:(?i:hi|hey|hello|hallo|yes|yeah|ja|moin|guten \w+|good \w+)\W+)*"
    r"(?P<name>[A-ZÄÖÜ][\wäöüß-]+(?: [A-ZÄÖÜ][\wäöüß-]+)?),? (?:am Apparat|speaking\b|(?:hier|here)\b"
    r"(?=\W*(?:$|[,.!;–-]|(?:from|at|with|calling|again|von|vom|aus|und|and)\b)))|"
    r"\b(?:[Hh]ier (?:ist|spricht)|"
    r"[Tt]his is) (?:Herr |Frau |Mr\.? |Mrs\.? )?"
    r"(?P<other>[A-ZÄÖÜ][\wäöüß-]+(?: [A-ZÄÖÜ][\wäöüß-]+)?)|"
    r"\b(?:Familie|[Hh]ier (?:ist|spricht) (?:Herr|Frau)) (?P<family>[A-ZÄÖÜ][\wäöüß-]+)|"
    r"^\W*(?:[Hh](?:i|ey|ello)\W+)?[Ii]t's (?P<self>[A-Z][\w'-]+(?: [A-Z][\w'-]+)?)(?=\W*(?:$|[,.]|in|from|with|"
    r"here|calling))|"
    r"\b(?P<third>[A-ZÄÖÜ][\wäöüß-]+(?: [A-ZÄÖÜ][\wäöüß-]+)?) mein Name"
)


_MAIL = frozenset("email mail e-mail emailadresse mailadresse".split())
_PHONE = frozenset("phone telephone telefon telefonnummer mobile handynummer rückrufnummer phonenumber".split())
_KEEPERS = frozenset("owner holder contact inhaber halter halterin besitzer ansprechpartner reporter".split())
"""Persons, whatever they keep: "dog_owner_name"."""


def slot_name(about: set[str]) -> str | None:
    """The slot that a text field is by its name: a person's name, phone, email; "phone model" is none."""
    if not about & ABOUT_IT:
        if about & _MAIL:
            return "email"
        if about & _PHONE or {"callback", "number"} <= about or {"contact", "number"} <= about:
            return "phone"
    if (
        (about & {"name", "fullname", "kundenname", "nachname", "vorname"} or about & {"caller", "kunde"} == about)
        and (not about & _NOT_A_PERSON or about & _KEEPERS)
        and not {"agent"} & about
    ):
        return "name"
    persons = _PERSONS | _OF_ANOTHER
    return "name" if about & persons and about <= persons | _BESIDE else None


_PERSONS = frozenset(
    "customer caller tenant mieter mieterin gast guest patient driver fahrer candidate applicant bewerber anrufer "
    "kunde "
    "kundin owner holder inhaber kontoinhaber insured client reporter ansprechpartner tenant buyer seller".split()
)
_BESIDE = frozenset("lead main contact person account vehicle policy the".split())


def named_thing(reading: Reading, about: set[str]) -> Finding | None:
    """A name of a thing, a firm or an animal: "it's called Harbor Lights", "my dog Bruno"."""
    called = _CALLED["pet" if about & _PETS else "firm" if about & _OWN_FIRM else "thing"]
    for statement in reversed(reading.matcher.talk.statements):
        match = called.search(statement.text)
        if match and (name := _plain_name(match["name"], statement.text[match.end() :])):
            return proven(name, statement, 0.7)
    return None


_VERB_LAST = re.compile(r"\s+(?:hat|haben|habe|bekommt|braucht)\W*(?:$|[,.])")  # "weil mein Sohn Fieber hat"


def _plain_name(words: str, after: str) -> str:
    """The words as a name, without what a German sentence writes large behind it; "" where they are none."""
    kept = field_lexicon().symptoms.split(words, maxsplit=1)[0].strip()
    name = proper_head(kept) if kept.split(" ")[0].lower() not in _NO_NAME else ""
    return "" if " " not in words and _VERB_LAST.match(after) else name


def read_slot(reading: Reading, one: Field, slot: str, about: set[str]) -> Finding | None:
    """What a caller said of this slot; of a name the part that is wanted, and whose it is."""
    if slot != "name":
        return _slot(reading, slot)
    if about & _OF_ANOTHER:
        return _relation(reading, about) or _asked_name(reading, one)
    return _part_of_name(_slot(reading, slot), about)


_OF_ANOTHER = frozenset(
    "student pupil child kid dependent passenger beneficiary spouse schüler schülerin kind kindes sohn tochter "
    "resident bewohner bewohnerin relative angehöriger husband wife ehemann ehefrau doctor physician dentist vet "
    "veterinarian arzt ärztin zahnarzt stylist therapist teacher lehrer lehrerin coach technician techniker manager "
    "supervisor landlord vermieter recipient empfänger emergency notfallkontakt witness zeuge bride groom braut "
    "bräutigam roommate guardian referrer".split()
)
_YOUNG = "son|daughter|kid|child|boy|girl|sohn|tochter|kind|junge"
_WED = "husband|wife|partner|ehemann|ehefrau|mann|frau|partnerin"
_KIN = f"{_YOUNG}|{_WED}|mother|father|mom|dad|mutter|vater|sister|brother|schwester|bruder"
_RELATION = {
    kind: re.compile(
        rf"\b(?i:(?:my|our|mein\w*|unser\w*) (?:little |older |younger |kleine\w* |große\w* )?(?:{kin})(?:'s name is|,|"
        r" named| called| heißt| is)?) (?P<name>[A-ZÄÖÜ][\w'-]+(?: [A-ZÄÖÜ][\w'-]+)?)"
    )
    for kind, kin in (("young", _YOUNG), ("wed", _WED), ("any", _KIN))
}
_WHOSE = (
    ("young", frozenset("student pupil child kid schüler schülerin kind kindes sohn tochter".split())),
    ("wed", frozenset("spouse husband wife ehemann ehefrau".split())),
    ("any", frozenset("passenger beneficiary dependent resident bewohner bewohnerin relative angehöriger".split())),
)


def _relation(reading: Reading, about: set[str]) -> Finding | None:
    """The name of somebody who is the caller's: "my daughter Maya Chen", of a pupil; whoever it is, of a passenger."""
    kind = next((kind for kind, words in _WHOSE if about & words), None)
    for statement in reversed(reading.matcher.talk.statements if kind else ()):
        if name := _related(statement, kind or ""):
            return proven(name, statement, 0.8)
    return None


def _related(one: Statement, kind: str) -> str:
    match = _RELATION[kind].search(one.text)
    return _plain_name(match["name"], one.text[match.end() :]) if match else ""


def _asked_name(reading: Reading, one: Field) -> Finding | None:
    """A name that is given in answer to the question for it; the caller's own name is another's."""
    answer = reading.matcher.best(one.name)
    if not answer or not reading.matcher.worded(one.name, answer[0]):
        return None
    value = _related(answer[0], "any") or reading.slots(answer[0]).get("name")
    return proven(value, answer[0], 0.8) if isinstance(value, str) else None


def _part_of_name(found: Finding | None, about: set[str]) -> Finding | None:
    """The first name or the last one, where a field wants only that."""
    if found is None or not isinstance(found.value, str) or " " not in found.value:
        return found
    *first, last = found.value.split()
    if about & {"vorname", "first", "firstname", "given"}:
        return replace(found, value=" ".join(first))
    return replace(found, value=last) if about & {"nachname", "last", "lastname", "surname", "familienname"} else found


_MAKES = (
    "Acura|Alfa Romeo|Audi|BMW|Buick|Cadillac|Chevrolet|Chevy|Chrysler|Citroën|Dacia|Dodge|Fiat|Ford|Freightliner|GMC|"
    "Honda|Hyundai|Infiniti|Jaguar|Jeep|Kenworth|Kia|Land Rover|Lexus|Lincoln|Mack|MAN|Mazda|Mercedes(?:-Benz)?|Mini|"
    "Mitsubishi|Nissan|Opel|Peterbilt|Peugeot|Polestar|Porsche|Ram|Renault|Scania|Seat|Skoda|Škoda|Smart|Subaru|Suzuki|"
    "Tesla|Toyota|Volkswagen|VW|Volvo"
)
_CAR = re.compile(
    rf"\b(?P<make>{_MAKES})\b(?: (?P<model>(?!and\b|or\b|from\b|that\b|und\b|von\b)[\w-]+(?: [A-Z][\w-]*)?))?"
)


_MODELS = re.compile(
    r"\b(?:Golf|Passat|Polo|Tiguan|Touran|Caddy|Corsa|Astra|Insignia|Fiesta|Focus|Kuga|Mondeo|Transit|Clio|Megane|"
    r"Twingo|"
    r"Octavia|Fabia|Superb|Ibiza|Leon|Panda|Ducato|Sprinter|Vito|Civic|Accord|CR-V|Corolla|Camry|RAV4|Yaris|Prius|"
    r"Tacoma|"
    r"Outback|Forester|Impreza|Altima|Sentra|Rogue|Malibu|Silverado|Equinox|F-?150|Explorer|Escape|Mustang|Wrangler|"
    r"Cherokee|Elantra|Sonata|Tucson|Sportage|Sorento|Mazda ?[3-6]|CX-\d|Model [3SXY]|A[1-8]|Q[3-8]|[1-7]er)\b"
)
_VEHICLES = frozenset("vehicle car fahrzeug auto wagen pkw truck van".split())


def named_car(reading: Reading, one: Field, about: set[str]) -> Finding | None:
    """The make of a vehicle, or the model that is named behind it, or both. None for a field of something else."""
    make, model = about & {"make", "marke"}, about & {"model", "modell"}
    whole = about <= _VEHICLES and re.search(r"make|model|marke", one.description, re.IGNORECASE)
    if not make and not model and not whole:
        return None
    for statement in reversed(reading.matcher.talk.statements):
        match, alone = _CAR.search(statement.text), _MODELS.search(statement.text)
        name = alone.group() if alone else None
        found = (match["make"] if match else None) if make else ((match["model"] if match else None) or name)
        if whole:
            found = match.group() if match else name
        place = match or alone
        if found and place and not negated_before(statement.text[: place.start()]):
            return proven(found, statement, 0.85)
    return None


def _slot(reading: Reading, slot: str) -> Finding | None:
    found: list[tuple[float, Finding]] = []
    for statement in reading.matcher.talk.statements:
        value = reading.slots(statement).get(slot)
        if slot == "email" and "@" in statement.line.text and statement.first:
            whole = replace(statement, text=statement.line.text)
            if isinstance(mail := reading.slots(whole).get(slot), str):
                found.append((2.0, proven(mail, whole, 0.88)))
                continue
        if slot == "phone" and _OTHER_NUMBER.search(statement.question) and not _OF_PHONE.search(statement.question):
            continue
        if slot == "name" and statement.first and (answered := _answered_name(statement)):
            found.append((2.0, proven(answered, statement, 0.85)))
        match = _INTRODUCES.search(statement.text) if slot == "name" else None
        if slot == "name" and value == reading.slots(statement).get("city") and _OTHER_WH.search(statement.question):
            continue
        if isinstance(value, str):
            # "Ich bin Krankenschwester": what one is called is asked for, or said with the word for it.
            sure = slot != "name" or _NAMES.search(f"{statement.question if statement.first else ''} {statement.text}")
            found.append((2.0 if sure else 0.2, proven(value, statement, 0.88 if sure else 0.6)))
        elif match and (introduced := _introduced(match, statement)):
            found.append((1.0, proven(introduced, statement, 0.75)))
    return latest(found, 0.0)


def _introduced(match: re.Match[str], one: Statement) -> str:
    """The name that an introduction gives; "it's Springfield" gives one only at the start or where it was asked for."""
    if match["self"] and (one.place or _OTHER_WH.search(one.question)) and not _NAMES.search(one.question):
        return ""
    return _plain_name(next(filter(None, match.groups())), one.text[match.end() :])


_OTHER_WH = re.compile(
    r"\b(?:where|which|when|what (?:city|town|state|day|kind|type|make|model|colou?r))\b", re.IGNORECASE
)
_NAMES = re.compile(
    r"\b(?:names?|namens?|called|heiß\w*|who(?:'s| is| am i)|speaking (?:with|to)|mit wem|wer|nachname|vorname|"
    r"spell\w*|buchstabier\w*|this is|hier (?:ist|spricht))\b",
    re.IGNORECASE,
)


_OTHER_NUMBER = re.compile(
    r"(?:kunden|vertrags?|order|account|polic[ey]|tracking|claim|member(?:ship)?|reference|bestell|rechnungs|"
    r"versicherungs|zähler|sendungs|confirmation|booking|customer|case|ticket|invoice|load)[- ]?(?:nummer|number|id|"
    r"konto|#)",
    re.IGNORECASE,
)
_OF_PHONE = re.compile(r"phone|call|reach|cell|mobile|telefon|handy|rückruf|erreich", re.IGNORECASE)
_ASKS_NAME = re.compile(
    r"\b(?:your (?:full |last |first )?name|(?:what|which) name|name(?:'s| is)? (?:for|on|under|please)|name\W*$|"
    r"who(?:'s|m| is| am| do| should| shall| may) (?:this|it|i|calling|speaking|the|do|that|am)\b|who is this|"
    r"(?:welchen|ihr\w*|wessen) namen?|wie heißen|mit wem|wen darf|wer (?:spricht|ist (?:da|dran|am)))",
    re.IGNORECASE,
)
_ANSWERS_NAME = re.compile(
    r"^\W*(?:(?:it'?s|it is|under|for|that'?s|that would be|this is|i'?m|auf|unter|mein name ist|my name(?:'s| is)|"
    r"ich bin|"
    r"ich heiße|das ist|für|familie|herrn?|frau|mr\.?|mrs\.?|ms\.?|yes|yeah|sure|ja|uh|um|äh|hi|hello|der name ist|"
    r"hier ist|"
    r"hier spricht|put it under|make it)\b\W*)*(?-i:(?P<name>[A-ZÄÖÜ][a-zäöüß'-]+[\w'-]*(?: [A-ZÄÖÜ][\w'.-]*){0,3}))"
    r"(?-i:, (?P<whole>[A-ZÄÖÜ][\w'-]+ (?P=name)))?",
    re.IGNORECASE,
)


def _answered_name(one: Statement) -> str | None:
    """What is said to "who is it for?": a name alone, or with little before it."""
    asking = [part for part in sentences(one.question) if part.rstrip().endswith("?")] or sentences(one.question)[-1:]
    if not asking or not _ASKS_NAME.search(asking[-1]):
        return None
    match = _ANSWERS_NAME.match(one.text)
    name = (match["whole"] or match["name"]) if match else ""
    return name.strip(" .,") if name and name.split()[0].lower() not in _NO_NAME else None


_FIRMS = frozenset("company firm employer organization organisation business firma unternehmen arbeitgeber".split())
_FROM_FIRM = re.compile(
    r"\b(?:[Tt]his is|[Ii]'m|[Ii] am|[Mm]y name is|[Mm]y name's|[Hh]ier (?:ist|spricht)|[Ii]t's|[Ii]ch bin|"
    r"[Mm]ein Name ist)"
    r" [A-ZÄÖÜ][\w'-]*(?: [A-ZÄÖÜ][\w'-]*){0,2},? (?:calling )?"
    r"(?:from|with|at|of|over at|von|vom|von der|aus) (?:the |der |dem )?(?:Firma )?"
    r"(?P<firm>[A-ZÄÖÜ][\w'&.-]*(?: (?:&|and|und|[A-ZÄÖÜ][\w'&.-]*))*)"
)


def named_firm(reading: Reading, about: set[str]) -> Finding | None:
    """Whom a caller says to call for: "this is Ann from Harbor Plumbing". None for a field of something else."""
    if not about & _FIRMS:
        return None
    for one in reading.matcher.talk.statements:
        if match := _FROM_FIRM.search(one.text):
            return proven(match["firm"].rstrip("."), one, 0.8)
    return None


_FROM = frozenset("von origin pickup from departure collection start abholung abholort abfahrt startort".split())
_TO = frozenset("nach destination to dropoff arrival delivery ziel zielort".split())
_EITHER_WAY = frozenset("from to von nach".split())  # "heard_from" is no place
_SPOTS = frozenset("city stadt ort place location address adresse town trip route leg fahrt".split())
_ROUTE = re.compile(
    r"\b(?:from|von|vom|ab) (?P<origin>(?:the |der |dem )?[\w'.-]+(?: [\w'.-]+){0,5}?),? "
    r"(?:to|over to|nach|zum|zur|bis) (?P<destination>(?:the |der |dem )?[\w'.-]+(?: (?!(?:on|at|by|for|tomorrow|today|"
    r"around|please|am|um|and|und|morgen|heute)\b)[\w'.-]+){0,4})",
    re.IGNORECASE,
)


_DAYS = re.compile(
    r"^(?:the )?\d+(?:st|nd|rd|th|\.|$)|day$|woche?$|tag$|uhr$|[ap]m$|^(?:january|february|march|april|may|june|"
    r"july|august|(?:septem|octo|novem|decem)ber|januar|februar|märz|mai|juni|juli|(?:okto|dezem)ber)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"[A-ZÄÖÜ]\w|\b(?:airport|station|home|house|hotel|office|work|school|hospital|downtown|center|centre|mall|harbou?r|"
    r"port|terminal|campus|clinic|apartment|store|warehouse|yard|street|road|avenue|straße|bahnhof|flughafen|zuhause|haus|büro|arbeit|schule|"
    r"krankenhaus|innenstadt|zentrum|messe|hafen|wohnung|lager)\b|"
    r"\d+ [a-z]+ (?:st|rd|ave)\b"
)
"""What is a place: it has a name, or is called by what it is. "From bad to worse" leads nowhere."""


_BOUND = re.compile(
    r"\b(?:taxi|cab|ride|lift|fahrt|trip|transfer|driver|car|wagen|headed|heading|bound|over|on (?:my|the) way|"
    r"unterwegs|going|"
    r"muss|müssen|fahren wir|will|möchte)\b[^.,]{0,12}?\b(?:to|zum|zur|nach) (?:the |dem |der )?"
    r"(?P<place>airport|train station|station|bahnhof|flughafen|hospital|(?-i:[A-ZÄÖÜ])[\w'-]+(?: "
    r"(?-i:[A-ZÄÖÜ])[\w'-]+)*)",
    re.IGNORECASE,
)


def way_end(reading: Reading, about: set[str]) -> Finding | None:
    """Where a way begins or ends: "from 18 Mercer Street to the airport". Times and days are no places."""
    ends = [name for name, words in (("origin", _FROM), ("destination", _TO)) if about & words]
    loose = about & _EITHER_WAY and about - _EITHER_WAY - _SPOTS
    if len(ends) != 1 or loose or about & {"date", "time", "day"}:
        return None
    for statement in reversed(reading.matcher.talk.statements):
        for match in _ROUTE.finditer(statement.text):
            place = match[ends[0]].strip(" .,")
            if not _DAYS.search(place) and _PLACE.search(place):
                return proven(place, statement, 0.75)
    if ends[0] == "destination":
        for statement in reading.matcher.talk.statements:
            if (bound := _BOUND.search(statement.text)) and not _DAYS.search(bound["place"]):
                return proven(bound["place"].strip(" .,"), statement, 0.65)
    return None
