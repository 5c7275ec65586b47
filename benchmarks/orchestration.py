"""What the layer around the model adds to the bare SDK: ours, and LangGraph's five nodes with langchain-openai.

Compared is the sequencing alone: order of a conversation's turns, trace, prompt, flow, chain of models with meter and
breaker, gate, events. What the steps themselves do (database, understanding, search) is done once and then given back
as it was, as trivial as LangGraph's nodes. Both ask the same zero-latency server for the same reply, each beside the
bare SDK in its own process. Ours releases a sentence once it is whole and checked, LangGraph a token: the processor
time of a turn compares the two without that. LangGraph is installed on demand into ~/.cache/parley-bench; without it
only ours is shown.
Run: python -m benchmarks.orchestration
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import SecretStr

from benchmarks.langgraph_peer import QUESTION, SYSTEM, bare
from benchmarks.measure import head, quantile, row, verdict
from benchmarks.wire import wire
from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from parley.conversations import Ask, Delta, Responder
from parley.kit import log
from parley.tenants import Principal, levels_of
from tests.soak.installation import SECRET, Tenant, found_tenant, installed

ROUNDS = 300
ENVIRONMENT = Path("~/.cache/parley-bench/langgraph").expanduser()
_WHO = Principal("open", "bench", "", "admin", levels_of("admin"))


class Remembering:
    """A part that does its work once and then gives back what it gave: the step is trivial, its place stays."""

    def __init__(self, part: Any) -> None:
        self._part = part
        self._given: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        work = getattr(self._part, name)

        async def once(*args: Any, **named: Any) -> Any:
            if name not in self._given:
                self._given[name] = await work(*args, **named)
            return self._given[name]

        return once


class Forgetful:
    """A cache that has nothing: every turn asks the model."""

    async def prepare(self, _: Any) -> None:
        return None

    def look_up(self, _: Any) -> None:
        return None

    def miss(self, _: Any) -> None:
        return None

    def remember(self, *_: Any) -> None:
        return None


def main() -> None:
    log.configure("WARNING", json=True)
    with wire() as base_url, installed() as postgres, TemporaryDirectory() as folder:
        tenant = found_tenant(postgres.url)
        ours = asyncio.run(_ours(base_url, postgres.url, tenant, Path(folder)))
        theirs = _langgraph(base_url)
    head()
    added, used = _show("ours", ours["bare"], ours["turn"], ours["bare_cpu"], ours["turn_cpu"])
    if theirs is None:
        return
    print(", ".join(f"{name} {number}" for name, number in theirs["versions"].items()))
    more, burnt = _show("LangGraph", theirs["bare"], theirs["graph"], theirs["bare_cpu"], theirs["graph_cpu"])
    print(
        f"added to the first text: {added / more:.2f} of LangGraph's; processor time: {used / burnt:.2f} of LangGraph's"
    )
    verdict("processor time added, ours to LangGraph's", used / burnt, 0.2, "")


def _show(
    label: str, plain: list[float], whole: list[float], plain_cpu: list[float], whole_cpu: list[float]
) -> tuple[float, float]:
    """Added seconds to first token, and of processor, per turn (medians)."""
    base = row("bare openai SDK, first token", plain)
    middle = row(f"{label}, first token", whole, base)
    cpu, whole_used = quantile(plain_cpu, 0.5), quantile(whole_cpu, 0.5)
    print(
        f"  {label} adds {(middle - base) * 1e3:.2f} ms to the first token; CPU per turn {whole_used * 1e3:.2f} ms, "
        f"the SDK {cpu * 1e3:.2f}, added {(whole_used - cpu) * 1e3:.2f} ms"
    )
    return middle - base, whole_used - cpu


async def _ours(base_url: str, url: str, tenant: Tenant, folder: Path) -> dict[str, list[float]]:
    from openai import AsyncOpenAI

    settings = Settings.model_construct(
        data_dir=folder, openai_base_url=base_url, openai_api_key=SecretStr("sk-test"), openai_model="gpt-5.4-mini"
    )
    found: dict[str, list[float]] = {name: [] for name in ("bare", "bare_cpu", "turn", "turn_cpu")}
    async with open_resources(settings, url, SECRET) as resources, AsyncOpenAI(base_url=base_url, api_key="sk") as sdk:
        agent = {"name": "Desk", "type": "custom", "system_prompt": SYSTEM}
        await resources.agents.create(_WHO, tenant.id, agent)
        responder = _trivial(resources)
        for number in range(ROUNDS + 20):
            cpu = time.process_time()
            plain = await bare(sdk)
            between = time.process_time()
            whole = await _turn(responder, tenant.id)
            after = time.process_time()
            if number >= 20:
                found["bare"].append(plain)
                found["bare_cpu"].append(between - cpu)
                found["turn"].append(whole)
                found["turn_cpu"].append(after - between)
    return found


def _trivial(resources: Resources) -> Responder:
    parts: Any = resources.responder._parts
    names = ("opening", "reader", "search", "tools", "settlement")
    changed: dict[str, Any] = {name: Remembering(getattr(parts, name)) for name in names}
    return Responder(replace(parts, recall=Forgetful(), **changed))


async def _turn(responder: Responder, tenant_id: str) -> float:
    """Seconds until the first released text; the turn is followed to its end."""
    began, first = time.perf_counter(), 0.0
    async with aclosing(responder.respond(Ask(tenant_id, QUESTION))) as events:
        async for event in events:
            if not first and isinstance(event, Delta):
                first = time.perf_counter() - began
    return first


def _langgraph(base_url: str) -> dict[str, Any] | None:
    """What the peer measured in its own environment; None where that cannot be made."""
    python = ENVIRONMENT / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)  # noqa: S603 - ours
        wanted = ["langgraph", "langchain-openai"]
        quiet = ["-q", "--disable-pip-version-check"]
        subprocess.run([python, "-m", "pip", "install", *quiet, *wanted], check=True, capture_output=True)  # noqa: S603
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"LangGraph: skipped, it could not be installed into {ENVIRONMENT} ({error}).")
        return None
    script = Path(__file__).with_name("langgraph_peer.py")
    done = subprocess.run([python, script, base_url, str(ROUNDS)], check=True, capture_output=True, text=True)  # noqa: S603
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


if __name__ == "__main__":
    main()
