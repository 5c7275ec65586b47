"""When a driver arrives, by the time stated last in answer to the question or with a word of arriving."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parley.house.extractor_candidates import ENDS, Candidate, best_of, capital
from parley.house.extractor_talk import Statement, Talk, polarity, sentences
from parley.understanding import Finding, TimeKind, TimeMention, detect_language, find_times

_ARRIVING = re.compile(
    r"\b(?:there by|be there|get there|getting there|i be there|i'?ll be|will be|should be|be in|arriv\w*|eta|"
    r"get in|getting in|pull(?:ing)? in|make it|(?:can|will|could|should|gonna|to) make|deliver\w*|hit [A-Z]\w+|"
    r"call it|expect|figur\w*|"
    r"looking at|closer to|shooting for|supposed to|i'?d say|i would say|land|roll in|schaff\w*|ankommen|"
    r"komme an|bin (?:um|gegen|so|dann|ich)\b.*|da sein|dort sein|ankunft|eher|rechne|appointment|gps|navi|maps|"
    r"out\b|away\b|more)\b",
    re.IGNORECASE,
)
_NOT_ARRIVING = re.compile(
    r"\b(?:since|seit|been here|ago|arrived|got here|got in|checked in|started|left|was at|waited|"
    r"waiting|finished|until|till after|detention|lost|cost|behind|late\b(?! (?:tonight|morning|afternoon|evening|at "
    r"night|today|in the))|delay\w*|sat|sitting|haven'?t moved|"
    r"had me|told them|took|break|kept|parked a|"
    r"for (?:an?|about|almost|over|like|the (?:last|past)|\w+) ?(?:hours?|minutes?|hour and)|hat mich|gewartet|"
    r"gestanden|gekostet|unterwegs seit|every|years?|(?:hit|call|ring|buzz|text|phone) (?:you|me)\b|appointment was|"
    r"my appointment (?:is|was)|statt|call me|"
    r"hours late)\b",
    re.IGNORECASE,
)
_FILL = re.compile(
    r"^(?:at|around|about|by|on|in the|in|this|the|like|maybe|or so|or|so|um|gegen|ca\.?|circa|etwa|früh|of|that|"
    r"and|to|bis|oder|spätestens|the latest|vielleicht|probably|roughly|say|call it|more like|so|approximately|,|"
    r"-|–|\.|\s)*$",
    re.IGNORECASE,
)
_LEADS = re.compile(r"\b(?:at|by|around|closer to|call it|um|gegen)\s*(?:like |about )?$", re.IGNORECASE)
_SURELY = re.compile(r"\beta\b|be there|i'?d say|closer|make\b|i'?m\b.*\bout\b", re.IGNORECASE)
_THERE = re.compile(r"\b(?:be|get|arriv\w*|make it|da sein|ankommen)\b", re.IGNORECASE)
_EARLY_LATE = re.compile(r"\b(?:late|later|early|spät|früh)\W*$", re.IGNORECASE)
_FROM_NOW = re.compile(r"^\s*(?:out|away|from|more|till|until|to go)\b", re.IGNORECASE)
_IN = re.compile(r"\bin (?:about |around |like )?\S+ \S+$", re.IGNORECASE)
_REPLACED = re.compile(r"\b(?:instead of|rather than|not|statt|nicht)\s+(?:at |um |until |till )?$", re.IGNORECASE)
_COUNTED = re.compile(r"^\W*(?:more |other |and a half )?(?:miles?|mi\b|km\b|%|percent|pounds|pallets)", re.IGNORECASE)


def eta(talk: Talk) -> Finding | None:
    """When the driver says to arrive: the last time stated in answer to the question, or with a word of arriving."""
    found: list[Candidate] = []
    for one in talk.statements:
        found += _times_of(one)
        if one.first and "eta" in one.asked and polarity(one.text) == "yes":
            found += _confirmed_time(one)
    best = best_of(found, 2.0)
    return best.finding() if best else None


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Times that stand together as one, at `start`..`end`; `written` in digits."""

    start: int
    end: int
    written: str
    kinds: frozenset[TimeKind]
    sure: bool


def _times_of(one: Statement) -> list[Candidate]:
    text = one.held()
    language = detect_language(f"{one.question} {one.text}")
    stretches = _stretches(text, language)
    spans = [stretch.start for stretch in stretches if stretch.kinds == {"span"}]
    weighed = [
        (_score(one, text, stretch), stretch)
        for stretch in stretches  # "an hour and a half, two at the most" has no clock in it
        if stretch.sure or not any(start < stretch.start for start in spans) or _LEADS.search(text[: stretch.start])
    ]
    return [Candidate(capital(stretch.written), one, score) for score, stretch in weighed if score > 0]


def _score(one: Statement, text: str, stretch: _Stretch) -> float:
    """How likely a stretch is a time of arrival."""
    asked = "eta" in one.asked
    said = text[: stretch.start]
    before, after = ENDS.split(said)[-1], text[stretch.end : stretch.end + 24]
    if "day" in stretch.kinds:
        before = _EARLY_LATE.sub("", before)
    score = 3.0 if asked else 0.0
    score += 2.5 if _ARRIVING.search(f"{said} {after}") else 0.0
    if not stretch.sure and not asked and not _LEADS.search(said):
        score -= 2
    if _NOT_ARRIVING.search(f"{before} {after.split(',')[0]}") and not _SURELY.search(f"{before}{after}"):
        score -= 5
    if stretch.kinds == {"span"}:
        score -= 0.5
        if "delay" in one.asked and not asked:
            score -= 3
        if not asked and not _FROM_NOW.search(after) and not _IN.search(f"{said}{text[stretch.start : stretch.end]}"):
            score -= 1.5 if _THERE.search(said) else 3
    score -= 1 if stretch.kinds == {"day"} else 0
    score -= 8 if _REPLACED.search(said) else 0
    score -= 6 if _COUNTED.search(after) else 0
    score -= 2.5 if re.search(r"\b(?:if|falls|wenn)\b[^,]*$", before, re.IGNORECASE) else 0
    return score


def _confirmed_time(one: Statement) -> list[Candidate]:
    """What the agent asked about ("you'll be there by 3?") and the driver agreed to."""
    asking = [part for part in sentences(one.asker.text) if part.endswith("?")] if one.asker else []
    if not asking or one.asker is None:
        return []
    stretches = _stretches(asking[-1], detect_language(one.question))
    return [
        Candidate(capital(each.written), one, 2.6, asking[-1], one.asker.id)
        for each in stretches
        if each.kinds & {"clock", "span"}
    ]


def _stretches(text: str, language: str) -> list[_Stretch]:
    """Times that stand together as one: "tomorrow morning, around six o'clock"; of two clock times the later one."""
    mentions = find_times(text, language)
    groups: list[list[TimeMention]] = []
    for mention in mentions:
        group = groups[-1] if groups else []
        between = text[group[-1].end : mention.start] if group else ""
        near = bool(group) and _FILL.match(between) is not None
        second = mention.kind == "clock" and any(one.kind == "clock" for one in group)
        if near and not second and "span" not in (mention.kind, group[-1].kind):
            group.append(mention)
        elif near and second and group[0].kind == "day":
            groups.append([group[0], mention])
        else:
            groups.append([mention])
    return [_joined(text, group) for group in groups]


def _joined(text: str, group: list[TimeMention]) -> _Stretch:
    written, at = group[0].written, group[0].end
    for mention in group[1:]:
        between = text[at : mention.start]
        written += (between if _FILL.match(between) else " ") + mention.written
        at = mention.end
    written = re.sub(r"\s+", " ", written).strip(" ,-–")
    if written.endswith(".") and not re.search(r"[ap]\.\s?m\.$", written, re.IGNORECASE):
        written = written[:-1]
    kinds = frozenset(mention.kind for mention in group)
    return _Stretch(group[0].start, group[-1].end, written, kinds, any(mention.sure for mention in group))
