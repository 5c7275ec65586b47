"""Lines that need no knowledge: greetings, thanks, who is speaking, a wish for a person, an insult."""

from __future__ import annotations

import re

from parley.house.wording import Wording
from parley.inference.facts import Facts
from parley.understanding import asks_who_speaks, closing, is_mash

_WHOLE_LINE = ("goodbye", "thanks", "greeting", "affirm", "deny")
_ANYWHERE = ("are_you_a_robot", "who_are_you", "how_are_you", "what_now", "abilities", "repeat")


def kind_of(facts: Facts, wording: Wording) -> str:
    """The kind of small talk a line is, "" for a line that asks for something.

    A greeting or thanks followed by a question is the question; the intent decides only where no pattern does.
    """
    message = facts.message.strip()
    understood = wording.data["understood"]
    if asks_who_speaks(message, facts.language):
        return "are_you_a_robot"
    for kind in ("human", "insult", *_ANYWHERE):
        if understood[kind].search(message.lower()):
            return kind
    if (closes := closing(message, facts.language)) == "goodbye":
        return closes
    for kind in _WHOLE_LINE:
        match = understood[kind].search(said := message.strip(" .!?,"))
        if match and _is_rest_empty(said[match.end() :]):
            return kind
    return closes or ("unclear" if is_mash(message) else "")


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
