"""Addresses: a house and its street, in the order of either language."""

from __future__ import annotations

import re

from parley.house.extractor_reading import Reading, proven
from parley.house.extractor_talk import Statement
from parley.house.extractor_words import folded
from parley.understanding import Field, Finding

_ABOUT = re.compile(r"(?:address|adresse|anschrift|strasse|street)$")
_STREET = re.compile(
    r"\b\d{1,5}[A-Za-z]? (?:[NSEW]\.? |North |South |East |West )?(?:[A-Z][\w'.-]*|\d+(?:st|nd|rd|th)) ?"
    r"(?:[A-Z][\w'.-]* ){0,3}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Way|Court|Ct|Place|Pl|Terrace|Circle|Parkway|"
    r"Highway|Square|Broadway|Trail|Close|Crescent)\b(?:,? (?:apartment|apt\.?|unit|suite|number|floor|#) ?[\w-]+)?|"
    r"\b(?:[A-ZÄÖÜ][\wäöüß-]*(?:straße|strasse|str\.|allee|weg|gasse|platz|ring|ufer|damm|chaussee|markt|steig|stieg|"
    r"graben|berg|kamp)|(?:[A-ZÄÖÜ][\wäöüß-]+(?:er|en|es) )(?:Straße|Allee|Weg|Platz|Ring|Ufer|Damm|Chaussee)|"
    r"(?:Am|An der|Im|In der|Zum|Zur|Auf der) (?!(?:\w+tag|Sonnabend|Mittwoch|Januar|Februar|März|April|Mai|Ju[nl]i|"
    r"August|\w+ber|Jahre?|Preis|Abend|Morgen|Vormittag|Nachmittag|Wochenende|Alter|Schnitt|Wert)\b)"
    r"[A-ZÄÖÜ][\wäöüß-]+) \d{1,4} ?[a-z]?\b(?! (?:Uhr|Euro|Prozent|Personen|Leute|Tage|Wochen|Jahre)\b)"
)


def about_address(one: Field) -> bool:
    """Whether a text field holds an address by its name."""
    name = folded(one.path[-1] if one.path else one.name)
    described = folded(one.description).rstrip(" .")
    told = re.fullmatch(r"(?:the |die )?(?:\w+ ){0,2}\w*(?:address|adresse|anschrift)", described) is not None
    return (told or any(_ABOUT.search(word) for word in name.split("_"))) and "mail" not in f"{name} {described}"


def read_address(reading: Reading, one: Field, answer: tuple[Statement, ...]) -> Finding | None:
    """The address of the answer; else the one that is told, where no other field may mean it."""
    for statement in answer:
        if match := _STREET.search(statement.held()):
            return proven(match.group(), statement, 0.85)
    rivals = [
        name
        for name, words in reading.matcher.words.items()
        if name != one.name and words.field.kind == "text" and about_address(words.field)
    ]
    words = reading.matcher.words[one.name]
    for statement in reversed(reading.matcher.talk.statements):
        match = _STREET.search(statement.held())
        if match and (not rivals or words.weight(f"{statement.question} {statement.text}") > 0):
            return proven(match.group(), statement, 0.7)
    return None
