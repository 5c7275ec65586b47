"""Says what the tools of a turn confirmed, from the fields of their results; never more than `ok` confirms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from parley.house.ask import field_name, understood
from parley.house.wording import Wording
from parley.inference.facts import ToolOutcome

_VERBS: tuple[tuple[str, str], ...] = (
    ("cancelled", r"cancel|delete_res|storn"),
    ("changed", r"change|update|modify|reschedule|move|ändern"),
    ("viewing", r"viewing|besichtig|schedule|appointment"),
    ("known", r"^(?:find|get|show|look_?up|check)_(?:a_|my_|the_)?(?:reservation|booking|appointment)"),
    ("availability", r"availab|free_slots|verfügbar"),
    ("booked", r"book|reserv|buch"),
    ("lead", r"lead|contact|details|callback"),
    ("found", r"list|search|find|look|propert|query|such"),
    ("transferred", r"transfer|handoff|escalat|human|person"),
    ("ended", r"^end|hang|goodbye|finish"),
)
_OPEN_STATES = {"pending", "requested", "request", "unknown", "held", "hold", "queued", "waitlisted", "tentative"}
_REFERENCES = ("reference", "confirmation", "confirmation_code", "confirmation_number", "code", "booking_reference")
_LISTS = (
    "alternatives",
    "slots",
    "times",
    "options",
    "listings",
    "properties",
    "results",
    "items",
    "matches",
    "similar",
)
_HIDDEN = re.compile(r"(^|_)(id|ids|uuid|token|score|embedding|tenant|agent|created_at|updated_at|url|reasons)$|_id$")


def tell(outcomes: Sequence[ToolOutcome], wording: Wording) -> str:
    """What the last outcomes confirm, in a sentence or two; failures before a success are not worth a word.

    Nor is a success on the way to a failure: "there is space" before "it could not be booked".
    """
    told = [outcome for outcome in outcomes if outcome.ok] if outcomes and outcomes[-1].ok else list(outcomes[-1:])
    return " ".join(dict.fromkeys(_tell_one(outcome, wording) for outcome in told[-2:]))


def found_nothing(outcomes: Sequence[ToolOutcome]) -> bool:
    """Whether all that ran was a search, and it came back empty."""
    return bool(outcomes) and all(
        outcome.ok and _verb(outcome) == "found" and not any(outcome.result.get(name) for name in _LISTS)
        for outcome in outcomes
    )


def searched_for_anything(outcomes: Sequence[ToolOutcome]) -> bool:
    """Whether all that ran was a search without a single criterion: what it found answers nothing that was asked."""
    return bool(outcomes) and all(
        outcome.ok and outcome.name == "find_listings" and not any(outcome.arguments.values()) for outcome in outcomes
    )


def _verb(outcome: ToolOutcome) -> str:
    return next((verb for verb, rule in _VERBS if re.search(rule, outcome.name, re.I)), "done")


_REASONS = frozenset({"too_large", "closed", "unknown_listing", "not_on_offer", "past", "too_far"})
_TAKEN = frozenset({"full", "off_grid"})


def _tell_one(outcome: ToolOutcome, wording: Wording) -> str:
    result = outcome.result
    if (reason := str(result.get("status") or "")) in _REASONS and not result.get("available"):
        said = wording.say(f"outcome.{reason}", property_id=result.get("property_id"))
        return _with_alternatives(said, result, wording)
    if not outcome.ok and reason in _TAKEN and not result.get("available"):
        return _with_alternatives(wording.say("outcome.unavailable"), result, wording)
    if not outcome.ok and outcome.name == "find_reservation":
        return wording.say("outcome.no_reservation")
    if not outcome.ok:
        # A sentence in another language inside the reply is worse than a plain one.
        error = str(result.get("error") or "").strip() if wording.data["tells_errors"] else ""
        said = wording.say("outcome.failed", error=_sentence(error)) if error else wording.say("outcome.failed_plain")
        return _with_alternatives(said, result, wording)
    verb = _verb(outcome)
    if result.get("available") is False or result.get("status") == "unavailable":
        return _with_alternatives(wording.say("outcome.unavailable"), result, wording)
    state = str(result.get("status") or result.get("availability") or "").lower()
    what = _what(outcome, wording)
    match verb:
        case "found":
            items = _items(result, wording)
            if not items:
                return wording.say("outcome.found_none")
            anything = searched_for_anything((outcome,))
            how = "found_some" if anything else "found_near" if result.get("differs_in") else "found"
            return wording.say(f"outcome.{how}", items=wording.join(items))
        case "lead" | "transferred" | "ended":
            return wording.say(f"outcome.{verb}")
        case "availability":
            if result.get("available") is True and what:
                return wording.say("outcome.available", what=what)
            return _with_alternatives("", result, wording) or _plain(wording, what, "requested")
        case "booked" | "viewing" | "known" if state in _OPEN_STATES:
            return _plain(wording, what, "requested")
        case _:
            return _plain(wording, what, verb)


def _plain(wording: Wording, what: str, name: str) -> str:
    return wording.say(f"outcome.{name}", what=what) if what else wording.say("outcome.done_plain")


def _with_alternatives(said: str, result: Mapping[str, Any], wording: Wording) -> str:
    items = _items(result, wording)
    offered = wording.say("outcome.alternatives", items=wording.join(items, link="or")) if items else ""
    return f"{said} {offered}".strip()


def _items(result: Mapping[str, Any], wording: Wording) -> list[str]:
    listed = next((result[name] for name in _LISTS if isinstance(result.get(name), (list, tuple)) and result[name]), ())
    return [text for item in list(listed)[:4] if (text := _item(item, wording))]


def _item(item: object, wording: Wording) -> str:
    if not isinstance(item, Mapping):
        return wording.spoken_moment(item)
    if item.get("date") and item.get("time") and not item.get("title"):
        return wording.spoken_moment(f"{item['date']} {str(item['time'])[:5]}")
    named = [str(item[key]) for key in ("title", "name") if item.get(key)][:1]
    rest = [
        wording.spoken_date(value) if key == "date" else wording.spoken_amount(value) if key == "price" else str(value)
        for key, value in item.items()
        if key not in {"title", "name", "description"}
        and (key == "property_id" or not _HIDDEN.search(key))
        and isinstance(value, (str, int, float))
        and not isinstance(value, bool)
        and str(value)
    ]
    over = [wording.say("over_budget")] if item.get("over_budget") is True else []
    return ", ".join(named + rest[:3] + over)


def _what(outcome: ToolOutcome, wording: Wording) -> str:
    """What was booked, from the result's own fields, from the arguments where the result does not repeat them."""
    inner = outcome.result.get("reservation") or outcome.result.get("viewing") or outcome.result
    fields = {**outcome.arguments, **outcome.result, **(inner if isinstance(inner, Mapping) else {})}
    plain = {
        key: value for key, value in fields.items() if isinstance(value, (str, int, float)) and value not in ("", False)
    }
    kind = "table" if "party_size" in plain else ""
    parts = [understood("room" if "nights" in plain else kind, plain, wording)]
    reference = next((str(plain[name]) for name in _REFERENCES if plain.get(name)), "")
    if reference:
        parts.append(wording.say("outcome.reference", reference=reference))
    said = ", ".join(part for part in parts if part)
    if said:
        return said
    shown = [
        f"{field_name(key, wording)} {value}"
        for key, value in outcome.result.items()
        if isinstance(value, (str, int, float))
        and not isinstance(value, bool)
        and not _HIDDEN.search(key)
        and str(value)
        and key != "status"
    ]
    return ", ".join(shown[:4])


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
