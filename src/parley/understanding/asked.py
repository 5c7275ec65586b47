"""What the agent's last line asks for: it decides what a bare "four" means."""

from __future__ import annotations

import re

from parley.understanding.lexicon import load_lexicon

_BREAKS = re.compile(r"[^\w'?.!-]+")
_ARRIVAL = ("check in", "check-in", "checkin", "arriv", "anreise", "einchecken")
_SENTENCE = re.compile(r"[^.!?]*[.!?]?")


def asked_slots(previous: str, language: str) -> frozenset[str]:
    """Slot names the line asks for; of its sentences the questions count, or all where it has no question mark."""
    if not previous:
        return frozenset()
    text = previous[-600:].lower().replace("’", "'")
    sentences = [sentence for sentence in _SENTENCE.findall(text) if sentence.strip()]
    questions = [sentence for sentence in sentences if sentence.endswith("?")] or sentences
    found: set[str] = set()
    for question in questions:
        padded = f" {_BREAKS.sub(' ', question).strip(' .!')} "
        for slot, phrases in load_lexicon(language).asks.items():
            if any(f" {phrase}" in padded for phrase in phrases):
                found.add(slot)
    if "end_date" in found and not any(word in question for question in questions for word in _ARRIVAL):
        found.discard("date")
    if "bedrooms" in found or "bathrooms" in found:
        found.discard("rooms")
    return frozenset(found)
