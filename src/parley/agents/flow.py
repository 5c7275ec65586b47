"""The flow of a conversation: a validated graph of nodes that the turn follows.

`{"start": "greet", "nodes": {"greet": {"type": "say", "text": "Hello!", "next": "listen"}, "listen": {}}}`. A node
without a type is `answer`: the model replies freely. Transitions are deterministic: the first branch whose conditions
all hold, else `next`, else the flow stays where it is. An `answer` node without branches has those of the start node,
and at an `ask` node they let a caller turn to something else.
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
    """

    type: Literal["answer", "say", "ask", "condition", "tool", "handoff", "end"] = "answer"
    text: Spoken | dict[str, Spoken] = ""
    slots: tuple[str, ...] = ()
    tool: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)
    forget: tuple[str, ...] = ()
    branches: tuple[Branch, ...] = ()
    next: NodeId | None = None

    def say(self, language: str) -> str:
        """The node's words in `language`, else in any."""
        if isinstance(self.text, str):
            return self.text
        return self.text.get(language) or next(iter(self.text.values()), "")


class Flow(_Strict):
    """A whole flow; empty means: answer freely."""

    start: NodeId | None = None
    nodes: dict[NodeId, Node] = Field(default_factory=dict, max_length=MAX_NODES)


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
    for name, node in flow.nodes.items():
        for target in _targets(node):
            if target not in flow.nodes:
                raise InvalidInput(f"conversation_flow.nodes.{name} leads to {target!r}, which does not exist.")
        _check_node(name, node)
    _check_moves(flow)


def _targets(node: Node) -> list[str]:
    return [branch.to for branch in node.branches] + ([node.next] if node.next else [])


def _check_node(name: str, node: Node) -> None:
    place = f"conversation_flow.nodes.{name}"
    if node.type == "ask" and not node.slots:
        raise InvalidInput(f"{place}.slots: an ask node names the slots it asks for.")
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
