"""What the agent did about an emergency: handed the caller over, promised a call, told the emergency services."""

from __future__ import annotations

import re

from parley.house.extractor_talk import Talk, polarity
from parley.understanding import Finding, Line

_TARGET = re.compile(
    r"\b(?:(?P<dispatcher>(?:human |live |real |on-?call |senior )*(?:dispatcher|dispatch|human|person|agent|"
    r"representative|colleague|disponent\w*|kolleg\w*|mitarbeiter\w*|mensch\w*|team ?mate)|(?:the )?dispo\w*)"
    r"|(?P<other>(?:on-?call |safety |emergency |operations |shift |duty |road ?side |claims )*(?:supervisor|"
    r"manager|safety team|safety department|safety|emergency (?:desk|team|line)|operations|vorgesetzte\w*|"
    r"chef\w*|director|night desk|desk|"
    r"schichtleit\w*|notfallteam|leitstelle|sicherheitsteam|breakdown (?:desk|team|department)|"
    r"roadside assistance|maintenance)))\b",
    re.IGNORECASE,
)
_CONNECTS = re.compile(
    r"\b(?:connect\w*|transfer\w*|put(?:ting)? you (?:through|on)|patch\w*|hand(?:ing)? (?:you|this|"
    r"the call) (?:over|off)|bring(?:ing)? (?:in|on)|(?:get|getting) (?:you )?(?:a|an|my|the|"
    r"our) [\w -]{3,30} (?:on the (?:line|phone)|for you|right now|now)|escalat\w*|forward\w*|loop(?:ing)? in|"
    r"conferenc\w*|"
    r"rout(?:e|ing) (?:you|this)|verbinde\w*|weiter(?:leit|verbind)\w*|stelle (?:sie |dich )?(?:jetzt |"
    r"gleich )?(?:zu|durch)|durchstell\w*|übergebe|gebe (?:sie|dich) .{0,30}weiter|hole (?:jetzt )?(?:einen|"
    r"meinen|eine))\b",
    re.IGNORECASE,
)
_ON_THE_LINE = re.compile(
    r"\b(?:bring|get|put|have|going|coming|will be|add)\w*\b.{0,50}\b(?:on|onto|to|in|into) (?:the |this |"
    r"our )?(?:line|call|phone)\b",
    re.IGNORECASE,
)
_CALLS_BACK = re.compile(
    r"\b(?:will |'?ll |going to )?(?:call|phone|ring|reach|get) (?:you )?(?:back|out to you)|"
    r"call(?:ing)? you (?:right )?back|\bcallback|\brückruf|\bruf\w* (?:sie |dich )?(?:gleich |sofort )?zurück|"
    r"\bmeldet sich|\bwill (?:call|contact|reach out to) you",
    re.IGNORECASE,
)
_NOT_REACHED = re.compile(
    r"\b(?:nobody|no one|couldn'?t|could not|unable to|wasn'?t able|not able|didn'?t|doesn'?t|failed|"
    r"not answering|no answer|isn'?t available|unavailable|niemand\w*|nicht erreich\w*|keinen erreicht|"
    r"konnte (?:keinen|niemanden|nicht))\b",
    re.IGNORECASE,
)
_SERVICES = re.compile(
    r"\b(?:(?:calling|called|call|notif\w*|dispatch\w*|sent|sending|got|alert\w*|contact\w*|have|"
    r"informed?)\b.{0,25}\b(?:911|police|ambulance|fire department|emergency services|paramedics|highway patrol|"
    r"state police)|(?:911|police|ambulance|fire department|emergency services|"
    r"highway patrol)\b.{0,20}\b(?:on (?:the|its|their) way|notified|called|being|en route)|(?:rufe|verständige|"
    r"alarmiere|habe)\b.{0,25}\b(?:polizei|rettung\w*|feuerwehr|112|notarzt))\b",
    re.IGNORECASE,
)
_ASKED_TO = re.compile(
    r"\b(?:please |you (?:should|need to|must)|can you|have you|did you|"
    r"if you haven'?t) (?:\w+ )?call(?:ed)? (?:911|112)|(?:^|,\s*|\band )(?:then )?(?:please )?call 911",
    re.IGNORECASE,
)


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
    ordered = sorted(
        parts,
        key=lambda part: (not part.startswith("Connected"), part != "Transfer Failed", part != "Callback Promised"),
    )
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
    elif _CONNECTS.search(sentence) or (target and _ON_THE_LINE.search(sentence)):
        if sentence.rstrip().endswith("?") or re.search(
            r"\b(?:would you like|do you want|möchten sie)\b", sentence, re.IGNORECASE
        ):
            answer = talk.answer_to(line)
            if not answer or polarity(answer[0].text) != "yes":
                return ["Declined by Driver"] if answer and polarity(answer[0].text) == "no" else []
        found.append(
            f"Connected to {_capitals(target['other'])}"
            if target and target["other"]
            else "Connected to Human Dispatcher"
        )
    if _SERVICES.search(sentence) and not _ASKED_TO.search(sentence) and not sentence.rstrip().endswith("?"):
        found.append("Emergency Services Notified")
    return found


def _capitals(words: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in words.split())
