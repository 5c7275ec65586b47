"""The house responder: a chat model that needs no key, no network and no weights.

It reads the typed facts of a turn and nothing else. The order of its decisions is the order of `compose`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from parley.house.answer import find, find_about
from parley.house.ask import ask_for, missing, purpose, request_details, understood, was_asked
from parley.house.found import Found
from parley.house.lexicon import Lexicon, lexicon
from parley.house.outcomes import found_nothing, searched_for_anything, tell
from parley.house.passages import OPENS_WITH_PRONOUN, Unit, read, with_legend
from parley.house.question import Question, inherit, read_parts
from parley.house.smalltalk import kind_of, small_talk
from parley.house.standalone import speak
from parley.house.wording import Wording, wording
from parley.inference.chat import ChatEvent, ChatRequest, Finished, TextDelta, ToolCall, ToolSpec
from parley.inference.facts import Facts, Step
from parley.kit.sentences import split_sentences
from parley.understanding import is_question

_NAME = "house/responder"
_BOOKABLE = re.compile(r"book|reserv|table|room|tisch|buch|zimmer", re.IGNORECASE)
_IDENTITY = re.compile(r"\b[A-Z]{1,3}-?\d{2,}\b")
_WITHOUT = re.compile(r"\b(?:without|ohne)\s+(?:any\s+|the\s+|jedes\s+)?([^\W\d_]{4,})")
_ROOT = 6
_EITHER = re.compile(
    r"^(?P<asks>.*?\b(?:do you have|have you got|is there|are there|haben sie|gibt es|habt ihr))(?P<first> [^,?]+?),? "
    r"(?P<joined>or|and|oder|und) (?P<second>[^,?]+?)[ ?.!]*$",
    re.IGNORECASE,
)
_CONTACT = frozenset({"name", "phone", "email"})
_REQUESTS = frozenset({"booking", "viewing", "change_booking"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A composed reply: text, a tool call, or both."""

    text: str = ""
    call: ToolCall | None = None


class HouseResponder:
    """A `ChatModel` of rules: deterministic, in English and German, a few milliseconds a turn, never an exception."""

    @property
    def name(self) -> str:
        """The catalog name."""
        return _NAME

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Yield the reply sentence by sentence, then the tool call if there is one, then `Finished`."""
        reply = compose(request.facts, request.tools)
        for index, sentence in enumerate(split_sentences(reply.text, request.facts.language)):
            yield TextDelta(sentence if index == 0 else f" {sentence}")
        if reply.call:
            yield reply.call
        yield Finished("tool_calls" if reply.call else "stop", model=_NAME)

    async def aclose(self) -> None:
        """Nothing to release."""


def compose(facts: Facts, tools: Sequence[ToolSpec] = ()) -> Reply:
    """The reply to a turn."""
    words = lexicon(facts.language)
    speech = wording(facts, words.day_names, words.language)
    if facts.outcomes:
        return Reply(_after_tools(facts, words, speech))
    if facts.step and facts.step.kind != "answer":
        return _follow(facts.step, facts, tools, words, speech)
    return _answer_freely(facts, tools, words, speech)


def _after_tools(facts: Facts, words: Lexicon, speech: Wording) -> str:
    told = ""
    # The documents may list what the desk's own books do not, and know more words than a search has fields.
    if found_nothing(facts.outcomes) or searched_for_anything(facts.outcomes):
        told = _from_passages(facts, words, speech, say_unknown=False)
    told = told or tell(facts.outcomes, speech)
    step = facts.step
    if _wants_a_gift(facts, speech):
        told = f"{_no_gift(facts, speech)} {told}"
    if step and step.kind == "ask" and step.slots:
        return told if told.endswith("?") else f"{told} {step.text or _ask_again(step.slots, facts, speech)}"
    if step and step.kind in {"say", "end"} and step.text and all(outcome.ok for outcome in facts.outcomes):
        return f"{told} {step.text}"
    return told


def _follow(step: Step, facts: Facts, tools: Sequence[ToolSpec], words: Lexicon, speech: Wording) -> Reply:
    """What the agent's flow wants of this turn; a question of the caller's own is answered before the flow goes on."""
    if step.kind == "call" and any(tool.name == step.tool for tool in tools):
        return Reply(call=_call(step.tool, dict(step.arguments), facts))
    if step.kind == "handoff":
        return Reply(step.text or speech.say("handoff_step"))
    if step.kind == "end":
        return Reply(step.text or speech.say("goodbye"))
    if step.kind == "say" and step.text:
        return Reply(step.text)
    if step.kind == "ask" and step.slots:
        asked = step.text or _asked_of(step.slots, facts, speech)
        if words.instructions.search(facts.message) and not _wants_a_gift(facts, speech):
            refused = speech.say("refuse")
            return Reply(f"{refused} {asked}" if was_asked(facts.previous, speech) else refused)
        answered = _aside(facts, words, speech)
        if answered and _settled(answered, facts, words, speech):
            return Reply(answered)
        return Reply(f"{answered or _acknowledged(facts, speech)} {asked}".strip())
    return _answer_freely(facts, tools, words, speech)


def _asked_of(slots: Sequence[str], facts: Facts, speech: Wording) -> str:
    """The next question; for one thing alone where the line before asked for two and got neither clearly."""
    pair = ask_for(slots, speech)
    repeated = len(slots) > 1 and facts.previous.rstrip().endswith(pair)
    return ask_for(slots[:1], speech) if repeated else pair


def _aside(facts: Facts, words: Lexicon, speech: Wording) -> str:
    """The answer to a question put while something else was being asked; "" where the line is none."""
    kind = kind_of(facts, speech)
    if kind == "human" and facts.step and _CONTACT & set(facts.step.slots):
        return speech.say("human_meanwhile")  # who they are and how to reach them is asked next anyway
    if kind in {"are_you_a_robot", "who_are_you", "how_are_you", "insult", "human"}:
        return small_talk(kind, facts, speech)
    if _wants_a_gift(facts, speech):
        told = _from_passages(facts, words, speech, say_unknown=False) if "?" in facts.message else ""
        return told if _BOOKABLE.search(told) else _no_gift(facts, speech)
    asks_fact = speech.data["asks_fact"].search(facts.message.lower())
    if facts.intent in _REQUESTS and {"date", "time"} <= facts.slots.keys() and not asks_fact:
        return ""  # "can I see it on Tuesday at three?" asks for the thing itself
    if facts.intent == "booking" and _plans(facts) and speech.data["acts"].search(facts.message.lower()):
        return ""  # so does "do you have a room from Friday for two nights?"
    asks = "?" in facts.message or asks_fact
    if facts.agent_type == "dispatch":
        return _on_a_call(facts, words, speech, asks=bool(asks))
    if not asks and facts.intent not in {"faq", "pricing"} and not _may_i(facts, words):
        return ""
    return _from_passages(facts, words, speech, say_unknown=facts.intent in {"faq", "pricing"})


def _on_a_call(facts: Facts, words: Lexicon, speech: Wording, *, asks: bool) -> str:
    """To a driver, who did not call: what the documents say, what the call is for, or who will know. "Look it up." is
    no question."""
    asks = asks or is_question(facts.message, facts.language)
    told = _from_passages(facts, words, speech, say_unknown=False) if asks or facts.intent in {"faq", "pricing"} else ""
    if told:
        return told
    if speech.data["what_for"].search(facts.message.lower()):
        return speech.say("only_a_check_in")
    real = asks and facts.intent in {"faq", "pricing"}
    return speech.say("not_from_here") if real and not speech.data["rhetorical"].search(facts.message.lower()) else ""


def _plans(facts: Facts) -> bool:
    """Whether a line's own words name when and how many, or how long."""
    return "date" in facts.slots and not {"time", "nights", "party_size"}.isdisjoint(facts.slots)


def _wants_a_gift(facts: Facts, speech: Wording) -> bool:
    """Whether something to be booked is wanted for nothing: not a thing to agree to in passing."""
    lowered = facts.message.lower()
    return bool(speech.data["gift"].search(lowered) and speech.data["gift_of"].search(lowered))


def _no_gift(facts: Facts, speech: Wording) -> str:
    return speech.say("no_gift", business=facts.business or speech.data["nameless"])


def _may_i(facts: Facts, words: Lexicon) -> bool:
    return bool(words.patterns["permission"].match(facts.message.lower()))


def _settled(answered: str, facts: Facts, words: Lexicon, speech: Wording) -> bool:
    """Whether an answer is all that is wanted for now: a question about booking is no booking, nor is one refused."""
    if facts.intent in {"faq", "pricing"} or was_asked(facts.previous, speech):
        return False
    if _wants_a_gift(facts, speech):
        return "?" in facts.message
    lowered = facts.message.lower()
    asks = speech.data["asks_fact"].search(lowered)
    acts = speech.data["acts"].search(lowered)
    refused = words.patterns["refusals"].search(answered) and _may_i(facts, words)
    return bool(
        refused or (asks and not (acts and words.language == "en" and _may_i(facts, words) and not _policy(lowered)))
    )


def _policy(lowered: str) -> bool:
    return bool(re.search(r"free|fee|charge|cost|kosten|gebühr|gratis|umsonst", lowered))


def _ask_again(slots: Sequence[str], facts: Facts, speech: Wording) -> str:
    """What is asked next; for another time or day where the one the caller named could not be had."""
    failed = any(not outcome.ok or outcome.result.get("available") is False for outcome in facts.outcomes)
    again = f"ask_another.{slots[0]}"
    return speech.say(again) if failed and speech.has(again) else ask_for(slots, speech)


def _acknowledged(facts: Facts, speech: Wording) -> str:
    """What was understood of a request that begins; a word of thanks for a detail that was asked for."""
    if facts.agent_type == "dispatch":
        return speech.say("noted") if facts.intent == "check_in" and was_asked(facts.previous, speech) else ""
    if was_asked(facts.previous, speech):
        return speech.say("noted") if facts.intent not in {"affirm", "deny"} else ""
    wanted = purpose(facts, speech)
    known = understood(wanted, facts.slots, speech) if wanted else ""
    return speech.say("sure_with", what=known) if known else speech.say("sure") if wanted else ""


def _answer_freely(facts: Facts, tools: Sequence[ToolSpec], words: Lexicon, speech: Wording) -> Reply:
    if words.instructions.search(facts.message):
        return Reply(speech.say("refuse"))
    kind = kind_of(facts, speech)
    if kind == "human" or (facts.intent == "escalation" and kind != "insult"):
        return Reply(speech.say("handoff"))
    if facts.intent == "emergency":
        return Reply(speech.say("emergency"))
    if kind:
        return Reply(small_talk(kind, facts, speech))
    wanted = purpose(facts, speech)
    if not wanted and _wants_a_gift(facts, speech):
        return Reply(_aside(facts, words, speech))
    if wanted:
        return _request(wanted, facts, tools, words, speech)
    return Reply(_from_passages(facts, words, speech, say_unknown=True))


def _request(wanted: str, facts: Facts, tools: Sequence[ToolSpec], words: Lexicon, speech: Wording) -> Reply:
    """Details of a booking, a viewing or a lead; the tool that does it once they are complete."""
    aside = _aside(facts, words, speech)
    if aside and _settled(aside, facts, words, speech):
        return Reply(aside)
    tool = _tool_for(wanted, facts, tools)
    if tool and not missing(wanted, facts.slots):
        return Reply(call=_call(tool.name, _arguments(tool, facts), facts))
    details = request_details(wanted, facts, speech)
    return Reply(f"{aside} {details}".strip())


def _tool_for(wanted: str, facts: Facts, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    names = {"table": ("book", "reserv"), "room": ("book", "reserv"), "viewing": ("viewing",), "lead": ("lead",)}[
        wanted
    ]
    for tool in tools:
        does = any(name in tool.name for name in names) and not any(
            other in tool.name for other in ("cancel", "change", "check")
        )
        required = tool.parameters.get("required", ())
        if does and all(facts.slots.get(name) not in (None, "") for name in required):
            return tool
    return None


def _arguments(tool: ToolSpec, facts: Facts) -> dict[str, object]:
    known = tool.parameters.get("properties", {})
    return {name: value for name, value in facts.slots.items() if name in known}


def _call(name: str, arguments: dict[str, object], facts: Facts) -> ToolCall:
    digest = blake2b(repr((name, sorted(arguments.items()), len(facts.heard))).encode(), digest_size=8).hexdigest()
    return ToolCall(f"house-{digest}", name, arguments)


def _from_passages(facts: Facts, words: Lexicon, speech: Wording, *, say_unknown: bool) -> str:
    """What the passages say to each part of the line; that they say nothing, where that is to be said."""
    units = with_legend([unit for passage in facts.passages for unit in read(passage, facts.language)], facts.language)
    subject = list(read(facts.about, facts.language)) if facts.about else []
    names = words.stems(f"{facts.business} {facts.agent_name}")
    asked = read_parts(facts.message, words, names=names, today=facts.today)
    readings = [_readings(question, facts, words, names) for question in asked]
    if all(question.empty for reading in readings for question in reading):
        return speech.say("unclear") if say_unknown else ""
    answers = [_first_found(reading, units, facts.previous, words, subject) for reading in readings]
    if not any(found for _, found in answers) and (either := _EITHER.match(facts.message)):
        lines = (f"{either['asks']}{either['first']}?", f"{either['asks']} {either['second']}?")
        told = [_from_passages(replace(facts, message=line), words, speech, say_unknown=False) for line in lines]
        if all(told) or (any(told) and either["joined"].lower() in {"or", "oder"}):
            return " ".join(dict.fromkeys(filter(None, told)))
    if not any(found for _, found in answers):
        return speech.say("unknown") if say_unknown else ""
    return " ".join(_spoken(answers, words, speech))


def _spoken(answers: Sequence[tuple[Question, Found | None]], words: Lexicon, speech: Wording) -> list[str]:
    said: list[str] = []
    quoted: set[Unit] = set()
    for question, found in answers:
        if found:
            units = tuple(unit for unit in found.units if unit not in quoted)
            if len(units) < len(found.units):
                units = tuple(unit for unit in units if not OPENS_WITH_PRONOUN.match(unit.text))
            quoted.update(units)
            text = speak(replace(found, units=units), words, speech) if units else ""
        elif question.kinds:
            text = speech.say("unknown_part", part=question.text.strip(" ?!.,"))
        else:
            continue
        if text and text not in said:
            said.append(text)
    return said


def _first_found(
    readings: Sequence[Question], units: Sequence[Unit], previous: str, words: Lexicon, subject: Sequence[Unit] = ()
) -> tuple[Question, Found | None]:
    """The first reading of a question that the units answer; one that leans on the last reply stays with its topic.

    `subject` is what the talk is about: what it tells comes first.
    """
    for question in readings if subject else ():
        if not question.empty and (found := find(question, subject, words)):
            return question, found
    if readings[0].follows and not readings[0].complete:
        focus = [unit for unit in units if unit.record and unit.heading in previous] if previous else []
        focus = focus or [unit for unit in units if len(unit.text) > 20 and unit.text in previous]
        if focus and (found := find_about(readings[0], focus, words)):
            return readings[0], found
    for question in readings:
        if not units or question.empty:
            continue
        found = find(question, units, words)
        if found and not _of_another(found, question, subject) and not _has_what_is_unwanted(question.text, found):
            return question, found
    return readings[-1], None


def _of_another(found: Found, question: Question, subject: Sequence[Unit]) -> bool:
    """Whether "how big is it?" would be answered with another record than the one the talk is about."""
    named = _IDENTITY.search(question.text) or "list" in question.kinds
    if not subject or named or not any(unit.record for unit in found.units):
        return False
    about = {word for unit in subject for word in _IDENTITY.findall(unit.text)}
    return not any(about & set(_IDENTITY.findall(f"{unit.heading} {unit.text}")) for unit in found.units)


def _has_what_is_unwanted(asked: str, found: Found) -> bool:
    """Whether the answer to "... without pork?" names pork, and not that there is none in it."""
    wanted_without = _WITHOUT.search(asked.lower())
    if wanted_without is None:
        return False
    root = wanted_without[1][:_ROOT]
    lacking = re.compile(
        rf"\b(?:without|no|ohne|kein\w*|free (?:of|from)|frei von) (?:\w+ )?\w*{root}|{root}\w*[- ]?(?:free|frei)"
    )
    return any(root in unit.text.lower() and not lacking.search(unit.text.lower()) for unit in found.units)


def _readings(question: Question, facts: Facts, words: Lexicon, names: frozenset[str]) -> list[Question]:
    """A question, and where it leans on the turn before, how it reads with what the caller spoke of then."""
    if not question.follows:
        return [question]
    alone = [question] if question.complete else []
    before = _earlier((facts.previous, *facts.heard[-3:]), facts, words, names)
    if not before:
        return [question]
    first = [*alone, inherit(question, before[0], both=True), inherit(question, before[0])]
    # "And on Sunday?" goes on with whatever of the line before it had to do with days.
    return [*first, *(inherit(question, one) for one in before[1:] if question.days and one.about_hours)]


def _earlier(lines: Sequence[str], facts: Facts, words: Lexicon, names: frozenset[str]) -> list[Question]:
    """The questions of the last line that asks something, last first; "and on Sunday?" as its own line before means
    it."""
    for at in reversed(range(len(lines))):
        asked = read_parts(lines[at], words, names=names, today=facts.today)[::-1] if lines[at].strip() else []
        if asked and not asked[0].empty:
            leans = asked[0].follows and not (asked[0].complete or asked[0].keys)
            before = _earlier(lines[:at], facts, words, names) if leans else []
            return [inherit(asked[0], before[0]), *asked[1:]] if before else asked
    return []
