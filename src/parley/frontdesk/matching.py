"""Which homes fit what somebody looks for, and which are like another one. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from parley.frontdesk.store import Listing

PRICE_STRETCH = Decimal("1.1")  # a home up to a tenth over the budget is worth mentioning
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_WORDS = re.compile(r"\w+")
_PENALTY = {"features": 1, "available_from": 1, "price": 2, "rooms": 2, "bedrooms": 2, "city": 4}


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is looked for; None and empty do not matter. `kind`: rent or buy."""

    city: str | None = None
    kind: str | None = None
    rooms_min: float | None = None
    bedrooms_min: int | None = None
    price_max: Decimal | None = None
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A home, and by which criteria it misses what was asked for: city, price, rooms, bedrooms, features."""

    listing: Listing
    misses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Homes, best first. `relaxed` names the criteria that none of them keeps; empty: all of them fit."""

    matches: tuple[Match, ...]
    relaxed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Likeness:
    """A similar home and why.

    Reasons: (city, "Potsdam"), (price, "+4%"), (rooms, "3") or (bedrooms, "2"), (area, "-8%"), (feature, "Balkon").
    """

    listing: Listing
    reasons: tuple[tuple[str, str], ...]


def match(listings: Sequence[Listing], criteria: Criteria, limit: int = 5) -> Found:
    """The homes that keep every criterion; where none does, those that miss the least.

    A criterion gives way in this order: features, then the price by a tenth or one room, then the city.
    """
    judged = [found for listing in listings if (found := _judge(listing, criteria)) is not None]
    judged.sort(key=lambda one: (_penalty(one), one.listing.price is None, one.listing.price or 0))
    if not judged:
        return Found(())
    best = _penalty(judged[0])
    kept = [one for one in judged if _penalty(one) == 0] or [one for one in judged if _penalty(one) <= best + 1]
    kept = kept[:limit]
    relaxed = [name for name in _PENALTY if all(name in one.misses for one in kept)]
    return Found(tuple(kept), tuple(relaxed))


def _penalty(one: Match) -> int:
    return sum(_PENALTY[miss] for miss in one.misses)


def _judge(listing: Listing, wanted: Criteria) -> Match | None:
    """None for a home that is out of the question."""
    misses: list[str] = []
    if wanted.kind and listing.kind != wanted.kind:
        return None
    if wanted.city and not _words(wanted.city) <= _words(listing.city):
        misses.append("city")
    if wanted.price_max is not None and (listing.price is None or listing.price > wanted.price_max):
        if listing.price is not None and listing.price > wanted.price_max * PRICE_STRETCH:
            return None
        misses.append("price")
    for name, least, has in (
        ("rooms", wanted.rooms_min, _rooms(listing)),
        ("bedrooms", wanted.bedrooms_min, _bedrooms(listing)),
    ):
        if least is not None and (has is None or has < least):
            if has is not None and has < least - 1:
                return None
            misses.append(name)
    misses += ["features" for feature in wanted.features if not _has(listing, feature)]
    return Match(listing, tuple(misses))


def _rooms(listing: Listing) -> float | None:
    if listing.rooms is not None:
        return float(listing.rooms)
    return None if listing.bedrooms is None else listing.bedrooms + 1.0


def _bedrooms(listing: Listing) -> float | None:
    """A German count of rooms has the living room in it."""
    if listing.bedrooms is not None:
        return float(listing.bedrooms)
    return None if listing.rooms is None else float(listing.rooms) - 1


def _fold(text: str) -> str:
    """Lower case, umlauts spelt out, accents dropped."""
    spelt = unicodedata.normalize("NFC", text).casefold().translate(_UMLAUTS)
    return "".join(char for char in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(char))


def _words(text: str) -> set[str]:
    return set(_WORDS.findall(_fold(text)))


def _has(listing: Listing, feature: str) -> bool:
    """Whether the home's features or its description name `feature`; a word may stand inside a compound."""
    told = _fold(" | ".join((*listing.features, listing.title, listing.description)))
    return all(word in told for word in _words(feature))


def similar(to: Listing, listings: Sequence[Listing], limit: int = 3) -> list[Likeness]:
    """Homes of the same kind that share at least a place, a price or a size with `to`, the most alike first."""
    scored: list[tuple[float, Likeness]] = []
    for other in listings:
        if other.id == to.id or other.kind != to.kind:
            continue
        points, reasons = _likeness(to, other)
        if points >= _ALIKE:
            scored.append((points, Likeness(other, tuple(reasons))))
    scored.sort(key=lambda one: (-one[0], one[1].listing.property_id))
    return [likeness for _, likeness in scored[:limit]]


_ALIKE = 3.0


def _likeness(to: Listing, other: Listing) -> tuple[float, list[tuple[str, str]]]:
    points, reasons = 0.0, []
    if to.city and _words(to.city) == _words(other.city):
        points += 3
        reasons.append(("city", other.city))
    price = _difference(to.price, other.price)
    if price is not None and abs(price) <= 0.3:
        points += 3 - 5 * abs(price)
        reasons.append(("price", f"{price:+.0%}"))
    ours, theirs = _rooms(to), _rooms(other)
    if ours is not None and theirs is not None and abs(ours - theirs) <= 1:
        points += 2 - abs(ours - theirs)
        if ours == theirs and other.bedrooms is not None:
            reasons.append(("bedrooms", f"{other.bedrooms}"))
        elif ours == theirs:
            reasons.append(("rooms", f"{theirs:g}"))
    area = _difference(to.area_m2, other.area_m2)
    if area is not None and abs(area) <= 0.2:
        points += 1
        reasons.append(("area", f"{area:+.0%}"))
    shared = [feature for feature in other.features if any(_fold(feature) == _fold(own) for own in to.features)]
    points += min(3, len(shared))
    reasons += [("feature", feature) for feature in shared]
    return points, reasons


def _difference(ours: Decimal | None, theirs: Decimal | None) -> float | None:
    return float(theirs / ours) - 1 if ours and theirs else None
