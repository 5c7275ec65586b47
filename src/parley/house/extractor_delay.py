"""Why a driver is late: a usual reason, with the driver's own word for it where that says more."""

from __future__ import annotations

import re

from parley.house.extractor_status import admits_delay, is_late, offers_states, on_time
from parley.house.extractor_talk import Statement, Talk, polarity
from parley.understanding import Finding

_REASONS: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (name, re.compile(rf"\b(?:{words})\b", re.IGNORECASE), plain)
    for name, words, plain in (
        (
            "Construction",
            r"(?:road ?)?construction|road ?work|work zone|lane closures?|down to one lane|baustellen?|bauarbeiten|"
            r"fahrbahnverengung|cones|paving|flaggers?|single lane|einspurig",
            "construction",
        ),
        (
            "Road Closure",
            r"(?:road|highway|interstate|bridge|pass|lanes?)(?: is| was|'s| got)? (?:shut(?: down)?|closed)|"
            r"closed (?:the )?(?:road|highway|interstate|bridge|pass|lanes?)|(?:closed|shut down|shutting down|"
            r"closing) (?:down )?(?:the |all of )?(?:i[- ]?)?(?:\d{1,3}|toll road|turnpike|"
            r"thruway|tunnel|pass|ramp)|travel ban|rock ?slides?|mud ?slides?|bridge (?:is|was) out|"
            r"close road|road clos\w+|detour\w*|"
            r"gesperrt|vollsperrung|sperrung|umleitung",
            "road closure",
        ),
        (
            "Heavy Traffic",
            r"traffic(?: jams?)?|jam|gridlock|stop[- ]and[- ]go|bumper[- ]to[- ]bumper|congest\w+|backed up|rush "
            r"hour|standstill|wreck|"
            r"accident|pile ?up|crash|stau|verkehr|unfall|berufsverkehr|stockend\w*",
            "traffic|traffic jam|heavy traffic",
        ),
        (
            "Weather",
            r"weather|snow\w*|blizzard|ice|icy|black ice|sleet|hail\w*|rain\w*|storm\w*|thunderstorms?|fog\w*|wind\w*|"
            r"high winds|gusts?|flood\w*|tornado\w*|hurricane|chain(?:s|ed|ing)?(?: up| law)|chains|white-?outs?|"
            r"slick|visibility|lightning|downpour|wetter|schnee\w*|glatteis|eis|"
            r"glätte|regen\w*|nebel|sturm|gewitter|unwetter|hochwasser|schneit|regnet",
            "weather|bad weather",
        ),
        (
            "Inspection",
            r"inspection|inspected|scale house|scales?|weigh station|dot (?:stop|check|inspection|officer|guy)?|"
            r"level (?:one|two|three|1|2|3)|pulled (?:me )?(?:over|in) (?:by|for)|state trooper|kontrolle|"
            r"polizeikontrolle|bag kontrolle|verkehrskontrolle|waage",
            "inspection",
        ),
        ("Customs", r"customs|border|zoll\w*|grenze|grenzkontrolle", "customs"),
        (
            "Mechanical Issue",
            r"mechanical|break ?down|broke down|broken down|blow ?out|flat(?: tire)?|tires?|tyres?|engine|"
            r"check engine|reefer(?: unit)?|alternator|battery|brakes?|air (?:line|leak)|radiator|coolant|"
            r"overheat\w*|def (?:light|issue|sensor)|regen|transmission|turbo|starter|repair\w*|shop|road service|"
            r"maintenance|lights? (?:out|went)|panne|reifen\w*|motor\w*|werkstatt|defekt|kühl(?:aggregat|ung)|"
            r"bremsen?|technische\w*",
            "mechanical issue|mechanical issues|mechanical problem",
        ),
        (
            "Loading Delay",
            r"shipper|still loading|loading (?:me|took|delay)|loaded (?:me )?late|(?:get(?:ting)?|got|"
            r"be(?:ing)?) loaded|(?:haven't|hadn't|not) (?:even )?(?:started )?load\w*|late load\w*|"
            r"(?:load|product|freight|order|trailer|pallets|they) (?:wasn'?t|weren'?t|isn'?t|was not|not) (?:\w+ "
            r")?(?:ready|staged|"
            r"made|loaded)|late getting loaded|loaded till|(?:erst|spät|noch nicht) .{0,25}(?:beladen|geladen)|pick "
            r"?up (?:ran|was) late|verlader|beladung|beim (?:be)?laden|absender|"
            r"ware (?:war |ist |ist noch )?nicht (?:fertig|bereit)",
            "loading delay",
        ),
        (
            "Unloading Delay",
            r"(?:previous|last|first|prior|other) (?:drop|stop|delivery|receiver|consignee|customer) (?:took|held|"
            r"kept|was|ran|"
            r"had|made)|(?:letzte|vorherige|erste)\w* (?:stelle|kunde|abladestelle|entladestelle|stopp)\w*|"
            r"detention|no lumpers?|lumpers?|receiver (?:is|was|ran)|no (?:open )?docks?|waiting (?:on|for) (?:a |"
            r"the )?(?:dock|door|lumper\w*)|warte auf (?:eine )?(?:freie )?rampe|entladung|keine rampe",
            "unloading delay",
        ),
        (
            "Hours of Service",
            r"(?:ran |run(?:ning)? )?out of (?:my )?(?:hours|(?:drive |driving |clock )?time)|drive time|thirty[- "
            r"]four|"
            r"(?:ten|10|thirty|30)[- ](?:hour|minute) (?:break|reset|rest)|my (?:ten|fourteen|eleven|seventy|clock)|"
            r"hours of service|hos|(?:my |the )?(?:ten|10|thirty[- ]four|"
            r"34)(?:[- ]hour)? (?:reset|break)|reset|took my (?:ten|break)|take my ten|my clock|log ?book|"
            r"lenkzeit\w*|ruhezeit|pausenzeit|fahrzeit",
            "hours of service",
        ),
        ("Fueling", r"fuel(?:ing|ed)?|tanken|getankt", "fueling|fuel|fueled|tanken|getankt"),
        (
            "Wrong Address",
            r"wrong (?:address|turn|exit|directions?)|got lost|lost my way|gps (?:sent|took|had)|falsche adresse|"
            r"verfahren",
            "wrong address",
        ),
        ("Personal", r"overslept|sick|ill\b|personal|family|doctor|krank|verschlafen|arzt", ""),
        (
            "Paperwork",
            r"(?:lost|missing|wrong|waiting (?:on|for)|no) (?:my |the |any )?paper ?work|late start|"
            r"paper ?work (?:was|is|wasn't|isn't|took|issue)|papiere (?:fehl\w+|war\w+)",
            "paperwork",
        ),
    )
)
# Words that name a reason only where no plainer one stands beside them.
_HINTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\b(?:{words})\b", re.IGNORECASE))
    for name, words in (
        (
            "Mechanical Issue",
            r"(?:quit|died|shut (?:down|off)|went out|conked out) on me|won'?t (?:start|crank|build|go)|derat\w*|"
            r"limp\w*|codes?|warning light|mechanics?|tow(?:ed|ing|"
            r"truck)?|dealer(?:ship)?|leak\w*|(?:truck|tractor|trailer) (?:problem|issue|trouble)s?|"
            r"springt nicht an|undicht|abgeschleppt|mechaniker|pannendienst",
        ),
        ("Weather", r"blowing|freez\w*|frozen|mud(?:dy)?|slippery|drifts?|glatt|rutschig|sicht"),
        (
            "Heavy Traffic",
            r"crawl\w*|(?:haven'?t|hasn'?t|not|ain'?t) mov(?:ed|ing)|brake lights|parking lot|zähfließend\w*",
        ),
    )
)
_NONE_BEFORE = re.compile(
    r"\b(?:no|not|without|isn'?t|wasn'?t|any|kein\w*|ohne|keinen|nothing to do with|never)\s+(?:\w+\s+)?$",
    re.IGNORECASE,
)
_NONE_AFTER = re.compile(
    r"^\s*(?:(?:on \S+ |there |here )?(?:is|are|was|'s been|'s|has been|been|ist|war)?\s*(?:all |pretty |really |"
    r"actually |looking |moving |still )*(?:fine|good|ok|okay|clear|light|great|normal|no problem|not (?:bad|"
    r"too bad|a problem)|gut|frei|kein problem|in ordnung)|free\b|\w* but is no problem|,? but (?:it'?s |is |"
    r"that'?s )?(?:no problem|fine|ok))",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:because(?: of)?|due to|on account of|thanks to|'?cause|reason (?:is|was)|wegen|weil|aufgrund|"
    r"grund (?:ist|war))\s+(?P<why>[^.;!?]{4,90})",
    re.IGNORECASE,
)
_ALL_WELL = re.compile(
    r"\b(?:no delays?|not (?:late|delayed|behind)|no problems?|no issues?|on (?:time|schedule)|kein zeitverlust|"
    r"no time lost|smooth|"
    r"keine? (?:verspätung|verzögerung|probleme?)|nicht verspätet|all good|alles gut|nach plan|im zeitplan|pünktlich|"
    r"not so far|nothing (?:major|serious|much|big|crazy)|the usual|none)\b",
    re.IGNORECASE,
)
_ALARM = re.compile(r"\b(?:i (?:just )?(?:hit|crashed|jackknifed)|hit me|help)\b", re.IGNORECASE)
_NO_REASON = re.compile(
    r"\b(?:good|fine|well|great|thanks|thank you|hello|hear|what|who|why|time|there|arriv\w*|here|soon|maybe|call\w*|"
    r"sorry|see|say|think so|gut|danke|da|bald|warum|was|alles|\d+|driv\w+|roll\w+|mov\w+|unload\w*|door|dock|"
    r"waiting)\b|\?$",
    re.IGNORECASE,
)
_GENERIC_STOP = re.compile(
    r"^(?:yes|yeah|yep|a (?:little|bit).*|little bit.*|ja|some|couple (?:of )?(?:hours?|minutes?)|about .*hours?|"
    r".{0,6})$",
    re.IGNORECASE,
)
_ONLY_LATE = re.compile(
    r"(?:(?:i|we|it|ich|wir)(?:'?m|'?re|'?s| am| are| is| bin| sind)? )?"
    r"(?:(?:running|bin|sind|gonna be|going to be|a|an|bit|little|about|maybe|pretty|really|kind of|still|so|half|"
    r"couple|few|of|\d+|one|two|three|four|hours?|hrs?|minutes?|mins?|ein|eine|etwas|ziemlich|bisschen|stunden?|"
    r"minuten) )*(?:late|behind(?: schedule)?|delayed|late today|spät dran|verspätet|zu spät)",
    re.IGNORECASE,
)
"""That one is late, and nothing of why."""


def delay_reason(talk: Talk, end: int | None = None) -> Finding | None:
    """The reason, with the sentence that names it; a finding of None where the driver denies any delay."""
    named: list[tuple[Statement, list[str], float]] = []
    denial: Statement | None = None
    late = any(_late(one) for one in talk.statements if end is None or one.line.number < end)
    for one in talk.statements:
        if end is not None and one.line.number >= end:
            break
        asked = "delay" in one.asked and not offers_states(one.question)
        whole = " ".join(each.text for each in talk.statements if each.line.number == one.line.number)
        calm = _ALL_WELL.search(whole) and not is_late(whole)
        if asked and one.first and (polarity(one.text) == "no" or on_time(one.text)) and not _opposite(one):
            denial = one
        if calm:
            continue
        reasons = _reasons(one.text)
        score = (2.0 if asked else 0.0) + (2.0 if is_late(whole) else 0.0) + (1.0 if late else 0.0)
        score += (
            1.0
            if re.search(
                r"\b(?:i|we|have to|gotta|must|ich|wir) (?:wait|waiting|warte|sit|sitting)\b", whole, re.IGNORECASE
            )
            else 0
        )
        score += (
            1.0
            if reasons
            and re.search(r"\b(?:not|nicht|isn'?t|wasn'?t) (?:ready|fertig|bereit|loaded)\b", one.text, re.IGNORECASE)
            else 0
        )
        score += (
            1.0
            if any(
                reason.startswith(("Road Closure", "Wrong Address", "Paperwork", "Construction")) for reason in reasons
            )
            else 0
        )
        score += (
            1.5
            if re.search(
                r"\b(?:ran out|out of hours|häng\w*|cost|lost|had me|hat mich|because|due to|wegen|held|stuck|slow|"
                r"nightmare|brutal|pulled me)\b",
                one.text,
                re.IGNORECASE,
            )
            else 0
        )
        if reasons and score >= 1 and not _ALARM.search(one.text):
            named.append((one, reasons, score))
        elif asked and not reasons and polarity(whole) != "no" and (other := _other(one, whole)):
            named.append((one, [other], score + 0.1))
    if named:
        most = max(score for _, _, score in named)
        one, reasons, _ = next(entry for entry in reversed(named) if entry[2] >= most - 0.5)
        beside = [
            each
            for other, told, score in named
            if other.line.number == one.line.number and score >= most - 1.5
            for each in told
        ]
        kinds = {label.partition(" (")[0]: label for label in (*beside[::-1], *reasons[::-1])}
        reasons = list(kinds.values())[::-1] if len(kinds) > 1 else reasons
        return Finding("; ".join(reasons[:3]), one.quote(), one.line.id, 0.85 if most >= 2 else 0.65)
    if denial is not None and not late:
        return Finding(None, denial.quote(), denial.line.id, 0.9)
    return None


def _late(one: Statement) -> bool:
    if is_late(one.text) or admits_delay(one):
        return True
    answers = "delay" in one.asked and one.first and not offers_states(one.question)
    return answers and (polarity(one.text) == "yes") != _opposite(one) and bool(polarity(one.text))


def _opposite(one: Statement) -> bool:
    """Whether a "yes" to the question means that all is well: "are you on schedule?" """
    return bool(
        re.search(
            r"\bon (?:schedule|time|track)\b|\bim zeitplan\b|\bpünktlich\b|\beverything (?:ok|okay|alright|going)",
            one.question,
            re.IGNORECASE,
        )
    )


def _reasons(text: str) -> list[str]:
    """Reasons named and not denied, in the order they are said."""
    found: list[tuple[int, str]] = []
    for name, pattern, plain in _REASONS:
        words: list[str] = []
        place = -1
        for match in pattern.finditer(text):
            if _NONE_BEFORE.search(text[: match.start()]) and name not in ("Loading Delay", "Unloading Delay"):
                continue
            if _NONE_AFTER.match(text[match.end() :]):
                continue
            place = match.start() if place < 0 else place
            words.append(match.group().lower())
        if place >= 0:
            said = [word for word in dict.fromkeys(words) if word not in plain.split("|")]
            found.append((place, f"{name} ({', '.join(said[:2])})" if said else name))
    if not found:
        hint = next((name for name, pattern in _HINTS if (met := pattern.search(text)) and not _denied(text, met)), "")
        found = [(0, hint)] if hint else []
    ordered = [label for _, label in sorted(found)]
    if (
        any(label.startswith("Heavy Traffic (stau") or label == "Heavy Traffic" for label in ordered)
        and len(ordered) > 1
    ):
        ordered.sort(key=lambda label: label.startswith("Heavy Traffic"), reverse=True)
    return ordered


def _denied(text: str, match: re.Match[str]) -> bool:
    return bool(_NONE_BEFORE.search(text[: match.start()]) or _NONE_AFTER.match(text[match.end() :]))


def _other(one: Statement, whole: str) -> str:
    """A reason of no usual kind in the driver's words: after "because", or the answer itself."""
    match = _ELSE.search(whole)
    if match is not None and match.start() >= 0:
        return match["why"].strip(" ,")[:1].upper() + match["why"].strip(" ,")[1:]
    asked_why = re.search(
        r"\b(?:why|reason|what happened|what'?s (?:the )?(?:hold|delay|wrong|going on with)|causing|warum|grund|"
        r"was ist (?:los|passiert))\b",
        one.question,
        re.IGNORECASE,
    )
    if any(pattern.search(one.text) for _, pattern, _ in _REASONS):
        return ""  # named and denied: "traffic's been light"
    text = re.sub(r"^(?:well|so|uh|um|yeah|yes|ja|also)[, ]+", "", one.text, flags=re.IGNORECASE).strip(" .!?")
    if "?" in one.text:
        return ""
    plain = not polarity(one.text) and len(text.split()) >= 2 and not _NO_REASON.search(text)
    if (
        (asked_why or (plain and "delay" in one.asked and "?" in one.question))
        and one.first
        and len(text) <= 110
        and not _GENERIC_STOP.match(text)
        and not _ONLY_LATE.fullmatch(text)
        and not re.search(r"\b(?:don'?t|no idea|nothing|later|goodbye|robot|calling)\b", text, re.IGNORECASE)
    ):
        return text[:1].upper() + text[1:]
    return ""
