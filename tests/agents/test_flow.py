"""Flows: whatever passes the check can be followed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.agents import Flow, parse_flow
from parley.kit.errors import InvalidInput

NAMES = st.sampled_from(["a", "b", "c", "d"])
BRANCH = st.fixed_dictionaries({"when": st.just({"intent": "booking"}), "to": NAMES})
NODE = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["answer", "say", "ask", "condition", "end"]),
        "text": st.just("Words."),
        "slots": st.just(["name"]),
    },
    optional={"next": NAMES, "branches": st.lists(BRANCH, min_size=1, max_size=2)},
)
FLOWS = st.fixed_dictionaries({"start": NAMES, "nodes": st.dictionaries(NAMES, NODE, max_size=4)})


def followed(flow: Flow) -> None:
    """From every node, whichever way is taken, a waiting node or the end comes within as many steps as there are."""
    for start in flow.nodes:
        reached, steps = {start}, 0
        while any(flow.nodes[name].type in {"say", "condition"} for name in reached):
            ways = set()
            for name in reached:
                node = flow.nodes[name]
                if node.type in {"say", "condition"}:
                    ways |= {branch.to for branch in node.branches} | ({node.next} if node.next else set())
            reached, steps = ways, steps + 1
            assert steps <= len(flow.nodes), "a ring that never waits"


@given(FLOWS)
def test_what_passes_can_be_followed(raw: dict[str, Any]) -> None:
    try:
        flow = parse_flow(raw)
    except InvalidInput:
        return
    assert flow.start is None or flow.start in flow.nodes
    followed(flow)


def test_an_empty_flow_is_a_flow() -> None:
    assert parse_flow({}) == Flow()


def test_words_per_language() -> None:
    node = parse_flow({"start": "a", "nodes": {"a": {"text": {"en": "Hello", "de": "Hallo"}}}}).nodes["a"]
    assert (node.say("de"), node.say("en"), node.say("fr")) == ("Hallo", "Hello", "Hello")
    assert parse_flow({"start": "a", "nodes": {"a": {"text": "Hi"}}}).nodes["a"].say("de") == "Hi"


@pytest.mark.parametrize("raw", [{"start": "a", "nodes": []}, {"nodes": {"a": 5}}, {"surprise": 1}, {"start": 5}])
def test_shapes_that_are_no_flow(raw: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="conversation_flow"):
        parse_flow(raw)
