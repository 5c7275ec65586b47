"""Where a driver is, as far as one line says it: a stretch of it that names a place, in the driver's own words."""

from __future__ import annotations

import re

from parley.understanding.dispatch_words import DispatchWords
from parley.understanding.language import function_words

_LONGEST = 90
_NAME = re.compile(r"\b[A-ZÄÖÜ][\w'äöüß-]+")
_SENTENCES = re.compile(r"[.;!?](?:\s+|$)")
_NO_NAMES = frozenset(
    "in on at by near the my somewhere road just right still auf bei an im am hinter vor kurz i i'm i'll i've i'd ok "
    "okay pod eta gps load monday tuesday wednesday thursday friday saturday sunday hello hi hey sir ladung stunde "
    "stunden minuten uhr verspätung fahrer lkw montag dienstag mittwoch donnerstag freitag samstag sonntag reifen "
    "ordnung zeit plan moment brust luft hilfe sicherheit god gott problem tracker app system truck verkehr straße weg "
    "stau mitte seite nähe route arbeit zeitplan ruhe auflieger stapler".split()
)


def find_place(line: str, words: DispatchWords, *, asked: bool) -> str | None:
    """The place the line names. `asked`: it answers "where?", so that a bare name is one."""
    found: list[str] = []
    for match in words.before_place.finditer(line):
        stretch = _stretch(line[match.start() :], words)
        if _exactness(stretch[match.end() - match.start() :], words):
            found.append(stretch)
    if asked:
        bare = (_stretch(words.place_lead.sub("", part, count=1), words) for part in _SENTENCES.split(line))
        found += [stretch for stretch in bare if _exactness(stretch, words)]
    return max(found, key=lambda stretch: _exactness(stretch, words), default=None)


def _stretch(text: str, words: DispatchWords) -> str:
    """Up to the end of the clause; a comma goes on where another name or road follows."""
    first = re.match(r"\S+\s*", text)
    start = first.end() if first else 0
    end = words.place_end.search(text, start)
    cut = text[: end.start()] if end else text
    cut = re.split(r"[.;!?](?:\s|$)|\s[–-]\s", cut, maxsplit=1)[0]
    head, *more = cut.split(",")
    for part in more:
        if not _exactness(part, words):
            break
        head = f"{head},{part}"
    return head.strip(" ,.-")[:_LONGEST].strip()


def _exactness(text: str, words: DispatchWords) -> int:
    """How much the names and roads in the words say; 0: they name no place. A number says more than "the shoulder"."""
    names = [match.group().lower() for match in _NAME.finditer(text)]
    named = sum(name not in _NO_NAMES and name not in function_words() for name in names)
    kinds = [match.group() for match in words.place_words.finditer(text)]
    return 2 * named + len(kinds) + sum(any(character.isdigit() for character in kind) for kind in kinds)
