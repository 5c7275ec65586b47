"""LangGraph's five trivial nodes with langchain-openai, beside the bare SDK. Runs in an environment of its own:

    <environment>/bin/python benchmarks/langgraph_peer.py BASE_URL ROUNDS

Prints one JSON object with lists of seconds (time to first token) and processor seconds per turn. Versions are in it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from importlib.metadata import version
from itertools import pairwise
from typing import Any, TypedDict

QUESTION = "When are you open?"
SYSTEM = "You are a receptionist."


class State(TypedDict, total=False):
    question: str
    intent: str
    remembered: str
    passages: list[str]
    messages: list[Any]
    reply: str


def graph_on(base_url: str) -> Any:
    """understand → recall → find → prompt → write; only the last does anything."""
    from langchain_openai import ChatOpenAI  # type: ignore[import-not-found]
    from langgraph.graph import END, START, StateGraph  # type: ignore[import-not-found]

    model = ChatOpenAI(base_url=base_url, api_key="sk-test", model="gpt-5.4-mini", streaming=True, max_retries=0)

    async def understand(_: State) -> State:
        return {"intent": "faq"}

    async def recall(_: State) -> State:
        return {"remembered": ""}

    async def find(_: State) -> State:
        return {"passages": []}

    async def prompt(state: State) -> State:
        return {"messages": [("system", SYSTEM), ("user", state["question"])]}

    async def write(state: State) -> State:
        return {"reply": str((await model.ainvoke(state["messages"])).content)}

    nodes = (understand, recall, find, prompt, write)
    building = StateGraph(State)
    for node in nodes:
        building.add_node(node.__name__, node)
    path = [START, *(node.__name__ for node in nodes), END]
    for one, other in pairwise(path):
        building.add_edge(one, other)
    return building.compile()


async def measure(base_url: str, rounds: int) -> dict[str, Any]:
    """Both in turn."""
    from openai import AsyncOpenAI

    graph = graph_on(base_url)
    sdk = AsyncOpenAI(base_url=base_url, api_key="sk-test")
    found: dict[str, Any] = {name: [] for name in ("bare", "bare_cpu", "graph", "graph_cpu")}
    for number in range(rounds + 20):
        for name in ("bare", "graph"):
            cpu = time.process_time()
            first = await (bare(sdk) if name == "bare" else whole(graph))
            if number >= 20:
                found[name].append(first)
                found[f"{name}_cpu"].append(time.process_time() - cpu)
    await sdk.close()
    found["versions"] = {name: version(name) for name in ("langgraph", "langchain-openai", "openai")}
    return found


async def bare(sdk: Any) -> float:
    """Seconds to the first token of the SDK alone; the reply is read to its end."""
    began, first = time.perf_counter(), 0.0
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    async for chunk in await sdk.chat.completions.create(model="gpt-5.4-mini", messages=messages, stream=True):
        if not first and chunk.choices and chunk.choices[0].delta.content:
            first = time.perf_counter() - began
    return first


async def whole(graph: Any) -> float:
    """Seconds to the first token through the graph."""
    began, first = time.perf_counter(), 0.0
    async for chunk, _ in graph.astream({"question": QUESTION}, stream_mode="messages"):
        if not first and chunk.content:
            first = time.perf_counter() - began
    return first


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1], int(sys.argv[2])))))
