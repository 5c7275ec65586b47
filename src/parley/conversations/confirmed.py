"""What tools confirmed in a conversation, and which claims that bears out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from parley.conversations.grants import grants_figures
from parley.conversations.offers import Offer
from parley.inference.chat import ToolSpec

Result = Mapping[str, Any]
_OPEN = frozenset({"requested", "pending", "held", "queued", "tentative", "waitlisted", "unknown"})
_BEARS_OUT: Mapping[str, frozenset[str]] = {
    "book_table": frozenset({"booked", "noted", "done"}),
    "book_room": frozenset({"booked", "noted", "done"}),
    "schedule_viewing": frozenset({"booked", "viewing", "noted", "done"}),
    "change_reservation": frozenset({"booked", "viewing", "changed", "noted", "done"}),
    "cancel_reservation": frozenset({"cancelled", "noted", "done"}),
    "find_reservation": frozenset({"booked", "viewing"}),
    "capture_lead": frozenset({"noted", "done"}),
    "transfer_to_person": frozenset({"transferred", "alerted", "noted", "done"}),
    "raise_incident": frozenset({"alerted", "noted", "done"}),
    "check_availability": frozenset(),
    "find_listings": frozenset(),
    "end_conversation": frozenset(),
}
# Tools that tenants declare are judged by what their names and descriptions speak of.
_SPEAKS_OF: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rule, re.IGNORECASE))
    for kind, rule in (
        ("booked", r"book|reserv|order|buch|bestell|termin|appointment"),
        ("changed", r"chang|updat|modif|reschedul|move|änder|verschieb"),
        ("cancelled", r"cancel|storn|delete|lösch|absag"),
        ("viewing", r"viewing|besichtig"),
        ("noted", r"note|lead|ticket|message|record|complain|request|notier|nachricht|anfrage|crm"),
        ("transferred", r"transfer|connect|verbind|handover"),
        ("sent", r"send|sms|mail|text|whatsapp|schick|versend"),
        ("refunded", r"refund|erstatt|credit|gutschrift"),
        ("discounted", r"discount|voucher|coupon|rabatt|gutschein|waive|upgrade"),
        ("alerted", r"notif|alert|inform|page|dispatch|benachrichtig|alarm|taxi"),
        ("paid", r"pay|charge|zahl|abbuch|kasse"),
    )
)
# What an action gives to a caller, by the kinds of offers.
_GIVES: Mapping[str, str] = {
    "discount": "discounted",
    "free": "discounted",
    "voucher": "discounted",
    "upgrade": "discounted",
    "refund": "refunded",
    "guarantee": "booked",
}
_ONLY_READS = re.compile(r"^(?:get|list|find|search|check|look_?up|read|show|fetch|query|is|has)(?:_|[A-Z]|$)")
_EVERYTHING = frozenset({"done", *(kind for kind, _ in _SPEAKS_OF)})


class Confirmed:
    """The confirmed results of one conversation, newest last."""

    def __init__(self, tools: Iterable[ToolSpec] = (), earlier: Mapping[str, Result] | None = None) -> None:
        """`tools`: those the agent has. `earlier`: results of earlier turns by tool."""
        self._kinds = {tool.name: _kinds(tool.name, tool.description) for tool in tools}
        self._results: dict[str, Result] = dict(earlier or {})

    def add(self, tool: str, result: Result) -> None:
        """A tool confirmed `result`. What is changed or cancelled is no longer as it was confirmed."""
        if tool in {"cancel_reservation", "change_reservation"}:
            gone = [name for name, known in self._results.items() if known.get("reference") == result.get("reference")]
            for name in gone:
                del self._results[name]
        self._results.pop(tool, None)
        self._results[tool] = result

    @property
    def tools(self) -> Iterable[str]:
        """The names of the agent's tools."""
        return self._kinds.keys()

    def results(self, kind: str) -> list[Result]:
        """What bears out a claim of this kind, newest last; empty where nothing does."""
        return [result for tool, result in self._results.items() if kind in self._borne_out(tool)]

    def told(self) -> list[Result]:
        """What tools said of the business: not those of the front desk that repeat what the caller gave them."""
        return [result for tool, result in self._results.items() if tool not in _BEARS_OUT or tool == "find_listings"]

    def gave(self, offer: Offer) -> bool:
        """Whether tools made for such things gave all of an offer, as far as their results name figures."""
        return all(any(grants_figures(result, offer) for result in self._given(_GIVES[kind])) for kind in offer.kinds)

    def _given(self, kind: str) -> list[Result]:
        """Results of the tools that speak of this kind; those that might do anything do not."""
        spoken_of = {name for name in self._results if kind in self._borne_out(name) != _EVERYTHING}
        return [self._results[name] for name in spoken_of]

    def can(self, kind: str) -> bool:
        """Whether the agent has a tool for it at all."""
        return any(kind in kinds for kinds in self._kinds.values())

    def is_about(self, tool: str, kinds: Iterable[str]) -> bool:
        """Whether this tool does one of these."""
        return not self._borne_out(tool).isdisjoint(kinds)

    def _borne_out(self, tool: str) -> frozenset[str]:
        return self._kinds.get(tool) or _kinds(tool, "")


def is_open(result: Result) -> bool:
    """Whether a person still has to confirm it."""
    return str(result.get("status", "")).lower() in _OPEN


def _kinds(name: str, description: str) -> frozenset[str]:
    if name in _BEARS_OUT:
        return _BEARS_OUT[name]
    if _ONLY_READS.match(name):
        return frozenset()
    spoken_of = frozenset(kind for kind, rule in _SPEAKS_OF if rule.search(f"{name} {description}"))
    return spoken_of | {"done"} if spoken_of else _EVERYTHING
