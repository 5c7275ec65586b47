"""The flow of a conversation: a validated graph of nodes that the turn follows.

`{"start": "greet", "nodes": {"greet": {"type": "say", "text": "Hello!", "next": "listen"}, "listen": {}}}`. A node
without a type is `answer`: the model replies freely. Transitions are deterministic: the first branch whose conditions
all hold, else `next`, else the flow stays where it is. An `answer` node without branches has those of the start node,
and at an `ask` node they let a caller turn to something else. `patience` bounds how long is asked for the same, and
`emergency` names the node from which the talk goes on once an emergency was reported.

A flow that only names nodes, none of which says, asks or does anything, adds nothing: `Flow.bare`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from parley.kit.errors import InvalidInput

NodeId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")]
Spoken = Annotated[str, StringConstraints(max_length=2000)]
MAX_NODES = 200


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(_Strict):
    """All the given parts must hold.

    `intent`: one of these. `slots`: all known. `missing`: all unknown. `stated`: any of these said in this turn.
    `equals`: slots with these values. `outcome`: of the tool that ran last in this turn; `result`: fields of it.
    """

    intent: tuple[str, ...] | str | None = None
    slots: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()
    equals: dict[str, str | int | float | bool] = Field(default_factory=dict)
    outcome: Literal["ok", "failed"] | None = None
    result: dict[str, str | int | float | bool] = Field(default_factory=dict)


class Branch(_Strict):
    when: Condition
    to: NodeId


class Node(_Strict):
    """One place in the flow.

    answer: reply freely and wait. say: speak `text` and go on. ask: ask for `slots` until all are known.
    condition: only branch. tool: run `tool` with `arguments` ("{name}" stands for a slot).
    handoff: a person takes over. end: say goodbye and close.
    `text` may be given per language: {"en": …, "de": …}. `forget`: slots that lose their value on the way in.
    `otherwise`: where an ask node leads when patience ends, in place of the flow's own way out. `most`: how often an
    ask node asks before it leads there, whatever the flow's patience.
    """

    type: Literal["answer", "say", "ask", "condition", "tool", "handoff", "end"] = "answer"
    text: Spoken | dict[str, Spoken] = ""
    slots: tuple[str, ...] = ()
    tool: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)
    forget: tuple[str, ...] = ()
    branches: tuple[Branch, ...] = ()
    next: NodeId | None = None
    otherwise: NodeId | None = None
    most: int | None = Field(default=None, ge=1, le=10)

    def say(self, language: str) -> str:
        """The node's words in `language`, else in any."""
        return _in_language(self.text, language)


def _in_language(text: str | dict[str, str], language: str) -> str:
    if isinstance(text, str):
        return text
    return text.get(language) or next(iter(text.values()), "")


class Patience(_Strict):
    """How long a caller is asked who does not answer.

    `per_slot` times for one slot, then it is left open. After `unhelpful` lines in a row that tell nothing the flow
    goes to `give_up`. A line that could not be heard is asked for again with `repeat`, `unheard` times in a call; the
    next one leads to `hang_up`.
    """

    per_slot: int = Field(default=2, ge=1, le=10)
    unhelpful: int = Field(default=3, ge=1, le=20)
    give_up: NodeId
    unheard: int = Field(default=3, ge=0, le=20)
    repeat: tuple[Spoken | dict[str, Spoken], ...] = Field(min_length=1, max_length=10)
    hang_up: NodeId

    def ask_again(self, time: int, language: str) -> str:
        """What is said when a line could not be heard for the `time`th time, from 1."""
        return _in_language(self.repeat[min(time, len(self.repeat)) - 1], language)


class Flow(_Strict):
    """A whole flow; empty means: answer freely."""

    start: NodeId | None = None
    nodes: dict[NodeId, Node] = Field(default_factory=dict, max_length=MAX_NODES)
    patience: Patience | None = None
    emergency: NodeId | None = None

    @property
    def bare(self) -> bool:
        """Whether no node says, asks or does anything."""
        return self.patience is None and self.emergency is None and all(node == Node() for node in self.nodes.values())


def parse_flow(raw: dict[str, Any]) -> Flow:
    """Validate a flow. Raises `InvalidInput` naming the node and the fault."""
    try:
        flow = Flow.model_validate(raw)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in ("conversation_flow", *fault["loc"]))
        raise InvalidInput(f"{place}: {fault['msg']}.") from error
    _check_graph(flow)
    return flow


def _check_graph(flow: Flow) -> None:
    if not flow.nodes:
        if flow.start is not None:
            raise InvalidInput("conversation_flow.start names a node, but there are no nodes.")
        return
    if flow.start not in flow.nodes:
        raise InvalidInput("conversation_flow.start must name one of conversation_flow.nodes.")
    for place, named in _ways_out(flow):
        if named is not None and named not in flow.nodes:
            raise InvalidInput(f"conversation_flow.{place} names {named!r}, which does not exist.")
    for name, node in flow.nodes.items():
        for target in _targets(node):
            if target not in flow.nodes:
                raise InvalidInput(f"conversation_flow.nodes.{name} leads to {target!r}, which does not exist.")
        _check_node(name, node)
    _check_moves(flow)


def _ways_out(flow: Flow) -> list[tuple[str, str | None]]:
    ways: list[tuple[str, str | None]] = [("emergency", flow.emergency)]
    if flow.patience is not None:
        ways += [("patience.give_up", flow.patience.give_up), ("patience.hang_up", flow.patience.hang_up)]
    return ways


def _targets(node: Node) -> list[str]:
    return [branch.to for branch in node.branches] + [name for name in (node.next, node.otherwise) if name]


def _check_node(name: str, node: Node) -> None:
    place = f"conversation_flow.nodes.{name}"
    if node.type == "ask" and not node.slots:
        raise InvalidInput(f"{place}.slots: an ask node names the slots it asks for.")
    if node.most is not None and (node.type != "ask" or node.otherwise is None):
        raise InvalidInput(f"{place}.most: only an ask node that says where it leads otherwise asks so often.")
    if node.type == "tool" and not node.tool:
        raise InvalidInput(f"{place}.tool: a tool node names its tool.")
    if node.type == "condition" and not node.branches:
        raise InvalidInput(f"{place}.branches: a condition node has branches.")
    if node.type == "say" and not node.text:
        raise InvalidInput(f"{place}.text: a say node has words to say.")


def _check_moves(flow: Flow) -> None:
    """A ring of nodes that never wait for the caller would never end a turn."""
    passing = {name for name, node in flow.nodes.items() if node.type in {"condition", "say", "tool"}}
    for start in passing:
        seen, frontier = {start}, [target for target in _targets(flow.nodes[start]) if target in passing]
        while frontier:
            name = frontier.pop()
            if name == start:
                raise InvalidInput(
                    f"conversation_flow.nodes.{start} leads back to itself without waiting for the caller."
                )
            if name not in seen:
                seen.add(name)
                frontier += [target for target in _targets(flow.nodes[name]) if target in passing]
