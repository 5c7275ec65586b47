"""An emergency of the driver's own: where it begins in the talk, and of what kind it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from parley.house.extractor_handoff import escalation
from parley.house.extractor_harm import DENIED, ILLNESS, hurt
from parley.house.extractor_kinds import likely_kind
from parley.house.extractor_talk import Statement, Talk, polarity
from parley.house.extractor_topics import TOPICS
from parley.understanding import Finding, detect_language, read_emergency

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\b(?:{words})", re.IGNORECASE))
    for name, words in (
        (
            "Fire",
            r"on fire|caught fire|flames?\b|(?:is|it'?s|whole \w+ is|trailer'?s|engine'?s) burning|brennt\b|"
            r"in flammen|feuer\b",
        ),
        (
            "Accident",
            r"accident\b|(?<!sugar )crash\w*|wreck(?:ed)?\b|collision|collided|jack-? ?knif\w*|roll(?:ed)? ?over|"
            r"rolled (?:the|"
            r"my|it|on)|flipped|tipped over|rear[- ]?ended|(?:hit|struck|smacked|nailed|ran over|plowed into|"
            r"slammed into|sideswiped|clipped|t-boned|"
            r"side-?swiped|rammed) (?:me|us|my|by|a|an|the|another|some\w*|him|her|them)|(?:ran|slid|went|skidded) "
            r"(?:off|into) (?:the|"
            r"a)|(?:someone|somebody|guy|car|truck) (?:just )?(?:hit|ran into|slammed)|in (?:the|a) ditch|"
            r"fender bender|wildunfall|(?:reh|wildschwein|hirsch|tier) .{0,12}(?:gelaufen|erwischt|angefahren)|"
            r"unfall\b|(?:rein|auf|zusammen)gefahren|gekracht|umgekippt|zusammenstoß|in den graben|"
            r"leitplanke (?:gefahren|gekracht)",
        ),
        ("Medical", ILLNESS),
        (
            "Security",
            r"robb\w*|hi-?jack\w*|gun\b|knife\b|weapon|break(?:ing)? into|broke into|breaking in|stole\b|stolen|"
            r"stealing|theft|thie\w*|following me|threaten\w*|attack\w*|assault\w*|crowbar|überfall\w*|bedroh\w*|"
            r"einbrech\w*|eingebrochen|gestohlen|geklaut|waffe|planenschlitzer",
        ),
        (
            "Breakdown",
            r"blow-? ?out|blew (?:a|out|the|my|up|two)|(?:tire|tyre)s? (?:just )?(?:blew|exploded|popped|went|gone|"
            r"burst|shredded|came apart)|lost (?:a|my|the|one) (?:\w+ )?(?:tire|tyre|wheel|brakes?|air|power|"
            r"steering)|flat tire|broke(?:n)? ?-?down|break-? ?down\b|engine (?:just )?(?:died|quit|blew|overheat\w*|"
            r"stopped|seized|shut|failed|is dead)|(?:brakes?|transmission|steering|clutch|axle)(?:'s| is| are|"
            r" has| have| just)? (?:\w+ )?(?:fail\w*|gave out|"
            r"gone|went out|died|locked)|truck (?:just )?(?:died|quit|won'?t start|shut down|stopped)|"
            r"won'?t (?:start|move)|los(?:t|ing) (?:all )?(?:power|air)(?: pressure)?|locked up on me|limp mode|"
            r"(?:dying|died|quit) on me|conked out|coasting|"
            r"derated?|shut down on me|overheat\w*|smoke (?:is )?(?:coming|from|pouring)|smoking|(?:fuel|"
            r"oil|diesel|air) leak|stranded|"
            r"reifen(?:platzer|panne)|reifen (?:\w+ )?geplatzt|geplatzt|panne\b|liegen ?geblieben|"
            r"motor(?:schaden| (?:ist )?(?:aus|ausgefallen|kaputt|gestorben|qualmt|verreckt|abgestorben))|"
            r"bremsen (?:\w+ )?(?:versag\w*|ausgefallen)|raucht\b|qualmt|springt nicht an|kühlwasser|"
            r"defekt",
        ),
        (
            "Other",
            r"(?:this is|it'?s|i have|i'?ve got|got) an emergency|mayday|need help (?:right )?now|fuel spill|hazmat|"
            r"leaking (?:fuel|chemicals|cargo)|(?:das ist |habe )?(?:ein|einen) notfall|brauche (?:sofort )?hilfe",
        ),
    )
)
_OTHERS = re.compile(
    r"\b(?:up ahead|ahead of|ahead\b|in front of|other (?:side|direction|lane)|there (?:was|is|were|'s|has been)|"
    r"there'?s|saw|seen|passed (?:a|an)|because of (?:a|an|the)|wegen|due to|stuck (?:in|behind)|traffic|"
    r"behind (?:a|an)|radio|heard|im stau|vor mir|voraus|gesperrt|vollsperrung|sperrung|nach (?:einem|"
    r"dem) unfall|geht (?:gar )?nichts|staut|stau)\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\b(?:up ahead|ahead of|ahead\b|in front of|other (?:side|direction|lane)|saw|seen|passed (?:a|an)|radio|"
    r"heard|traffic|"
    r"im stau|vor mir|voraus|gesperrt|due to|wegen)\b",
    re.IGNORECASE,
)
_HANDLED = re.compile(
    r"\b(?:mechanic(?:'s| is)? (?:on|here|working|coming)|in the shop|at the (?:shop|dealer)|waiting (?:on|"
    r"for) (?:a |the )?(?:part|mechanic|tow)|"
    r"road service (?:is|on)|in der werkstatt|mechaniker (?:ist|kommt))\b",
    re.IGNORECASE,
)
_COOLING = re.compile(
    r"\b(?:reefer|cooling|fridge|freezer|kühlung|kühlaggregat)\b(?!.{0,30}(?:fire|smok))", re.IGNORECASE
)
_PAST = re.compile(
    r"\b(?:this morning|yesterday|last (?:night|week|month|year|time)|earlier|had (?:to get|it|them|a guy)|"
    r"(?:got|been|all) (?:it )?(?:fixed|repaired|patched)|fixed|road service (?:took|came|got)|heute (?:morgen|"
    r"früh)|gestern|vorhin|letzte\w*|repariert|already (?:fixed|back)|back (?:rolling|on the road)|years? ago)\b",
    re.IGNORECASE,
)
_FALSE_ALARM = re.compile(
    r"\b(?:false alarm|thought (?:i|it|that|there)|turned out|falscher alarm|fehlalarm|dachte (?:schon|erst))\b",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\b(?:i'?ve|i'?m|i|my|me|we|we'?ve|our|us|truck'?s|ich|mir|mich|mein\w*|wir|uns|help|co-?driver|beifahrer\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """`statement` is the one that tells of the emergency; `number` the line it is in."""

    kind: str
    statement: Statement
    number: int
    sure: bool

    def finding(self) -> Finding:
        return Finding(self.kind, self.statement.quote(), self.statement.line.id, 0.92 if self.sure else 0.75)


def find_alarm(talk: Talk, *, expected: bool = False) -> Alarm | None:
    """The emergency of the talk, or None.

    The agent's care afterwards (is anyone hurt?) makes a doubtful one sure; where one is `expected` nothing need.
    """
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
    if doubtful is not None and (expected or any(number >= doubtful.number - 1 for number in cared)):
        return _settled(talk, doubtful)
    return _unnamed(talk, cared) or (_told_first(talk, cared) or _answered(talk) if expected else None)


def _care(talk: Talk) -> list[int]:
    """The agent's lines that only an emergency brings about: after injuries, or a hand-off right after safety."""
    lines = [line for line in talk.agent_lines if TOPICS["injury"].search(line.text)]
    safe = [
        line
        for line in talk.agent_lines
        if re.search(
            r"\b(?:safe (?:place|location|spot|distance|now|right now|where)|are you safe|everyone safe|safe\?|"
            r"in sicherheit|911|112|emergency services)\b",
            line.text,
            re.IGNORECASE,
        )
    ]
    return sorted({line.number for line in (*lines, *safe)})


def _kind(one: Statement) -> tuple[str, bool]:
    """(kind, whether it is certainly the driver's own and now)."""
    text = one.text
    found = [
        (name, match)
        for name, pattern in _KINDS
        if (match := pattern.search(text)) and not DENIED.search(text[: match.start()])
    ]
    if _PAST.search(text) or _FALSE_ALARM.search(one.line.text):
        return "", False
    if not found:  # no rule names it, but it sounds like one: doubtful, until the agent cares
        kind = likely_kind(text)
        sounds = bool(kind) and read_emergency(text, language=detect_language(text)).emergency
        return (kind, False) if sounds else ("", False)
    if one.first and polarity(text) == "no" and len(text.split()) <= 8:
        return "", False
    name, match = found[0]
    other = (_OTHERS if name == "Accident" else _ELSEWHERE).search(text)
    if name == "Breakdown" and (_HANDLED.search(one.line.text) or _COOLING.search(text)):
        return "", False
    if (
        other is not None
        and name in ("Accident", "Fire", "Breakdown")
        and not re.search(
            r"\b(?:hit (?:me|us|my)|i (?:just )?(?:hit|had|crashed|jackknifed)|i'?ve been in|my (?:truck|trailer|"
            r"engine|tire)|mir ist|ich hatte)\b",
            text,
            re.IGNORECASE,
        )
    ):
        return "", False
    language = detect_language(text)
    reading = read_emergency(text, language=language)
    own = _OWN.search(text) is not None or re.search(r"[!]", text) is not None
    present = re.search(
        r"\b(?:just|right now|now|i'?m|i am|gerade|eben|jetzt|stehe|liege|bin|help|oh (?:god|no|my)|hold on|"
        r"hang on)\b|!",
        text,
        re.IGNORECASE,
    )
    return name, bool(own and (present or reading.emergency)) or (
        name in ("Medical", "Fire", "Security") and reading.emergency
    )


def _settled(talk: Talk, alarm: Alarm) -> Alarm:
    """Of several kinds in the same line the gravest cause; a fire told of right after counts as one."""
    same = [one for one in talk.statements if alarm.number <= one.line.number <= alarm.number]
    kinds = {kind for one in same if (kind := _kind(one)[0])} | {alarm.kind}
    if alarm.kind == "Other" and (told := _likely([one for one in same if likely_kind(one.text) != "Other"])):
        return replace(told, sure=alarm.sure)
    for name in ("Fire", "Accident"):
        if name in kinds and alarm.kind in ("Breakdown", name):
            return Alarm(name, alarm.statement, alarm.number, alarm.sure)
    return alarm


def _told_first(talk: Talk, cared: list[int]) -> Alarm | None:
    """Of a call known to be an emergency that no rule names: what was said before the agent cared."""
    told = [one for one in talk.statements if cared and one.line.number < cared[0]]
    if not told:
        return None
    return _likely(told) or Alarm("Other", told[-1], told[-1].line.number, sure=False)


def _answered(talk: Talk) -> Alarm | None:
    """Of a call known to be an emergency: what the driver says to "what happened?"."""
    told = [one for one in talk.statements if _ASKS_WHAT.search(one.question) and polarity(one.text) != "no"]
    return _likely(told[:4])


def _likely(told: list[Statement]) -> Alarm | None:
    """The gravest kind that statements telling of an emergency speak of, the earliest of them as its proof."""
    kinds = [(one, kind) for one in told if not _FALSE_ALARM.search(one.line.text) and (kind := likely_kind(one.text))]
    if not kinds:
        return None
    one, kind = min(kinds, key=lambda entry: (_GRAVEST.index(entry[1]), entry[0].place))
    return Alarm(kind, one, one.line.number, sure=False)


_GRAVEST = ("Fire", "Accident", "Security", "Medical", "Breakdown", "Other")
_ASKS_WHAT = re.compile(
    r"\b(?:what(?:'?s| is| has| did|'?s been)?\b.{0,20}\b(?:happen\w*|wrong|going on|emergency|problem|matter|issue|"
    r"up)|"
    r"emergency|go ahead|talk to me|was (?:ist|genau)\b.{0,15}\b(?:passiert|los|geschehen)|notfall\w*)\b",
    re.IGNORECASE,
)


def _unnamed(talk: Talk, cared: list[int]) -> Alarm | None:
    """The agent treats it as an emergency and the driver tells of an injury or danger that no rule names."""
    done = escalation(talk, 0)
    soft = [line.number for line in talk.agent_lines if TOPICS["safety"].search(line.text)]
    if done is not None and "Connected" in str(done.value) and soft and _told_first(talk, soft) and soft[0] > 1:
        return _told_first(talk, soft)
    if len(cared) < 2 and not (cared and done is not None):
        return None
    for one in talk.statements:
        if (
            one.line.number >= cared[0] - 1
            and read_emergency(one.text, language=detect_language(one.text), previous=one.question).emergency
        ):
            kind = likely_kind(one.text) or ("Medical" if hurt(one.text) else "Other")
            return Alarm(kind, one, one.line.number, sure=False)
    return None
