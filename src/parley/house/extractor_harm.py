"""What was said after an emergency: injuries, safety, the load."""

from __future__ import annotations

import re

from parley.house.extractor_talk import Statement, Talk, polarity, sentences, unsure
from parley.house.extractor_topics import INVERSE_LOAD, TOPICS, UNSAFE_QUESTION
from parley.understanding import Finding

DENIED = re.compile(
    r"\b(?:no|not|nothing|never|without|isn'?t|wasn'?t|haven'?t|don'?t|kein\w*|nicht|ohne|if|in case|falls|"
    r"wenn)\b[^,.;]{0,22}$",
    re.IGNORECASE,
)
"""What denies a word that follows it closely."""

ILLNESS = (
    r"gestürzt|fell (?:off|from)|kann (?:das|sein|mein)\w* \w+ nicht (?:mehr )?bewegen|can'?t (?:move|"
    r"feel) (?:my|his|her)|"
    r"(?:don'?t|not) feel(?:ing)? (?:right|good|well|so)|feel(?:ing)? (?:sick|faint|dizzy|terrible|awful|weak|"
    r"light-?headed)|"
    r"blurry|blurred vision|sweating|light-?headed|chest(?:'s| is| feels)? (?:\w+ ){0,2}tight\w*|"
    r"chest pains?|heart attack|can'?t breathe|trouble breathing|short(?:ness)? of breath|passed out|"
    r"unconscious|not responding|not breathing|seizure|stroke\b|faint\w*|dizzy|collapsed|diabetic|"
    r"blood sugar|insulin|allergic|going numb|throwing up|really sick|medical emergency|blacked out|"
    r"(?:a|some kind of|having) fit\b|convuls\w*|(?:won'?t|can'?t) (?:wake|respond|answer|come to)|"
    r"kidney stone|brustschmerz\w*|herzinfarkt|herz(?:rasen|anfall|probleme)|ohnmächtig|bewusstlos|"
    r"keine luft|schlaganfall|schwindel\w*|zusammengebrochen|unterzuckert|krampfanfall"
)
"""A regular expression for what makes a medical emergency."""

_ILL = re.compile(rf"\b(?:{ILLNESS})", re.IGNORECASE)
_HURT = re.compile(
    r"\b(?:(?:is|are|got|gets?|was|been|'s|am|i'?m|says? \w+ \w+|neck|back|arm|leg|head|knee|shoulder|"
    r"chest) (?:\w+ )?hurts?(?:ing)?|hurts?\b|hurting|injur\w+|bleed\w*|blood\b|broke(?:n)? (?:my|his|her|arm|"
    r"leg|wrist|rib)\w*|(?:arm|leg|wrist|rib|ankle)s? (?:is|are|'s|may be|might be) broken|pain\w*|burn(?:ed|"
    r"t)? (?:my|his|her)|(?:banged|hit|bumped|cut|twisted|sprained|scraped) (?:my|his|her) (?:\w+ )?(?:head|arm|"
    r"leg|hand|knee|face|forehead|elbow|shoulder|neck|back)|whiplash|(?:he|she|guy|driver|man|woman|person|"
    r"lady)\b.{0,25}(?:isn'?t|is not|not) (?:moving|responding|breathing)|unresponsive|gestürzt|fell (?:off|"
    r"from)|nicht (?:mehr )?bewegen|out cold|knocked out|"
    r"sweating|blurry|concussion|unconscious|(?:banged|busted|beat|messed|cut|torn)(?:[- ]up)(?! inside)|pinned|"
    r"(?:head|face|elbow|knee|arm|leg|hand|wrist|ankle|shoulder|ribs?|neck|back|nose|lip|finger)s?(?:'s| is| are|"
    r" got| feels?)? (?:\w+ ){0,2}(?:scraped|banged|cut|bruised|swollen|broken|busted|sprained|messed|scratched|"
    r"bloody)|"
    r"crushed|"
    r"(?:won'?t|can'?t|not) (?:wake|respond|answer|come to)|passed out|"
    r"not responding|numb|scratch\w*|bruise\w*|sore|stiff|ambulance|can'?t (?:move|feel|breathe)|"
    r"verletzt\w*|blutet|blut\b|schmerz\w*|gebrochen|bewusstlos|ohnmächtig|tut (?:\w+ ){0,2}weh|prellung\w*|"
    r"schleudertrauma|verbrannt)\b",
    re.IGNORECASE,
)
_UNHURT = re.compile(
    r"\b(?:no(?:body|\s?one|ne)?(?:'s| is| was| got| are)? (?:been )?(?:hurt|injur\w*)|no injur\w*|not (?:hurt|"
    r"injured)|un(?:hurt|injured|harmed)|(?:isn'?t|aren'?t|wasn'?t|weren'?t|didn'?t get|don'?t think (?:anyone|"
    r"anybody|so)\w*(?: is|'s)?) (?:hurt|injured)|niemand(?:em)? (?:ist |wurde )?(?:verletzt|passiert)|"
    r"keiner (?:ist |wurde )?verletzt|verletzt (?:ist|wurde|hat sich) (?:hier )?(?:keiner|niemand)|nicht verletzt|"
    r"unverletzt|keine verletzt\w*|without a scratch|"
    r"not a scratch)\b",
    re.IGNORECASE,
)


def hurt(text: str) -> bool:
    """Whether a text tells of an injury and does not deny it."""
    return any(not DENIED.search(text[: match.start()]) for match in _HURT.finditer(_UNHURT.sub(" ", text)))


def injury_status(talk: Talk, begin: int) -> Finding | None:
    """An injury told of outweighs a "no" about others."""
    none: Statement | None = None
    for one in talk.statements:
        if one.line.number < begin:
            continue
        if hurt(one.text) and not (one.first and polarity(one.text) == "no" and not hurt(one.text.partition(" ")[2])):
            return Finding(f"Injuries reported: {_clause(one.text, _HURT)}", one.quote(), one.line.id, 0.88)
        said_none = _UNHURT.search(one.text) is not None
        answered = "injury" in one.asked and one.first and polarity(one.text) == "no" and not unsure(one.text)
        fine = (
            "injury" in one.asked
            and one.first
            and re.search(r"\b(?:fine|okay|ok|good|alright|all right|gut)\b", one.text, re.IGNORECASE)
        )
        if said_none or (answered and not _breath(one)) or fine:
            none = one
        elif (
            "injury" in one.asked
            and one.first
            and polarity(one.text) == "yes"
            and not _breath(one)
            and len(one.text.split()) <= 3
        ):
            return _illness(talk) or Finding("Injuries reported", one.quote(), one.line.id, 0.75)
    if none is not None:
        return Finding("No injuries reported", none.quote(), none.line.id, 0.9)
    return _illness(talk)


def of_illness(alarm_kind: str, told: Statement) -> Finding | None:
    """Where nobody speaks of injuries in a medical emergency: the words that told of it."""
    if alarm_kind != "Medical":
        return None
    return Finding(f"Injuries reported: {_clause(told.text, _ILL)}", told.quote(), told.line.id, 0.6)


def _breath(one: Statement) -> bool:
    """A question to which "yes" is good news, or that asks after others only."""
    return bool(re.search(r"\b(?:breathing|conscious|atmet|ansprechbar)\b", one.question, re.IGNORECASE))


def _illness(talk: Talk) -> Finding | None:
    told: list[tuple[Statement, re.Match[str]]] = []
    for one in talk.statements:
        match = _ILL.search(one.text)
        if match and not DENIED.search(one.text[: match.start()]):
            told.append((one, match))
    if not told:
        return None
    one = next((one for one, match in told if not _VAGUE.match(match.group())), told[0][0])
    return Finding(f"Injuries reported: {_clause(one.text, _ILL)}", one.quote(), one.line.id, 0.75)


_VAGUE = re.compile(
    r"(?:don'?t|not) feel|feeling? (?:sick|terrible|awful)|really sick|medical emergency", re.IGNORECASE
)


def _clause(text: str, pattern: re.Pattern[str]) -> str:
    """The part of a sentence that holds what was found, without a leading "but"."""
    parts = re.split(r"(?:,\s*(?=but|aber)|\bbut\b|\baber\b|;)", text)
    part = next((part for part in parts if pattern.search(part)), text)
    return re.sub(
        r"^(?:(?:but|and|aber|und|yeah|yes|no|nein|ja|well|uh)\b[, ]*)+", "", part.strip(" ,.!?"), flags=re.IGNORECASE
    ).strip(" ,")[:120]


_SAFE = re.compile(
    r"\b(?:safe|sicher|in sicherheit|out of (?:the )?(?:truck|danger|harm|way|vehicles?)|"
    r"(?:off|out) (?:of )?(?:the )?(?:road|highway|traffic)|(?:raus aus|außerhalb vo[nm]) (?:de[mr] )?(?:verkehr|"
    r"straße)|"
    r"behind (?:the|a) (?:guard ?rail|barrier)|(?:i'?m|we'?re|i am|"
    r"we are|everybody'?s|everyone'?s|everyone is|he'?s|all) (?:all )?(?:okay|ok|fine|good|alright|all right)|"
    r"parked|emergency lane|flashers on|safe spot|pull-?off|parking lot|rest area|auf (?:einem|dem) parkplatz|"
    r"hinter der leitplanke|mir geht(?:'?s| es) gut|uns geht|alles (?:gut|ok)|on the shoulder)\b",
    re.IGNORECASE,
)
_UNSAFE = re.compile(
    r"\b(?:not (?:really )?safe|un ?safe|isn'?t safe|don'?t feel safe|not (?:really|sure it'?s safe)|"
    r"can'?t (?:get out|move|open)|trapped|stuck (?:in|inside)|no shoulder|in the (?:lane|middle of the road|"
    r"road|traffic)|across (?:both|all|the|two) lanes|flying by|(?:trucks?|cars?) (?:coming|passing)|"
    r"still in traffic|blocking|exposed|nicht (?:wirklich )?sicher|eingeklemmt|komme nicht raus|auf der fahrbahn|"
    r"danger\w*|gefährlich|keinen standstreifen)\b",
    re.IGNORECASE,
)
_EVERYONE = re.compile(
    r"\b(?:every(?:one|body)|we'?re|we are|all of us|both of us|alle|uns|wir|all (?:okay|ok|safe|good|fine|out))\b",
    re.IGNORECASE,
)


def safety_status(talk: Talk, begin: int) -> Finding | None:
    """By the last answer about safety. A danger told of later outweighs it; unasked good news outweighs nothing."""
    found: Finding | None = None
    for one in talk.statements:
        if one.line.number < begin:
            continue
        asked = "safety" in one.asked
        safe = _safe(one, asked=asked)
        if safe is None or (safe and not asked and found is not None):
            continue
        if safe and found is not None and _NOT_SAFE in str(found.value) and found.message_id == one.line.id:
            continue
        found = _safety(one, found, safe=safe, asked=asked)
    return found


def _asks(question: str) -> str:
    """The last of an agent's questions about safety, without its advice: "if you are in danger, call 911"."""
    about = [part for part in sentences(question) if part.endswith("?") and _ABOUT_SAFETY.search(part)]
    return about[-1] if about else _ADVICE.sub(" ", question)


_ADVICE = re.compile(r"\b(?:if|when|falls|wenn)\b[^.?!]*", re.IGNORECASE)


def _safe(one: Statement, *, asked: bool) -> bool | None:
    """Whether one sentence says safe or not; None where it says neither."""
    answer = polarity(one.text) if one.first and asked else ""
    if answer and UNSAFE_QUESTION.search(_asks(one.question)):
        answer = "no" if answer == "yes" else "yes"
    unsafe = _UNSAFE.search(one.text)
    if unsafe and not DENIED.search(one.text[: unsafe.start()]):
        return False
    told = _SAFE.search(one.text)
    plainly = told is not None and not DENIED.search(one.text[: told.start()]) and not _OF_THE_LOAD.search(one.text)
    if answer == "no" and not unsure(one.text) and not (plainly and polarity(one.text) == "yes"):
        return False
    if told is not None and not asked and told.group().lower() in ("parked", "parking lot", "rest area"):
        return None  # that the truck stands tells nothing of the people
    of_the_load = told is not None and _OF_THE_LOAD.search(re.split(r",|\band\b|\bund\b", one.text[: told.end()])[-1])
    return True if answer == "yes" or (told and not of_the_load) else None


def _safety(one: Statement, before: Finding | None, *, safe: bool, asked: bool) -> Finding:
    if not safe:
        told = f": {_clause(one.text, _UNSAFE)}" if _UNSAFE.search(one.text) else ""
        return Finding(f"{_NOT_SAFE}{told}", one.quote(), one.line.id, 0.85 if asked else 0.7)
    if before is not None and before.value == _EVERYONE_SAFE:
        return before
    everyone = _EVERYONE.search(one.text) or (asked and _EVERYONE.search(one.question))
    value = _EVERYONE_SAFE if everyone else "Driver confirmed they are safe"
    return Finding(value, one.quote(), one.line.id, 0.9 if asked else 0.7)


_ABOUT_SAFETY = re.compile(rf"\b(?:safe|sicher)|{UNSAFE_QUESTION.pattern}", re.IGNORECASE)
_NOT_SAFE, _EVERYONE_SAFE = "Driver is not safe", "Driver confirmed everyone is safe"
_OF_THE_LOAD = re.compile(r"\b(?:load|cargo|freight|trailer|ladung|fracht|ware)\b", re.IGNORECASE)
_LOAD_GOOD = re.compile(
    r"\b(?:load|cargo|freight|trailer|it|doors?|everything|ladung|fracht|ware|die|straps?|seal)(?:'s| is| are|"
    r"s are| looks?| seems?| ist|s)? (?:\w+ ){0,2}(?:secure[d]?|tight|snug|solid|upright|fine|good|okay|ok|intact|"
    r"sealed|locked|closed|"
    r"shut|secured|"
    r"strapped down|safe|all right|"
    r"alright|strapped|still on|gesichert|fest|sicher|in ordnung|unversehrt|holding)\b|\bseal(?:'s|"
    r" is)? (?:still )?(?:on|intact)|\b(?:didn'?t|hasn'?t|haven'?t) (?:shift\w*|mov\w*|spill\w*|budge\w*)|"
    r"\bnothing (?:shifted|moved|spilled|fell)|"
    r"\bnichts (?:verrutscht|passiert|bewegt)|\bhat sich (?:\w+ )?nicht bewegt|\bnicht verrutscht|"
    r"\b(?:auflieger|ladung|fracht|ware)\b.{0,12}\balles (?:in ordnung|gut|okay|ok)|\bforget about the load",
    re.IGNORECASE,
)
_LOAD_BAD = re.compile(
    r"\b(?:spill\w*|all over the (?:road|place|highway)|everywhere|(?:load|cargo|freight|pallets?|it|"
    r"product)(?:'s| has| is| are| was| got|"
    r" have|s)? (?:\w+ )?(?:shift\w*|fell|fallen|gone|lost|ruined|damaged|tipped|leaking|moved|broke|scattered|"
    r"hanging|burning)|trailer'?s (?:open|burning|on its side|ripped)|not secure\w*|isn'?t secure|insecure|"
    r"cut the seal|seal (?:is )?(?:broken|cut)|doors? (?:is|are|has|have|popped|flew|swung|came)? ?(?:popped |"
    r"come )?open|hanging out|alles offen|destroyed|totaled|boxes all over|zerstört|verrutscht|verloren|auf der straße|"
    r"nicht (?:mehr )?(?:gesichert|fest|sicher)|ausgelaufen|umgekippt|beschädigt)\b",
    re.IGNORECASE,
)


def load_secure(talk: Talk, begin: int) -> Finding | None:
    """True, False, or None where the driver does not know."""
    found: Finding | None = None
    for one in talk.statements:
        if one.line.number < begin:
            continue
        asked = "load" in one.asked
        answer = polarity(one.text) if one.first and asked else ""
        if answer and INVERSE_LOAD.search(_about_load(one.question)):
            answer = "no" if answer == "yes" else "yes"
        named = _LOADED.search(one.text)
        of_people = asked and "safety" in one.asked and _OF_PEOPLE.search(one.text)  # asked of both in one breath
        if not named and (not asked or of_people):
            continue
        bad, good = _LOAD_BAD.search(one.text), _LOAD_GOOD.search(one.text)
        ends_no = re.search(r"\b(?:so|also)\W+(?:no|nein)\W*$", one.text, re.IGNORECASE)
        if (
            (
                unsure(one.text)
                or re.search(
                    r"\b(?:should be|i think|hope|glaube|denke|müsste|probably|vielleicht)\b", one.text, re.IGNORECASE
                )
            )
            and not bad
            and not (answer == "yes" and good)
        ):
            found = None if asked else found
        elif (bad and not DENIED.search(one.text[: bad.start()])) or ends_no:
            found = Finding(False, one.quote(), one.line.id, 0.88)
        elif good or (
            asked
            and not answer
            and re.search(r"\b(?:secure|fine|good|okay|ok|intact|alright|fest|gut)\b", one.text, re.IGNORECASE)
            and one.first
            and not re.search(r"\bnot\b|nicht", one.text)
        ):
            found = Finding(True, one.quote(), one.line.id, 0.88)
        elif answer:
            found = Finding(answer == "yes", one.quote(), one.line.id, 0.88)
    return found


_LOADED = re.compile(
    r"\b(?:load|cargo|freight|trailer|pallets?|doors?|straps?|seal|ladung|fracht|ware|paletten)\b", re.IGNORECASE
)
_OF_PEOPLE = re.compile(
    r"\b(?:i'?m|i am|we'?re|we are|everyone|everybody|safe|ich|wir|alle|mir|uns|in sicherheit)\b", re.IGNORECASE
)


def _about_load(question: str) -> str:
    parts = re.split(r"(?<=[.!?])\s", question)
    return next((part for part in reversed(parts) if TOPICS["load"].search(part)), question)
