"""Where a driver is, by the place stated last that he says to be at."""

from __future__ import annotations

import re
from dataclasses import replace

from parley.house.extractor_candidates import ENDS, Candidate, best_of, capital
from parley.house.extractor_talk import Statement, Talk, audible, polarity, sentences
from parley.understanding import Finding, PlaceMention, find_places, plain_place

_THERE = re.compile(
    r"\b(?:i'?m|i am|we'?re|we are|im|currently|sitting|stuck|parked|rolling|passing|passed|crossed|crossing|"
    r"stopped|pulled|just|right now|now|at|near|around|coming up|"
    r"still|moving|broke|broken|outside|here|leaving|left|somewhere|driving|headed|heading|between|bin|stehe|"
    r"steh|fahre|fahr|sitze|hänge|gerade|jetzt|hinter|bei|kurz|war|kilometer)\b",
    re.IGNORECASE,
)
_BOUND = re.compile(
    r"\b(?:be (?:in|at|there)|get (?:to|into|in)|getting to|arriv\w*|eta|(?:head(?:ed|ing)|going|drive|driving|"
    r"on my way|bound|en ?route|way|more) (?:to|for|toward|towards|home)|reach|make (?:it )?(?:to )?(?=[A-Z])|"
    r"deliver\w*|due (?:in|at)|destination|appointment|supposed to|should be|will be (?:in|at)|i'?ll be|"
    r"from the shipper|left [A-Z]\w+ (?:this|at|yesterday)|come from|coming from|going to|"
    r"nach|richtung|ankunft|muss (?:bis|nach)|ziel|komme aus|unterwegs nach)\b[^.]{0,25}$",
    re.IGNORECASE,
)
_BEHIND_US = re.compile(
    r"\b(?:was|were|had|yesterday|earlier|this morning|last night|gestern|vorhin|war|hatte|told|used to|"
    r"originally|cost me|lost)\b",
    re.IGNORECASE,
)
_NOT_THERE = re.compile(
    r"\b(?:not|never|nicht|isn'?t|haven'?t|ain'?t|nowhere near|no longer|instead of|kein)\b[^,;]{0,18}$", re.IGNORECASE
)
_LED = re.compile(
    r"\b(?:in|at|near|by|outside|past|passing|passed|through|into|from|leaving|between|of|around|on|bei|hinter|"
    r"vor|auf|an|crossed|entering|reached)\s+(?:the |a |my |their |our |der |dem |die |den )?$|,\s*$",
    re.IGNORECASE,
)


_PLAIN_SPOT = re.compile(
    r"^(?:the )?(?:lot|yard|gate|guard shack|shack|dock|parking lot|street|receiver|customer)$", re.IGNORECASE
)
_IMPERATIVE = re.compile(r" sie\b", re.IGNORECASE)  # "Schauen Sie nach."
_PREPOSITION = re.compile(r"^(?:bei|beim|im|am|an der|in der)\s+(?=\w)", re.IGNORECASE)
_NO_PLACE = re.compile(
    r"(?:to )?pass|(?:der |die )?(?:ruhe|ordnung|eile|not|panik|frieden|zukunft|kürze|sicherheit|arbeit)", re.IGNORECASE
)
"""What stands where a place may stand: "in Ruhe lassen", "about to pass out"."""
_CLOSE = 28  # characters between two places that are told as one
_PARTS = re.compile(
    r"[.;:]|\b(?:now|i'?m|left|currently|this|then|but|and|heading|going to|headed|not|or|jetzt|aber|dann|nicht)\b",
    re.IGNORECASE,
)


def location(talk: Talk, begin: int = 0, end: int | None = None) -> Finding | None:
    """The place stated last, of statements from line `begin` up to `end`."""
    found: list[Candidate] = []
    for one in talk.statements:
        if one.line.number < begin or (end is not None and one.line.number >= end):
            continue
        found += _places_of(one)
        confirmed = _confirmed_place(one)
        if confirmed is not None:
            found.append(confirmed)
    best = best_of(found, 2.5)
    if best is None:
        return None
    found_at = best.finding()
    return replace(found_at, value=capital(_PREPOSITION.sub("", str(found_at.value))))


def _places_of(one: Statement) -> list[Candidate]:
    """The places of a sentence that the driver may be at; two that stand close together are one."""
    asked = "location" in one.asked
    text = audible(one.held())
    if one.first and one.asker is not None and (marker := _marker(one.asker.text, text)):
        return [Candidate(marker, one, 5.0)]
    found: list[tuple[PlaceMention, float]] = []
    for mention in find_places(text, bare=asked or "status" in one.asked):
        if _NO_PLACE.fullmatch(mention.plain) or _IMPERATIVE.match(text[mention.end :]):
            continue
        score = _score(one, text, mention, asked=asked)
        if score <= 0:
            continue
        gap = text[found[-1][0].end : mention.start] if found else ""
        if found and len(gap) <= _CLOSE and not _PARTS.search(gap) and found[-1][0].roads + mention.roads:
            last, before = found.pop()
            joined = plain_place(f"{last.plain}{gap}{mention.plain}")
            mention = replace(mention, start=last.start, plain=joined, roads=last.roads + mention.roads)
            score = max(score, before) + 0.5
        if text[mention.end :].lower().startswith(" exit") and not re.search(r"\bexit\b", mention.plain, re.IGNORECASE):
            mention = replace(mention, plain=f"{mention.plain} exit")  # "at the Grand Island exit"
        found.append((mention, score))
    return [Candidate(capital(mention.plain), one, score) for mention, score in found]


_ASKS_MARKER = re.compile(r"\b(?P<what>mile ?marker|exit|kilometer)\b[^.!]*\?", re.IGNORECASE)


def _marker(question: str, text: str) -> str:
    """A bare number after "which mile marker?": "two eighteen" is "Mile marker 218"."""
    asked = _ASKS_MARKER.search(question)
    said = re.sub(r"^\W*(?:uh+|um+|yeah|it'?s|at|about|like|looks like|says|number|\W)*", "", text, flags=re.IGNORECASE)
    number = plain_place(f"exit {said.strip(' .,!').lower()}").removeprefix("exit ") if asked else ""
    return f"{capital(asked['what'].lower())} {number}" if asked and number.isdigit() else ""


def _score(one: Statement, text: str, mention: PlaceMention, *, asked: bool) -> float:
    """How likely the driver is there."""
    before = text[: mention.start]
    clause = ENDS.split(before)[-1]
    score = 1.0 + (3 if asked else 0) + min(mention.roads, 2) + min(mention.names, 2) * 0.5
    if _THERE.search(clause) or _THERE.search(text[mention.start : mention.end]):
        score += 1.5
    score -= 7 if _BOUND.search(clause) else 0
    score -= 6 if _NOT_THERE.search(clause) else 0
    rest = f"{clause}{ENDS.split(text[mention.end :])[0]}"
    if _BEHIND_US.search(rest) and not re.search(r"\bi'?m\b|\bbin\b|\bnow\b", rest, re.IGNORECASE):
        score -= 2 if asked else 3
    score -= (
        1.5 if re.search(r"^[^,;]{0,22}\b(?:ago|back\b)|\bvor (?:etwa |ca )?\w+ stunden?\b", text[mention.end :]) else 0
    )
    score -= 2 if _PLAIN_SPOT.match(mention.plain) else 0
    score -= 1 if "eta" in one.asked and not asked else 0
    score -= 2 if not asked and not mention.roads and not _LED.search(before) else 0
    return score - (1 if re.search(r"\b(?:other|the) (?:guy|car|driver)\b", clause, re.IGNORECASE) else 0)


_NAMED = re.compile(r"(?<!^)\b[A-ZÄÖÜ]|\d|^[A-ZÄÖÜ]")
_ASKS_ARRIVED = re.compile(
    r"\b(?:ma[dk]e it (?:to|into)|arriv\w* (?:at|in)|reach(?:ed)?|(?:got|get|gotten) (?:to|into)|are you (?:at|in)|"
    r"pulled into|"
    r"angekommen|schon (?:beim|in|bei)|sind sie (?:beim|bei|in|am))\b",
    re.IGNORECASE,
)


def _confirmed_place(one: Statement) -> Candidate | None:
    """What the agent offered ("You're at the Kroger DC?") and the driver agreed to."""
    asked = "location" in one.asked or _ASKS_ARRIVED.search(one.question)
    if not one.first or not asked or polarity(one.text) != "yes" or one.asker is None:
        return None
    asking = [part for part in sentences(one.asker.text) if part.endswith("?")]
    if not asking or re.search(r"\bwhere\b|\bwo\b", asking[0], re.IGNORECASE):
        return None
    mentions = find_places(asking[0])
    if "location" not in one.asked and not (mentions and _NAMED.search(mentions[-1].plain)):
        return None
    return Candidate(capital(mentions[-1].plain), one, 2.0, asking[0], one.asker.id) if mentions else None
