"""Practice: `WS /chat/{session_id}`, on which a trainee talks with a scenario's customer.

The client sends `session_start` and `user_message`; the server `session_start`, `assistant_message`, `user_message` (a
line typed elsewhere in the same session), `coaching`, `session_complete` and `error`. Every line is read from the
record, so any number of sockets, in any process, see the same talk; `metadata.last_message_id` of a `session_start`
says what a client has already, and `metadata.client_id` of a `user_message` keeps one sent twice from being said twice;
the server's `session_start` names the `client_ids` that are stored, so that a client knows what to send again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from parley.conversations import Spoken
from parley.kit.errors import InvalidInput, NotAuthenticated, VoiceAgentException
from parley.kit.events import MISSED, Listener
from parley.tenants import Access, Login, Principal
from parley.training import Rehearsals, Session

router = APIRouter()

_CLOSE_CODES = {401: 4401, 403: 4403, 404: 4404, 409: 4409, 429: 4429}
_FIRST_SECONDS = 30
_MOST_CHARACTERS = 65_536


@router.websocket("/chat/{session_id}")
async def practise(socket: WebSocket, session_id: str) -> None:
    """Talk with the customer of a session."""
    await socket.accept()
    try:
        async with asyncio.timeout(_FIRST_SECONDS):
            first = await _receive(socket)
        session = await _admit(socket, session_id, first)
    except TimeoutError:
        await _refuse(socket, NotAuthenticated("Nothing was sent.", code="training.nothing_sent"))
        return
    except VoiceAgentException as error:
        await _refuse(socket, error)
        return
    except (WebSocketDisconnect, RuntimeError):
        return
    with suppress(WebSocketDisconnect, RuntimeError):
        await _Desk(socket, session).run(first)


class _Desk:
    """One trainee's socket."""

    def __init__(self, socket: WebSocket, session: Session) -> None:
        self._socket = socket
        self._session = session
        self._rehearsals: Rehearsals = socket.state.rehearsals
        self._listener: Listener = socket.state.listener
        self._place = 0
        self._hints = 0
        self._known: set[str] = set()  # ids of lines this client has or has sent
        self._telling = asyncio.Lock()
        self._over = asyncio.Event()

    async def run(self, first: Mapping[str, Any]) -> None:
        """Until the client leaves, or the session is over and said so."""
        tenant_id, session_id = self._session.tenant_id, self._session.id
        async with self._listener.subscribe(tenant_id, {"conversation_id": session_id}) as news:
            await self._start(first)
            listening = asyncio.create_task(self._listen(), name="training.socket")
            watching = asyncio.create_task(self._watch(news), name="training.news")
            over = asyncio.create_task(self._over.wait(), name="training.over")
            tasks = [listening, watching, over]
            if self._session.asked > self._session.answered:  # by a process that died before it had answered
                tasks.append(asyncio.create_task(self._answer(), name="training.answer"))
            try:
                await asyncio.wait({listening, over}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        if self._over.is_set():
            await self._socket.close(1000)

    async def _start(self, first: Mapping[str, Any]) -> None:
        tenant_id, session_id = self._session.tenant_id, self._session.id
        self._session, lines = await self._rehearsals.look(tenant_id, session_id) or (self._session, ())
        if first["type"] == "session_start":
            known = _metadata(first).get("last_message_id")
            self._place = next((line.ordinal for line in lines if line.id == known), 0)
        resumed = any(line.role == "user" for line in lines)
        content = "Session resumed" if resumed else "Session started successfully"
        await self._send("session_start", content, session_id=session_id, metadata=self._about(resumed))
        await self._show(self._session, [line for line in lines if line.ordinal > self._place])
        if first["type"] != "session_start":
            await self._take(first)

    def _about(self, resumed: bool) -> dict[str, Any]:
        session = self._session
        about = {"status": session.status, "resumed": resumed, "scenario_id": session.scenario_id}
        return {**about, "client_ids": list(session.data.get("receipts", ()))}

    async def _listen(self) -> None:
        while True:
            try:
                await self._take(await _receive(self._socket))
            except VoiceAgentException as error:
                await self._send("error", error.detail, code=error.code, detail=error.detail)
                await self._tell()

    async def _take(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "session_start":
            await self._send(
                "session_start", "Session resumed", session_id=self._session.id, metadata=self._about(True)
            )
            return
        if message["type"] != "user_message":
            raise InvalidInput("type must be session_start or user_message.")
        content = message.get("content")
        if not isinstance(content, str):
            raise InvalidInput("content must be a text.")
        client_id = _metadata(message).get("client_id")
        tenant_id, session_id = self._session.tenant_id, self._session.id
        given = str(client_id) if client_id is not None else None
        async with self._telling:
            said = await self._rehearsals.say(tenant_id, session_id, content, given)
            self._known.add(said.line_id)
            if follows := bool(said.lines) and said.lines[0].ordinal == self._place + 1:
                await self._show(said.session, said.lines)
        if not (said.settled and follows):
            await self._answer()

    async def _answer(self) -> None:
        await self._rehearsals.answer(self._session.tenant_id, self._session.id)
        await self._tell()

    async def _watch(self, news: Any) -> None:
        async for event in news:
            await self._tell(None if event.name == MISSED else event.data.get("message_id"))

    async def _tell(self, message_id: str | None = None) -> None:
        """Send what this socket has not been sent yet; nothing where it has been sent the line `message_id` already."""
        tenant_id, session_id = self._session.tenant_id, self._session.id
        async with self._telling:
            if message_id in self._known or self._over.is_set():
                return
            seen = await self._rehearsals.look(tenant_id, session_id, self._place)
            if seen is None:
                self._over.set()
                return
            await self._show(*seen)

    async def _show(self, session: Session, lines: Sequence[Spoken]) -> None:
        """Send lines that follow what was sent before, hints, and the end."""
        self._session = session
        senders = {line: client for client, line in session.data.get("receipts", {}).items()}
        for line in lines:
            self._place = line.ordinal
            await self._say(line, senders.get(line.id))
        hints = session.data.get("hints", [])
        for hint in hints[self._hints :]:
            await self._send("coaching", hint["content"], metadata={"item": hint["item"]})
        self._hints = len(hints)
        if session.status != "active" and not self._over.is_set():
            about = {"status": session.status, "ending": session.data.get("ending"), "score": session.score}
            await self._send("session_complete", _summary(session), session_id=session.id, metadata=about)
            self._over.set()

    async def _say(self, line: Spoken, sender: str | None) -> None:
        if line.id in self._known:
            return
        kind = "user_message" if line.role == "user" else "assistant_message"
        about = {"tokens": len(line.content.split())} | ({"client_id": sender} if sender else {})
        await self._send(kind, line.content, at=line.at, message_id=line.id, metadata=about)
        self._known.add(line.id)

    async def _send(self, kind: str, content: str, *, at: datetime | None = None, **more: Any) -> None:
        stamp = (at or datetime.now(UTC)).isoformat()
        body = {"type": kind, "content": content, "timestamp": stamp, **more}
        await self._socket.send_text(orjson.dumps(body).decode())


_WORDS = {
    "en": ("The session was left.", "{points} of {most} points, {verdict}.", "passed", "not passed"),
    "de": ("Die Sitzung wurde verlassen.", "{points} von {most} Punkten, {verdict}.", "bestanden", "nicht bestanden"),
}


def _summary(session: Session) -> str:
    """How it went, in the scenario's language."""
    language = session.data.get("language", "en")
    left, told, passed, failed = _WORDS.get(language, _WORDS["en"])
    score = session.score
    if score is None:
        return left
    mark = "," if language == "de" else "."
    points, most = (str(score[name]).replace(".", mark) for name in ("points", "max_points"))
    return told.format(points=points, most=most, verdict=passed if score["passed"] else failed)


def _metadata(message: Mapping[str, Any]) -> Mapping[str, Any]:
    given = message.get("metadata")
    return given if isinstance(given, Mapping) else {}


async def _receive(socket: WebSocket) -> Mapping[str, Any]:
    """The next message. Raises `InvalidInput` for what is none, `WebSocketDisconnect`."""
    received = await socket.receive()
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(received.get("code", 1000))
    text = received.get("text")
    if text is None or len(text) > _MOST_CHARACTERS:
        raise InvalidInput(f"A message must be a JSON text of at most {_MOST_CHARACTERS:,} characters.")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput("A message must be JSON.") from error
    if not isinstance(message, Mapping) or not isinstance(message.get("type"), str):
        raise InvalidInput("A message must be an object with a type.")
    return message


async def _admit(socket: WebSocket, session_id: str, first: Mapping[str, Any]) -> Session:
    access: Access = socket.state.access
    rehearsals: Rehearsals = socket.state.rehearsals
    who = await _caller(socket, first)
    who.require("train")
    return await rehearsals.get(who, await access.owner_of(who, "sessions", session_id), session_id)


async def _caller(socket: WebSocket, first: Mapping[str, Any]) -> Principal:
    access: Access = socket.state.access
    login: Login = socket.state.login
    if ticket := socket.query_params.get("ticket"):
        return await login.by_ticket(ticket)
    token = first.get("token") or _metadata(first).get("token")
    if isinstance(token, str) and token:
        return await (login.by_api_key(token) if token.startswith("pk_") else login.by_access_token(token))
    return await access.judge(socket)


async def _refuse(socket: WebSocket, error: VoiceAgentException) -> None:
    body = {"type": "error", "code": error.code, "content": error.detail, "detail": error.detail}
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_text(orjson.dumps(body).decode())
        await socket.close(_CLOSE_CODES.get(error.status, 4400))
