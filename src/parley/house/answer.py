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

from parley.house.clock import spans
from parley.house.evidence import ADDRESS, EMAIL, FIGURED, PHONE, STRICT, announces, evidence, holds, said
from parley.house.found import LISTED, Found, strength
from parley.house.lexicon import Lexicon
from parley.house.listing import find_extreme, find_inside
from parley.house.matching import hits
from parley.house.opening import find_hours, speaks_of
from parley.house.passages import LEAVES_OUT, OPENS_WITH_PRONOUN, Unit
from parley.house.question import Question
from parley.house.records import find_records
from parley.house.seasons import in_season

_NEED = 0.62  # share of the question's weight that must be covered
_LOOSE = 0.45  # the share where the words come from a remark before the question
_ALIKE = 0.5  # share of words from which a document's question is the caller's
_VETO = 0.5  # share of the heaviest word's weight from which a word must not be missing
_WIDE = 0.8  # how much less a word of the section counts than one of the paragraph
_FULL = 0.999
_NAMES = 0.8  # how well a word must match to name the thing itself
_OWN = 0.87  # how well a word must match to be the same by another name
_YES_OR_NO = re.compile(r"(?:yes|no|ja|nein)\b", re.I)
_LONGEST = 260  # characters of sentences quoted together
_SHORT_PASSAGE = 4  # units; the title of a passage this short says what each of them is about
_TOLD_BY_TITLE = frozenset({"place", "phone", "email"})
_TOLERATED = 0.25  # weight of an unknown verb where rules about the thing itself are asked for


@dataclass(frozen=True, slots=True)
class _Match:
    unit: Unit
    score: float
    own: float
    heading: float


def find(question: Question, units: Sequence[Unit], words: Lexicon) -> Found | None:
    """The answer to a question, or None where the units do not contain it."""
    question, units = in_season(question, units, words)
    vocabulary = frozenset().union(*(unit.own | unit.head | unit.around for unit in units))
    weights, spread = _weigh(question, units, vocabulary, words)
    if question.about_hours or (question.days and not question.keys):
        hours = find_hours(question, units, spread, words)
        if hours or not question.keys:
            return hours
    if records := find_records(question, units, spread, words):
        return records if records.shape != "none" else None
    if not question.keys:
        return _find_by_kind(question, units, words)
    if question.promoted:
        question = replace(question, keys=tuple(key for key in question.keys if key in vocabulary))
        if not question.keys:
            return None
        weights, spread = _weigh(question, units, vocabulary, words)
    if several := find_extreme(question, units, spread, words):
        return several
    if "list" in question.kinds and (inside := find_inside(question, units, spread, words)):
        return inside
    return _find_matching(question, units, weights, spread, words)


def _find_matching(
    question: Question,
    units: Sequence[Unit],
    weights: Mapping[str, float],
    spread: Mapping[str, Mapping[str, float]],
    words: Lexicon,
) -> Found | None:
    matches = [match for unit in units if (match := _match(unit, question, weights, spread, words))]
    if question.days and (not matches or set(question.kinds) <= {"time", "yesno"}):
        on_the_day = [match for match in matches if match.own > 0 and speaks_of(match.unit, question.days, words)]
        if not on_the_day and (hours := find_hours(question, units, spread, words)):
            return hours
        matches = on_the_day or matches
    if not matches:
        return None
    return _find_list(question, matches, words) or _continued(_best(question, matches, words), units, words)


def find_about(question: Question, units: Sequence[Unit], words: Lexicon) -> Found | None:
    """What `units`, all about one thing, say to a question that names no thing of its own: "how much is it?"."""
    kinds = [kind for kind in question.kinds if kind not in {"yesno", "list"}]
    held = [unit for unit in units if kinds and all(holds(kind, unit, words) for kind in kinds)]
    if question.keys or not held:
        return None
    return Found("units", question, (held[0],), 1.0, certain=True)


def _weigh(
    question: Question, units: Sequence[Unit], vocabulary: frozenset[str], words: Lexicon
) -> tuple[dict[str, float], dict[str, Mapping[str, float]]]:
    spread: dict[str, Mapping[str, float]] = {}
    weights: dict[str, float] = {}
    permission = bool(words.patterns["permission"].search(question.text.lower()))
    rule = permission and question.asks_whether
    for key in question.keys:
        parts = hits(key, vocabulary, words, kin=rule)
        for part in parts:
            spread[part.key] = part.found
            scene = (len(question.keys) > 1 and part.key in question.scene) or (
                len(parts) > 1 and part.key in words.weak
            )
            frequency = sum(1 for unit in units if not part.found.keys().isdisjoint(unit.own | unit.head))
            tolerated = key in question.verbs and (not part.found or bool(question.times))
            scene = scene or (not part.found and key in words.waived and len(question.keys) > 1)
            weights[part.key] = (
                math.log(1 + (len(units) + 1) / (frequency + 0.5)) if part.found else math.log(2 * len(units) + 4)
            ) * (0.15 if scene else _TOLERATED if tolerated else 1.0)
    return weights, spread


def _match(
    unit: Unit,
    question: Question,
    weights: Mapping[str, float],
    spread: Mapping[str, Mapping[str, float]],
    words: Lexicon,
) -> _Match | None:
    if _is_opposite(question, unit, words):
        return None
    total = sum(weights.values())
    heaviest = max(weights.values())
    known = max((weight for key, weight in weights.items() if spread[key]), default=0.0)
    strict = bool(STRICT & set(question.kinds)) and not OPENS_WITH_PRONOUN.match(unit.text)
    covered = own = heading = nearby = titled = named_total = 0.0
    alike = question.loose or _likeness(question, unit, words) >= _ALIKE
    tolerated = present = False
    for key, weight in weights.items():
        found = spread[key]
        here, above = strength(found, unit.own), strength(found, unit.head)
        near, around = strength(found, unit.near) or _WIDE * strength(found, unit.wide), strength(found, unit.around)
        best = max(here, above * 0.95, near * 0.8, around * 0.8)
        needed = weight >= _VETO * heaviest or (unit.record and key not in question.scene)
        if best == 0 and key in question.verbs and (not found or question.times):
            tolerated = True
            total -= weight
        elif best == 0 and needed and not alike:
            return None
        if strict and weight >= known and spread[key] and not (here or above or around):
            return None
        covered += weight * best
        present = present or here > 0
        if len(weights) == 1 or key not in question.scene:
            own += weight * (here >= _NAMES)
            heading += weight * (above >= _NAMES)
            named_total += weight
        nearby += weight * (near > 0 and not here and not above)
        titled += weight * (around > 0 and not (here or above or near))
    if covered < (_LOOSE if alike else _NEED) * total or (
        nearby > 0.35 * total and not present and not OPENS_WITH_PRONOUN.match(unit.text)
    ):
        return None
    told = bool(_TOLD_BY_TITLE & set(question.kinds)) or unit.siblings <= _SHORT_PASSAGE
    if titled > 0.8 * total and not told:
        return None
    if _answers_another(unit, question, spread, words):
        return None
    bonus = evidence(question, unit, words)
    if bonus is None or (tolerated and not _settles(question, unit, own + heading, bonus, words)):
        return None
    if unit.record and strict and not _named(unit, spread, words):
        return None
    bonus += _form_bonus(question, unit, spread, words)
    named = (
        unit.form in LISTED
        and "price" in question.kinds
        and any(strength(found, unit.head | unit.own) for found in spread.values())
    )
    bonus += 0.5 * (bool(question.days) and own > 0 and speaks_of(unit, question.days, words))
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


def _before(text: str, spread: Mapping[str, Mapping[str, float]], words: Lexicon) -> str:
    """The three words before the first that was asked for: "with a 12-metre" before "pool"."""
    tokens = text.lower().split()
    for at, token in enumerate(tokens):
        stems = words.stems(token)
        if any(strength(found, stems) for found in spread.values()):
            return " ".join(tokens[max(0, at - 3) : at])
    return ""


def _named(unit: Unit, spread: Mapping[str, Mapping[str, float]], words: Lexicon) -> bool:
    """Whether a record goes by a word of the question: the price of a flat with parking is not that of parking."""
    names = words.stems(" ".join((*unit.section, unit.label, unit.title, unit.lead.split(" ")[0])))
    return any(strength(found, names | unit.own) for found in spread.values())


def _answers_another(unit: Unit, question: Question, spread: Mapping[str, Mapping[str, float]], words: Lexicon) -> bool:
    """Whether a unit says "Yes" or "No" to a question of which the caller's shares no more than a kindred word, or
    counts something beside what is to be counted."""
    if unit.record:
        return question.counted in spread and not _counts_it(unit, spread[question.counted], words)
    if unit.form != "answer" or not question.asks_whether or not _YES_OR_NO.match(unit.text):
        return False
    label = words.stems(unit.label)
    return not any(strength(found, label) >= _OWN for found in spread.values()) and not question.light & label


def _counts_it(unit: Unit, wanted: Mapping[str, float], words: Lexicon) -> bool:
    """Whether a value counts what is asked for, where the record has a value that does."""
    named = strength(wanted, words.stems(f"{unit.label} {unit.text}"))
    return bool(named) or not strength(wanted, unit.near | unit.around)


def _form_bonus(question: Question, unit: Unit, spread: Mapping[str, Mapping[str, float]], words: Lexicon) -> float:
    """What speaks for a unit by its form: a label asked for, words that introduce a thing ("a 12-metre pool")."""
    if unit.record:
        return _label_bonus(question, unit, spread, words)
    bonus = 1.6 * _likeness(question, unit, words)
    lowered = question.text.lower()
    if not question.asks_whether:
        return bonus
    if words.patterns["asks_existence"].search(lowered):
        bonus += 0.5 * bool(words.patterns["introduces"].search(_before(unit.text, spread, words)))
    elif words.patterns["permission"].search(lowered):
        bonus += 0.5 * bool(words.patterns["permits"].search(unit.text))
    return bonus


def _likeness(question: Question, unit: Unit, words: Lexicon) -> float:
    """How much of a question stands in the question that the document itself asks above a unit, 0..1."""
    above = unit.label if unit.form == "answer" else unit.heading if unit.heading.endswith("?") else ""
    if not above:
        return 0.0
    asked, known = words.stems(question.text), words.stems(above)
    return len(asked & known) / (len(asked | known) or 1)


def _label_bonus(question: Question, unit: Unit, spread: Mapping[str, Mapping[str, float]], words: Lexicon) -> float:
    """How well the label of a record's value says what is asked: by a word, or by announcing the kind of answer."""
    label = words.stems(unit.label)
    asked = words.stems(question.text)
    named = any(strength(found, label) for found in spread.values()) or bool(label & asked)
    return 1.0 * named + 0.6 * any(announces(kind, unit, words) for kind in question.kinds)


def _is_opposite(question: Question, unit: Unit, words: Lexicon) -> bool:
    """Whether a unit is about renting where buying is asked about, or the other way round."""
    asked = question.light.union(question.keys)
    here = unit.own | unit.head | unit.around
    one, other = words.opposites
    return any(
        asked & these and not asked & those and here & those and not here & these
        for these, those in ((one, other), (other, one))
    )


def _settles(question: Question, unit: Unit, own: float, bonus: float, words: Lexicon) -> bool:
    """Whether a unit rules on the thing asked about, so that a verb it does not use may be missing."""
    if not question.asks_whether:
        return own > 0 and bonus >= 1.0
    if question.times and spans(said(unit)):
        return own > 0
    return own > 0 and bool(words.patterns["permits"].search(unit.text) or words.patterns["refusals"].search(unit.text))


def _find_by_kind(question: Question, units: Sequence[Unit], words: Lexicon) -> Found | None:
    """ "Where are you?", "What is your number?": the kind alone says what to look for."""
    patterns = {"phone": PHONE, "email": EMAIL, "place": ADDRESS, "founded": words.evidence["founded"]}
    for kind in question.kinds:
        pattern = patterns.get(kind)
        if not pattern:
            continue
        held = [unit for unit in units if pattern.search(said(unit)) and not unit.record]
        if held:
            best = max(held, key=lambda unit: (len(pattern.findall(unit.text)), -len(unit.text)))
            return Found("units", question, (best,), 1.0, certain=True)
        return None
    return None


def _find_list(question: Question, matches: Sequence[_Match], words: Lexicon) -> Found | None:
    listing = "list" in question.kinds and not set(question.kinds) & {"time", "place", "phone", "email", "price"}
    rows = [
        match
        for match in matches
        if match.unit.form in {"item", "row"} or (match.unit.form == "pair" and match.unit.lead)
    ]
    headed = [match for match in rows if match.heading >= _FULL]
    direct = [match for match in matches if match.own >= _FULL]
    asks_whether = question.asks_whether or listing or not question.kinds
    if headed and (listing or (asks_whether and not direct)):
        chosen = _saying_yes(question, [match.unit for match in headed], words)
        details = all(unit.form == "pair" for unit in chosen)
        if len({unit.heading for unit in chosen} if details else chosen) > 1:
            return Found("list", question, chosen, 1.0, certain=True)
        if not chosen:
            return None
    if listing or asks_whether:
        own = [match for match in rows if match.own >= _FULL and (listing or not _is_sentence(match.unit))]
        if len(own) > 1 and (told := _saying_yes(question, [match.unit for match in own], words)):
            return Found("list", question, told, 1.0, certain=True)
    return None


def _saying_yes(question: Question, units: Sequence[Unit], words: Lexicon) -> tuple[Unit, ...]:
    """Of the values under one label those that do not say no; where some name the very thing, those alone: of "Pets"
    with "No pets", "Cats only" and "Dogs and cats" the last for a dog."""
    if not units or not all(unit.record for unit in units):
        return tuple(units)
    naming = [unit for unit in units if any(key in words.stems(unit.text) for key in question.keys)]
    return tuple(unit for unit in naming or units if not words.patterns["negative"].search(unit.text.lower()))


def _is_sentence(unit: Unit) -> bool:
    return len(unit.text.split()) > 3 and unit.text.rstrip().endswith(".")


def _best(question: Question, matches: Sequence[_Match], words: Lexicon) -> Found:
    ranked = sorted(matches, key=lambda match: (-match.score, match.unit.order))
    best = ranked[0]
    if best.unit.record and (set(question.kinds) & FIGURED or not question.kinds):
        within = 0.01 if question.kinds else 1.0 if best.unit.text in best.unit.heading else 0.2
        same = [match.unit for match in ranked if _is_same_record(match, best, within)]
        return Found("units", question, tuple(sorted(same, key=lambda unit: unit.order)), best.score, certain=True)
    chosen = [best.unit]
    asks_one_thing = bool(set(question.kinds) - {"list", "yesno"})
    describing = not asks_one_thing and (not question.kinds or bool(words.patterns["describe"].search(question.text)))
    for match in ranked[1:4]:
        close = match.score >= best.score - (0.3 if describing else 0.12 if question.asks_whether else 0.04)
        beside = match.unit.section == best.unit.section and match.unit.title == best.unit.title
        if (
            close
            and beside
            and len(chosen) < (3 if describing else 1 if best.unit.record else 2)
            and match.unit.text not in {unit.text for unit in chosen}
        ):
            chosen.append(match.unit)
    chosen.sort(key=lambda unit: unit.order)
    return Found("units", question, tuple(chosen), best.score, certain=best.own >= _FULL)


def _is_same_record(match: _Match, best: _Match, within: float) -> bool:
    """Whether two values answer alike and stand in one record: the price in the season and out of it."""
    here, there = match.unit, best.unit
    same = (here.title, here.section, here.lead) == (there.title, there.section, there.lead)
    return same and match.score >= best.score - within


def _continued(found: Found, units: Sequence[Unit], words: Lexicon) -> Found:
    """Sentences after a single one join it while they lean on it, or the first only refuses."""
    first = found.units[0]
    if LEAVES_OUT.match(first.text) and (named := next((unit for unit in units if _follows(first, unit)), None)):
        return replace(found, units=(named, *found.units))
    if len(found.units) > 1 or first.form not in {"sentence", "answer", "pair"} or first.record:
        return found
    joined = [first]
    while len(joined) < 3 and (following := next((unit for unit in units if _follows(unit, joined[-1])), None)):
        leans = OPENS_WITH_PRONOUN.match(following.text) or words.patterns["continues"].match(following.text)
        refused = words.patterns["refusals"].search(first.text) and "yesno" not in found.question.kinds
        length = sum(len(unit.text) for unit in (*joined, following))
        if length > _LONGEST or not (leans or (refused and len(joined) == 1)):
            break
        joined.append(following)
    return replace(found, units=tuple(joined))


def _follows(unit: Unit, first: Unit) -> bool:
    """Whether a unit is the next sentence of the same paragraph or record."""
    next_one = (unit.order, unit.title, unit.paragraph) == (first.order + 1, first.title, first.paragraph)
    return (
        next_one
        and unit.form != "item"
        and (unit.form != "answer" or unit.label == first.label)
        and (unit.section == first.section or unit.lead == first.text)
    )
