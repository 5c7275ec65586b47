"""How a dispatch call went as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping

from parley.house.extractor_alarm import Alarm
from parley.house.extractor_talk import Talk, audible
from parley.understanding import Finding

_VOICEMAIL = re.compile(
    r"\b(?:voice ?mail|leave (?:a|me a|your) (?:\w+ )?(?:message|name)|after the (?:tone|beep)|at the (?:tone|"
    r"beep)|record your message|can'?t (?:take|come to|get to|answer) (?:your call|the phone)|"
    r"not available (?:right now|to take|at the moment)|mailbox|"
    r"anrufbeantworter|mailbox|nach dem (?:ton|signalton|piep)|hinterlassen sie|nachricht nach dem|"
    r"derzeit nicht erreichbar|the (?:person|number|customer|subscriber) you (?:are|have) (?:trying|dialed|"
    r"called))\b",
    re.IGNORECASE,
)
_WRONG_NUMBER = re.compile(
    r"\bwrong number\b|\b(?:no|isn'?t any|not any) (?:\w+ )?(?:by that name|of that name)|\bthere'?s no \w+ here|"
    r"\bnobody (?:here )?(?:named|by|called)|\bdon'?t (?:drive|know) (?:a truck|any|what load|who)|\bverwählt|"
    r"\bfalsche nummer|\bfalsch verbunden|\bkenne ich nicht|\bgibt es hier nicht",
    re.IGNORECASE,
)
_WRONG_PERSON = re.compile(
    r"\b(?:this is (?:his|her|the) (?:wife|husband|brother|sister|son|daughter|mother|father|girlfriend|"
    r"boyfriend|co-?driver|partner|kid|mom|dad)|(?:he|she)'?s (?:asleep|sleeping|not here|out|away|in the shower|"
    r"busy|driving)|(?:he|she|(?!(?:engine|motor|truck|reefer|it|just|that|brakes?|battery|phone)\b)\w+) (?:quit(?! "
    r"on\b)|retired|doesn'?t (?:work|drive)|no longer (?:works|drives)|got fired)|"
    r"(?:he|she) (?:can'?t|isn'?t|is not|left|went)|(?:his|her) (?:wife|husband|phone)|"
    r"hier ist (?:seine|ihre?|der|die) (?:frau|mann|sohn|tochter|bruder)|(?:er|sie) (?:schläft|ist (?:nicht|"
    r"gerade) ))\b",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"\b(?:(?:stop|quit) (?:calling|bothering|bugging|asking)|leave me alone|not (?:telling|gonna tell|"
    r"going to tell|talking|answering|gonna talk)|none of your (?:business|damn)|don'?t (?:ever )?(?:call|bother|"
    r"phone|contact) (?:me|us|this|here|again)|"
    r"why (?:the (?:hell|fuck|heck)|do) you (?:people )?(?:keep )?call\w*|get lost|screw you|go to hell|"
    r"i'?m hanging up|i'?m done (?:talking|with)|take me off|don'?t want to talk|lassen sie mich (?:in ruhe)?|"
    r"rufen sie (?:mich )?nicht|geht sie nichts an|kein bock|fragen sie (?:jemand|wen) anderen?s?|sie rufen (?:jede|"
    r"ständig|dauernd|andauernd)|"
    r""
    r"ich sage (?:ihnen )?(?:gar )?nichts|lass mich in ruhe|no comment|f\*+k|fuck off)\b",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"\b(?:call (?:me )?(?:back|later|again)|(?:call|ring|try|hit|buzz|text|phone|holler at) (?:me|us) (?:up |back "
    r")?(?:back|later|"
    r"again|in|when|after|tomorrow)|i(?:'?ll| will|'?m gonna|'?ma|'?d rather)? (?:call|ring|buzz|hit|holler at|"
    r"phone) (?:you|ya|"
    r"y'?all)\b|(?:can'?t|cannot) talk (?:right )?now|not a good time|bad time|"
    r"busy right now|in the middle of|ring me later|call you back|später (?:noch ?mal|an|wieder)|"
    r"rufen sie (?:mich )?(?:später|nachher|gleich)|gerade (?:schlecht|nicht|keine zeit)|keine zeit)\b",
    re.IGNORECASE,
)


def not_the_driver(talk: Talk) -> Finding | None:
    """The outcome of a call that never reached the driver: voicemail, nobody, somebody else."""
    heard = [line for line in talk.caller_lines if audible(line.text)]
    for line in talk.lines:
        if (
            _VOICEMAIL.search(line.text)
            and (
                line.speaker == "caller"
                or re.search(
                    r"\byou'?ve reached the voicemail|\bvoicemail (?:system|greeting)\b", line.text, re.IGNORECASE
                )
            )
            and len(heard) <= 2
        ):
            return Finding("Voicemail", line.text, line.id, 0.95)
    if not heard:
        proof = talk.agent_lines[-1] if talk.agent_lines else None
        return Finding("No Answer", proof.text, proof.id, 0.85) if proof else None
    for line in heard[:4]:
        if _WRONG_NUMBER.search(line.text):
            return Finding("Wrong Number", line.text, line.id, 0.93)
    for line in heard[:2]:
        if _WRONG_PERSON.search(line.text) and not re.search(
            r"\bco-?driver\b|\bmy (?:wife|husband)\b|beifahrer", line.text, re.IGNORECASE
        ):
            return Finding("Wrong Person", line.text, line.id, 0.8)
    return None


def outcome(talk: Talk, found: Mapping[str, Finding | None], alarm: Alarm | None) -> Finding | None:
    """The outcome of a call that reached the driver, proven by what was found."""
    if alarm is not None:
        return Finding(
            "Emergency Escalation", alarm.statement.quote(), alarm.statement.line.id, 0.95 if alarm.sure else 0.8
        )
    status = found.get("driver_status")
    if status is not None and status.value in ("Arrived", "Unloading"):
        return Finding("Arrival Confirmation", status.quote, status.message_id, status.confidence)
    refusal = next((line for line in talk.caller_lines if _REFUSES.search(line.text)), None)
    known = [
        one for name in ("current_location", "eta") if (one := found.get(name)) is not None and one.value is not None
    ]
    if refusal is not None and not known:
        return Finding("Driver Refused", refusal.text, refusal.id, 0.85)
    delay = found.get("delay_reason")
    named = delay if delay is not None and delay.value is not None else None
    later = next((line for line in talk.caller_lines if _LATER.search(line.text)), None)
    if later is not None and not known and not named:
        return Finding("Callback Requested", later.text, later.id, 0.8)
    proof = next((one for one in (*known, status, named) if one is not None), None)
    if proof is not None:
        return Finding("In-Transit Update", proof.quote, proof.message_id, 0.85 if known else 0.65)
    if later is not None:
        return Finding("Callback Requested", later.text, later.id, 0.75)
    last = talk.caller_lines[-1] if talk.caller_lines else None
    return Finding("Incomplete", last.text, last.id, 0.5) if last else None
