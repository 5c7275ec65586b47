"""The two records of a dispatch call: check-in and emergency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from parley.house.extractor_alarm import find_alarm
from parley.house.extractor_arrival import eta
from parley.house.extractor_delay import delay_reason
from parley.house.extractor_handoff import escalation
from parley.house.extractor_harm import injury_status, load_secure, of_illness, safety_status
from parley.house.extractor_outcome import not_the_driver, outcome
from parley.house.extractor_place import location
from parley.house.extractor_status import driver_status
from parley.house.extractor_talk import Talk
from parley.house.extractor_topics import TOPICS
from parley.house.extractor_unloading import pod_acknowledged, unloading_status
from parley.understanding import Finding, Line

_SURE = 0.7


def read_dispatch(lines: Sequence[Line], *, emergency: bool = False) -> tuple[Mapping[str, Finding | None], bool]:
    """All fields of both records, and whether the call turned into an emergency; `emergency`: it is known to be one."""
    talk = Talk(lines, TOPICS)
    missed = not_the_driver(talk)
    if missed is not None:
        return {"call_outcome": missed}, False
    alarm = find_alarm(talk, expected=emergency)
    end = alarm.number if alarm is not None else None
    found: dict[str, Finding | None] = _check_in(talk, end)
    if alarm is not None:
        begin = alarm.number
        found |= {
            "emergency_type": alarm.finding(),
            "safety_status": safety_status(talk, begin),
            "injury_status": injury_status(talk, begin) or of_illness(alarm.kind, alarm.statement),
            "emergency_location": location(talk, begin),
            "load_secure": load_secure(talk, begin),
            "escalation_status": escalation(talk, begin),
        }
        if found["current_location"] is None:
            found["current_location"] = found["emergency_location"]
    found["call_outcome"] = outcome(talk, found, alarm)
    handed_over = escalation(talk, 0) if emergency and alarm is None else None
    if handed_over is not None and "Connected" in str(handed_over.value):
        # Nobody asked what happened, or nobody said it: what was said of people, place and load is true all the same.
        found |= {
            "safety_status": safety_status(talk, 0),
            "injury_status": injury_status(talk, 0),
            "emergency_location": location(talk, 0),
            "load_secure": load_secure(talk, 0),
            "escalation_status": handed_over,
            "call_outcome": replace(handed_over, value="Emergency Escalation"),
        }
    return found, alarm is not None


def _check_in(talk: Talk, end: int | None) -> dict[str, Finding | None]:
    """What the check-in learnt, of an emergency call only what was said before and in the line that tells of it."""
    until = None if end is None else end + 1
    place = location(talk, 0, until)
    reason = delay_reason(talk, end)
    arrival = eta(talk)
    status = driver_status(talk, delayed=reason, under_way=(place or arrival) if end is None else None, end=end)
    unloading = unloading_status(talk, end)
    waits = unloading is not None and unloading.value == "Waiting"  # says too little: for what?
    if unloading is not None and not waits and (status is None or status.confidence < _SURE):
        state = "Unloading" if "Unloading" in str(unloading.value) else "Arrived"
        status = Finding(state, unloading.quote, unloading.message_id, 0.8)
    arrived = status is not None and status.value in ("Arrived", "Unloading")
    return {
        "driver_status": status,
        "current_location": place,
        "eta": None if arrived else arrival,
        "delay_reason": reason,
        "unloading_status": unloading if arrived else None,
        "pod_reminder_acknowledged": pod_acknowledged(talk, end),
    }
