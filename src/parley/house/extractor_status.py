"""Whether a driver drives, is late, has arrived or unloads."""

from __future__ import annotations

import re

from parley.house.extractor_talk import Statement, Talk, polarity
from parley.understanding import Finding

_ARRIVED = re.compile(
    r"\b(?:i'?m here\b|am here|i am here|just got here|got here|(?<!just )been (?:here|there) (?:since|for|about|"
    r"an|a|all|"
    r"\d)(?!.{0,40}(?:part|mechanic|tow|repair|shop))|i'?ve arrived|have arrived|(?:i am|i'?m|already) arrive\b|(?:i|"
    r"just|"
    r"already|we) arrived|arrived (?:at|about|around|here|a)|i'?m (?:already )?at the (?:receiver|consignee|"
    r"customer|delivery|warehouse|dock|destination|facility|site)|"
    r"checked in (?:at|with|already)|waiting (?:on|for) (?:a |the |my |an? )?(?:open )?(?:door|dock|lumper|bay)|"
    r"(?:backed|bumped) (?:in|up|into|to)\b|backing (?:in|up|into|to)\W+(?:to )?(?:the |a |my |their )?(?:door|dock|"
    r"bay|\d)|"
    r"(?:pulled|rolled|came|got) (?:through|up (?:to|at)|in(?:to|side)?|on ?to) (?:the |their )?(?:gate|guard|"
    r"receiver|yard|lot|"
    r"property|facility|dock)|on ?-?site\b|"
    r"(?:sitting|sat|parked|i'?m|waiting|stuck) (?:here )?(?:at|with) (?:the|their|my) (?:receivers?|consignee|"
    r"customer|"
    r"warehouse|dc|distribution center|drop|guard \w+)\b|auf dem hof\b|"
    r"in (?:the |a |my )?(?:door|dock|bay)\b|at (?:the |"
    r"a )?(?:door|dock)\b|pulled in(?:to)? (?:the |at |to )?(?!for)|made it|parked at the (?:receiver|customer|"
    r"consignee)|in detention|on detention|"
    r"unloaded|delivered|dropped (?:already|it|the|off)|i'?m empty|mty|refused|rejected|(?:sitting|sat|stuck|"
    r"waiting|am|i'?m) (?:in|at) (?:their|the) (?:lot|yard|dock|door)|angekommen|bin (?:schon |bereits |jetzt |"
    r"gerade |hier )*(?:da|vor ort|am ziel|beim kunden|beim empfänger)\b|an (?:der )?rampe|am tor|(?:stehe|steh|"
    r"bin) (?:schon |jetzt )?(?:an|auf|in) (?:der )?(?:rampe|tor)|entladen|abgeladen|ausgeladen|abgeliefert|"
    r"zugestellt)",
    re.IGNORECASE,
)
_UNLOADING = re.compile(
    r"\b(?:(?:being|getting|get|they'?re|are|is|start(?:ed|ing)?|busy|still) unload\w*|unloading|lumpers? (?:are|"
    r"is) (?:working|on it|unloading)|half(?:way)? (?:done|unloaded|empty)|pulled (?:about |"
    r"like )?(?:\w+ )?pallets|pallets (?:off|so far|to go|left)|(?:taking|pulling|hauling|"
    r"breaking|rolling) (?:it|the pallets|pallets|stuff|the stuff|the freight|me|everything|them|"
    r"freight) (?:off|out)|(?:half|most|some|part|a (?:third|quarter)) of (?:it|them|the \w+) (?:is |are )?(?:off|out)|"
    r"last (?:few|couple|two|three|four|five|six|row)\b.{0,12}pallets|(?:started?|begun|they'?re|are|began) (?:just |"
    r"now )?(?:pulling|taking|stripping|breaking down|working) (?:the |my )?(?:freight|"
    r"pallets|load|trailer|it|product|boxes|cases)|working me\b|räum(?:en|t)\b.{0,20}\b(?:aus|leer)|"
    r"hälfte\b.{0,12}\b(?:runter|raus|draußen|weg|abgeladen|ausgeladen)|(?:they'?re|crew'?s|guys are) (?:working|on "
    r"it)|"
    r"lad(?:en|et|e) (?:gerade |jetzt |schon |mich )*(?:ab|aus)\b|wird (?:gerade |schon |jetzt )*(?:ab|ent|"
    r"aus)(?:ge)?laden|am (?:ab|ent|aus)laden|beim (?:ab|ent|aus)laden|entlädt|entladen (?:gerade|mich|wird)|"
    r"gerade entladen|werde (?:jetzt )?entladen|(?:die|sie) (?:ent|ab|aus)laden)\b",
    re.IGNORECASE,
)
_EMPTIED = re.compile(
    r"(?:^\W*(?:i am |we are )?empty\b|\b(?:got|been|get) empty\b|\bempty (?:at|since|about|around|now|by)\b|"
    r"\b(?:finished unloading|done unloading|(?:all|already|been|got|just|i'?m|"
    r"am|are|fully) unloaded|"
    r"unloaded (?:at|already|about|around|this|and)|(?:i'?m|we'?re|am) empty|i am empty|dropped (?:already|it|"
    r"the (?:load|trailer)|off)|delivered|all done|abgeladen|entladen worden|ausgeladen|bin leer|abgeliefert|"
    r"fertig)\b)",
    re.IGNORECASE,
)
_ON_THE_ROAD = re.compile(
    r"\b(?:truck ?stop|rest (?:area|stop)|pilot|love'?s|flying j|petro|ta\b|travel (?:center|plaza)|service (?:area|"
    r"plaza)|"
    r"weigh station|scales?|shop|dealer\w*|hotel|motel|fuel (?:island|stop)|walmart lot|shoulder|border|customs|"
    r"rast(?:hof|platz|stätte)|autohof|tankstelle|werkstatt|zoll|parkplatz)\b",
    re.IGNORECASE,
)
_AT_CUSTOMER = re.compile(
    r"\b(?:receivers?|consignee|customer|delivery|warehouse|dock|door|bay|gate|guard|unload\w*|empty|checked in|dc|"
    r"kunden?|empfänger\w*|rampe|tor|entlad\w*|ablad\w*)\b",
    re.IGNORECASE,
)
_NOT_YET = re.compile(
    r"\b(?:not (?:yet|there|in|at|unload\w*|empty|started|arrived|delivered)|haven'?t|have not|hasn'?t|hadn'?t|"
    r"before i|when i|once i|until i|till i|soon as|sobald|noch nicht|noch kein\w*|nicht)\b",
    re.IGNORECASE,
)
_DRIVING = re.compile(
    r"\b(?:driving|rolling|on the road|on my way|en ?route|headed|heading|moving|cruising|under way|underway|"
    r"passing|passed|crossed|crossing|in transit|coming up|coming through|leaving|just left|back on the road|"
    r"making good time|miles (?:out|away|from|to|more)|minutes (?:out|away)|on (?:schedule|time)|trucking|"
    r"still going|"
    r"fahre|fahr|unterwegs|auf der (?:a|b)\s?\d+|autobahn|kurz (?:vor|hinter)|richtung|rolle|im zeitplan|"
    r"nach plan|pünktlich)\b",
    re.IGNORECASE,
)
_LATE = re.compile(
    r"\b(?:running (?:late|behind)|(?:gonna|going to|will|i'?ll|might|i'?m|am|be|little|bit|hours?|minutes?|too|"
    r"so|pretty) (?:be )?late|behind(?: schedule)?|delayed|stuck|held up|waiting (?:it )?out|(?:i'?m|am|been|all|got|"
    r"are|^|, )\s*shut down|(?:parked|pulled over|stopped) (?:for|due to|because of|"
    r"till|until) (?:the |it )?(?:weather|wind|snow|storm|ice|fog|clears?|passes|lets up)|"
    r"waiting (?:on|for) (?:a |the |my )?(?:mechanic|tow\w*|parts?|road service|shop|repair)|(?:getting|having|get|"
    r"being) (?:it |her |the \w+ |that )?(?:looked at|fixed|worked on|checked out|repaired|replaced)|"
    r"haven'?t moved|not "
    r"moving|(?:not|won'?t|"
    r"can'?t|never) (?:gonna |going to )?make (?:it|that|two|the|my|\d)|at a (?:standstill|dead stop)|standstill|"
    r"stopped dead|crawl\w*|would(?:'ve| have) been \w+,? but|"
    r"(?:waiting|sitting|parked) (?:on|for|out) (?:a |the |my )?(?:\w+ )?(?:reset|break|hours)|"
    r"(?:my|the) (?:fourteen|eleven|seventy|clock|hours?) (?:was |were |is |are |has |had |ran |run )?(?:up|out|done)|"
    r"(?:left|got out|rolled out|started) (?:\w+ ){0,2}hours? late|"
    r"(?:is|it'?s|like|sitting in|just) a (?:\w+ )?parking lot\b|crawling|slow(?:er)? (?:going|than)|"
    r"taking it slow|had to (?:wait|back out|turn around|reroute|detour)|broke down|late start|started late|"
    r"(?:more like|closer to) (?=\d|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)|"
    r"lost (?:about |like |a |an |almost )?(?:\w+ )?(?:hours?|minutes)|cost me|"
    r"pushed (?:me )?back|going nowhere|backed up|verspät\w*|zu spät|später|stau|häng\w* (?:noch |immer noch "
    r")?(?:fest|am|im|beim|an)|(?:i|we|just) ran out of (?:hours|time|clock)|stehe (?:hier )?fest|"
    r"verzöger\w*|steht alles|dauert länger|nichts geht|(?:been |just )?(?:sitting|sat|stuck|parked|"
    r"waiting) (?:here |there |still )?(?:for )?(?:about |almost |over )?(?:\w+ )?hours?|(?:hours?|"
    r"stunden?) (?:warten|wait\w*|gewartet)|"
    r"(?:warten|gewartet|waited) .{0,15}(?:stunden?|hours?)|geht (?:gar )?nichts|aufgehalten)\b",
    re.IGNORECASE,
)
_ON_TIME = re.compile(
    r"\b(?:on (?:time|schedule|track)|no delays?|not (?:late|delayed|behind|running late)|ahead of schedule|"
    r"early|smooth|nothing (?:major|serious|much|big|crazy)|kein zeitverlust|no problems?|no issues?|nothing|"
    r"all good|pünktlich|"
    r"im zeitplan|nach plan|keine (?:verspätung|"
    r"verzögerung|probleme)|alles gut)\b",
    re.IGNORECASE,
)


def is_late(text: str) -> bool:
    """Whether a sentence says that its speaker is late."""
    return _LATE.search(text) is not None and not re.search(
        r"\bnot (?:late|delayed|behind|stuck)|nicht (?:zu spät|verspätet)|no delay", text, re.IGNORECASE
    )


def on_time(text: str) -> bool:
    """Whether a sentence says that all is as planned."""
    return _ON_TIME.search(text) is not None


_ASKS_ON_TIME = re.compile(
    r"\b(?:nach|according to) plan\b|"
    r"\bmake\b.{0,40}\b(?:by|at|appointment)\b|\bschaff\w*\b.{0,40}\bbis\b|\b(?:be|get) there "
    r"by\b|\bon (?:schedule|time|track)\b|\bim zeitplan\b|\bpünktlich",
    re.IGNORECASE,
)
_ASKS_LATE = re.compile(r"\b(?:delay|behind|late|slow|verspät|verzöger)", re.IGNORECASE)


def driver_status(
    talk: Talk, *, delayed: Finding | None, under_way: Finding | None, end: int | None = None
) -> Finding | None:
    """`delayed` proves a delay that the driver named, `under_way` a place on the road or a time of arrival."""
    state: Finding | None = None
    late: Statement | None = None
    for one in talk.statements:
        if end is not None and one.line.number >= end:
            break
        found = None if of_the_shipper(one.text) else _status_of(one)
        if found is not None and _goes_on(state, found[0], one.text):
            state = Finding(found[0], one.quote(), one.line.id, found[1])
        if is_late(one.text) or admits_delay(one):
            late = one
    if state is not None and state.value in ("Arrived", "Unloading"):
        return state
    if late is not None:
        return Finding("Delayed", late.quote(), late.line.id, 0.85)
    if delayed is not None and delayed.value is not None:
        return Finding("Delayed", delayed.quote, delayed.message_id, 0.8)
    if state is None and under_way is not None:
        return Finding("Driving", under_way.quote, under_way.message_id, 0.55)
    return state


def _goes_on(state: Finding | None, found: str, text: str) -> bool:
    """Whether a later statement changes the state: who has arrived does not drive again unless he says so."""
    if state is None:
        return True
    if state.value in ("Arrived", "Unloading") and found == "Driving":
        return re.search(r"\b(?:left|leaving|back on|headed)\b", text, re.IGNORECASE) is not None
    return not (state.value == "Unloading" and found == "Arrived")


_ALTERNATIVES = re.compile(
    r"\b(?:delayed|late|running late|verspätet)\b[^.?!]{0,40}\b(?:or|oder)\b|\b(?:or|oder) (?:delayed|late|"
    r"running late|"
    r"verspätet)\b|\b(?:driving|unterwegs), (?:delayed|verspätet)\b",
    re.IGNORECASE,
)
"""A question that offers states to choose from, to which a yes says nothing."""


def offers_states(question: str) -> bool:
    """Whether it is such a question."""
    return _ALTERNATIVES.search(question) is not None


def admits_delay(one: Statement) -> bool:
    """A yes to "are you late?", or a no to "are you on time?"."""
    if not one.first:
        return False
    if _ALTERNATIVES.search(one.question):
        return False
    answer = polarity(one.text)
    if _ASKS_ON_TIME.search(one.question):
        return answer == "no"
    return answer == "yes" and "delay" in one.asked and _ASKS_LATE.search(one.question) is not None


_SHIPPER = re.compile(
    r"\b(?:shippers?|verlader\w*|loading dock|at pick-?up|(?:getting|got|being|be|get) loaded|beladen|beladung|"
    r"ladestelle)\b",
    re.IGNORECASE,
)


def of_the_shipper(text: str) -> bool:
    """Whether a sentence speaks of where the load came from: its dock is not the one of the delivery."""
    return _SHIPPER.search(text) is not None and not re.search(r"\b(?:receiver|consignee|empfänger)\b", text, re.I)


_AFTERWARDS = re.compile(
    r"\b(?:nach|zum|fürs|vor|bis zum|after|before|once|for) (?:dem |the )?(?:entladen|abladen|ausladen|unloading|"
    r"delivery)\b|"
    r"\b(?:sobald|wenn|as soon as|once|when|after)\b[^,.;!?]*\b(?:entladen|abgeladen|ausgeladen|leer|fertig|unloaded|"
    r"empty|done|delivered|signed|unterschrieben)\b[^,.;!?]*",
    re.IGNORECASE,
)
_UNLOADING_ASKED = re.compile(r"\bunload|\bentlad|\bablad|\bausgeladen", re.IGNORECASE)
_BEGUN = re.compile(
    r"\b(?:they|sie|die|just|gerade|have|has|haben)\b.{0,15}\b(?:started|begun|began|angefangen|begonnen|dabei)\b",
    re.IGNORECASE,
)


def _status_of(one: Statement) -> tuple[str, float] | None:
    text = _AFTERWARDS.sub(" ", one.held())
    denied = (
        _NOT_YET.search(re.sub(r"^\W*not yet\b", "", text, flags=re.IGNORECASE))
        if re.search(r"\b(?:still|in the (?:dock|door))\b", text, re.IGNORECASE)
        else _NOT_YET.search(text)
    )
    ready = one.first and polarity(one.text)
    if (
        _UNLOADING.search(text)
        and re.search(r"\b(?:wird|werde|gerade|being|getting)\b", text, re.IGNORECASE)
        and not denied
    ):
        return "Unloading", 0.9
    if not denied or _EMPTIED.search(text):
        if _EMPTIED.search(text) and not (denied and denied.start() < _EMPTIED.search(text).start()):  # type: ignore[union-attr]
            return "Arrived", 0.85
        if _UNLOADING.search(text):
            return "Unloading", 0.9
    if ready == "yes" and re.search(
        r"\b(?:you'?ve|have you|you|already) (?:been )?(?:unloaded|delivered)\b|entladen\?|abgeladen\?|"
        r"\bdid you (?:\w+ ){0,2}(?:deliver\w*|drop|unload)\b|\bmake (?:your|the) (?:delivery|drop)\b",
        one.question,
        re.IGNORECASE,
    ):
        return "Arrived", 0.85
    on_the_road = _ON_THE_ROAD.search(one.line.text) and not _AT_CUSTOMER.search(one.line.text)
    if _ARRIVED.search(text) and not on_the_road and not (denied and denied.start() < _ARRIVED.search(text).start()):  # type: ignore[union-attr]
        return "Arrived", 0.9
    if _UNLOADING_ASKED.search(one.question) and _BEGUN.search(text) and not denied:
        return "Unloading", 0.8
    if (
        ready == "yes"
        and re.search(
            r"\b(?:are you (?:being |getting )?unload\w*|so you'?re unloading|wird abgeladen)\b",
            one.question,
            re.IGNORECASE,
        )
        and not denied
    ):
        return "Unloading", 0.8
    if (
        ready == "yes"
        and re.search(
            r"\b(?:have you arrived|are you (?:at the (?:receiver|consignee|customer)|there)|did you arrive|"
            r"angekommen)\b",
            one.question,
            re.IGNORECASE,
        )
        and not denied
    ):
        return "Arrived", 0.85
    if _DRIVING.search(text) and not re.search(
        r"\b(?:been driving for|not driving|stopped driving)\b", text, re.IGNORECASE
    ):
        return "Driving", 0.85
    if ready == "yes" and re.search(
        r"\bare you (?:still |currently )?(?:driving|moving|rolling|on the road|on (?:schedule|track))\b|"
        r"\bfahren sie\b",
        one.question,
        re.IGNORECASE,
    ):
        return "Driving", 0.85
    return None
