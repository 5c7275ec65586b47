"""Small readings that only a front desk needs: a room or a table, rent or buy, a booking's reference, "it"."""

from __future__ import annotations

import re
from collections.abc import Mapping

from parley.inference.facts import SlotValue

_ROOM = re.compile(
    r"\b(rooms?|suites?|(double|single|twin|family)( bed)?room|overnight|nights?|zimmer|\w*zimmers?|suite|"
    r"übernacht\w*|nächte|nacht)\b",
    re.IGNORECASE,
)
_NOT_A_ROOM = re.compile(
    r"\b(dining|private|meeting|function|party|class|bath|rest|wash|cloak|changing)[ -]?rooms?\b|"
    r"\b(neben|bade|wohn|ess|konferenz|kinder|warte)zimmer\b|\b\d+[ -]?(room|zimmer)",
    re.IGNORECASE,
)
_TABLE = re.compile(r"\b(tables?|dinner|lunch|brunch|tisch\w*|abendessen|mittagessen)\b", re.IGNORECASE)
_RENT = re.compile(r"\b(rent|rental|renting|lease|to let|mieten|miete|mietwohnung|zur miete|anmieten)\b", re.IGNORECASE)
_BUY = re.compile(r"\b(buy|buying|purchase|for sale|kaufen|kauf|erwerben|eigentumswohnung)\b", re.IGNORECASE)
_VIEW_IT = re.compile(
    r"\b(see|view|viewing|visit|look at|tour|inspect)\b.*\b(it|this|that|one|"
    r"the (flat|apartment|house|home|place|property|loft|villa|studio))\b|"
    r"\b(sie|es|die|das|den|diese[rsn]?|dafür)\b.*\b(besichtigen|besichtigung\w*|ansehen|anschauen|anzusehen)\b",
    re.IGNORECASE,
)
_ONE_OF_THEM = re.compile(
    r"\b(?:the |number )(?P<en>first|second|third|fourth|last|1st|2nd|3rd|4th|one|two|three)\b"
    r"(?= (?:one|flat|apartment|house|home|property|listing|place|of (?:them|those|these))\b|[ ,.!?]*$| (?:sounds|"
    r"looks|"
    r"please|would|seems|and|at|on|if)\b)"
    r"|\b(?:die|das|den|der|dem|nummer) (?P<de>erste|zweite|dritte|vierte|letzte|eins|zwei|drei)[nrsm]?\b"
    r"(?! \w*(?:januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember|woche|tag|mal|"
    r"etage|stock))",
    re.IGNORECASE,
)
_PLACES = {
    word: place
    for place, words in enumerate(
        ("first 1st one erste eins", "second 2nd two zweite zwei", "third 3rd three dritte drei", "fourth 4th vierte")
    )
    for word in words.split()
} | {"last": -1, "letzte": -1}
# References are said letter by letter ("k seven f four" arrives as "k 7 f 4"), so blanks and dashes may stand anywhere.
_REFERENCE = re.compile(r"(?<![\w-])(?:[a-z][\s.-]{0,2}\d[\s.-]{0,2}){2,4}(?!\w)", re.IGNORECASE)
_NOISE = re.compile(r"[\W_]+")


def read_wishes(message: str, known: Mapping[str, SlotValue], *, reference_asked: bool) -> dict[str, SlotValue]:
    """What `message` adds to the slots: kind (room|table), offer (rent|buy), reference, the property "it" stands for.

    A reference counts where one was asked for or one is spoken of; a listing's id looks alike.
    """
    found: dict[str, SlotValue] = {}
    if _TABLE.search(message):
        found["kind"] = "table"
    elif "nights" in known or (_ROOM.search(message) and not _NOT_A_ROOM.search(message)):
        found["kind"] = "room"
    if _RENT.search(message) or _BUY.search(message):
        found["offer"] = "rent" if _RENT.search(message) else "buy"
    if known.get("listing") and not known.get("property_id") and _VIEW_IT.search(message):
        found["property_id"] = known["listing"]
    if (chosen := _chosen(message, str(known.get("shown", "")))) is not None:
        found["property_id"] = chosen
    match = _REFERENCE.search(message)
    if match and (
        reference_asked
        or re.search(r"\b(reference|buchungsnummer|booking|reservation|reservierung|buchung)\b", message, re.IGNORECASE)
    ):
        found["reference"] = _NOISE.sub("", match.group()).upper()
    return found


def _chosen(message: str, shown: str) -> str | None:
    """Which of the listings named last "the second one" is."""
    match = _ONE_OF_THEM.search(message)
    if match is None or not shown:
        return None
    listings, place = shown.split(","), _PLACES[(match["en"] or match["de"]).lower()]
    return listings[place] if place < len(listings) else None
