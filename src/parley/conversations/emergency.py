"""The emergency lane: a fixed script at once, an incident on record, whatever a model would say."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from parley.conversations.events import Action, Delta
from parley.conversations.tools import Toolbox
from parley.conversations.trace import Trace
from parley.conversations.turn import Answer, Turn
from parley.understanding import Understanding, emergency_script

EXCERPT_CHARACTERS = 500


async def answer_emergency(
    turn: Turn, answer: Answer, meaning: Understanding, toolbox: Toolbox, trace: Trace
) -> AsyncGenerator[Delta | Action, None]:
    """Speak the script first, then put the incident on record: the words must not wait for a database.

    No model is asked and no knowledge searched. The record is made before the turn settles, so that an answer which
    promises an alert is never on disk without one.
    """
    with trace.step("emergency") as step:
        step["kind"], step["evidence"] = meaning.danger.kind, meaning.danger.evidence
        script = emergency_script(meaning.danger.kind, meaning.language, turn.version.type)
        answer.reply = script
        yield Delta(script)
        outcome = await toolbox.raise_incident(meaning.danger, turn.message[:EXCERPT_CHARACTERS])
        answer.actions.append(action := Action(outcome.name, outcome.arguments, outcome.result, outcome.ok))
        yield action
