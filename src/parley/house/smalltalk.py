"""Lines that need no knowledge: greetings, thanks, who is speaking, a wish for a person, an insult."""

from __future__ import annotations

import re

from parley.house.wording import Wording
from parley.inference.facts import Facts

_WHOLE_LINE = ("goodbye", "thanks", "greeting", "affirm", "deny")
_ANYWHERE = ("are_you_a_robot", "who_are_you", "how_are_you", "abilities", "repeat")


def kind_of(facts: Facts, wording: Wording) -> str:
    """The kind of small talk a line is, "" for a line that asks for something.

    A greeting or thanks followed by a question is the question; the intent decides only where no pattern does.
    """
    message = facts.message.strip()
    understood = wording.data["understood"]
    for kind in ("human", "insult", *_ANYWHERE):
        if understood[kind].search(message.lower()):
            return kind
    for kind in _WHOLE_LINE:
        match = understood[kind].search(message.strip(" .!?,"))
        if match and _is_rest_empty(message[match.end() :]):
            return kind
    if not re.search(r"\w", message):
        return "unclear"
    return ""


def _is_rest_empty(rest: str) -> bool:
    return len(re.findall(r"\w+", rest)) <= 3 and "?" not in rest


def small_talk(kind: str, facts: Facts, wording: Wording) -> str:
    """What is said to it."""
    business = facts.business or wording.data["nameless"]
    if kind == "human":
        return wording.say("handoff")
    if kind == "repeat":
        return wording.say("repeat", previous=facts.previous) if facts.previous else wording.say("nothing_said")
    if kind == "greeting":
        if facts.previous or facts.heard:
            return wording.say("greeting_again")
        return facts.greeting or wording.say("greeting", business=business)
    return wording.say(kind, business=business)
