"""Where a driver is, when he arrives, and whether he drives, is late, has arrived or unloads."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parley.house.extractor_talk import Statement, Talk, polarity, unsure
from parley.understanding import Finding, detect_language, find_places, find_times

_THERE = re.compile(
    r"\b(?:i'?m|i am|we'?re|we are|im|currently|sitting|stuck|parked|rolling|passing|passed|crossed|crossing|stopped|pulled|just|right now|now|at|near|around|coming up|"
    r"still|moving|broke|broken|outside|here|leaving|left|somewhere|driving|headed|heading|between|bin|stehe|steh|fahre|fahr|sitze|hänge|gerade|jetzt|hinter|bei|kurz|war|kilometer)\b",
    re.IGNORECASE,
)
_BOUND = re.compile(
    r"\b(?:be (?:in|at|there)|get (?:to|into|in)|getting to|arriv\w*|eta|(?:head(?:ed|ing)|going|drive|driving|on my way|bound|en ?route|way|more) (?:to|for|toward|towards|home)|reach|make (?:it )?(?:to )?(?=[A-Z])|"
    r"deliver\w*|due (?:in|at)|destination|appointment|supposed to|should be|will be (?:in|at)|i'?ll be|from the shipper|left [A-Z]\w+ (?:this|at|yesterday)|come from|coming from|going to|"
    r"nach|richtung|ankunft|muss (?:bis|nach)|ziel|komme aus|unterwegs nach)\b[^.]{0,25}$",
    re.IGNORECASE,
)
_BEHIND_US = re.compile(r"\b(?:was|were|had|yesterday|earlier|this morning|last night|gestern|vorhin|war|hatte|told|used to|originally|cost me|lost)\b", re.IGNORECASE)
_NOT_THERE = re.compile(r"\b(?:not|never|nicht|isn'?t|haven'?t|ain'?t|nowhere near|no longer|instead of|kein)\b[^,;]{0,18}$", re.IGNORECASE)
_LED = re.compile(
    r"\b(?:in|at|near|by|outside|past|passing|passed|through|into|from|leaving|between|of|around|on|bei|hinter|vor|auf|an|crossed|entering|reached)\s+(?:the |a |my |their |our |der |dem |die |den )?$",
    re.IGNORECASE,
)
_ENDS = re.compile(r"\s*(?:,\s*|\band\b\s*|\bthen\b\s*|\bbut\b\s*|\bso\b\s*|\bund\b\s*|\baber\b\s*|;\s*|[–—]\s*)")

_ARRIVING = re.compile(
    r"\b(?:there by|be there|get there|getting there|i be there|i'?ll be|will be|should be|be in|arriv\w*|eta|get in|getting in|pull(?:ing)? in|make it|(?:can|will|could|should|gonna|to) make|deliver\w*|hit [A-Z]\w+|call it|expect|figur\w*|"
    r"looking at|closer to|shooting for|supposed to|i'?d say|i would say|land|roll in|schaff\w*|ankommen|komme an|bin (?:um|gegen|so|dann|ich)\b.*|da sein|dort sein|ankunft|eher|rechne|appointment|gps|navi|maps|out\b|away\b|more)\b",
    re.IGNORECASE,
)
_NOT_ARRIVING = re.compile(
    r"\b(?:instead of|since|seit|been here|ago|arrived|got here|got in|checked in|started|left|was at|waited|waiting|finished|until|till after|detention|lost|cost|behind|late\b|delay\w*|sat|sitting|haven'?t moved|had me|told them|took|break|kept|parked a|"
    r"for (?:an?|about|almost|over|like|the (?:last|past)|\w+) ?(?:hours?|minutes?|hour and)|hat mich|gewartet|gestanden|gekostet|unterwegs seit|every|years?|appointment was|my appointment (?:is|was)|statt|call me|hours late)\b",
    re.IGNORECASE,
)
_FILL = re.compile(r"^(?:at|around|about|by|on|in the|in|this|the|like|maybe|or so|or|so|um|gegen|ca\.?|circa|etwa|früh|of|that|and|to|bis|oder|spätestens|the latest|vielleicht|probably|roughly|approximately|,|-|–|\.|\s)*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Candidate:
    value: str
    statement: Statement
    score: float
    quote: str = ""
    message_id: str = ""

    def finding(self) -> Finding:
        confidence = min(0.97, 0.5 + 0.08 * self.score)
        return Finding(self.value, self.quote or self.statement.quote(), self.message_id or self.statement.line.id, round(confidence, 2))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _best(candidates: list[_Candidate], slack: float) -> _Candidate | None:
    """The latest of those within `slack` of the best: a later statement takes an earlier one's place."""
    if not candidates:
        return None
    most = max(one.score for one in candidates)
    near = [one for one in candidates if one.score >= most - slack and one.score > 0]
    return near[-1] if near else None


def location(talk: Talk, begin: int = 0, end: int | None = None) -> Finding | None:
    """The place stated last, of statements from line `begin` up to `end`."""
    found: list[_Candidate] = []
    for one in talk.statements:
        if one.line.number < begin or (end is not None and one.line.number >= end):
            continue
        found += _places_of(one)
        confirmed = _confirmed_place(one)
        if confirmed is not None:
            found.append(confirmed)
    best = _best(found, 2.5)
    return best.finding() if best else None


def _places_of(one: Statement) -> list[_Candidate]:
    asked = "location" in one.asked
    text = one.held()
    found: list[_Candidate] = []
    for mention in find_places(text, bare=asked):
        before = text[: mention.start]
        clause = _ENDS.split(before)[-1]
        score = 1.0 + (3 if asked else 0) + min(mention.roads, 2) + min(mention.names, 2) * 0.5
        if _THERE.search(clause) or _THERE.search(text[mention.start : mention.end]):
            score += 1.5
        if _BOUND.search(before):
            score -= 4
        if _NOT_THERE.search(clause):
            score -= 6
        rest = f"{clause}{_ENDS.split(text[mention.end :])[0]}"
        if _BEHIND_US.search(rest) and not re.search(r"\bi'?m\b|\bbin\b|\bnow\b", rest, re.IGNORECASE):
            score -= 2 if asked else 3
        if "eta" in one.asked and not asked:
            score -= 1
        if not asked and not mention.roads and not _LED.search(before):
            score -= 2
        if re.search(r"\b(?:other|the) (?:guy|car|driver)\b", clause, re.IGNORECASE):
            score -= 1
        if score > 0:
            found.append(_Candidate(_capital(mention.plain), one, score))
    return found


def _confirmed_place(one: Statement) -> _Candidate | None:
    """What the agent offered ("You're at the Kroger DC?") and the driver agreed to."""
    if not one.first or "location" not in one.asked or polarity(one.text) != "yes":
        return None
    asking = one.question.split("?")[0]
    mentions = find_places(re.split(r"(?<=[.!])\s", asking)[-1])
    question = re.split(r"(?<=[.!])\s", asking)[-1]
    if not mentions or re.search(r"\bwhere\b|\bwo\b", question, re.IGNORECASE):
        return None
    return _Candidate(_capital(mentions[-1].plain), one, 2.0, f"{question}?")


def eta(talk: Talk) -> Finding | None:
    """When the driver says to arrive: the last time stated in answer to the question, or with a word of arriving."""
    found: list[_Candidate] = []
    for place, one in enumerate(talk.statements):
        found += _times_of(one)
        if one.first and "eta" in one.asked and polarity(one.text) == "yes":
            found += _confirmed_time(one)
        if place and unsure(one.text) and "eta" in one.asked and not found:
            continue
    best = _best(found, 2.0)
    return best.finding() if best else None


def _times_of(one: Statement) -> list[_Candidate]:
    asked = "eta" in one.asked
    text = one.held()
    language = detect_language(f"{one.question} {one.text}")
    found: list[_Candidate] = []
    for start, end, written, kinds, sure in _stretches(text, language):
        before, after = _ENDS.split(text[:start])[-1], text[end : end + 24]
        context = f"{text[:start]} {after}"
        score = 0.0
        if asked:
            score += 3
        if _ARRIVING.search(context):
            score += 2.5
        if not sure and not asked and not re.search(r"\b(?:at|by|around|closer to|call it|um|gegen)\s*(?:like |about )?$", text[:start], re.IGNORECASE):
            score -= 2
        if _NOT_ARRIVING.search(f"{before} {after.split(',')[0]}") and not re.search(r"\beta\b|be there|i'?d say|closer|make\b|i'?m\b.*\bout\b", f"{before}{after}", re.IGNORECASE):
            score -= 5
        if kinds == {"span"}:
            score -= 0.5
            if "delay" in one.asked and not asked:
                score -= 3
            if not asked and not re.search(r"^\s*(?:out|away|from|more|till|until|to go)\b", after, re.IGNORECASE) and not re.search(r"\bin (?:about |around |like )?$", text[:start] + " ", re.IGNORECASE) and not re.match(r"in\b", text[start:end]):
                score -= 3
        if kinds == {"day"}:
            score -= 1
        if re.search(r"^\W*(?:miles?|mi\b|km\b|%|percent|pounds|pallets)", after, re.IGNORECASE):
            score -= 6
        if re.search(r"\b(?:if|falls|wenn)\b[^,]*$", before, re.IGNORECASE):
            score -= 2.5
        if score > 0:
            found.append(_Candidate(_capital(written), one, score))
    return found


def _confirmed_time(one: Statement) -> list[_Candidate]:
    language = detect_language(one.question)
    asking = [part for part in re.split(r"(?<=[.!?])\s", one.question) if part.rstrip().endswith("?")]
    if not asking:
        return []
    return [_Candidate(_capital(written), one, 2.6, asking[-1]) for _, _, written, kinds, _ in _stretches(asking[-1], language) if "clock" in kinds]


def _stretches(text: str, language: str) -> list[tuple[int, int, str, set[str], bool]]:
    """Times that stand together as one: "tomorrow morning, around six o'clock"; of two clock times the later one."""
    mentions = find_times(text, language)
    found: list[tuple[int, int, str, set[str], bool]] = []
    group: list[int] = []
    groups: list[list[int]] = []
    for at, mention in enumerate(mentions):
        if group:
            last = mentions[group[-1]]
            between = text[last.end : mention.start]
            kinds = {mentions[place].kind for place in group}
            apart = not _FILL.match(between) or (mention.kind == "clock" and "clock" in kinds) or "span" in (mention.kind, last.kind)
            if apart:
                groups.append(group)
                carried = [place for place in group if mentions[place].kind == "day"] if mention.kind == "clock" and _FILL.match(between) and "clock" in kinds else []
                group = [place for place in carried if place == group[0]]
        group.append(at)
    if group:
        groups.append(group)
    for places in groups:
        kinds_of = {mentions[place].kind for place in places}
        start, end = mentions[places[0]].start, mentions[places[-1]].end
        if places[-1] - places[0] + 1 != len(places):
            written = f"{mentions[places[0]].written} {mentions[places[-1]].written}"
        else:
            pieces, at = [], start
            for place in places:
                pieces += [text[at : mentions[place].start], mentions[place].written]
                at = mentions[place].end
            written = "".join(pieces)
        sure = any(mentions[place].sure for place in places)
        written = re.sub(r"\s+", " ", written).strip(" ,-–")
        found.append((start, end, written[:-1] if written.endswith(".") and not written.lower().endswith("m.") else re.sub(r"(?<=[AaPp][Mm])\.$", "", written), kinds_of, sure))
    return found


_ARRIVED = re.compile(
    r"\b(?:i'?m here\b|am here|i am here|just got here|got here|been here|i'?ve arrived|have arrived|(?:i|just|already|we) arrived|arrived (?:at|about|around|here|a)|i'?m (?:already )?at the (?:receiver|consignee|customer|delivery|warehouse|dock|destination|facility|site)|"
    r"checked in (?:at|with|already)|waiting (?:on|for) (?:a |the |my |an? )?(?:open )?(?:door|dock|lumper|bay)|(?:backed|bumped|backing) (?:in|up|into|to)\b|in (?:the |a |my )?(?:door|dock|bay)\b|at (?:the |a )?(?:door|dock)\b|pulled in(?:to)? (?:the |at |to )?(?!for)|made it|parked at the (?:receiver|customer|consignee)|in detention|on detention|"
    r"unloaded|delivered|dropped (?:already|it|the|off)|i'?m empty|mty|refused|rejected|(?:sitting|sat|stuck|waiting|am|i'?m) (?:in|at) (?:their|the) (?:lot|yard|dock|door)|angekommen|bin (?:schon |bereits |jetzt |gerade |hier )*(?:da|vor ort|am ziel|beim kunden|beim empfänger)\b|an (?:der )?rampe|am tor|(?:stehe|steh|bin) (?:schon |jetzt )?(?:an|auf|in) (?:der )?(?:rampe|tor)|entladen|abgeladen|ausgeladen|abgeliefert|zugestellt)",
    re.IGNORECASE,
)
_UNLOADING = re.compile(
    r"\b(?:(?:being|getting|get|they'?re|are|is|start(?:ed|ing)?|busy|still) unload\w*|unloading|lumpers? (?:are|is) (?:working|on it|unloading)|half(?:way)? (?:done|unloaded|empty)|taking (?:it|the pallets|pallets|freight) off|(?:they'?re|crew'?s|guys are) (?:working|on it)|"
    r"lad(?:en|et|e) (?:gerade |jetzt |schon |mich )*(?:ab|aus)\b|wird (?:gerade |schon |jetzt )*(?:ab|ent|aus)(?:ge)?laden|am (?:ab|ent|aus)laden|beim (?:ab|ent|aus)laden|entlädt|entladen (?:gerade|mich|wird))\b",
    re.IGNORECASE,
)
_EMPTIED = re.compile(r"\b(?:finished unloading|done unloading|(?:all|already|been|got|just|i'?m|am|are|fully) unloaded|unloaded (?:at|already|about|around|this|and)|(?:i'?m|we'?re|am) empty|i am empty|dropped (?:already|it|the (?:load|trailer)|off)|delivered|all done|abgeladen|entladen worden|ausgeladen|bin leer|abgeliefert|fertig)\b", re.IGNORECASE)
_NOT_YET = re.compile(r"\b(?:not (?:yet|there|in|at|unload\w*|empty|started|arrived|delivered)|haven'?t|have not|hasn'?t|hadn'?t|before i|when i|once i|until i|till i|noch nicht|noch kein\w*|nicht)\b", re.IGNORECASE)
_DRIVING = re.compile(
    r"\b(?:driving|rolling|on the road|on my way|en ?route|headed|heading|moving|cruising|under way|underway|passing|passed|crossed|crossing|in transit|coming up|coming through|leaving|just left|back on the road|making good time|miles (?:out|away|from|to|more)|minutes (?:out|away)|on (?:schedule|time)|trucking|still going|"
    r"fahre|fahr|unterwegs|auf der (?:a|b)\s?\d+|autobahn|kurz (?:vor|hinter)|richtung|rolle|im zeitplan|nach plan|pünktlich)\b",
    re.IGNORECASE,
)
_LATE = re.compile(
    r"\b(?:running (?:late|behind)|(?:gonna|going to|will|i'?ll|might|i'?m|am|be|little|bit|hours?|minutes?|too|so|pretty) (?:be )?late|behind(?: schedule)?|delayed|stuck|held up|haven'?t moved|not moving|(?:not|won'?t|can'?t|never) (?:gonna |going to )?make (?:it|that|two|the|my|\d)|at a (?:standstill|dead stop)|standstill|stopped dead|parking lot out here|crawling|slow(?:er)? (?:going|than)|"
    r"taking it slow|broke down|lost (?:about |like |a |an |almost )?(?:\w+ )?(?:hours?|minutes)|cost me|pushed (?:me )?back|going nowhere|backed up|verspät\w*|zu spät|später|stau|hänge fest|stehe (?:hier )?fest|verzöger\w*|steht alles|dauert länger|nichts geht|aufgehalten)\b",
    re.IGNORECASE,
)
_ON_TIME = re.compile(r"\b(?:on (?:time|schedule|track)|no delays?|not (?:late|delayed|behind|running late)|ahead of schedule|early|smooth|no problems?|no issues?|nothing|all good|pünktlich|im zeitplan|nach plan|keine (?:verspätung|verzögerung|probleme)|alles gut)\b", re.IGNORECASE)


def is_late(text: str) -> bool:
    """Whether a sentence says that its speaker is late."""
    return _LATE.search(text) is not None and not re.search(r"\bnot (?:late|delayed|behind|stuck)|nicht (?:zu spät|verspätet)|no delay", text, re.IGNORECASE)


def on_time(text: str) -> bool:
    """Whether a sentence says that all is as planned."""
    return _ON_TIME.search(text) is not None


def driver_status(talk: Talk, *, delayed: Finding | None, under_way: Finding | None, end: int | None = None) -> Finding | None:
    """`delayed` proves a delay that the driver named, `under_way` a place on the road or a time of arrival."""
    state: tuple[str, Statement, float] | None = None
    late: Statement | None = None
    for one in talk.statements:
        if end is not None and one.line.number >= end:
            break
        found = _status_of(one)
        if found is not None and not (state and state[0] in ("Arrived", "Unloading") and found[0] == "Driving" and not re.search(r"\bleft|leaving|back on|headed", one.text, re.IGNORECASE)):
            if not (state and state[0] == "Unloading" and found[0] == "Arrived"):
                state = (*found[:1], one, found[1])
        if is_late(one.text) or ("delay" in one.asked and polarity(one.text) == "yes" and one.first and re.search(r"\b(?:delay|behind|late|slow|verspät|verzöger)", one.question, re.IGNORECASE) and not re.search(r"\bon (?:schedule|time|track)|im zeitplan|pünktlich", one.question, re.IGNORECASE)) or (
            polarity(one.text) == "no" and one.first and re.search(r"\bon (?:schedule|time|track)\b|im zeitplan|pünktlich", one.question, re.IGNORECASE)
        ):
            late = one
        elif "delay" in one.asked and one.first and on_time(one.text) and late is None:
            continue
    if state and state[0] in ("Arrived", "Unloading"):
        return Finding(state[0], state[1].quote(), state[1].line.id, state[2])
    if late is not None:
        return Finding("Delayed", late.quote(), late.line.id, 0.85)
    if delayed is not None and delayed.value is not None:
        return Finding("Delayed", delayed.quote, delayed.message_id, 0.8)
    if state:
        return Finding(state[0], state[1].quote(), state[1].line.id, state[2])
    if under_way is not None:
        return Finding("Driving", under_way.quote, under_way.message_id, 0.55)
    return None


def _status_of(one: Statement) -> tuple[str, float] | None:
    text = one.held()
    denied = _NOT_YET.search(re.sub(r"^\W*not yet\b", "", text, flags=re.IGNORECASE)) if re.search(r"\b(?:still|in the (?:dock|door))\b", text, re.IGNORECASE) else _NOT_YET.search(text)
    ready = one.first and polarity(one.text)
    if not denied or _EMPTIED.search(text):
        if _EMPTIED.search(text) and not (denied and denied.start() < _EMPTIED.search(text).start()):  # type: ignore[union-attr]
            return "Arrived", 0.85
        if _UNLOADING.search(text):
            return "Unloading", 0.9
    if _ARRIVED.search(text) and not (denied and denied.start() < _ARRIVED.search(text).start()):  # type: ignore[union-attr]
        return "Arrived", 0.9
    if ready == "yes" and re.search(r"\b(?:are you (?:being |getting )?unload\w*|so you'?re unloading|wird abgeladen)\b", one.question, re.IGNORECASE) and not denied:
        return "Unloading", 0.8
    if ready == "yes" and re.search(r"\b(?:have you arrived|are you (?:at the (?:receiver|consignee|customer)|there)|did you arrive|angekommen)\b", one.question, re.IGNORECASE) and not denied:
        return "Arrived", 0.85
    if _DRIVING.search(text) and not re.search(r"\b(?:been driving for|not driving|stopped driving)\b", text, re.IGNORECASE):
        return "Driving", 0.85
    if ready == "yes" and re.search(r"\bare you (?:still |currently )?(?:driving|moving|rolling|on the road|on (?:schedule|track))\b|\bfahren sie\b", one.question, re.IGNORECASE):
        return "Driving", 0.85
    return None
