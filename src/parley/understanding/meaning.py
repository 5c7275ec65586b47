"""Everything a message says, joined: its language, what it wants, what it states, and whether it is an emergency."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from parley.inference.facts import SlotValue
from parley.understanding.asked import asked_slots
from parley.understanding.courtesy import asks_who_speaks, closing, offered, takes_leave
from parley.understanding.dispatch_reading import is_broken, line_quality, read_dispatch
from parley.understanding.emergency import EmergencyReading, read_by_rules, read_emergency
from parley.understanding.intents import SMALL_TALK, UNKNOWN, ExampleVectors, IntentReading, read_intent
from parley.understanding.language import detect_language
from parley.understanding.slots import SlotCorrection, SlotProblem, SlotReading, read_slots

_REPLIES = frozenset({UNKNOWN, "greeting", "affirm", "deny"})
_QUESTIONS = frozenset({"faq", "listing_search"})
_ANSWERS = SMALL_TALK | _QUESTIONS | {UNKNOWN, "booking", "viewing", "change_booking", "lead_capture"}
"""Intents a bare answer may look like: "eight", "no, Friday", "the second one"."""

_PLANS = frozenset({"date", "time", "party_size", "nights"})
_NO_DRIVERS = frozenset(
    {"party_size", "nights", "rooms", "bedrooms", "bathrooms", "stars", "budget", "end_date", "property_id", "city"}
)
_PROGRESS = frozenset({"driver_status", "unloading_status", "eta", "delay_reason"})
_ALARMING = 0.9
_UNSURE = 0.6
_OWN_SURE = 0.5
_SURE = 0.9
_ASKS_ON = re.compile(
    r"\W*(?:(?:ok|okay|gut|alright|right)\W+)?(?:and|und)\b(?! (?:i|we|my|ich|wir|mein)\b)[^?]{0,60}\?\W*$",
    re.IGNORECASE,
)
_ASKS_AFTER = re.compile(
    r"\W*(?:(?:and|und) )?(?:(?:what|how) about|was ist (?:mit|an|am)|wie (?:ist|sieht) (?:es|das) (?:mit|an|am))\b"
    r"[^?]{0,60}\?\W*$",
    re.IGNORECASE,
)
_CHANGING = re.compile(
    r"\b(chang|mov(e|ing)|reschedul|instead|new (date|time|day)|ändern|verschieb|verleg|neue[nrs]? (tag|termin|uhr))",
    re.IGNORECASE,
)
_CALLING_BACK = re.compile(
    r"\b(call(ed)? (you )?back|contact you|get back to you|in touch|zurückruf|rückruf|bei (ihnen|dir) melde)",
    re.IGNORECASE,
)


class OwnIntents(Protocol):
    """An agent's own intents, trained."""

    def classify(self, text: str, vector: NDArray[np.float32]) -> IntentReading:
        """The intent of `text`, whose embedding is `vector`; `unknown` when it is none of them."""
        ...


@dataclass(frozen=True, slots=True)
class Understanding:
    """What one message means.

    `intent` is a built-in intent, one of the agent's own, or "unknown"; `confidence` is 0..1. `slots` are normalised
    (date ISO, time HH:MM, phone E.164). `problems` are stated values that cannot be: a past date, a 31st of February.
    `corrections` are slots whose earlier value is taken back. `scores` are the likeliest intents with their
    probabilities. `danger` is what the emergency rules saw, with their evidence.
    """

    intent: str
    confidence: float
    language: str
    emergency: bool = False
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    problems: tuple[SlotProblem, ...] = ()
    corrections: tuple[SlotCorrection, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    danger: EmergencyReading = field(default_factory=lambda: EmergencyReading(emergency=False))


def understand(
    message: str,
    *,
    now: datetime,
    previous: str = "",
    agent_type: str = "receptionist",
    language_hint: str = "en",
    vector: NDArray[np.float32] | None = None,
    examples: ExampleVectors | None = None,
    own: OwnIntents | None = None,
    builtin: bool = True,
    default_region: str = "US",
    known: Mapping[str, Sequence[str]] | None = None,
    stated: SlotReading | None = None,
) -> Understanding:
    """Read one message.

    `now` is aware, in the tenant's timezone. `previous` is what the agent said last; it decides what a bare "four"
    means and lets an answer go on with what was asked about. `vector` is the message's embedding, `examples` the
    built-in examples' by the same embedder; without them the wording decides. `own` are the agent's own intents,
    read beside the built-in ones or, with `builtin` False, instead of them. `known` are the agent's own slots with
    the values they may take. `default_region` is the country of a phone number without a prefix. `stated` is what
    `read_slots` made of these very things, where it was asked already: it needs no vector.
    """
    language = detect_language(message, language_hint)
    danger = read_emergency(message, language=language, previous=previous, vector=vector)
    stated = stated or read_slots(
        message, now=now, language=language, previous=previous, default_region=default_region, known=known
    )
    reading = _intent(message, language, agent_type, vector, examples, own, builtin=builtin)
    report = read_dispatch(message, language=language, previous=previous) if agent_type == "dispatch" else {}
    if danger.emergency and _merely_reports(message, report, danger, language):
        danger = replace(danger, emergency=False)
    if builtin:
        about_talk = _about_the_talk(message, reading, stated.slots, previous, language)
        reading = about_talk or _in_context(reading, stated.slots, previous, agent_type, language)
        if danger.emergency:
            reading = IntentReading("emergency", danger.confidence, reading.scores)
    meant = Understanding(
        intent=reading.intent,
        confidence=reading.confidence,
        language=language,
        emergency=danger.emergency,
        slots=stated.slots,
        problems=stated.problems,
        corrections=stated.corrections,
        scores=reading.scores,
        danger=danger,
    )
    return _of_a_driver(meant, message, report) if agent_type == "dispatch" and builtin else meant


def _merely_reports(message: str, report: Mapping[str, SlotValue], danger: EmergencyReading, language: str) -> bool:
    """Whether no rule names a danger in a report of where unloading or driving stands, or in the half of a line."""
    if danger.confidence >= _ALARMING or not (_PROGRESS & report.keys() or is_broken(message, language)):
        return False
    return read_by_rules(message, language)[2] == "silent"


def _of_a_driver(line: Understanding, message: str, report: Mapping[str, SlotValue]) -> Understanding:
    """What a line means to dispatch: of what anyone may say only who is speaking and when, then what drivers report."""
    quality = line_quality(message, line.language)
    if quality:
        return Understanding(quality, 1.0, line.language)
    kept = {slot: value for slot, value in line.slots.items() if slot not in _NO_DRIVERS}
    if not report and not line.emergency and is_broken(message, line.language):
        return Understanding("unintelligible", 1.0, line.language)
    reports = report and line.intent in _ANSWERS and not line.emergency and "?" not in message
    intent = "check_in" if reports else line.intent
    confidence = max(line.confidence, _UNSURE) if reports else line.confidence
    return replace(line, intent=intent, confidence=confidence, slots={**kept, **report})


def _intent(
    message: str,
    language: str,
    agent_type: str,
    vector: NDArray[np.float32] | None,
    examples: ExampleVectors | None,
    own: OwnIntents | None,
    *,
    builtin: bool,
) -> IntentReading:
    mine = own.classify(message, vector) if own is not None and vector is not None else None
    if not builtin:
        return mine or IntentReading(UNKNOWN, 0.0)
    ours = read_intent(message, language=language, agent_type=agent_type, vector=vector, examples=examples)
    if ours.intent == "emergency":
        ours = _without_alarm(ours)
    if mine is None or mine.intent == UNKNOWN or mine.confidence < _OWN_SURE:
        return ours
    return ours if ours.intent in SMALL_TALK and ours.confidence > mine.confidence else mine


def _without_alarm(reading: IntentReading) -> IntentReading:
    """The next best intent: `read_emergency`, which knows idioms and denials, says whether it is an emergency."""
    rest = {intent: score for intent, score in reading.scores.items() if intent != "emergency"}
    total = sum(rest.values())
    if total <= 0:
        return IntentReading(UNKNOWN, 0.0)
    scores = {intent: round(score / total, 4) for intent, score in rest.items()}
    intent, score = next(iter(scores.items()))
    return IntentReading(intent, score, scores)


def _about_the_talk(
    message: str, reading: IntentReading, slots: Mapping[str, SlotValue], previous: str, language: str
) -> IntentReading | None:
    """What a line wants that takes leave, asks who is speaking, takes up an offer of the agent's, or asks on."""
    asked = asked_slots(previous, language) if "?" in previous else frozenset()
    closes = closing(message, language)
    if closes == "goodbye" and (not asked or takes_leave(message, language)):
        return IntentReading("goodbye", max(reading.confidence, _SURE), reading.scores)
    if reading.intent == "escalation" and asks_who_speaks(message, language):
        return IntentReading("faq", _UNSURE, reading.scores)
    taken_up = offered(previous)
    if taken_up and reading.intent == "affirm":
        return IntentReading(taken_up, max(reading.confidence, _UNSURE), reading.scores)
    if not asked and {"phone", "email"} & slots.keys() and reading.intent in _REPLIES:
        return IntentReading("lead_capture", _UNSURE, reading.scores)
    asks_on = _ASKS_ON.match(message) or (_ASKS_AFTER.match(message) and slots.keys() <= {"date", "end_date"})
    if asks_on and previous and "?" not in previous and reading.intent in _ANSWERS:
        return IntentReading("faq", _UNSURE, reading.scores)
    return None


def _in_context(
    reading: IntentReading, slots: Mapping[str, SlotValue], previous: str, agent_type: str, language: str
) -> IntentReading:
    """An answer to a question goes on with what was asked about; a plan stated out of the blue asks for a booking."""
    if reading.intent not in _ANSWERS:
        return reading
    plans = _PLANS & slots.keys()
    asked = asked_slots(previous, language) if previous else frozenset()
    answers = (asked and slots) or (previous and plans and reading.intent in _REPLIES)
    if answers and (reading.intent not in _QUESTIONS or reading.confidence < _UNSURE):
        return IntentReading(
            _asked_about(previous, asked, agent_type), max(reading.confidence, _UNSURE), reading.scores
        )
    planned = len(plans) >= 2 or "party_size" in plans
    unclear = reading.intent in _REPLIES or (reading.confidence < _UNSURE and reading.intent != "faq")
    if planned and unclear and agent_type in {"receptionist", "custom"}:
        return IntentReading("booking", _UNSURE, reading.scores)
    return reading


def _asked_about(previous: str, asked: frozenset[str], agent_type: str) -> str:
    if agent_type == "dispatch":
        return "check_in"
    if asked & {"phone", "email", "name"} and _CALLING_BACK.search(previous):
        return "lead_capture"
    if _CHANGING.search(previous):
        return "change_booking"
    return "viewing" if agent_type == "real_estate" and asked & {"date", "time"} else "booking"
