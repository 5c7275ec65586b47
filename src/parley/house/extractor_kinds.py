"""Of what kind an emergency is, by classes of words: a part of a vehicle beside a word of failing, a body's complaint…

Wider than what may raise an alarm (`extractor_alarm`): to be asked only of words known to tell of an emergency.
"""

from __future__ import annotations

import re

from parley.house.extractor_harm import DENIED, ILLNESS, hurt

_VEHICLE = (
    r"truck|tractor|trailer|rig|semi|cab|bobtail|wagon|reefer|tanker|flatbed|van|lkw|laster|zug|auflieger|anhänger|"
    r"sattel\w*|gespann"
)
_PART = (
    r"tires?|tyres?|steers?|steer tires?|drives?|duals?|recap|wheels?|rims?|lugs?|hubs?|bearings?|brakes?|air ?lines?|"
    r"air ?bags?|"
    r"air (?:pressure|tank|compressor)|compressor|engine|motor|tranny|transmission|gear ?box|gears?|clutch|axles?|"
    r"drive ?shaft|u-? ?joint|"
    r"alternator|batter(?:y|ies)|turbo|injectors?|pump|radiator|hose|belts?|coolant|oil(?: pressure)?|def|sensors?|"
    r"fifth wheel|king ?pin|landing gear|lights?|headlights?|starter|steering|suspension|springs?|shocks?|exhaust|"
    r"fuel (?:line|tank|pump|filter)|electric\w*|wiring|wipers?|windshield|hitch|glad ?hands?|mud ?flap|bumper|"
    r"reifen|rad|räder|felge|bremsen?|druckluft|luftdruck|getriebe|kupplung|achse|kardanwelle|lichtmaschine|"
    r"batterie|turbolader|kühler|schlauch|keilriemen|öldruck|lenkung|federung|licht|anlasser|elektrik"
)
_FAILS = (
    r"went|gone|go(?:es)? out|going out|let go|quit|quits|dead|died|dying|die|fail\w*|broke|broken|snapped|blew|"
    r"blow\w*|popped|pop|shredded|shot|busted|burst|exploded|leak\w*|lock(?:ed|ing)? up|seized|stuck|drop\w*|zero|"
    r"loose|fell (?:off|out|apart)|came (?:off|apart|loose)|come (?:off|apart|loose)|overheat\w*|won'?t|wouldn'?t|"
    r"not work\w*|stopped work\w*|shut (?:off|down)|cut out|out|knocking|grinding|losing|lost|no|ripped|"
    r"smok\w*|kaputt|defekt|gerissen|undicht|verreckt|hinüber|ausgefallen|geplatzt|gebrochen|fest|blockier\w*|"
    r"versag\w*|streikt|ausgegangen|weg|platt|verloren|locker"
)
_BODY = (
    r"chest|head|heart|arm|arms|legs?|back|neck|stomach|belly|gut|throat|tongue|face|eyes?|vision|side|jaw|hands?|"
    r"fingers?|foot|feet|knees?|ankle|wrist|shoulder|ribs?|hip|skin|brust|herz|kopf|arm|bein|rücken|bauch|magen|hals|"
    r"gesicht|augen?|hand|fuß|knie|schulter"
)
_AILS = (
    r"hurt\w*|pain\w*|ache\w*|aching|numb|tight\w*|tingl\w*|swell\w*|swollen|racing|pound\w*|burning|bleed\w*|"
    r"blood\w*|cut|broke|broken|crush\w*|smash\w*|clos(?:ing|ed) up|cramp\w*|pressure|spinning|droop\w*|"
    r"weak\w*|schmerz\w*|weh|taub|sticht|stechen|rast|geschwollen|blut\w*|gebrochen|kribbel\w*|eng|schnürt|krampf\w*"
)


def _near(first: str, second: str, gap: int = 28) -> str:
    """Two classes of words close together in one clause, in either order."""
    between = rf"\b[^.;!?]{{0,{gap}}}?\b"
    return rf"\b(?:{first}){between}(?:{second})\b|\b(?:{second}){between}(?:{first})\b"


_CLASSES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(words, re.IGNORECASE))
    for name, words in (
        (
            "Fire",
            r"\bflam(?:es?|men)\b|\bfire\b(?! (?:department|truck|extinguisher))|\b(?:it'?s|is|'s|are|caught|"
            r"started) burning\b|\b(?:cab|truck|trailer|sleeper|bunk)\b.{0,20}\bsmoke\b|"
            r"\bsmoke\b.{0,20}\b(?:in|inside|fill\w*)\b.{0,8}\b(?:cab|truck|sleeper)\b|\bbrenn\w*|\bfeuer\b|"
            r"\bburned (?:up|down)\b|\bin brand\b|\bqualm (?:in|im)\b",
        ),
        (
            "Accident",
            rf"\b(?:{_VEHICLE}|it|she|i)\b.{{0,12}}\b(?:went|tipped|fell|flopped|rolled|turned) over\b|"
            r"\b(?:accident|wreck(?:ed)?|collision|collided|crashed|crash|pile-?[ -]?up|fender[- ]bender|"
            r"jack-? ?knif\w*|flipped|rolled (?:over|it|her|the)|roll-?over|tipped|overturn\w*|on (?:its|her|my|"
            r"the) (?:side|roof)|laid (?:it|her|"
            r"the \w+) (?:over|down)|hydroplan\w*|skidded|spun (?:out|around)|slid (?:off|into|out|on|across)|"
            r"lost control|ran off|went (?:off|into|through|over) (?:the|a|into)|(?:in|into) (?:the|a) (?:ditch|"
            r"median|embankment|guard ?rail|ravine)|caved in|crumpled|totaled|t-?boned|rear[- ]?end\w*|"
            r"side-?swip\w*|cut me off|ran (?:over|into|a red)|backed into|plowed (?:into|through)|"
            r"(?:hit|clipped|bumped|struck|smacked|rammed|scraped|tapped|nailed|slammed into|bounced off|"
            r"tagged|clobbered) (?:me|us|my|by|a|an|the|another|some\w*|him|her|them|it|his|this|that|one|two)|"
            r"low (?:bridge|clearance|overpass)|"
            r"unfall|an(?:ge)?fahren|angefahren|drauf ?gefahren|aufgefahren|reingefahren|rein ?gekracht|"
            r"gerammt|gestreift|touchiert|graben|böschung|umgekippt|umgestürzt|überschlagen|"
            r"(?:ins )?schleudern|geschleudert|(?:weg)?gerutscht|von der (?:straße|fahrbahn)|"
            r"zusammen(?:stoß|gestoßen|gekracht)|karambolage|gekracht|wildunfall)\b(?<!no accident)",
        ),
        (
            "Security",
            r"\b(?:rob\w*|hi-? ?jack\w*|car-? ?jack\w*|mugg\w*|jumped (?:me|at|by)|got jumped|gun(?:s|point)?|"
            r"knife|weapon|shot at|shoot\w*|shots|break\w* (?:in|into)|broke (?:in|into)|stole\w*|steal\w*|"
            r"theft|thie\w*|(?:took|taken|take|grabbed|snatched) (?:my|our|the|it from)|following me|"
            r"follow\w* me|stalk\w*|chasing me|threat\w*|attack\w*|assault\w*|punch\w*|crowbar|"
            r"(?:cut|broke|busted|tampered with|tampered|popped) (?:\w+ )?(?:my |the )?(?:seal|lock|locks|curtain|"
            r"tarp)|seal (?:is|was|'s|has been)? ?(?:cut|broken|gone|missing)|stowaways?|(?:missing|gone)\b.{0,20}\b"
            r"(?:load|freight|cargo|pallets)|(?:load|freight|cargo|pallets?|trailer)(?:'s| is| are|"
            r" was)? (?:missing|gone|stolen)|überfall\w*|bedroh\w*|einbrech\w*|eingebrochen|gestohlen|geklaut|"
            r"klauen|ausgeraubt|waffe|messer|pistole|(?:auf)?geschlitzt|verfolg\w*|angegriffen|geschlagen|"
            r"aufgebrochen|blinde passagiere)\b",
        ),
        (
            "Medical",
            rf"{_near(_BODY, _AILS)}|\b(?:{ILLNESS})|"
            r"\b(?:breath\w*|vomit\w*|threw up|throw\w* up|puk\w*|nause\w*|dizzy|woozy|seeing (?:double|"
            r"spots|stars)|can'?t see|shak(?:ing|y)|shiver\w*|fever|sugar|heat ?stroke|overdos\w*|poison\w*|"
            r"stung|bit(?:ten)? (?:by|me)|allerg\w*|bleed\w*|pain|pains|sick|ill|pass(?:ed|ing|es)? out|"
            r"black(?:ed|ing) out|collaps\w*|"
            r"unconscious|unrespons\w*|seizur\w*|choking|pregnant|labor|contractions|cpr|ambulance|doctor|"
            r"heat exhaustion|"
            r"schwarz vor|übel|schlecht geworden|erbroch\w*|schmerzen|atmen|luft (?:mehr|bekomm\w*)|"
            r"kreislauf\w*|umgekippt|fieber|zittr\w*|zitter\w*|blut\w*|notarzt|krankenwagen|insulin|allerg\w*)\b",
        ),
        (
            "Breakdown",
            rf"{_near(_PART, _FAILS)}|\b(?:blow-? ?out|flat|blew|broke ?down|broken down|break ?down|limp\w*|"
            r"derate\w*|over-?heat\w*|stall\w*|codes?|check engine|won'?t (?:start|crank|turn over|move|go|shift|"
            r"build|budge)|not (?:start|crank|mov)ing|run away ramp|runaway ramp|"
            r"(?:ran|run|running|out) (?:out )?of (?:fuel|diesel|def|air)|gel(?:led)? up|gelled|tow(?:ed)?|"
            r"no (?:power|brakes?|gears?|lights?|air|steering)|los(?:t|ing) (?:\w+ )?(?:power|air|brakes?|oil|"
            r"coolant|steering)|(?:truck|tractor|rig|she|it)(?:'s| is| just)? (?:died|quit|dead|shut (?:off|down))|"
            r"came unhooked|uncoupled|came loose|dropped (?:the|my) trailer|kein(?:en)? (?:strom|diesel|sprit|"
            r"druck)|panne|plattfuß|platten|platter|liegen ?geblieben|springt nicht|geht nicht mehr an|"
            r"abgeschleppt|notlauf|qualmt|raucht)\b",
        ),
        (
            "Other",
            r"\b(?:spill\w*|leak\w*|chemicals?|hazmat|acid|fumes|gas|flood\w*|water (?:is )?rising|tornado|"
            r"hurricane|landslide|mudslide|avalanche|earthquake|power lines?|sink ?hole|stranded|snowed in|trapped|"
            r"stuck|gefahrgut|ausgelaufen|läuft aus|hochwasser|überschwemm\w*|eingeschneit|lawine|erdrutsch)\b",
        ),
    )
)
_BROKEN_LOOSE = re.compile(rf"\b(?:{_VEHICLE})\b.{{0,15}}\b(?:died|quit|dead|shut|won'?t|stopped)\b", re.IGNORECASE)


def likely_kind(text: str) -> str:
    """The gravest kind that words telling of an emergency speak of, "" where they speak of none."""
    for name, pattern in _CLASSES:
        if any(not DENIED.search(text[: match.start()]) for match in pattern.finditer(text)):
            return name
    if hurt(text):
        return "Medical"
    return "Breakdown" if _BROKEN_LOOSE.search(text) else ""
