"""A local server that speaks Retell's REST wire: real sockets, in a thread of its own.

It keeps calls, agents with their versions, and numbers; the same idempotency key is the same call. A path's queued
`Failure`s come before its ordinary answers. `calls_dialled` counts what would have rung.

    with RetellServer(api_key="key_test") as server:
        server.fail("/v2/create-phone-call", Failure(429, "Too many calls", {"retry-after": "7"}))
        carrier = Retell("key_test", server.base_url)
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

E164 = re.compile(r"\+[1-9]\d{4,14}")
PHONE_CALL_FIELDS = {
    "from_number", "to_number", "override_agent_id", "override_agent_version", "agent_override", "metadata",
    "retell_llm_dynamic_variables", "custom_sip_headers", "ignore_e164_validation", "honor_internal_dnc",
    "idempotency_key",
}  # fmt: skip
Act = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Failure:
    """An answer instead of the ordinary one. `after`: the work is done first, and only its answer is lost.

    status 0 closes the connection without a word; `wait` seconds pass before anything is answered.
    """

    status: int = 0
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    after: bool = False
    wait: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class RetellServer:
    """The server; entering it listens, leaving it stops."""

    def __init__(self, api_key: str = "key_test", *, old_publish_path: bool = False) -> None:
        self.api_key = api_key
        self.old_publish_path = old_publish_path
        self.calls: dict[str, dict[str, Any]] = {}
        self.agents: dict[str, list[dict[str, Any]]] = {}
        self.numbers: dict[str, dict[str, Any]] = {}
        self.asked: list[Asked] = []
        self.calls_dialled = 0
        self._keys: dict[str, str] = {}
        self._failures: defaultdict[str, deque[Failure]] = defaultdict(deque)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._count = 0

    @property
    def base_url(self) -> str:
        assert self._server is not None
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def fail(self, path: str, *failures: Failure) -> None:
        """What the next requests to a path (without its id) are answered with."""
        self._failures[path].extend(failures)

    def requests(self, path: str) -> list[Asked]:
        """Every request whose path begins so."""
        return [one for one in self.asked if one.path.startswith(path)]

    def change_call(self, call_id: str, **values: Any) -> dict[str, Any]:
        """Let something happen to a call."""
        self.calls[call_id] |= values
        return dict(self.calls[call_id])

    def __enter__(self) -> Self:
        config = uvicorn.Config(self._app(), host="127.0.0.1", port=0, log_level="error", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="retell-server", daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(timeout=5)

    def _app(self) -> Starlette:
        routes: list[tuple[str, str, str, Act]] = [
            ("POST", "/v2/create-phone-call", "", self._create_phone_call),
            ("GET", "/v2/get-call", "/{id}", self._get_call),
            ("POST", "/v2/stop-call", "/{id}", self._stop_call),
            ("POST", "/v3/list-calls", "", self._list_calls),
            ("POST", "/create-agent", "", self._create_agent),
            ("GET", "/get-agent", "/{id}", self._get_agent),
            ("PATCH", "/update-agent", "/{id}", self._update_agent),
            ("POST", "/create-agent-version", "/{id}", self._create_version),
            ("PATCH", "/update-phone-number", "/{id}", self._update_number),
        ]
        publish = "/publish-agent" if self.old_publish_path else "/publish-agent-version"
        routes.append(("POST", publish, "/{id}", self._publish))
        return Starlette(
            routes=[Route(path + rest, self._guarded(path, act), methods=[verb]) for verb, path, rest, act in routes]
        )

    def _guarded(self, path: str, act: Act) -> Act:
        async def answer(request: Request) -> Response:
            raw = await request.body()
            body = json.loads(raw) if raw else None
            self.asked.append(Asked(request.method, request.url.path, dict(request.headers), body))
            if request.headers.get("authorization") != f"Bearer {self.api_key}":
                return refusal(401, "API key is missing or invalid.")
            failure = self._failures[path].popleft() if self._failures[path] else None
            if failure is None:
                return await act(request)
            if failure.after:
                await act(request)
            await asyncio.sleep(failure.wait)
            if failure.status == 0:
                raise ConnectionResetError  # no answer: the connection is closed
            return refusal(failure.status, failure.message, failure.headers)

        return answer

    async def _create_phone_call(self, request: Request) -> Response:
        body = await request.json()
        if unknown := set(body) - PHONE_CALL_FIELDS:
            return refusal(400, f"unknown fields {sorted(unknown)}")
        for name in ("from_number", "to_number"):
            if not isinstance(body.get(name), str) or not E164.fullmatch(body[name]):
                return refusal(422, f"{name} is not a valid E.164 number.")
        variables = body.get("retell_llm_dynamic_variables", {})
        if any(not isinstance(value, str) for value in variables.values()):
            return refusal(400, "retell_llm_dynamic_variables must be strings.")
        if (agent := body.get("override_agent_id")) is not None and agent not in self.agents:
            return refusal(404, "agent not found")
        key = body.get("idempotency_key")
        if key is not None and key in self._keys:
            return JSONResponse(self.calls[self._keys[key]], status_code=201)
        call_id = self._next("call")
        self.calls_dialled += 1
        self.calls[call_id] = {
            "call_id": call_id,
            "call_type": "phone_call",
            "call_status": "registered",
            "direction": "outbound",
            "agent_id": agent,
            "agent_version": body.get("override_agent_version"),
            "from_number": body["from_number"],
            "to_number": body["to_number"],
            "metadata": body.get("metadata"),
            "retell_llm_dynamic_variables": variables,
        }
        if key is not None:
            self._keys[key] = call_id
        return JSONResponse(self.calls[call_id], status_code=201)

    async def _get_call(self, request: Request) -> Response:
        call = self.calls.get(request.path_params["id"])
        return refusal(404, "call not found") if call is None else JSONResponse(call)

    async def _stop_call(self, request: Request) -> Response:
        call = self.calls.get(request.path_params["id"])
        if call is None:
            return refusal(404, "call not found")
        if call["call_status"] in ("ended", "error", "not_connected"):
            return refusal(422, "call has ended")
        call |= {"call_status": "ended", "disconnection_reason": "manual_stopped"}
        return Response(status_code=204)

    async def _list_calls(self, request: Request) -> Response:
        body = await request.json()
        found = list(self.calls.values())
        for wanted in body.get("filter_criteria", {}).get("metadata", ()):
            if not isinstance(wanted, dict) or {"type", "op", "key", "value"} - set(wanted):
                return refusal(400, "a filter is a typed object")
            found = [call for call in found if (call.get("metadata") or {}).get(wanted["key"]) == wanted["value"]]
        items = [{name: value for name, value in call.items() if "transcript" not in name} for call in found]
        return JSONResponse({"items": items[: body.get("limit", 50)], "has_more": False})

    async def _create_agent(self, request: Request) -> Response:
        body = await request.json()
        if not {"response_engine", "voice_id"} <= set(body):
            return refusal(422, "response_engine and voice_id are required")
        agent_id = self._next("agent")
        self.agents[agent_id] = [{**body, "agent_id": agent_id, "version": 0, "is_published": False}]
        return JSONResponse(self.agents[agent_id][0], status_code=201)

    async def _get_agent(self, request: Request) -> Response:
        versions = self.agents.get(request.path_params["id"])
        wanted = int(request.query_params.get("version", -1))
        if versions is None or wanted >= len(versions):
            return refusal(404, "agent not found")
        return JSONResponse(versions[wanted])

    async def _update_agent(self, request: Request) -> Response:
        versions = self.agents.get(request.path_params["id"])
        if versions is None:
            return refusal(404, "agent not found")
        if versions[-1]["is_published"]:
            return refusal(422, "a published version cannot be edited")
        versions[-1] |= await request.json()
        return JSONResponse(versions[-1])

    async def _create_version(self, request: Request) -> Response:
        versions = self.agents[request.path_params["id"]]
        base = versions[(await request.json())["base_version"]]
        versions.append({**base, "version": len(versions), "is_published": False})
        return JSONResponse(versions[-1], status_code=201)

    async def _publish(self, request: Request) -> Response:
        versions = self.agents.get(request.path_params["id"])
        if versions is None:
            return refusal(404, "agent not found")
        versions[(await request.json())["version"]]["is_published"] = True
        return Response(status_code=200)

    async def _update_number(self, request: Request) -> Response:
        number = request.path_params["id"]
        body = await request.json()
        if {"inbound_agent_id", "outbound_agent_id"} & set(body):
            return refusal(400, "use inbound_agents and outbound_agents")
        if number not in self.numbers:
            return refusal(404, "phone number not found")
        self.numbers[number] |= body
        return JSONResponse(self.numbers[number])

    def _next(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{id(self):x}{self._count:06d}"


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """The documented shape of an error."""
    return JSONResponse({"status": "error", "message": message}, status_code=status, headers=dict(headers or {}))
