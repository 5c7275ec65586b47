"""How unloading stands, and whether the driver agreed to bring back the proof of delivery."""

from __future__ import annotations

import re

from parley.house.extractor_status import of_the_shipper
from parley.house.extractor_talk import Statement, Talk, audible, polarity, unsure
from parley.house.extractor_topics import TOPICS
from parley.understanding import Finding, plain_place

_DOOR = re.compile(
    r"\b(?P<what>door|dock(?: door)?|bay|rampe|tor|ladetor|laderampe)\s*(?:number |no\.? ?|nummer |nr\.? ?|"
    r"#\s?)?(?P<number>\d+\w?|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|"
    r"fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty)(?:[ -](?:one|two|three|"
    r"four|five|six|seven|eight|nine))?"
    r"|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|dreizehn|vierzehn|zwanzig)\b",
    re.IGNORECASE,
)
_STATES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\b(?:{words})\b", re.IGNORECASE))
    for name, words in (
        (
            "Refused",
            r"refus(?:ed|ing|es?)|reject(?:ed|ing|s)?|(?:turned|turning|sent|sending) (?:it|me|us|the (?:load|truck|"
            r"freight)|"
            r"everything) (?:away|back)|(?:won'?t|not gonna|wouldn'?t|don'?t want to) (?:take|accept) (?:it|the load|"
            r"any)|annahme verweigert|"
            r"verweigert|abgelehnt|nicht angenommen",
        ),
        (
            "Unloaded",
            r"(?:^|(?<=\n))empty|(?:got|been|get) empty|empty (?:at|since|about|around|now|by)|finished unloading|"
            r"done unloading|(?:all|already|been|got|just|i'?m|am|are|"
            r"fully) unloaded|"
            r"(?:pulled|took|got) the last (?:\w+ )?(?:pallet|one|skid|piece)s?(?: off)?|(?:finished|done) with me|"
            r"unloaded (?:at|already|about|around|this|and)|(?:i'?m|we'?re|i am|am) empty|dropped (?:already|it|"
            r"the (?:load|trailer)|off)|delivered (?:it|already|at|this)|all (?:done|empty)|i'?m done|(?:just|"
            r"they|already) finished|they'?re done|(?:bin|ist|wurde|"
            r"sind) (?:schon |bereits |fertig )?(?:leer|abgeladen|entladen|ausgeladen)|fertig (?:ab|ent|aus)geladen",
        ),
        ("Detention", r"detention|standgeld|standzeit\w*"),
        (
            "Waiting for Lumper",
            r"(?:waiting|wait) (?:on|for) (?:the |a |some )?lumpers?(?: service)?|no lumpers?|lumpers? (?:isn'?t|"
            r"aren'?t|hasn'?t|"
            r"haven'?t|not) [\w ]{0,12}|lumpers?\b.{0,30}\b(?:on (?:their |his |a )?(?:break|lunch)|late|no[- ]show|"
            r"(?:hasn'?t|haven'?t|"
            r"to|until|till|not|didn'?t|shows?|show)\b.{0,12}\b(?:up|shown?|here|come|comes|"
            r"arriv\w*|start\w*))|short (?:handed )?on lumpers|need a lumper|warte\w* auf (?:die |"
            r"den )?(?:entlade\w*|staplerfahrer|lumper)",
        ),
        (
            "Waiting for Door",
            r"(?:waiting|wait|waitin') (?:on|for) (?:a|an|the|my|them to (?:give|assign))? ?(?:open |free |"
            r"assigned )?(?:me a )?(?:door|dock|bay)(?: assignment)?|(?:no|not in a|don'?t have a|haven'?t (?:got|"
            r"given me) a) (?:open )?(?:door|dock)|(?:haven'?t|hasn'?t|not) (?:been )?assigned|wart\w* (?:noch |"
            r"schon )?auf (?:eine |die |ein |das )?(?:freie |freies )?(?:rampe|tor)|keine (?:freie )?rampe|in line|"
            r"(?:when|once) (?:a|the) (?:dock|door|bay) (?:opens|is)|buzzer|pager|(?:before|until|till) (?:they|"
            r"i) (?:can |could )?(?:get|give|have|assign) (?:me )?a (?:door|dock|bay)|"
            r"in the (?:queue|staging)|staging",
        ),
        (
            "Unloading",
            r"(?:being|getting|get|they'?re|are|is|started|start|busy|still|currently) unload\w*|unloading (?:me|now|"
            r"right now|it)|lumpers? (?:are|is) (?:working|on it|unloading)|half(?:way)? (?:done|unloaded|empty)|"
            r"pulled (?:about |like )?(?:\w+ )?pallets|pallets (?:off|so far|to go|left)|"
            r"(?:taking|pulling|hauling|breaking|rolling) (?:it|the pallets|pallets|stuff|the stuff|the freight|"
            r"me|everything|them|freight) (?:off|out)|(?:half|most|some|part|a (?:third|quarter)) of (?:it|them|the "
            r"\w+) "
            r"(?:is |are )?(?:off|out)|last (?:few|couple|two|three|four|five|six|row)\b.{0,12}pallets|(?:started?|"
            r"begun|they'?re|are|began) (?:just |now )?(?:pulling|taking|stripping|breaking down|working) (?:the |my "
            r")?(?:freight|"
            r"pallets|load|trailer|it|product|boxes|cases)|working me|"
            r"räum(?:en|t)\b.{0,20}\b(?:aus|leer)|hälfte\b.{0,12}\b(?:runter|raus|draußen|weg|abgeladen|ausgeladen)|"
            r"werde(?:n)? (?:ich )?(?:gerade |jetzt |schon )*(?:ent|ab|aus)(?:ge)?laden|(?:die|sie) (?:ent|ab|"
            r"aus)laden|"
            r"(?:they'?re|crew'?s|guys are) (?:working on (?:it|me)|"
            r"on it)|lad(?:en|et|e) (?:gerade |jetzt |schon |mich )*(?:ab|aus)|wird (?:gerade |schon |jetzt )*(?:ab|"
            r"ent|aus)geladen|am (?:ab|ent|aus)laden|beim (?:ab|ent|aus)laden|entladen gerade",
        ),
        (
            "Waiting",
            r"(?:just |still )?waiting (?:on|for) (?:(?:a|the|my) (?:green light|go[- ]ahead|call|text|okay|ok|"
            r"signal|light)|them|the receiver|somebody|someone|paperwork|the (?:forklift|"
            r"crew))|they'?re slow|(?:no|ain'?t got a|don'?t have a) crew|parked .{0,20}waiting|"
            r"haven'?t (?:even )?(?:started|touched)|hasn'?t started|not started|checked in|"
            r"sitting in the dock|warte\w* (?:noch|auf (?:den|die) (?:empfänger|entladung))|noch nicht angefangen",
        ),
    )
)
_LOADING = re.compile(
    r"\b(?:shipper|(?:getting|being|get|still|started|start|not|to be) load(?:ed|ing)|loading me|verlader|"
    r"beladen|beladung)\b",
    re.IGNORECASE,
)
_NOT_DONE = re.compile(
    r"\b(?:not|haven'?t|hasn'?t|isn'?t|aren'?t|until|till|when|once|soon as|if|nicht|noch nicht|sobald|wenn|"
    r"to get|gonna get|bis)\s+(?:\w+\s+){0,2}$",
    re.IGNORECASE,
)
_POSITION = re.compile(r"\b(?:not|which|what|no|kein\w*|welche\w*|from|next)\s*(?:\w+\s)?$", re.IGNORECASE)
_AT_DOCK = re.compile(
    r"\b(?:in|at|on|backed (?:in|into|up)(?: to)?|an|am) (?:the|a|my|der|die|dem) (?:door|dock|bay|rampe|"
    r"tor)\b|\bin the dock\b|\bbumped (?:the )?dock\b",
    re.IGNORECASE,
)


_BACKED_IN = re.compile(
    r"\b(?:i'?m|i am|we'?re|already|just|got|have|and|receiver|customer|consignee|,) (?:all )?(?:backed|"
    r"bumped) (?:in|up)\b|"
    r"^\W*(?:backed|bumped) (?:in|up)\b|\brückwärts (?:dran|reingefahren|angedockt)\b|\bangedockt\b",
    re.IGNORECASE,
)


def unloading_status(talk: Talk, end: int | None = None) -> Finding | None:
    """What the driver said last of door and state, joined: "In Door 14, Unloading"."""
    door: tuple[str, Statement] | None = None
    state: tuple[str, Statement] | None = None
    claim: Statement | None = None
    for one in (each for each in talk.statements if not of_the_shipper(each.text)):
        if end is not None and one.line.number >= end:
            break
        for match in _DOOR.finditer(one.held()):
            if not _POSITION.search(one.held()[: match.start()]):
                door = (_door(match), one)
        bare = _BARE_NUMBER.match(one.text) if one.first and _WHICH_DOOR.search(one.question) else None
        number = plain_place(f"exit {bare['number'].lower()}").removeprefix("exit ") if bare else ""
        if number[:1].isdigit():
            door = (f"In Door {number}", one)
        if (
            door is None
            and (_AT_DOCK.search(one.text) or _BACKED_IN.search(one.text))
            and not re.search(r"\b(?:not|no|waiting|warte\w*|nicht)\b", one.text, re.IGNORECASE)
        ):
            door = ("At Dock", one)
        found = _state(one)
        lesser = state is not None and (
            found == "Waiting" or (found, state[0]) == ("Waiting for Door", "Waiting for Lumper")
        )
        if found and found != "Detention" and not lesser:
            state = (found, one)
        if found == "Detention" or re.search(r"\bdetention\b", one.text, re.IGNORECASE):
            claim = one
    parts = [
        door[0] if door and not (state and state[0] in ("Unloaded", "Refused")) else "",
        "Detention" if claim else "",
        state[0] if state and not (claim and state[0] == "Waiting") else "",
    ]
    proof = state[1] if state else (claim or (door[1] if door else None))
    if door and parts[0] and state and state[1].line.number == door[1].line.number:
        proof = door[1]
    if claim is not None and not (state or door):
        proof = claim
    said = ", ".join(part for part in parts if part)
    if not said or proof is None:
        return None
    return Finding(
        said,
        proof.line.text
        if door and state and door[1] is not state[1] and door[1].line.id == state[1].line.id
        else proof.quote(),
        proof.line.id,
        0.88,
    )


def _door(match: re.Match[str]) -> str:
    words = match["what"].lower()
    number = plain_place(f"exit {match['number'].lower()}").removeprefix("exit ")
    numbers = {
        "zwei": "2",
        "drei": "3",
        "vier": "4",
        "fünf": "5",
        "sechs": "6",
        "sieben": "7",
        "acht": "8",
        "neun": "9",
        "zehn": "10",
        "elf": "11",
        "zwölf": "12",
        "dreizehn": "13",
        "vierzehn": "14",
        "zwanzig": "20",
    }
    number = numbers.get(number, number)
    return f"In Door {number}" if words == "door" else f"In Door {number} ({match['what'].capitalize()} {number})"


def _state(one: Statement) -> str:
    text = one.held()
    if _LOADING.search(text):
        return ""
    for name, pattern in _STATES:
        for match in pattern.finditer(text):
            if name in ("Unloaded", "Unloading", "Refused") and _NOT_DONE.search(text[: match.start()]):
                continue
            return name
    asked = one.first and polarity(one.text)
    if asked == "yes" and re.search(
        r"\b(?:you'?ve|have you|you|already) (?:been )?(?:unloaded|delivered)\b|(?:ent|ab)geladen\?|"
        r"\bdid you (?:\w+ ){0,2}(?:deliver\w*|drop|unload)\b|\bmake (?:your|the) (?:delivery|drop)\b",
        one.question,
        re.IGNORECASE,
    ):
        return "Unloaded"
    if asked == "yes" and re.search(
        r"\b(?:are you|you'?re|so you'?re|they) (?:being |getting |currently )?unload(?:ing|ed)\b",
        one.question,
        re.IGNORECASE,
    ):
        return (
            "Unloaded"
            if re.search(r"\bunloaded\b(?!.*\bnow\b)", one.question, re.IGNORECASE)
            and not re.search("being|getting", one.question, re.IGNORECASE)
            else "Unloading"
        )
    return ""


_REMINDS = TOPICS["pod"]
_AGREES = re.compile(
    r"\b(?:will do|(?:as )?soon as (?:i|they|we)|(?:when|once) i (?:get|stop|park|can)|i can(?: do that| send| get| "
    r"upload)?|alrighty|okey ?doke?y?|perfect|great|i will|"
    r"i'?ll (?:get|send|upload|text|have|take|bring|make sure|do|remember|grab|scan|email|"
    r"be sure)|won'?t forget|not forget|already (?:sent|got|uploaded|did|have)|signed|in (?:my )?hand|right here|"
    r"sounds like a plan|you betcha|betcha|appreciate|never (?:do|have|will)|wird erledigt|(?:i )?(?:got|"
    r"have) (?:it|them|"
    r"that|the pod|the paperwork)|sent it|uploaded|no problem|always do|roger|copy|ten[- ]?four|10-4|"
    r"you (?:bet|got it)|sounds good|sure|of course|absolutely|okay|ok|alright|yes|yeah|yep|yup|got (?:it|ya|"
    r"you)|will\b|understood|noted|thanks|thank you|i hear y\w+|i know|i do|fine|mach(?:e)? ich|"
    r"vergesse ich nicht|denk(?:e)? (?:ich )?dran|wird gemacht|geht klar|klar|schick(?:e)? ich|habe ich (?:schon|"
    r"bereits)|hab ich|erledigt|lade ich hoch|gerne?|in ordnung|danke)\b",
    re.IGNORECASE,
)
_DECLINES = re.compile(
    r"\b(?:can'?t|cannot|could not|couldn'?t|won'?t(?! forget)|wouldn'?t|will not(?! forget)|not going to|"
    r"not gonna|not (?:doing|sending|about to)|refuse\w*|don'?t (?:have|need|do)|didn'?t (?:get|sign)|forget (?:it|"
    r"about it)|that'?s not my|"
    r"not my (?:job|problem)|lost (?:it|the|my)|no way|"
    r"kann ich nicht|mach(?:e)? ich nicht|habe ich nicht|hab ich nicht|keine zeit|nicht mein|"
    r"nicht unterschrieben|geht nicht|verloren)\b",
    re.IGNORECASE,
)
_WHICH_DOOR = re.compile(r"\b(?:which|what) (?:door|dock|bay)|\bwelche[sr]? (?:rampe|tor)", re.IGNORECASE)
_BARE_NUMBER = re.compile(r"^\W*(?:number |in |at )?(?P<number>\d+\w?|[a-z]+(?:[ -][a-z]+)?)\W*$", re.IGNORECASE)
_NOT_TO = re.compile(
    r"\b(?:don'?t|do not|never|without|nicht|keinesfalls)\b.{0,20}\b(?:forget|lose|leave|miss|skip|throw|let|verges\w*|"
    r"verlier\w*|fahren)|verges\w*\b.{0,20}\bnicht\b",
    re.IGNORECASE,
)
_NOT_DOING_SO = re.compile(
    r"^\W*(?:(?:no|nope|nah|nein|nee|oh|ok(?:ay)?|sure)\W+)*(?:i |we |ich )?(?:won'?t|will not|would(?:n'?t| not)|"
    r"never|"
    r"no|nope|nah|nein|nee|werd(?:e)? ich nicht|mach(?:e)? ich nicht|vergess\w*|keine sorge)(?: (?:do|ever) that| sir|"
    r" ma'?am| ich nicht| nicht)?\W*$",
    re.IGNORECASE,
)
_STRAYS = re.compile(
    r"\?|\b(?:hello|hear|what|who|when|wait|hold on|bye|hang on|hallo|was|wer|wann|moment)\b", re.IGNORECASE
)
_ASKS_BACK = re.compile(
    r"\b(?:what'?s that|what is that|what do you mean|huh|come again|which one|was ist das|wie bitte|"
    r"was meinen)\b|^\W*(?:what|the what|pod|a pod|was)\W*\?",
    re.IGNORECASE,
)


def pod_acknowledged(talk: Talk, end: int | None = None) -> Finding | None:
    """True or False by the answer to the last reminder; None without a reminder or an answer."""
    found: Finding | None = None
    for line in talk.agent_lines:
        if (end is not None and line.number >= end) or not _REMINDS.search(line.text):
            continue
        answer = talk.answer_to(line)
        if answer and _ASKS_BACK.search(answer[0].line.text) and answer[0].line.number + 1 < len(talk.lines):
            answer = talk.answer_to(talk.lines[answer[0].line.number + 1])
        if answer:
            found = _agreed(answer) or found
    return found or _volunteered(talk)


def _agreed(answer: tuple[Statement, ...]) -> Finding | None:
    line = answer[0].line
    heard = audible(line.text)
    if _NOT_TO.search(answer[0].question) and _NOT_DOING_SO.match(heard):
        return Finding(True, line.text, line.id, 0.9)
    declines = _DECLINES.search(heard)
    if declines and not re.search(r"\b(?:won'?t|can'?t|will not) forget\b", heard, re.IGNORECASE):
        later = next((one for one in answer if _DECLINES.search(one.text)), answer[0])
        return Finding(False, later.quote(), line.id, 0.85)
    first = polarity(heard)
    if re.search(
        r"\b(?:vergess\w* (?:ich )?(?:das |den |es )?nicht|won'?t forget|keine sorge|don'?t worry)\b",
        heard,
        re.IGNORECASE,
    ):
        return Finding(True, line.text, line.id, 0.9)
    if first == "no" and not re.match(r"\W*never\b", heard, re.IGNORECASE):
        return Finding(False, answer[0].quote(), line.id, 0.75)
    if first == "yes" or (_AGREES.search(heard) and not unsure(heard)):
        proof = next((one for one in answer if _AGREES.search(one.text)), answer[0])
        return Finding(True, proof.quote(), line.id, 0.92 if first == "yes" else 0.8)
    # A few words that ask and refuse nothing are how people agree: "consider it done", "as usual", "mm-hm".
    return (
        Finding(True, line.text, line.id, 0.55) if len(heard.split()) <= 6 and not _STRAYS.search(line.text) else None
    )


def _volunteered(talk: Talk) -> Finding | None:
    """The driver speaks of it without being reminded."""
    for one in talk.statements:
        if (
            _REMINDS.search(one.text)
            and re.search(
                r"\b(?:i'?ll|i will|already|sent|got|have|signed|upload\w*|schick\w*|habe?)\b", one.text, re.IGNORECASE
            )
            and not _DECLINES.search(one.text)
            and not one.text.rstrip().endswith("?")
        ):
            return Finding(True, one.quote(), one.line.id, 0.6)
    return None
