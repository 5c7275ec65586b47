"""Whether words name a place: by the lists, or by how the names of towns are made."""

from __future__ import annotations

import re

from parley.privacy.cues import cue
from parley.privacy.words import cities, common_words, lines, proper_words, regions

_TOWN_END = re.compile(rf"{cue('town_end')}$")
_TOWN_START = re.compile(rf"{cue('town_start')}[ \-]\w")
_NOT_A_HOME = ("miete", "wg", "ordnung", "frieden", "ung", "heit", "keit", "schaft", "poverty", "peace")


def is_place(value: str) -> bool:
    """Whether any part of a comma-separated value is, or begins with, a known place or sounds like a town."""
    parts = [part.strip().lower() for part in value.split(",") if part.strip()]
    return any(is_listed_place(part) or part.split()[0] in cities() or sounds_like_town(part) for part in parts)


def is_listed_place(place: str) -> bool:
    """Whether a lower-case name is a town, state or country of the lists."""
    return place in cities() or place in regions()


def sounds_like_town(place: str) -> bool:
    """A name no list knows, built like those of towns: "lake davidhaven", "oberkirchen"."""
    return bool(_TOWN_START.match(place)) or (place not in common_words() and bool(_TOWN_END.search(place)))


def is_place_alone(value: str) -> bool:
    """Whether a name standing on its own is a place and hardly anything else."""
    lower = value.lower().rstrip(".")
    if lower in lines("big_cities") or lower in regions():
        return True
    return (lower in cities() or sounds_like_town(lower)) and lower not in common_words()


def is_home_town(value: str) -> bool:
    """Whether the words behind "I live in" name a place rather than a thing ("in Miete", "in March")."""
    first = re.split(r"[ ,]", value, maxsplit=1)[0].lower().rstrip(".")
    ordinary = first in lines("month_names") or first in lines("function_words") or first.endswith(_NOT_A_HOME)
    return is_place(value) or not ordinary


def is_address_like(value: str) -> bool:
    """Whether words behind "my address is" can be one: a digit, a known place or a word no list has."""
    words = [word for word in re.findall(r"[^\W\d_]+", value.lower()) if len(word) > 2]
    return any(c.isdigit() for c in value) or is_place(value) or not all(map(_is_ordinary, words))


def is_street_name(value: str) -> bool:
    """Whether the words of "Nad Popelkou 5" can name a street: none a month, not all of them ordinary."""
    words = re.findall(r"[^\W\d_]{2,}", value.lower())
    closed = lines("month_names") | lines("function_words")
    return closed.isdisjoint(words) and not all(map(_is_ordinary, words))


def is_region_and_code(value: str) -> bool:
    """Whether a state, or what sounds like a town, stands before the code: "Ohio 44101"."""
    words = re.sub(r"[\d\-]+$", "", value).strip(" ,")
    parts = [part.strip().lower() for part in words.split(",")]
    return any(map(is_listed_place, parts)) or (len(parts) > 1 and is_place(words))


def is_code_and_town(value: str) -> bool:
    """ "10115 Berlin": the town is known, or the word is none a list has; a year needs a known town."""
    number, _, town = value.partition(" ")
    digits = re.sub(r"\D", "", number)
    town = town.strip().lower()
    if len(digits) == 4 and digits[:2] in ("19", "20"):
        return town in cities()
    first = town.split()[0] if town else ""
    unknown = first not in common_words() and first not in lines("month_names")
    return town in cities() or first in cities() or "-" in number or unknown


def _is_ordinary(word: str) -> bool:
    return word in common_words() or word in proper_words() or word in lines("month_names")
