"""The patterns of one language by which a driver's line is read, from `data/dispatch_*.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from parley.understanding.lexicon import read_yaml


@dataclass(frozen=True, slots=True)
class DispatchWords:
    """`asks` and `status` map a slot and a status to its pattern; `groups` the rest by name."""

    asks: Mapping[str, re.Pattern[str]]
    status: Mapping[str, re.Pattern[str]]
    groups: Mapping[str, re.Pattern[str]]
    etas: tuple[re.Pattern[str], ...]
    before_place: re.Pattern[str]
    place_words: re.Pattern[str]
    place_end: re.Pattern[str]
    place_lead: re.Pattern[str]

    def says(self, group: str, line: str) -> bool:
        """Whether the line holds a pattern of the group."""
        return self.groups[group].search(line) is not None


_PLACES = ("place_before", "place_words", "place_end", "place_lead")


@lru_cache(maxsize=2)
def dispatch_words(language: str) -> DispatchWords:
    """The patterns of "en" or "de"; read once."""
    data = read_yaml(f"dispatch_{language}.yaml")
    special = {"asks", "driver_status", "eta", *_PLACES}
    return DispatchWords(
        asks={slot: _any(patterns) for slot, patterns in data["asks"].items()},
        status={status: _any(patterns) for status, patterns in data["driver_status"].items()},
        groups={name: _any(patterns) for name, patterns in data.items() if name not in special},
        etas=tuple(re.compile(rf"\b{pattern}", re.IGNORECASE) for pattern in data["eta"]),
        before_place=re.compile(rf"\b(?:{'|'.join(data['place_before'])})\b", re.IGNORECASE),
        place_words=re.compile(rf"\b(?:{'|'.join(data['place_words'])})", re.IGNORECASE),
        place_end=_any(data["place_end"]),
        place_lead=_any(data["place_lead"]),
    )


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)
