"""The emergency lane: a fixed script at once, an incident on record, whatever a model would say.

After the script a flow that knows emergencies goes on from the node it names for them. Where there is none, the
conversation stays in the lane: what a person needs to know is asked for in fixed words, once each, until the caller
asks about something else.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

import yaml

from parley.conversations.events import Acting, Action, Delta
from parley.conversations.tools import Toolbox
from parley.conversations.trace import Trace
from parley.conversations.turn import Answer, Turn
from parley.understanding import EmergencyReading, Understanding, emergency_script

EXCERPT_CHARACTERS = 500
_MOST_FOLLOW_UPS = 3
_LEAVES = frozenset({"faq", "pricing"})
_SURE = 0.7
_BEYOND_DOUBT = 0.9


def takes_over(turn: Turn, meaning: Understanding) -> bool:
    """Whether this line is answered here: a new danger, or one that belongs to an emergency reported before.

    Where the flow leads through emergencies, only a danger of another kind interrupts it.
    """
    alarm = turn.conversation.state.get("alarm")
    if turn.flow().emergency is not None:
        return meaning.emergency and _is_new(alarm, meaning)
    if meaning.emergency:
        return True
    if not alarm or alarm.get("follow_ups", 0) >= _MOST_FOLLOW_UPS:
        return False
    return not (meaning.intent in _LEAVES and meaning.confidence >= _SURE)


async def answer_emergency(
    turn: Turn, answer: Answer, meaning: Understanding, toolbox: Toolbox, trace: Trace
) -> AsyncGenerator[Delta | Acting | Action, None]:
    """Speak first, then put the incident on record: the words must not wait for a database.

    No model is asked and no knowledge searched. The record is made before the turn settles, so that an answer which
    promises an alert is never on disk without one.
    """
    with trace.step("emergency") as step:
        alarm: dict[str, Any] = dict(turn.conversation.state.get("alarm", {}))
        new = meaning.emergency and _is_new(alarm, meaning)
        if new:
            alarm = {"kind": meaning.danger.kind, "follow_ups": 0, "kinds": [*_kinds(alarm), meaning.danger.kind]}
            answer.node = turn.flow().emergency or answer.node
            script = emergency_script(meaning.danger.kind, meaning.language, turn.version.type)
        else:
            script = _follow_up(alarm.get("follow_ups", 0), meaning.language)
            alarm["follow_ups"] = alarm.get("follow_ups", 0) + 1
        step["kind"], step["evidence"] = alarm["kind"], _kept(turn, meaning.danger.evidence)
        answer.alarm, answer.reply = alarm, script
        answer.intent, answer.emergency, answer.escalate = "emergency", True, True
        yield Delta(script)
        if new:
            danger = replace(meaning.danger, evidence=_kept(turn, meaning.danger.evidence))
            excerpt = turn.masking.stored(turn.message)[:EXCERPT_CHARACTERS]
            yield Acting("raise_incident")
            outcome = await toolbox.raise_incident(danger, excerpt)
            answer.actions.append(action := Action(outcome.name, outcome.arguments, outcome.result, outcome.ok))
            yield action


async def record_at_hand_over(turn: Turn, meaning: Understanding, toolbox: Toolbox) -> Action | None:
    """An emergency line hands over only what is on record, though no line of the call named a danger."""
    if turn.version.scenario_type != "emergency" or turn.conversation.state.get("alarm") or meaning.emergency:
        return None
    words = turn.masking.stored(turn.message)[:EXCERPT_CHARACTERS]
    outcome = await toolbox.raise_incident(EmergencyReading(True, "other", 0.5, words, "serious"), words)
    return Action(outcome.name, outcome.arguments, outcome.result, outcome.ok)


def mark_emergency(turn: Turn, answer: Answer, meaning: Understanding) -> None:
    """A conversation in an emergency stays one: what is said in it is flagged, and a place named now is where it is."""
    alarm = turn.conversation.state.get("alarm")
    if turn.flow().emergency is None:
        return
    if alarm or meaning.emergency:
        answer.intent, answer.emergency, answer.escalate = "emergency", True, True
        answer.slots.setdefault("emergency_type", meaning.danger.kind or (alarm or {}).get("kind", "other"))
    elif turn.version.scenario_type != "emergency":
        return
    if "current_location" in meaning.slots and (not alarm or "emergency_location" not in turn.slots):
        answer.slots["emergency_location"] = turn.masking.hide(str(meaning.slots["current_location"]))


def _is_new(alarm: Mapping[str, Any] | None, meaning: Understanding) -> bool:
    """A danger of a kind not spoken of yet. Beside one that is known it must be named, and beyond doubt."""
    kinds, danger = _kinds(alarm), meaning.danger
    named = danger.kind not in ("", "other") and danger.confidence >= _BEYOND_DOUBT
    return danger.kind not in kinds and (named or not kinds)


def _kinds(alarm: Mapping[str, Any] | None) -> list[str]:
    if not alarm:
        return []
    kinds: list[str] = alarm.get("kinds") or [alarm.get("kind", "other")]
    return kinds


def _kept(turn: Turn, words: str) -> str:
    """The words that speak of the danger, as far as they may be written down."""
    return turn.masking.stored(turn.masking.hide(words))


def _follow_up(number: int, language: str) -> str:
    lines = _follow_ups().get(language) or _follow_ups()["en"]
    return lines[min(number, len(lines) - 1)]


@cache
def _follow_ups() -> dict[str, list[str]]:
    text = resources.files("parley.conversations").joinpath("emergency_follow_ups.yaml").read_text(encoding="utf-8")
    lines: dict[str, list[str]] = yaml.safe_load(text)
    return lines
