"""Asks for what is missing, and says back what was understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parley.house.wording import Wording
from parley.inference.facts import Facts, SlotValue
from parley.understanding import kind_of_house

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "table": ("date", "time", "party_size", "name"),
    "room": ("date", "nights", "name"),
    "viewing": ("property_id", "date", "time", "name", "phone"),
    "lead": ("name", "phone"),
    "dispatch": ("location", "eta"),
}
_EITHER: Mapping[str, tuple[str, ...]] = {
    "phone": ("phone", "email"),
    "property_id": ("property_id", "city", "location"),
}


def purpose(facts: Facts, wording: Wording) -> str:
    """What the caller wants done: table, room, viewing, lead, or "" for nothing that needs details."""
    intent = facts.intent
    lowered = facts.message.lower()
    requests = wording.data["requests"]
    if facts.agent_type == "dispatch" and intent == "booking":
        return "lead"
    if intent in {"viewing", "schedule_viewing"}:
        return "viewing"
    if intent == "booking":
        if facts.agent_type == "real_estate" or requests["viewing"].search(lowered):
            return "viewing"
        if facts.slots.get("kind") == "table" and "nights" not in facts.slots:
            return "table"
        named = f"{facts.business} {facts.industry}"
        hotel = wording.data["hotel"].search(named) and kind_of_house(named) != "restaurant"
        return "room" if (hotel and "party_size" not in facts.slots) or "nights" in facts.slots else "table"
    return "lead" if intent == "lead_capture" else ""


def missing(wanted: str, slots: Mapping[str, SlotValue]) -> tuple[str, ...]:
    """The slots still needed, in the order they are asked for; an e-mail address stands for a phone number."""
    return tuple(
        slot
        for slot in _NEEDED[wanted]
        if not any(slots.get(other) not in (None, "") for other in _EITHER.get(slot, (slot,)))
    )


def ask_for(slots: Sequence[str], wording: Wording) -> str:
    """One question for the first slot, or for the first two where they go together."""
    first = slots[0]
    together = next((f"{first}+{other}" for other in slots[1:] if wording.has(f"ask.{first}+{other}")), "")
    if together:
        return wording.say(f"ask.{together}")
    if wording.has(f"ask.{first}"):
        return wording.say(f"ask.{first}")
    return wording.say("ask_other", slot=field_name(first, wording))


def was_asked(previous: str, wording: Wording) -> bool:
    """Whether the agent's last line ended by asking for a detail."""
    asked = (variant for variants in wording.data["ask"].values() for variant in variants)
    return any(previous.rstrip().endswith(variant) for variant in asked)


def field_name(slot: str, wording: Wording) -> str:
    """A slot's name as a caller would say it."""
    named: str = wording.data["fields"].get(slot) or slot.replace("_", " ").strip()
    return named


def understood(wanted: str, slots: Mapping[str, SlotValue], wording: Wording) -> str:
    """ "a table for 4 on Saturday, 21 November at 7:30 pm": what is known, "" where nothing is."""
    parts: list[str] = []
    size, nights = slots.get("party_size"), slots.get("nights")
    if wanted == "room" and (nights or slots.get("date")):
        parts.append(wording.say("what.room"))
    if wanted == "viewing" and (slots.get("date") or slots.get("property_id")):
        parts.append(wording.say("what.viewing"))
    if size:
        parts.append(wording.counted("what.table" if wanted == "table" and not nights else "what.party", size))
    if nights:
        parts.append(wording.counted("what.nights", nights))
    if slots.get("date"):
        name = "what.from_date" if nights else "what.date"
        parts.append(wording.say(name, date=wording.spoken_date(slots["date"])))
    if slots.get("time"):
        parts.append(wording.say("what.time", time=wording.spoken_time(slots["time"])))
    if slots.get("name"):
        name = "what.for_name" if parts else "what.name"
        parts.append(wording.say(name, name=slots["name"]))
    return " ".join(part for part in parts if part.strip())


def request_details(wanted: str, facts: Facts, wording: Wording) -> str:
    """The next question of a request, or its summary once nothing is missing; never a claim that it is booked."""
    open_slots = missing(wanted, facts.slots)
    known = understood(wanted, facts.slots, wording)
    if not open_slots:
        rest = [str(facts.slots[slot]) for slot in ("phone", "email", "property_id", "city") if facts.slots.get(slot)]
        return wording.say("summary", what=", ".join(filter(None, [known, *rest])))
    first_time = not facts.previous.rstrip().endswith("?")
    opening = wording.say("sure_with" if first_time else "got", what=known) if known else wording.say("sure")
    return f"{opening} {ask_for(open_slots, wording)}"
