"""The word lists behind the recognisers, loaded once on first use (sources: data/README.md)."""

from __future__ import annotations

from functools import cache
from importlib import resources


def _lines(name: str) -> list[str]:
    return resources.files("parley.privacy").joinpath("data", name).read_text(encoding="utf-8").splitlines()


@cache
def common_words() -> frozenset[str]:
    """Ordinary English and German words, German nouns included, in lower case."""
    return frozenset(_lines("common_words.txt"))


@cache
def proper_words() -> frozenset[str]:
    """Words mostly written with a capital that are no names of people: brands, places, nationalities; lower case."""
    return frozenset(_lines("proper_words.txt"))


@cache
def cities() -> frozenset[str]:
    """Towns and villages of some forty countries, in lower case."""
    return frozenset(_lines("cities.txt")) | lines("big_cities")


@cache
def regions() -> frozenset[str]:
    """States, provinces, counties and countries in English, German and the country's own language; lower case."""
    return frozenset(_lines("regions.txt"))


@cache
def names() -> dict[str, str]:
    """Lower-case name to flags: `f` first name, `l` last name, `?` is an ordinary word as well."""
    return dict(line.split("\t") for line in _lines("names.txt"))


@cache
def lines(name: str) -> frozenset[str]:
    """The entries of one of the small hand-kept lists (`dishes`, `streets`, …), in lower case; `#` starts a comment."""
    return frozenset(
        line.strip().lower() for line in _lines(f"{name}.txt") if line.strip() and not line.startswith("#")
    )
