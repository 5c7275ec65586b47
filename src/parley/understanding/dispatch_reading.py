"""What a driver's line tells dispatch: status, place, arrival, delay, unloading; in an emergency who and what is safe.

`read_dispatch` reads one line with the agent's last one as context, in English and German: pure patterns, no model.
It is what a flow needs to ask only for what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from parley.inference.facts import SlotValue
from parley.understanding.dispatch_places import find_place
from parley.understanding.dispatch_words import DispatchWords, dispatch_words
from parley.understanding.tokens import MAX_CHARACTERS

SLOTS = (
    "driver_status",
    "current_location",
    "eta",
    "delay_reason",
    "unloading_status",
    "pod_reminder_acknowledged",
    "safety_status",
    "injury_status",
    "load_secure",
)
_AT_THE_DOCK = frozenset({"arrived", "unloading"})
_ORDER = ("unloading", "arrived", "delayed", "driving")  # what a line that says several means
_LONGEST = 160
_PHRASE = re.compile(r"[^,.!?;]+")
_CLAUSE = re.compile(r"[^.!?;]+[.!?;]*")

Quality = Literal["unintelligible", "voicemail", ""]


def line_quality(message: str, language: str) -> Quality:
    """ "unintelligible" for a line of noise marks alone, "voicemail" for an answering machine's announcement."""
    words, line = dispatch_words(_code(language)), _plain(message)
    if words.says("noise", line):
        return "unintelligible"
    return "voicemail" if words.says("voicemail", line) else ""


def is_broken(message: str, language: str) -> bool:
    """Whether a part of the line did not come through."""
    return dispatch_words(_code(language)).says("marker", _plain(message))


def read_dispatch(message: str, *, language: str, previous: str = "") -> dict[str, SlotValue]:
    """The slots that `message` itself says, of `SLOTS`.

    driver_status is driving, delayed, arrived or unloading; safety_status safe or not safe; injury_status "none" or the
    words of it; pod_reminder_acknowledged and load_secure are booleans; the others are the driver's own words.
    `previous` is what the agent said last: it decides what "yes", "Omaha" or "half past three" answer.
    """
    words, line = dispatch_words(_code(language)), _plain(message)
    if words.says("noise", line) or words.says("voicemail", line):
        return {}
    line = words.groups["marker"].sub(" ", line)
    asked = _asked(previous, words)
    said: dict[str, SlotValue | None] = {}
    status = said["driver_status"] = _status(line, words)
    content = not words.says("empty", line) and not words.says("refusal", line)
    elsewhere = "delay_reason" in asked and "current_location" not in asked
    if not words.says("refusal", line) and not elsewhere:
        said["current_location"] = find_place(line, words, asked="current_location" in asked)
    if content:
        said["eta"] = None if status in _AT_THE_DOCK else _eta(line, words, asked="eta" in asked)
        said["delay_reason"] = _delay_reason(line, words, status, asked="delay_reason" in asked)
        if status in _AT_THE_DOCK or "unloading_status" in asked:
            said["unloading_status"] = _unloading(line, words, asked="unloading_status" in asked)
    said.update(_answers(line, words, asked))
    return {slot: value for slot, value in said.items() if value is not None}


def _code(language: str) -> str:
    return "de" if language.lower().startswith("de") else "en"


def _plain(message: str) -> str:
    return " ".join(message[:MAX_CHARACTERS].replace("’", "'").split())


def _asked(previous: str, words: DispatchWords) -> tuple[str, ...]:
    """The slots asked for, in the order of the asking; of several sentences the questions count."""
    sentences = [part for part in _CLAUSE.findall(_plain(previous)[-800:]) if part.strip()]
    questions = [part for part in sentences if part.rstrip().endswith("?")] or sentences
    for text in (" ".join(questions), " ".join(sentences)):
        found = {slot: match.start() for slot, pattern in words.asks.items() if (match := pattern.search(text))}
        if found:
            return tuple(sorted(found, key=lambda slot: found[slot]))
    return ()


def _unnegated(pattern: re.Pattern[str], line: str, words: DispatchWords) -> re.Match[str] | None:
    for match in pattern.finditer(line):
        before = re.split(r"[.,;!?]", line[: match.start()])[-1]
        if not words.says("not", before) and not words.says("not_behind", line[match.end() :]):
            return match
    return None


def _status(line: str, words: DispatchWords) -> str | None:
    return next((status for status in _ORDER if _unnegated(words.status[status], line, words)), None)


def _eta(line: str, words: DispatchWords, *, asked: bool) -> str | None:
    """The time of arrival as it was said, on the clock rather than as a stretch, where a line says both.

    A time is one of arrival where arrival is spoken of or was asked about.
    """
    for pattern in words.etas:
        times = [
            match.group().strip(" ,.")
            for match in pattern.finditer(line)
            if not words.says("eta_never_after", line[: match.start()])
            and not words.says("eta_never_before", line[match.end() :])
            and (asked or words.says("eta_words", _clause_around(line, match)))
        ]
        if times:
            return max(times, key=len)
    return None


def _clause_around(line: str, match: re.Match[str]) -> str:
    start = max(line.rfind(mark, 0, match.start()) for mark in ".;!?") + 1
    ends = [place for mark in ".;!?" if (place := line.find(mark, match.end())) >= 0]
    return line[start : min(ends, default=len(line))]


def _clause_with(pattern: re.Pattern[str], line: str, parts: re.Pattern[str] = _CLAUSE) -> str | None:
    return next((part.strip(" ,.;!")[:_LONGEST] for part in parts.findall(line) if pattern.search(part)), None)


def _delay_reason(line: str, words: DispatchWords, status: str | None, *, asked: bool) -> str | None:
    """What holds the driver up: a cause, where the line speaks of a delay; any answer, where it was asked for."""
    if asked or status == "delayed":
        found = _clause_with(words.groups["delay_reason"], line, _PHRASE)
        if found is not None or not asked:
            return found
        return line.strip(" .!")[:_LONGEST]
    return None


def _unloading(line: str, words: DispatchWords, *, asked: bool) -> str | None:
    group = "unloading_status" if asked else "unloading_needs"
    return _clause_with(words.groups[group], line)


def _answers(line: str, words: DispatchWords, asked: tuple[str, ...]) -> Mapping[str, SlotValue | None]:
    """Slots that are a yes or a no; a bare "yes" or "no" answers the first one asked for."""
    said: dict[str, SlotValue | None] = {
        "safety_status": _safety(line, words, asked="safety_status" in asked),
        "injury_status": _injury(line, words),
        "load_secure": _either(line, words, "insecure", "secure", (False, True)),
    }
    yes, no = words.says("yes", line), words.says("no", line)
    bare = next((slot for slot in asked if slot in _BARE), None)
    if bare is not None and (yes or no) and said.get(bare) is None:
        said[bare] = _BARE[bare][0 if yes else 1]
    if "pod_reminder_acknowledged" in asked:
        said["pod_reminder_acknowledged"] = _promised(line, words, yes=yes, no=no)
    if "emergency_type" in asked and not words.says("empty", line):
        said["emergency_type"] = line[:_LONGEST]
    return said


def _promised(line: str, words: DispatchWords, *, yes: bool, no: bool) -> bool | None:
    if words.says("refusal", line) and not yes:
        return None
    if no:
        return False
    return True if yes or words.says("promise", line) else None


_BARE: Mapping[str, tuple[SlotValue, SlotValue]] = {
    "safety_status": ("safe", "not safe"),
    "injury_status": ("injured", "none"),
    "load_secure": (True, False),
}


def _either(
    line: str, words: DispatchWords, bad: str, good: str, values: tuple[SlotValue, SlotValue]
) -> SlotValue | None:
    if words.says(bad, line):
        return values[0]
    return values[1] if _unnegated(words.groups[good], line, words) else None


def _safety(line: str, words: DispatchWords, *, asked: bool) -> SlotValue | None:
    """Standing on the shoulder is an answer to "are you safe?", but not by itself a word of being safe."""
    said = _either(line, words, "unsafe", "safe", ("not safe", "safe"))
    return "safe" if said is None and asked and words.says("out_of_the_way", line) else said


def _injury(line: str, words: DispatchWords) -> SlotValue | None:
    if words.says("unhurt", line):
        return "none"
    found = _unnegated(words.groups["hurt"], line, words)
    return None if found is None else _clause_around(line, found).strip(" ,.;!")[:_LONGEST]
