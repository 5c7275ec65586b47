"""Walks an agent's flow: where a turn leads, what it wants said, which tool it wants run. Pure.

The model is free inside a node; the way from node to node is decided here, from intents, slots and outcomes alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parley.agents import Branch, Flow, Node
from parley.inference.facts import SlotValue, Step, ToolOutcome

MOST_MOVES = 50
_SLOT = re.compile(r"^\{(\w+)\}$")
_OVER = frozenset({"handoff", "end"})  # who goes on talking after these begins anew
UNHEARD = "unintelligible"
_ASKS_BACK = frozenset({"faq", "pricing"})
# At an ask node these are answers or asides, not a wish to do something else.
_STAYS = frozenset({"unknown", "affirm", "deny", "greeting", "thanks", "faq", "pricing", "check_in"})
_SAME_WISH = frozenset({"booking", "viewing"})


@dataclass(slots=True)
class Walk:
    """One turn's way through a flow.

    `slots` is changed in place: a node may make the conversation forget. `said` are the words of say nodes passed.
    `node` is where the next turn begins; `ends` whether the conversation is over. `tries` counts what patience counts:
    lines in a row that tell nothing, lines that could not be heard, and how often each slot was asked for in vain.
    """

    flow: Flow
    language: str
    intent: str
    slots: dict[str, SlotValue]
    stated: frozenset[str]
    node: str | None = None
    tries: dict[str, int] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    ends: bool = False
    _outcome: ToolOutcome | None = None
    _moves: int = 0

    def begin(self) -> Step:
        """Where the caller's line leads. Raises nothing: a flow that runs in circles is cut off."""
        if not self.flow.nodes or self.flow.start is None:
            return Step("answer")
        waiting = self.flow.nodes.get(self.node or "")
        first = waiting is None or waiting.type in _OVER
        if waiting is None or self.node is None or first:
            self.node = self.flow.start
            waiting = self.flow.nodes[self.node]
        if waiting.type == "ask":
            if (step := self._insist(waiting, first=first)) is not None:
                return step
            self._turn_elsewhere(waiting)
        elif waiting.type == "answer":
            self._take(waiting.branches or self._menu())
        return self._walk(first=self.node)

    def after(self, outcome: ToolOutcome) -> Step:
        """Where the outcome of the tool that was wanted leads."""
        self._outcome = outcome
        node = self.flow.nodes[self.node or ""]
        if not self._take(node.branches):
            self._go(node.next or self.flow.start or "")
        return self._walk(first=None)

    def _menu(self) -> tuple[Branch, ...]:
        return self.flow.nodes[self.flow.start].branches if self.flow.start else ()

    def _insist(self, waiting: Node, *, first: bool) -> Step | None:
        """Count what this line leaves open; where patience ends, take the way out. The first line owes nothing yet."""
        if (step := self._asked_enough(waiting, first=first)) is not None:
            return step
        rules = self.flow.patience
        if rules is None:
            return None
        if self.intent == UNHEARD:
            unheard = self.tries["unheard"] = self.tries.get("unheard", 0) + 1
            if unheard <= rules.unheard:
                self.said.append(rules.ask_again(unheard, self.language))
                return Step("say", self.node or "")
            return self._leave(waiting.otherwise or rules.hang_up)
        asked = next((slot for slot in self._missing(waiting) if slot not in self.stated), None)
        if first or asked is None or self.intent in _ASKS_BACK:
            self.tries.pop("unhelpful", None)
            return None
        self.tries[asked] = self.tries.get(asked, 0) + 1
        self.tries["unhelpful"] = 0 if self.stated else self.tries.get("unhelpful", 0) + 1
        if self.tries["unhelpful"] < rules.unhelpful:
            return None
        return self._leave(waiting.otherwise or rules.give_up)

    def _asked_enough(self, waiting: Node, *, first: bool) -> Step | None:
        """The way out of a node that has asked as often as it may; a question back, or another wish, costs nothing."""
        if first or waiting.most is None or waiting.otherwise is None or self.stated & set(waiting.slots):
            return None
        if self.intent in _ASKS_BACK or not (self.stated or self.intent in _STAYS | _SAME_WISH):
            return None
        count = f"node:{self.node}"
        self.tries[count] = self.tries.get(count, 0) + 1
        if self.tries[count] < waiting.most:
            return None
        del self.tries[count]
        return self._leave(waiting.otherwise)

    def _leave(self, way_out: str) -> Step:
        self._go(way_out)
        return self._walk(first=None)

    def _missing(self, node: Node) -> tuple[str, ...]:
        """The slots of an ask node that are open, without those that were asked for often enough."""
        most = self.flow.patience.per_slot if self.flow.patience else MOST_MOVES
        return tuple(
            slot for slot in node.slots if self.slots.get(slot) in (None, "") and self.tries.get(slot, 0) < most
        )

    def _turn_elsewhere(self, waiting: Node) -> None:
        """A caller who is asked for something may want something else; what was asked for does not come first then."""
        if self.node != self.flow.start and self._take(waiting.branches):
            return
        answered = self.stated & set(waiting.slots)
        if self.intent in _STAYS or answered:
            return
        before = self.node
        for branch in self._menu():
            if not self._holds(branch):
                continue
            if branch.to != before and not self._leads_here(branch.to, before or ""):
                self._go(branch.to)
            return

    def _leads_here(self, origin: str, here: str) -> bool:
        """Whether `here` belongs to the path that begins at `origin`: asking on is then the better reading."""
        seen, frontier = set(), [origin]
        while frontier:
            name = frontier.pop()
            if name == here:
                return True
            node = self.flow.nodes[name]
            if name in seen or node.type == "answer":
                continue
            seen.add(name)
            frontier += [branch.to for branch in node.branches] + ([node.next] if node.next else [])
        return False

    def _walk(self, first: str | None) -> Step:
        """Pass nodes until one waits for the caller or wants a tool. `first`: the node in which the turn began."""
        while self._moves < MOST_MOVES and self.node is not None:
            name, node = self.node, self.flow.nodes[self.node]
            step = self._enter(name, node, arrived=name != first)
            if step is not None:
                return step
        return Step("answer", node=self.node or "")

    def _enter(self, name: str, node: Node, *, arrived: bool) -> Step | None:
        text = node.say(self.language)
        match node.type:
            case "ask":
                if missing := self._missing(node):
                    return Step("ask", name, text, missing)
            case "tool":
                return Step("call", name, tool=node.tool, arguments=self._arguments(node.arguments))
            case "say":
                if text:
                    self.said.append(text)
            case "condition":
                if self._take(node.branches):
                    return None
            case "handoff":
                return Step("handoff", name, text)
            case "end":
                self.ends = True
                return Step("end", name, text)
            case _:
                if text and arrived:
                    self.said.append(text)
                return Step("answer", name)
        return self._onward(node, name)

    def _onward(self, node: Node, name: str) -> Step | None:
        """To `next`; a node without one is an end of the path: the next turn begins at the start."""
        if node.next is not None:
            self._go(node.next)
            return None
        self.node = self.flow.start
        return Step("say" if node.type == "say" else "answer", name)

    def _take(self, branches: tuple[Branch, ...]) -> bool:
        for branch in branches:
            if self._holds(branch):
                self._go(branch.to)
                return True
        return False

    def _go(self, name: str) -> None:
        self._moves += 1
        self.node = name
        for slot in self.flow.nodes[name].forget:
            if slot not in self.stated or self._outcome is not None:
                self.slots.pop(slot, None)

    def _holds(self, branch: Branch) -> bool:
        when = branch.when
        wanted = (when.intent,) if isinstance(when.intent, str) else when.intent
        if wanted is not None and self.intent not in wanted:
            return False
        if when.outcome is not None and (self._outcome is None or self._outcome.ok != (when.outcome == "ok")):
            return False
        if when.result and not _has(self._outcome.result if self._outcome else {}, when.result):
            return False
        if when.stated and not self.stated & set(when.stated):
            return False
        known = {name for name, value in self.slots.items() if value not in (None, "")}
        return known.issuperset(when.slots) and not known & set(when.missing) and _has(self.slots, when.equals)

    def _arguments(self, template: Mapping[str, Any]) -> dict[str, Any]:
        filled: dict[str, Any] = {}
        for name, value in template.items():
            match = _SLOT.match(value) if isinstance(value, str) else None
            final = self.slots.get(match.group(1)) if match else value
            if final not in (None, ""):
                filled[name] = final
        return filled


def _has(values: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(values.get(name) == value for name, value in wanted.items())
