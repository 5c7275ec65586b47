"""The listing a conversation is about, as something to answer from: "what is the rent?" needs no search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from parley.frontdesk import Listing
from parley.inference.facts import Passage

SLOT = "listing"
"""The conversation's slot for the listing that was last spoken of, by its property_id."""

SHOWN = "shown"
"""The slot for the listings last named together, by their property_ids: "the second one" is one of them."""

_SENTENCES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "rent": "The rent of {id} is {value} {currency} per month.",
        "buy": "The price of {id} is {value} {currency}.",
        "city": "{id} is located in {value}.",
        "street": "The address of {id} is {value}.",
        "rooms": "{id} has {value} rooms.",
        "bedrooms": "{id} has {value} bedrooms.",
        "bathrooms": "{id} has {value} bathrooms.",
        "area_m2": "The size of {id} is {value} m².",
        "available_from": "{id} is available from {value}.",
        "features": "{id} has these features: {value}.",
    },
    "de": {
        "rent": "Die Miete für {id} beträgt {value} {currency} im Monat.",
        "buy": "Der Kaufpreis für {id} beträgt {value} {currency}.",
        "city": "{id} liegt in {value}.",
        "street": "Die Adresse von {id} ist {value}.",
        "rooms": "{id} hat {value} Zimmer.",
        "bedrooms": "{id} hat {value} Schlafzimmer.",
        "bathrooms": "{id} hat {value} Badezimmer.",
        "area_m2": "Die Wohnfläche von {id} beträgt {value} m².",
        "available_from": "{id} ist verfügbar ab {value}.",
        "features": "{id} hat diese Ausstattung: {value}.",
    },
}
_ONE = {"rooms": "room", "bedrooms": "bedroom", "bathrooms": "bathroom"}


def describe(listing: Listing, language: str) -> Passage:
    """What is known of a listing, a sentence for each value, in the caller's language."""
    said = "\n".join(_sentences(listing, language))
    content = f"{said}\n\n{listing.description}".strip()
    return Passage(listing.id, listing.title, "listing", content, 1.0, "", f"listing-{listing.id}")


def _sentences(listing: Listing, language: str) -> Iterator[str]:
    words = _SENTENCES.get(language, _SENTENCES["en"])
    for name in ("price", "city", "street", "rooms", "bedrooms", "bathrooms", "area_m2", "available_from", "features"):
        value = getattr(listing, name)
        if value in (None, "", []):
            continue
        sentence = words[listing.kind if name == "price" else name]
        if value == 1 and language != "de" and name in _ONE:
            sentence = sentence.replace(name, _ONE[name])
        shown = _shown(value, language)
        yield sentence.format(id=listing.property_id, value=shown, currency=listing.currency)


def _shown(value: object, language: str) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, Decimal):
        text = f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}".rstrip("0")
        return text.translate(str.maketrans(",.", ".,")) if language == "de" else text
    return str(value)
