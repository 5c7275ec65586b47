"""An emergency of the driver's own: where it begins in the talk, of what kind it is, and what was said about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parley.house.extractor_talk import Statement, Talk, polarity, unsure
from parley.house.extractor_topics import INVERSE_LOAD, TOPICS, UNSAFE_QUESTION
from parley.understanding import Finding, Line, detect_language, read_emergency

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\b(?:{words})", re.IGNORECASE))
    for name, words in (
        ("Fire", r"on fire|caught fire|flames?\b|(?:is|it'?s|whole \w+ is|trailer'?s|engine'?s) burning|brennt\b|in flammen|feuer\b"),
        ("Accident", r"accident\b|crash\w*|wreck(?:ed)?\b|collision|collided|jack-? ?knif\w*|roll(?:ed)? ?over|rolled (?:the|my|it|on)|flipped|tipped over|rear[- ]?ended|(?:hit|struck|sideswiped|clipped|t-boned|side-?swiped) (?:me|us|my|by|a|an|the|another|some\w*)|(?:ran|slid|went|skidded) (?:off|into) (?:the|a)|(?:someone|somebody|guy|car|truck) (?:just )?(?:hit|ran into|slammed)|in (?:the|a) ditch|fender bender|unfall\b|(?:rein|auf|zusammen)gefahren|gekracht|umgekippt|zusammenstoß|in den graben|leitplanke (?:gefahren|gekracht)"),
        ("Medical", r"chest pains?|heart attack|can'?t breathe|trouble breathing|short(?:ness)? of breath|passed out|unconscious|not responding|not breathing|seizure|stroke\b|faint\w*|dizzy|collapsed|diabetic|blood sugar|insulin|allergic|going numb|throwing up|really sick|medical emergency|blacked out|kidney stone|brustschmerz\w*|herzinfarkt|herz(?:rasen|anfall|probleme)|ohnmächtig|bewusstlos|keine luft|schlaganfall|schwindel\w*|zusammengebrochen|unterzuckert|krampfanfall"),
        ("Security", r"robb\w*|hi-?jack\w*|gun\b|knife\b|weapon|break(?:ing)? into|broke into|breaking in|stole\b|stolen|stealing|theft|thie\w*|following me|threaten\w*|attack\w*|assault\w*|crowbar|überfall\w*|bedroh\w*|einbrech\w*|eingebrochen|gestohlen|geklaut|waffe|planenschlitzer"),
        ("Breakdown", r"blow-? ?out|blew (?:a|out|the|my|up|two)|(?:tire|tyre)s? (?:just )?(?:blew|exploded|popped|went|gone|burst|shredded|came apart)|lost (?:a|my|the|one) (?:\w+ )?(?:tire|tyre|wheel|brakes?|air|power|steering)|flat tire|broke(?:n)? ?-?down|break-? ?down\b|engine (?:just )?(?:died|quit|blew|overheat\w*|stopped|seized|shut|failed|is dead)|(?:brakes?|transmission|steering) (?:\w+ )?(?:fail\w*|gave out|gone|went out|died|locked)|truck (?:just )?(?:died|quit|won'?t start|shut down|stopped)|won'?t (?:start|move)|lost all power|overheat\w*|smoke (?:is )?(?:coming|from|pouring)|smoking|(?:fuel|oil|diesel|air) leak|stranded|"
                      r"reifen(?:platzer|panne)|reifen (?:\w+ )?geplatzt|geplatzt|panne\b|liegen ?geblieben|motor(?:schaden| (?:ist )?(?:aus|ausgefallen|kaputt|gestorben|qualmt))|bremsen (?:\w+ )?(?:versag\w*|ausgefallen)|raucht\b|qualmt|springt nicht an|kühlwasser|defekt"),
    )
)  # fmt: skip
_OTHERS = re.compile(
    r"\b(?:up ahead|ahead of|ahead\b|in front of|other (?:side|direction|lane)|there (?:was|is|were|'s|has been)|there'?s|saw|seen|passed (?:a|an)|because of (?:a|an|the)|wegen|due to|stuck (?:in|behind)|traffic|behind (?:a|an)|radio|heard|im stau|vor mir|voraus|gesperrt)\b",
    re.IGNORECASE,
)
_PAST = re.compile(r"\b(?:this morning|yesterday|last (?:night|week|month|year|time)|earlier|had (?:to get|it|them|a guy)|(?:got|been|all) (?:it )?(?:fixed|repaired|patched)|fixed|road service (?:took|came|got)|heute (?:morgen|früh)|gestern|vorhin|letzte\w*|repariert|already (?:fixed|back)|back (?:rolling|on the road)|years? ago)\b", re.IGNORECASE)
_OWN = re.compile(r"\b(?:i'?ve|i'?m|i|my|me|we|we'?ve|our|us|truck'?s|ich|mir|mich|mein\w*|wir|uns|help|co-?driver|beifahrer\w*)\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:no|not|nothing|never|without|isn'?t|wasn'?t|haven'?t|don'?t|kein\w*|nicht|ohne|if|in case|falls|wenn)\b[^,.;]{0,22}$", re.IGNORECASE)
_CARES = ("safety", "injury")


@dataclass(frozen=True, slots=True)
class Alarm:
    """`statement` is the one that tells of the emergency; `number` the line it is in."""

    kind: str
    statement: Statement
    number: int
    sure: bool

    def finding(self) -> Finding:
        return Finding(self.kind, self.statement.quote(), self.statement.line.id, 0.92 if self.sure else 0.75)


def find_alarm(talk: Talk) -> Alarm | None:
    """The emergency of the talk, or None. The agent's care afterwards (is anyone hurt?) makes a doubtful one sure."""
    cared = _care(talk)
    doubtful: Alarm | None = None
    for one in talk.statements:
        kind, sure = _kind(one)
        if not kind:
            continue
        alarm = Alarm(kind, one, one.line.number, sure)
        if sure or any(number > one.line.number for number in cared):
            return _settled(talk, alarm)
        doubtful = doubtful or alarm
    if doubtful is not None and any(number >= doubtful.number - 1 for number in cared):
        return _settled(talk, doubtful)
    return _unnamed(talk, cared)


def _care(talk: Talk) -> list[int]:
    """The agent's lines that only an emergency brings about: after injuries, or a hand-off right after safety."""
    lines = [line for line in talk.agent_lines if TOPICS["injury"].search(line.text)]
    safe = [line for line in talk.agent_lines if re.search(r"\b(?:safe (?:place|location|spot|distance|now|right now|where)|are you safe|everyone safe|safe\?|in sicherheit|911|112|emergency services)\b", line.text, re.IGNORECASE)]
    return sorted({line.number for line in (*lines, *safe)})


def _kind(one: Statement) -> tuple[str, bool]:
    """(kind, whether it is certainly the driver's own and now)."""
    text = one.text
    found = [(name, match) for name, pattern in _KINDS if (match := pattern.search(text)) and not _DENIED.search(text[: match.start()])]
    if not found or _PAST.search(text):
        return "", False
    if one.first and polarity(text) == "no" and len(text.split()) <= 8:
        return "", False
    name, match = found[0]
    other = _OTHERS.search(text)
    if other is not None and name in ("Accident", "Fire", "Breakdown") and not re.search(r"\b(?:hit (?:me|us|my)|i (?:just )?(?:hit|had|crashed|jackknifed)|i'?ve been in|my (?:truck|trailer|engine|tire)|mir ist|ich hatte)\b", text, re.IGNORECASE):
        return "", False
    language = detect_language(text)
    reading = read_emergency(text, language=language)
    own = _OWN.search(text) is not None or re.search(r"[!]", text) is not None
    present = re.search(r"\b(?:just|right now|now|i'?m|i am|gerade|eben|jetzt|help|oh (?:god|no|my)|hold on|hang on)\b|!", text, re.IGNORECASE)
    return name, bool(own and (present or reading.emergency)) or (name in ("Medical", "Fire", "Security") and reading.emergency)


def _settled(talk: Talk, alarm: Alarm) -> Alarm:
    """Of several kinds in the same line the gravest cause; a fire told of right after counts as one."""
    same = [one for one in talk.statements if alarm.number <= one.line.number <= alarm.number]
    kinds = {kind for one in same if (kind := _kind(one)[0])} | {alarm.kind}
    for name in ("Fire", "Accident"):
        if name in kinds and alarm.kind in ("Breakdown", name):
            return Alarm(name, alarm.statement, alarm.number, alarm.sure)
    return alarm


def _unnamed(talk: Talk, cared: list[int]) -> Alarm | None:
    """The agent treats it as an emergency and the driver tells of an injury or danger that no rule names."""
    if len(cared) < 2 and not (cared and escalation(talk, 0) is not None):
        return None
    for one in talk.statements:
        if one.line.number >= cared[0] - 1 and read_emergency(one.text, language=detect_language(one.text), previous=one.question).emergency:
            return Alarm("Medical" if _hurt(one.text) else "Other", one, one.line.number, sure=False)
    return None


_HURT = re.compile(
    r"\b(?:(?:is|are|got|gets?|was|been|'s|am|i'?m|says? \w+ \w+|neck|back|arm|leg|head|knee|shoulder|chest) (?:\w+ )?hurts?(?:ing)?|hurts?\b|hurting|injur\w+|bleed\w*|blood\b|broke(?:n)? (?:my|his|her|arm|leg|wrist|rib)\w*|(?:arm|leg|wrist|rib|ankle)s? (?:is|are|'s|may be|might be) broken|pain\w*|burn(?:ed|t)? (?:my|his|her)|(?:banged|hit|bumped|cut|twisted|sprained|scraped) (?:my|his|her) (?:\w+ )?(?:head|arm|leg|hand|knee|face|forehead|elbow|shoulder|neck|back)|whiplash|concussion|unconscious|passed out|not responding|numb|scratch\w*|bruise\w*|sore|stiff|ambulance|can'?t (?:move|feel|breathe)|"
    r"verletzt\w*|blutet|blut\b|schmerz\w*|gebrochen|bewusstlos|ohnmächtig|tut (?:\w+ ){0,2}weh|prellung\w*|schleudertrauma|verbrannt)\b",
    re.IGNORECASE,
)
_UNHURT = re.compile(
    r"\b(?:no(?:body|\s?one|ne)?(?:'s| is| was| got| are)? (?:been )?(?:hurt|injur\w*)|no injur\w*|not (?:hurt|injured)|un(?:hurt|injured|harmed)|(?:isn'?t|aren'?t|wasn'?t|weren'?t|didn'?t get|don'?t think (?:anyone|anybody|so)\w*(?: is|'s)?) (?:hurt|injured)|niemand(?:em)? (?:ist |wurde )?(?:verletzt|passiert)|keiner (?:ist |wurde )?verletzt|nicht verletzt|unverletzt|keine verletzt\w*|without a scratch|not a scratch)\b",
    re.IGNORECASE,
)


def _hurt(text: str) -> bool:
    return any(not _DENIED.search(text[: match.start()]) for match in _HURT.finditer(_UNHURT.sub(" ", text)))


def injury_status(talk: Talk, begin: int) -> Finding | None:
    """An injury told of outweighs a "no" about others."""
    none: Statement | None = None
    for one in talk.statements:
        if one.line.number < begin:
            continue
        if _hurt(one.text) and not (one.first and polarity(one.text) == "no" and not _hurt(one.text.partition(" ")[2])):
            return Finding(f"Injuries reported: {_clause(one.text, _HURT)}", one.quote(), one.line.id, 0.88)
        said_none = _UNHURT.search(one.text) is not None
        answered = "injury" in one.asked and one.first and polarity(one.text) == "no" and not unsure(one.text)
        fine = "injury" in one.asked and one.first and re.search(r"\b(?:fine|okay|ok|good|alright|all right|gut)\b", one.text, re.IGNORECASE)
        if said_none or (answered and not _breath(one)) or fine:
            none = one
        elif "injury" in one.asked and one.first and polarity(one.text) == "yes" and not _breath(one) and len(one.text.split()) <= 3:
            return Finding("Injuries reported", one.quote(), one.line.id, 0.75)
    if none is not None:
        return Finding("No injuries reported", none.quote(), none.line.id, 0.9)
    return _illness(talk)


def _breath(one: Statement) -> bool:
    """A question to which "yes" is good news, or that asks after others only."""
    return bool(re.search(r"\b(?:breathing|conscious|atmet|ansprechbar)\b", one.question, re.IGNORECASE))


def _illness(talk: Talk) -> Finding | None:
    for one in talk.statements:
        match = dict(_KINDS)["Medical"].search(one.text)
        if match and not _DENIED.search(one.text[: match.start()]):
            return Finding(f"Injuries reported: {_clause(one.text, dict(_KINDS)['Medical'])}", one.quote(), one.line.id, 0.75)
    return None


def _clause(text: str, pattern: re.Pattern[str]) -> str:
    """The part of a sentence that holds what was found, without a leading "but"."""
    parts = re.split(r"(?:,\s*(?=but|and|aber)|\bbut\b|\baber\b|;)", text)
    part = next((part for part in parts if pattern.search(part)), text)
    return re.sub(r"^(?:(?:but|and|aber|und|yeah|yes|no|nein|ja|well|uh)\b[, ]*)+", "", part.strip(" ,.!?"), flags=re.IGNORECASE).strip(" ,")[:120]


_SAFE = re.compile(
    r"\b(?:safe|sicher|in sicherheit|out of (?:the )?(?:truck|danger|harm|way|vehicles?)|off (?:of )?(?:the )?(?:road|highway|traffic)|behind (?:the|a) (?:guard ?rail|barrier)|(?:i'?m|we'?re|i am|we are|everybody'?s|everyone'?s|everyone is|he'?s|all) (?:all )?(?:okay|ok|fine|good|alright|all right)|parked|hinter der leitplanke|mir geht(?:'?s| es) gut|uns geht|alles (?:gut|ok)|on the shoulder)\b",
    re.IGNORECASE,
)
_UNSAFE = re.compile(
    r"\b(?:not (?:really )?safe|un ?safe|isn'?t safe|don'?t feel safe|not (?:really|sure it'?s safe)|can'?t (?:get out|move|open)|trapped|stuck (?:in|inside)|no shoulder|in the (?:lane|middle of the road|road|traffic)|across (?:both|all|the|two) lanes|flying by|(?:trucks?|cars?) (?:coming|passing)|still in traffic|blocking|exposed|nicht (?:wirklich )?sicher|eingeklemmt|komme nicht raus|auf der fahrbahn|danger\w*|gefährlich|keinen standstreifen)\b",
    re.IGNORECASE,
)
_EVERYONE = re.compile(r"\b(?:every(?:one|body)|we'?re|we are|all of us|both of us|alle|uns|wir|all (?:okay|ok|safe|good|fine|out))\b", re.IGNORECASE)


def safety_status(talk: Talk, begin: int) -> Finding | None:
    """By the last answer about safety; a danger told of outweighs a yes."""
    found: Finding | None = None
    for one in talk.statements:
        if one.line.number < begin:
            continue
        asked = "safety" in one.asked
        answer = polarity(one.text) if one.first and asked else ""
        if UNSAFE_QUESTION.search(one.question) and answer:
            answer = "no" if answer == "yes" else "yes"
        unsafe = _UNSAFE.search(one.text)
        if unsafe and (asked or begin <= one.line.number) and not _DENIED.search(one.text[: unsafe.start()]):
            if asked or found is None or "not safe" in str(found.value):
                found = Finding(f"Driver is not safe: {_clause(one.text, _UNSAFE)}", one.quote(), one.line.id, 0.85 if asked else 0.7)
            continue
        if answer == "no" and not unsure(one.text):
            found = Finding("Driver is not safe", one.quote(), one.line.id, 0.85)
        elif answer == "yes" or (asked and _SAFE.search(one.text)) or (_SAFE.search(one.text) and found is None and not re.search(r"\bload|trailer|ladung\b", one.text, re.IGNORECASE)):
            if found is not None and "not safe" in str(found.value) and not (answer or asked):
                continue
            if found is not None and "not safe" in str(found.value) and found.message_id == one.line.id:
                continue
            found = _safe(one, asked=asked, already=found)
    return found


def _safe(one: Statement, *, asked: bool, already: Finding | None) -> Finding:
    everyone = _EVERYONE.search(one.text) or (asked and _EVERYONE.search(one.question))
    if already is not None and "everyone" in str(already.value):
        return already
    value = "Driver confirmed everyone is safe" if everyone else "Driver confirmed they are safe"
    return Finding(value, one.quote(), one.line.id, 0.9 if asked else 0.7)


_LOAD_GOOD = re.compile(
    r"\b(?:load|cargo|freight|trailer|it|doors?|everything|ladung|fracht|ware|die|straps?|seal)(?:'s| is| are|s are| looks?| seems?| ist|s)? (?:\w+ ){0,2}(?:secure[d]?|fine|good|okay|ok|intact|sealed|safe|all right|alright|strapped|still on|gesichert|fest|sicher|in ordnung|unversehrt|holding)\b|\bseal(?:'s| is)? (?:still )?(?:on|intact)|\bdidn'?t (?:shift|move|spill)|\bnothing (?:shifted|moved|spilled|fell)|\bnichts (?:verrutscht|passiert)|\bforget about the load",
    re.IGNORECASE,
)
_LOAD_BAD = re.compile(
    r"\b(?:spill\w*|all over the (?:road|place|highway)|everywhere|(?:load|cargo|freight|pallets?|it)(?:'s| has| have|s)? (?:\w+ )?(?:shift\w*|fell|fallen|gone|lost|ruined|damaged|tipped|leaking|moved|broke|scattered|hanging|burning)|trailer'?s (?:open|burning|on its side|ripped)|not secure\w*|isn'?t secure|insecure|cut the seal|seal (?:is )?(?:broken|cut)|doors? (?:is|are) open|verrutscht|verloren|auf der straße|nicht (?:mehr )?(?:gesichert|fest|sicher)|ausgelaufen|umgekippt|beschädigt)\b",
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
        subject = asked or re.search(r"\b(?:load|cargo|freight|trailer|pallets?|doors?|seal|ladung|fracht|ware|paletten)\b", one.text, re.IGNORECASE)
        if not subject:
            continue
        bad, good = _LOAD_BAD.search(one.text), _LOAD_GOOD.search(one.text)
        ends_no = re.search(r"\b(?:so|also)\W+(?:no|nein)\W*$", one.text, re.IGNORECASE)
        if (unsure(one.text) or re.search(r"\b(?:should be|i think|hope|glaube|denke|müsste|probably|vielleicht)\b", one.text, re.IGNORECASE)) and not bad and not (answer == "yes" and good):
            found = None if asked else found
        elif (bad and not _DENIED.search(one.text[: bad.start()])) or ends_no:
            found = Finding(False, one.quote(), one.line.id, 0.88)
        elif good or (asked and not answer and re.search(r"\b(?:secure|fine|good|okay|ok|intact|alright|fest|gut)\b", one.text, re.IGNORECASE) and one.first and not re.search(r"\bnot\b|nicht", one.text)):
            found = Finding(True, one.quote(), one.line.id, 0.88)
        elif answer:
            found = Finding(answer == "yes", one.quote(), one.line.id, 0.88)
    return found


def _about_load(question: str) -> str:
    parts = re.split(r"(?<=[.!?])\s", question)
    return next((part for part in reversed(parts) if TOPICS["load"].search(part)), question)


_TARGET = re.compile(
    r"\b(?:(?P<dispatcher>(?:human |live |real |on-?call |senior )*(?:dispatcher|dispatch|human|person|agent|representative|colleague|disponent\w*|kolleg\w*|mitarbeiter\w*|mensch\w*|team ?mate)|(?:the )?dispo\w*)"
    r"|(?P<other>(?:on-?call |safety |emergency |operations |shift |duty |road ?side |claims )*(?:supervisor|manager|safety team|safety department|safety|emergency (?:desk|team|line)|operations|vorgesetzte\w*|schichtleit\w*|notfallteam|leitstelle|sicherheitsteam|breakdown (?:desk|team|department)|roadside assistance|maintenance)))\b",
    re.IGNORECASE,
)
_CONNECTS = re.compile(
    r"\b(?:connect\w*|transfer\w*|put(?:ting)? you (?:through|on)|patch\w*|hand(?:ing)? (?:you|this|the call) (?:over|off)|bring(?:ing)? (?:in|on)|(?:get|getting) (?:you )?(?:a|an|my|the|our) [\w -]{3,30} (?:on the (?:line|phone)|for you|right now|now)|escalat\w*|forward\w*|loop(?:ing)? in|rout(?:e|ing) (?:you|this)|verbinde\w*|weiter(?:leit|verbind)\w*|stelle (?:sie |dich )?(?:jetzt |gleich )?(?:zu|durch)|durchstell\w*|übergebe|hole (?:jetzt )?(?:einen|meinen|eine))\b",
    re.IGNORECASE,
)
_CALLS_BACK = re.compile(r"\b(?:will |'?ll |going to )?(?:call|phone|ring|reach|get) (?:you )?(?:back|out to you)|call(?:ing)? you (?:right )?back|\bcallback|\brückruf|\bruf\w* (?:sie |dich )?(?:gleich |sofort )?zurück|\bmeldet sich|\bwill (?:call|contact|reach out to) you", re.IGNORECASE)
_NOT_REACHED = re.compile(r"\b(?:nobody|no one|couldn'?t|could not|unable to|wasn'?t able|not able|didn'?t|doesn'?t|failed|not answering|no answer|isn'?t available|unavailable|niemand\w*|nicht erreich\w*|keinen erreicht|konnte (?:keinen|niemanden|nicht))\b", re.IGNORECASE)
_SERVICES = re.compile(r"\b(?:(?:calling|called|call|notif\w*|dispatch\w*|sent|sending|got|alert\w*|contact\w*|have|informed?)\b.{0,25}\b(?:911|police|ambulance|fire department|emergency services|paramedics|highway patrol|state police)|(?:911|police|ambulance|fire department|emergency services|highway patrol)\b.{0,20}\b(?:on (?:the|its|their) way|notified|called|being|en route)|(?:rufe|verständige|alarmiere|habe)\b.{0,25}\b(?:polizei|rettung\w*|feuerwehr|112|notarzt))\b", re.IGNORECASE)
_ASKED_TO = re.compile(r"\b(?:please |you (?:should|need to|must)|can you|have you|did you|if you haven'?t) (?:\w+ )?call(?:ed)? (?:911|112)|^call 911", re.IGNORECASE)


def escalation(talk: Talk, begin: int) -> Finding | None:
    """What the agent did: handed over to whom, promised a call, told the emergency services."""
    parts: dict[str, Line] = {}
    for line in talk.agent_lines:
        if line.number < begin:
            continue
        for sentence in re.split(r"(?<=[.!?])\s+", line.text):
            for part in _steps(talk, line, sentence):
                parts[part] = line
    if any(part.startswith("Connected") for part in parts):
        parts = {part: line for part, line in parts.items() if part != "Transfer Failed"}
    if not parts:
        return None
    ordered = sorted(parts, key=lambda part: (not part.startswith("Connected"), part != "Transfer Failed", part != "Callback Promised"))
    proof = parts[ordered[0]]
    return Finding(", ".join(ordered), proof.text, proof.id, 0.9)


def _steps(talk: Talk, line: Line, sentence: str) -> list[str]:
    found: list[str] = []
    target = _TARGET.search(sentence)
    reached = not _NOT_REACHED.search(sentence)
    if _CALLS_BACK.search(sentence) and not sentence.rstrip().endswith("?"):
        found.append("Callback Promised")
    elif not reached and (_CONNECTS.search(sentence) or target):
        found.append("Transfer Failed")
    elif _CONNECTS.search(sentence):
        if sentence.rstrip().endswith("?") or re.search(r"\b(?:would you like|do you want|möchten sie)\b", sentence, re.IGNORECASE):
            answer = talk.answer_to(line)
            if not answer or polarity(answer[0].text) != "yes":
                return ["Declined by Driver"] if answer and polarity(answer[0].text) == "no" else []
        found.append(f"Connected to {_capitals(target['other'])}" if target and target["other"] else "Connected to Human Dispatcher")
    if _SERVICES.search(sentence) and not _ASKED_TO.search(sentence) and not sentence.rstrip().endswith("?"):
        found.append("Emergency Services Notified")
    return found


def _capitals(words: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in words.split())
