"""Finds what the passages say to a question, and nothing where they do not say it.

A question's words are weighted by how rare they are in the passages; a unit answers when it (with its headings and
its paragraph) covers all that is important, and holds what the question's kind needs: a price for "how much". A word
no passage knows, not even by a synonym, is important: that is what keeps made-up answers out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from parley.house.found import LISTED, Found, strength
from parley.house.hours import TIME, day_rows
from parley.house.lexicon import Lexicon
from parley.house.listing import find_extreme, find_inside
from parley.house.matching import hits
from parley.house.passages import MONEY, OPENS_WITH_PRONOUN, PRICE_AT_END, Unit
from parley.house.question import Question

PHONE = re.compile(
    r"(?:\+|\b0|\(\d)[\d\s()/.-]{5,}\d|\b\d{3}[-.\s]\d{3,4}[-.\s]?\d{0,4}\b|"
    r"\b1?[-. ]?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b"
)
EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b")
_NUMBER_WORD = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|twenty|thirty|forty|fifty|hundred|"
    r"ein(?:e|en|em|er|mal)?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|halb\w*|zwanzig|dreißig)\b",
    re.I,
)
_ADDRESS = re.compile(
    r"\b\d{1,5}[a-z]?,? (?:[A-Z][\w'’.-]+ ){1,3}"
    r"(?:Street|Road|Avenue|Lane|Square|Boulevard|Drive|Way|Court|Place|St|Rd|Ave|Blvd)\b|"
    r"\b[A-ZÄÖÜ][\w.-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|ufer|ring|damm|markt|graben|Straße|Weg|Platz|Allee)\s+\d+|"
    r"\b(?:located|address|liegt|liegen|befindet|befinden|adresse|anschrift)\b|\b\d{5} [A-ZÄÖÜ]|\b(?:in|at) \d+ [A-Z]",
)
_NEED = 0.62  # share of the question's weight that must be covered
_VETO = 0.6  # share of the heaviest word's weight from which a word must not be missing
_FULL = 0.999
_NAMES = 0.8  # how well a word must match to name the thing itself
_LONGEST = 260  # characters of two sentences quoted together
_SHORT_PASSAGE = 4  # units; the title of a passage this short says what each of them is about
_TOLD_BY_TITLE = frozenset({"place", "phone", "email"})
_STRICT = frozenset({"price", "phone", "email", "duration", "distance", "size", "count", "amount"})


@dataclass(frozen=True, slots=True)
class _Match:
    unit: Unit
    score: float
    own: float
    heading: float


def find(question: Question, units: Sequence[Unit], words: Lexicon) -> Found | None:
    """The answer to a question, or None where the units do not contain it."""
    if question.days or question.about_hours:
        hours = _find_days(question, units, words)
        if hours or (question.about_hours and not question.keys):
            return hours
    if not question.keys:
        return _find_by_kind(question, units)
    vocabulary = frozenset().union(*(unit.own | unit.head | unit.around for unit in units))
    if question.promoted:
        question = replace(question, keys=tuple(key for key in question.keys if key in vocabulary))
        if not question.keys:
            return None
    weights, spread = _weigh(question, units, vocabulary, words)
    superlative = find_extreme(question, units, spread, words)
    if superlative:
        return superlative
    if "list" in question.kinds and (inside := find_inside(question, units, spread, words)):
        return inside
    matches = [match for unit in units if (match := _match(unit, question, weights, spread, words))]
    if not matches:
        return None
    listed = _find_list(question, matches)
    if listed:
        return listed
    return _continued(_best(question, matches, words), units, words)


def _weigh(
    question: Question, units: Sequence[Unit], vocabulary: frozenset[str], words: Lexicon
) -> tuple[dict[str, float], dict[str, Mapping[str, float]]]:
    spread: dict[str, Mapping[str, float]] = {}
    weights: dict[str, float] = {}
    for key in question.keys:
        parts = hits(key, vocabulary, words)
        for part in parts:
            spread[part.key] = part.found
            scene = (len(question.keys) > 1 and part.key in question.scene) or (
                len(parts) > 1 and part.key in words.weak
            )
            frequency = sum(1 for unit in units if not part.found.keys().isdisjoint(unit.own | unit.head))
            weights[part.key] = (
                math.log(1 + (len(units) + 1) / (frequency + 0.5)) if part.found else math.log(2 * len(units) + 4)
            ) * (0.15 if scene else 1.0)
    return weights, spread


def _match(
    unit: Unit,
    question: Question,
    weights: Mapping[str, float],
    spread: Mapping[str, Mapping[str, float]],
    words: Lexicon,
) -> _Match | None:
    total = sum(weights.values())
    heaviest = max(weights.values())
    covered = own = heading = nearby = titled = named_total = 0.0
    for key, weight in weights.items():
        found = spread[key]
        here, above = strength(found, unit.own), strength(found, unit.head)
        near, around = strength(found, unit.near), strength(found, unit.around)
        best = max(here, above * 0.95, near * 0.8, around * 0.8)
        if best == 0 and weight >= _VETO * heaviest:
            return None
        covered += weight * best
        if len(weights) == 1 or key not in question.scene:
            own += weight * (here >= _NAMES)
            heading += weight * (above >= _NAMES)
            named_total += weight
        nearby += weight * (near > 0 and not here and not above)
        titled += weight * (around > 0 and not (here or above or near))
    if covered < _NEED * total or (nearby > 0.35 * total and own == 0 and not OPENS_WITH_PRONOUN.match(unit.text)):
        return None
    told = bool(_TOLD_BY_TITLE & set(question.kinds)) or unit.siblings <= _SHORT_PASSAGE
    if titled > 0.8 * total and not told:
        return None
    bonus = _evidence(question, unit, words)
    if bonus is None:
        return None
    named = (
        unit.form in LISTED
        and "price" in question.kinds
        and any(strength(found, unit.head | unit.own) for found in spread.values())
    )
    light = len(question.light & unit.own) / (len(question.light) or 1)
    length = len(unit.own) / 60
    score = (
        covered / total
        + 0.25 * bonus
        + 0.1 * light
        + 0.15 * own / (named_total or 1)
        + 0.15 * named
        - min(0.15, length * 0.15)
    )
    return _Match(unit, score, own / (named_total or 1), heading / (named_total or 1))


def _evidence(question: Question, unit: Unit, words: Lexicon) -> float | None:
    """How well a unit holds what the question's kind needs, 0..1; None where it must and does not."""
    held = {kind for kind in question.kinds if _holds(kind, unit, words)}
    strict = [kind for kind in question.kinds if kind in _STRICT]
    if strict and not held & set(strict) and not _mentions(question, unit, words):
        return None
    if "time" in question.kinds and not strict and "time" not in held:
        return 0.4 if words.evidence["vague_time"].search(unit.text) else None
    return 1.0 if held else 0.0


def _mentions(question: Question, unit: Unit, words: Lexicon) -> bool:
    """Whether a yes-or-no question about a fee meets a unit about that fee: it may answer without a figure."""
    rule = next(rule for kind, rule in words.kinds if kind == "price")
    return "yesno" in question.kinds and bool(rule.search(unit.text))


def _holds(kind: str, unit: Unit, words: Lexicon) -> bool:
    text = unit.text if unit.form != "pair" else f"{unit.label}: {unit.text}"
    rule = words.evidence.get(kind)
    evident = bool(rule and rule.search(text))
    match kind:
        case "price":
            return (
                evident
                or bool(MONEY.search(text))
                or (unit.form in {"item", "row"} and bool(PRICE_AT_END.search(unit.text)))
            )
        case "phone":
            return bool(PHONE.search(text))
        case "email":
            return bool(EMAIL.search(text))
        case "duration" | "distance" | "size":
            return evident
        case "count" | "amount":
            return bool(_NUMBER_WORD.search(text))
        case "time":
            return evident or bool(TIME.search(text) or day_rows(unit.text, words.language))
        case "place":
            return evident or bool(_ADDRESS.search(text))
        case _:
            return evident


def _find_by_kind(question: Question, units: Sequence[Unit]) -> Found | None:
    """ "Where are you?", "What is your number?": the kind alone says what to look for."""
    patterns = {"phone": PHONE, "email": EMAIL, "place": _ADDRESS}
    for kind in question.kinds:
        pattern = patterns.get(kind)
        if not pattern:
            continue
        held = [unit for unit in units if pattern.search(unit.text)]
        if held:
            best = max(held, key=lambda unit: (len(pattern.findall(unit.text)), -len(unit.text)))
            return Found("units", question, (best,), 1.0, certain=True)
        return None
    return None


def _find_days(question: Question, units: Sequence[Unit], words: Lexicon) -> Found | None:
    """The rows for the days asked; all rows where none is named."""
    vocabulary = frozenset().union(*(unit.own | unit.head | unit.around for unit in units))
    _weights, spread = _weigh(question, units, vocabulary, words)
    if any(not found for found in spread.values()):
        return None
    best: tuple[float, Unit] | None = None
    for unit in units:
        if not (
            day_rows(_day_text(unit), words.language)
            or (question.about_hours and not question.days and TIME.search(unit.text))
        ):
            continue
        topic = unit.own | unit.head | unit.around
        if any(not strength(found, topic) for found in spread.values()):
            continue
        score = sum(strength(found, unit.own | unit.head) for found in spread.values())
        score += 1.0 if question.about_hours and (topic & words.open_words) else 0.0
        score += 0.4 if question.about_hours and (unit.own & words.open_words) else 0.0
        score += 0.5 if not question.days or _rows_for(unit, question.days, words) else 0.0
        score -= 0.08 * len(_subject(unit, words) - set(spread))
        if best is None or score > best[0] + 1e-9:
            best = (score, unit)
    if best is None or best[0] < 0.9 + (0 if question.keys else 0.0):
        return None
    chosen = best[1]
    block = [
        unit
        for unit in units
        if unit.section == chosen.section
        and unit.title == chosen.title
        and day_rows(_day_text(unit), words.language)
        and (unit.form == chosen.form)
        and (unit.paragraph == chosen.paragraph or not _subject(unit, words))
    ] or [chosen]
    if question.days:
        block = [unit for unit in block if _rows_for(unit, question.days, words)] or block
    return Found("days", question, tuple(block[:7]), best[0], certain=True, days=question.days)


def _day_text(unit: Unit) -> str:
    return f"{unit.label}: {unit.text}" if unit.form == "pair" else unit.text


def _rows_for(unit: Unit, days: Sequence[int], words: Lexicon) -> bool:
    return any(row.days & set(days) for row in day_rows(_day_text(unit), words.language))


def _subject(unit: Unit, words: Lexicon) -> frozenset[str]:
    """What a row of hours is about: the words of its label and heading that are neither days nor "open"."""
    named = words.stems(" ".join((unit.label, unit.heading)))
    return frozenset(
        name for name in named if name not in words.open_words and name not in words.days and name not in words.light
    )


def _find_list(question: Question, matches: Sequence[_Match]) -> Found | None:
    listing = "list" in question.kinds and not set(question.kinds) & {"time", "place", "phone", "email", "price"}
    rows = [
        match
        for match in matches
        if match.unit.form in {"item", "row"} or (match.unit.form == "pair" and match.unit.lead)
    ]
    headed = [match for match in rows if match.heading >= _FULL]
    direct = [match for match in matches if match.own >= _FULL]
    asks_whether = "yesno" in question.kinds or listing or not question.kinds
    if headed and (listing or (asks_whether and not direct)):
        chosen = tuple(match.unit for match in headed)
        details = all(unit.form == "pair" for unit in chosen)
        if len({unit.heading for unit in chosen} if details else chosen) > 1:
            return Found("list", question, chosen, 1.0, certain=True)
    if listing or asks_whether:
        own = [match for match in rows if match.own >= _FULL]
        if len(own) > 1:
            return Found("list", question, tuple(match.unit for match in own), 1.0, certain=True)
    return None


def _best(question: Question, matches: Sequence[_Match], words: Lexicon) -> Found:
    ranked = sorted(matches, key=lambda match: (-match.score, match.unit.order))
    best = ranked[0]
    chosen = [best.unit]
    asks_one_thing = bool(set(question.kinds) - {"list", "yesno"})
    describing = not asks_one_thing and (not question.kinds or bool(words.patterns["describe"].search(question.text)))
    for match in ranked[1:4]:
        close = match.score >= best.score - (0.3 if describing else 0.04)
        same = match.unit.section == best.unit.section and match.unit.title == best.unit.title
        if (
            close
            and same
            and len(chosen) < (3 if describing else 1 if best.unit.record else 2)
            and match.unit.text not in {unit.text for unit in chosen}
        ):
            chosen.append(match.unit)
    chosen.sort(key=lambda unit: unit.order)
    return Found("units", question, tuple(chosen), best.score, certain=best.own >= _FULL)


def _continued(found: Found, units: Sequence[Unit], words: Lexicon) -> Found:
    """The sentence after a single one joins it where the first only refuses or the second leans on it."""
    first = found.units[0]
    if len(found.units) > 1 or first.form not in {"sentence", "answer", "pair"}:
        return found
    following = next((unit for unit in units if _follows(unit, first)), None)
    if not following or len(first.text) + len(following.text) > _LONGEST:
        return found
    leans = OPENS_WITH_PRONOUN.match(following.text) or words.patterns["continues"].match(following.text)
    if leans or (words.patterns["refusals"].search(first.text) and "yesno" not in found.question.kinds):
        return replace(found, units=(first, following))
    return found


def _follows(unit: Unit, first: Unit) -> bool:
    """Whether a unit is the next sentence of the same paragraph or record."""
    next_one = (unit.order, unit.title, unit.paragraph) == (first.order + 1, first.title, first.paragraph)
    return next_one and unit.form != "item" and (unit.section == first.section or unit.lead == first.text)
