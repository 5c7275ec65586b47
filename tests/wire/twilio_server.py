"""A local server that speaks Twilio's REST wire for calls: real sockets, in a thread of its own.

Source: twilio.com/docs "Call resource". Forms in, JSON out, HTTP basic authentication. Queued `Failure`s come before
ordinary answers. `dialled` counts what would have rung.

    with TwilioServer("AC…", "token") as server:
        carrier = Twilio("AC…", "token", "https://parley.example", server.base_url)
"""

from __future__ import annotations

import asyncio
import base64
import re
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.wire.retell_server import Failure

E164 = re.compile(r"\+[1-9]\d{4,14}")
FIELDS = {"To", "From", "Url", "Method", "StatusCallback", "StatusCallbackEvent", "StatusCallbackMethod", "Timeout"}
EVENTS = {"initiated", "ringing", "answered", "completed"}
Act = Callable[[Request, Any], Awaitable[Response]]


class TwilioServer:
    """The server; entering it listens, leaving it stops."""

    def __init__(self, account_sid: str, auth_token: str) -> None:
        self.account_sid = account_sid
        self.calls: dict[str, dict[str, Any]] = {}
        self.forms: list[list[tuple[str, str]]] = []
        self.dialled = 0
        self._key = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._failures: deque[Failure] = deque()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def fail(self, *failures: Failure) -> None:
        """What the next requests are answered with."""
        self._failures.extend(failures)

    def __enter__(self) -> Self:
        config = uvicorn.Config(self._app(), host="127.0.0.1", port=0, log_level="error", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="twilio-server", daemon=True)
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
        calls = f"/2010-04-01/Accounts/{self.account_sid}/Calls"
        return Starlette(
            routes=[
                Route(f"{calls}.json", self._guarded(self._create), methods=["POST"]),
                Route(f"{calls}/{{sid}}.json", self._guarded(self._change), methods=["POST"]),
                Route(f"{calls}/{{sid}}.json", self._guarded(self._fetch), methods=["GET"]),
            ]
        )

    def _guarded(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            form = await request.form()
            if request.headers.get("authorization") != f"Basic {self._key}":
                return refusal(401, 20003, "Authenticate")
            failure = self._failures.popleft() if self._failures else None
            if failure is None:
                return await act(request, form)
            if failure.after:
                await act(request, form)
            await asyncio.sleep(failure.wait)
            if failure.status == 0:
                raise ConnectionResetError  # no answer: the connection is closed
            if failure.status == 200:
                return Response("<html>not JSON</html>")
            return refusal(failure.status, 20429 if failure.status == 429 else 20500, failure.message)

        return answer

    async def _create(self, _: Request, form: Any) -> Response:
        self.forms.append([(name, str(value)) for name, value in form.multi_items()])
        if unknown := set(form) - FIELDS:
            return refusal(400, 21200, f"unknown parameters {sorted(unknown)}")
        if not {"To", "From", "Url"} <= set(form):
            return refusal(400, 21205, "Url parameter is required.")
        if not E164.fullmatch(str(form["To"])):
            return refusal(400, 21211, f"The phone number you are attempting to call, {form['To']}, is not valid.")
        if set(form.getlist("StatusCallbackEvent")) - EVENTS:
            return refusal(400, 21626, "StatusCallbackEvent is not valid.")
        self.dialled += 1
        sid = f"CA{self.dialled:032x}"
        self.calls[sid] = {
            "sid": sid, "account_sid": self.account_sid, "to": form["To"], "from": form["From"], "status": "queued",
            "direction": "outbound-api", "start_time": None, "end_time": None, "duration": None, "price": None,
            "api_version": "2010-04-01", "date_created": "Fri, 20 Nov 2026 18:00:00 +0000", "date_updated": None,
            "uri": f"/2010-04-01/Accounts/{self.account_sid}/Calls/{sid}.json", "subresource_uris": {},
        }  # fmt: skip
        return JSONResponse(self.calls[sid], status_code=201)

    async def _fetch(self, request: Request, _: Any) -> Response:
        call = self.calls.get(request.path_params["sid"])
        return refusal(404, 20404, "The requested resource was not found") if call is None else JSONResponse(call)

    async def _change(self, request: Request, form: Any) -> Response:
        call = self.calls.get(request.path_params["sid"])
        if call is None:
            return refusal(404, 20404, "The requested resource was not found")
        if call["status"] in ("completed", "busy", "failed", "no-answer", "canceled"):
            return refusal(400, 21220, "Call is not in-progress. Cannot redirect.")
        call["status"] = form["Status"]
        return JSONResponse(call)


def refusal(status: int, code: int, message: str) -> Response:
    """The documented shape of an error."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return JSONResponse({"code": code, "message": message, "more_info": more, "status": status}, status_code=status)
